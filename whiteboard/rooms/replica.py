"""A board in memory that stands on storage: opened from a checkpoint and the ops after it.

Deleted elements leave memory at each checkpoint and are kept in storage one by one; `recall` brings
back those that an op is about to touch, so that the op merges as if they had never left.
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from itertools import chain, islice
from typing import TypeVar

import trio

from whiteboard.core import snapshot
from whiteboard.core.board import Board
from whiteboard.core.ops import Json, StampedOp
from whiteboard.diagnostics import logs
from whiteboard.errors import StorageConflict, StorageCorrupt
from whiteboard.ids import BoardId, ElementId, OpId
from whiteboard.limits import (
    AWAKE_LOOKED_AT,
    AWAKE_SHARE,
    CHECKPOINT_SLICE_BYTES,
    PACKED_PART_OPS,
    REST_SLICE,
    SLICE,
)
from whiteboard.protocol.codec import decode_body, number_body
from whiteboard.rooms.snapshots import Snapshots
from whiteboard.storage.ports import Checkpoint, Newest, Storage, StoredOp

log = logs.get_logger()

_Item = TypeVar("_Item")


class Replica:
    """The live state of one board, and the way between it and storage."""

    def __init__(self, storage: Storage, board_id: BoardId, epoch: str) -> None:
        self.storage = storage
        self.board_id = board_id
        self.epoch = epoch
        """This incarnation of the history; only kept by storage once the first op is stored."""
        self.board = Board()
        self.updated_at = 0
        """Server time of the last op or of the creation that storage told of at opening, milliseconds."""
        self.checkpointed = 0
        """Seq of the newest checkpoint that this replica knows of."""
        self.newest: Newest | None = None
        """The op at the board's seq, while the log is shared; None when it has not told it yet."""
        self._is_shared = storage.op_log.is_shared
        self.is_behind = False
        """Whether the log may have ops that the board has not: read it before trusting the board's seq."""
        self.has_tombstones = False
        """Whether storage may have elements that memory has not: `recall` tells."""
        self.snapshots = Snapshots()
        """What those who join are sent."""
        self._merged = 0
        # ops since elements were last laid to rest in step with them
        self._times_forgotten = 0
        self._kept: set[ElementId] = set()
        # elements that an op under way needs where they are

    async def load(self) -> None:
        """Bring the board up: its newest checkpoint, then every op after it.

        A checkpoint that does not read is passed over: the log has everything.
        Raises StorageUnavailable, StorageConflict, StorageCorrupt. Cancellation leaves a replica to throw away.
        """
        head = await self.storage.op_log.head(self.board_id)
        if head is None:
            self.epoch = await self.storage.op_log.agree(self.board_id, self.epoch)
            return
        self.epoch, self.updated_at = head.epoch, head.updated_at
        checkpoint = await self.storage.snapshots.load(self.board_id)
        if checkpoint is not None and await self._open(checkpoint):
            self.checkpointed = checkpoint.seq
        self.has_tombstones = await self.storage.snapshots.has_tombstones(self.board_id)
        while await self.catch_up():
            pass
        if self._is_shared and self.newest is None and self.board.seq:
            for op in await self.storage.op_log.read(self.board_id, self.board.seq - 1, 1, epoch=self.epoch):
                self.note(op.op_id, op.at)

    def note(self, op_id: OpId, at: int) -> None:
        """The board has come up to this op of the log."""
        if self._is_shared:
            self.newest = op_id, at

    async def check_history(self) -> int:
        """The seq of the log. Raises StorageConflict when it is not the log that was read, or has lost its end.

        A log that has lost its end gets another epoch: what was lost may have been told to people, here or at
        other servers, and other ops get its numbers, or have got them already.
        """
        known, newest = self.board.seq, self.newest
        head = await self.storage.op_log.head(self.board_id)
        is_same = known == 0 if head is None else head.epoch == self.epoch and head.seq >= known
        if is_same and newest is not None:
            found = (await self.storage.op_log.find(self.board_id, [newest[0]])).get(newest[0])
            is_same = found is not None and (found.seq, found.at) == (known, newest[1])
        if not is_same:
            if head is not None and head.epoch == self.epoch:
                log.error("history_lost", seq=known, reached=head.seq)
                await self.storage.op_log.renew(self.board_id, self.epoch, secrets.token_urlsafe(9))
            raise StorageConflict(f"the log has {head}, the board epoch {self.epoch} and op {known}")
        return head.seq if head else 0

    async def catch_up(self) -> list[tuple[int, Json]]:
        """Apply the next stored ops that this replica has not seen; those ops, numbered, in order.

        None are left when it returns an empty list. Used at opening, after a write of unknown fate, and
        for ops that other processes stored. What it applies it also returns, at once: when it raises
        or is cancelled, it has applied nothing.

        Raises StorageConflict when the log is not the one that was read before.
        """
        batch = await self._read_on()
        stamped = [_decode(op) for op in batch]
        await self.recall(op.op.element for op in stamped)
        for op in stamped:
            self.board.apply(op)
        self.keep_small(len(stamped))
        if batch:
            self.note(batch[-1].op_id, batch[-1].at)
        return [(stored.seq, number_body(stored.seq, stored.body)) for stored in batch]

    async def _read_on(self) -> list[StoredOp]:
        """The next stored ops. Of a shared log the one before them is read again: it must be the one that it was."""
        seq, newest = self.board.seq, self.newest
        if newest is None:
            return await self.storage.op_log.read(self.board_id, seq, SLICE, epoch=self.epoch)
        # Two ops always fit into an answer of MAX_READ_BYTES: no op but this one means that there is none.
        batch = await self.storage.op_log.read(self.board_id, seq - 1, SLICE + 1, epoch=self.epoch)
        if not batch or (batch[0].op_id, batch[0].at) != newest:
            await self.check_history()
            raise StorageConflict(f"the log has another op than {newest[0]} at {seq}")
        return batch[1:]

    def keep_small(self, ops: int) -> None:
        """Lay elements to rest in step with so many ops that were merged, if the upkeep has left many awake.

        What lies between many that are made and soon let go keeps the allocator from giving any of it back.
        """
        self._merged += ops
        if self._merged >= REST_SLICE:
            ops, self._merged, board = self._merged, 0, self.board
            if board.awake_count > AWAKE_SHARE * board.hot_ops:
                board.rest_next(AWAKE_LOOKED_AT * ops, board.seq - board.hot_ops)
                board.pack_full(1 + ops // PACKED_PART_OPS)

    async def recall(self, elements: Iterable[ElementId]) -> None:
        """Bring back the tombstoned ones among elements that are not in memory.

        They are there when it returns, and stay there until the caller awaits something else: a
        checkpoint that ends meanwhile may send others of them away.
        """
        wanted = set(elements)
        while self.has_tombstones and (unknown := [one for one in wanted if one not in self.board]):
            times_forgotten = self._times_forgotten
            kept = await self.storage.snapshots.tombstones(self.board_id, unknown)
            for element, state in kept.items():
                self.board.join(element, state)
            if times_forgotten == self._times_forgotten:
                return

    @contextmanager
    def keeping(self, elements: Iterable[ElementId]) -> Iterator[None]:
        """Let no checkpoint send these elements away within the block, once they are in memory.

        One block at a time: the committer's, from the decision on its ops to their merge.
        """
        self._kept = set(elements)
        try:
            yield
        finally:
            self._kept = set()

    async def checkpoint(self) -> None:
        """Store a checkpoint of the board as it is. Deleted elements then leave memory.

        Raises StorageUnavailable, StorageConflict. The board may go on changing meanwhile. Cancellation leaves the older checkpoint in force.
        """
        head, seq = snapshot.head(self.board), self.board.seq
        body = await self._written(head)
        buried: dict[ElementId, Json] = {}
        for elements in slices(self.board.deleted()):
            buried |= {one.id: one.state() for one in elements if one.is_deleted}
            await trio.lowlevel.checkpoint()
        checkpoint = Checkpoint(seq, body)
        if self._is_shared:
            await self.check_history()  # or one of a history that was lost would become the board
        await self.storage.snapshots.save(
            self.board_id, checkpoint, buried, epoch=self.epoch, until=self.board.seq
        )
        if self._is_shared:
            buried = await self._kept_of(buried)
        self.checkpointed = seq
        self.has_tombstones = self.has_tombstones or bool(buried)
        for some in slices(list(buried)):
            self._forget(some, buried)
            await trio.lowlevel.checkpoint()

    async def _written(self, head: Json) -> Json:
        """A checkpoint with this head, in one buffer from the first text on: there may be 128 MiB of it."""
        whole, pause = BytesIO(), 0
        for text in snapshot.texts(head, self._states()):
            whole.write(text)
            if whole.tell() > pause:
                pause = whole.tell() + CHECKPOINT_SLICE_BYTES
                await trio.lowlevel.checkpoint()
        return whole.getvalue()

    def _states(self) -> Iterator[Json]:
        """States of the elements that are not deleted, by parts and one by one: as they are now, or younger."""
        parts, awake = [part.still() for part in self.board.parts()], self.board.awake()
        resting = (still.text for still in parts)
        return chain((text for text in resting if text), (one.state() for one in awake if not one.is_deleted))

    async def _kept_of(self, buried: Mapping[ElementId, Json]) -> dict[ElementId, Json]:
        """Those that storage has in this state: another server may have saved a newer one."""
        kept = await self.storage.snapshots.tombstones(self.board_id, list(buried))
        return {element: state for element, state in buried.items() if kept.get(element) == state}

    def _forget(self, elements: list[ElementId], buried: Mapping[ElementId, Json]) -> None:
        """Drop what storage now keeps, unless an op touched it meanwhile or is about to."""
        self._times_forgotten += 1
        standing = [self.board.get(element) for element in elements if element not in self._kept]
        self.board.forget(one.id for one in standing if one is not None and one.state() == buried[one.id])

    async def _open(self, checkpoint: Checkpoint) -> bool:
        try:
            self.board, rows = snapshot.begin(checkpoint.body)
            for _ in snapshot.join(self.board, rows):
                await trio.lowlevel.checkpoint()
        except ValueError:
            log.exception("checkpoint_unreadable", seq=checkpoint.seq)
            self.board = Board()
            return False
        return True


def _decode(op: StoredOp) -> StampedOp:
    try:
        return decode_body(op.seq, op.op_id, op.body)
    except ValueError as error:
        raise StorageCorrupt(str(error)) from error


def slices(items: Sequence[_Item], size: int = SLICE) -> Iterator[list[_Item]]:
    """Items by `size` of them: let other tasks run between two."""
    walk = iter(items)
    while some := list(islice(walk, size)):
        yield some
