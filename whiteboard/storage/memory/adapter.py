"""The reference adapter: everything in memory, as strict as the durable ones. Knows no files.

Each method first checkpoints and then does its work without another checkpoint, which makes it
atomic; those that pack or unpack much do that part in a worker thread.
"""

import zlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Final, NamedTuple, TypeVar

import trio

from whiteboard import limits
from whiteboard.errors import StorageConflict, StorageUnavailable
from whiteboard.ids import BoardId, ClientId, ElementId, OpId
from whiteboard.storage import arguments, segments
from whiteboard.storage.blocking import run_blocking
from whiteboard.storage.memory.history import History
from whiteboard.storage.ports import (
    BoardInfo,
    Boards,
    Bus,
    Checkpoint,
    ClientRecord,
    Durability,
    Head,
    Newest,
    NewOp,
    OpLog,
    Receipt,
    Snapshots,
    Storage,
    StoredOp,
)
from whiteboard.storage.wakeups import Wakeups

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")

_CHECKPOINT_LEVEL: Final = 1
"""A checkpoint lives until the next one: the fastest level keeps most of the gain."""


class _Checkpoint(NamedTuple):
    """A packed one."""

    seq: int
    packed: bytes
    size_bytes: int
    """Before it was packed."""


@dataclass(slots=True)
class _Board:
    """What is kept of one board."""

    history: History
    checkpoint: _Checkpoint | None = None
    """The newest. Memory does not rot, so none is kept to fall back to."""
    tombstones: dict[ElementId, bytes] = field(default_factory=dict)


class _Place:
    """What the ports of one memory storage share."""

    def __init__(self) -> None:
        self.boards: dict[BoardId, _Board] = {}
        self.wakeups = Wakeups()
        self._threads = trio.CapacityLimiter(limits.READ_CONNECTIONS)
        self.is_closed = False

    async def enter(self) -> None:
        """Checkpoint, and refuse when closed."""
        await trio.lowlevel.checkpoint()
        self.check_open()

    def check_open(self) -> None:
        """Raises StorageUnavailable once the storage is closed."""
        if self.is_closed:
            raise StorageUnavailable("the storage is closed")

    async def off_path(self, work: Callable[[_Given], _Made], given: _Given, size_bytes: int) -> _Made:
        """What `work` makes of so many packed bytes, or of so many to pack: in a worker thread, if that is worth one."""
        if size_bytes <= limits.PACK_INLINE_BYTES:
            return work(given)
        return await run_blocking(self._threads, work, given)

    def history(self, board: BoardId) -> History | None:
        """A board's history, when anybody has created it."""
        found = self.boards.get(board)
        return found.history if found else None

    def close(self) -> None:
        self.is_closed = True
        self.boards.clear()
        self.wakeups.ring_all()


class _MemoryOpLog:
    def __init__(self, place: _Place) -> None:
        self._place = place

    @property
    def durability(self) -> Durability:
        return Durability.MEMORY

    @property
    def is_shared(self) -> bool:
        return False

    async def head(self, board: BoardId) -> Head | None:
        await self._place.enter()
        found = self._place.history(board)
        return Head(found.seq, found.epoch, found.updated_at) if found else None

    async def append(
        self,
        board: BoardId,
        ops: Sequence[NewOp],
        *,
        epoch: str,
        claims: Mapping[ClientId, bytes],
        known: int = 0,
        newest: Newest | None = None,
    ) -> list[Receipt]:
        arguments.check_append(ops, claims)
        await self._place.enter()
        found = self._place.history(board)
        arguments.check_reaches(board, found.seq if found else 0, known)
        if newest is not None:
            kept = found.receipt(newest[0]) if found else None
            arguments.check_newest(board, known, newest, kept)
        return self._store(board, ops, epoch, claims)

    def append_now(
        self, board: BoardId, ops: Sequence[NewOp], *, epoch: str, claims: Mapping[ClientId, bytes]
    ) -> list[Receipt]:
        arguments.check_append(ops, claims)
        self._place.check_open()
        return self._store(board, ops, epoch, claims)

    def append_one_now(self, board: BoardId, op: NewOp, *, epoch: str, claim: bytes) -> Receipt:
        place = self._place
        found = place.boards.get(board)  # a closed place has none
        if found is not None and found.history.epoch == epoch:
            receipt = found.history.store_newest(op, claim)
            if receipt is not None:
                place.wakeups.ring(board)
                return receipt
        (receipt,) = self.append_now(board, (op,), epoch=epoch, claims={op.op_id.client: claim})
        return receipt

    def _store(
        self, board: BoardId, ops: Sequence[NewOp], epoch: str, claims: Mapping[ClientId, bytes]
    ) -> list[Receipt]:
        found = self._place.history(board)
        if found is None:
            found = History(epoch, ops[0].at)
            self._place.boards[board] = _Board(found)
        arguments.check_epoch(board, found.epoch, epoch)
        receipts = found.store(ops, claims)
        self._place.wakeups.ring(board)
        return receipts

    async def read(
        self, board: BoardId, after: int, limit: int, *, epoch: str | None = None
    ) -> list[StoredOp]:
        arguments.check_read(after, limit)
        await self._place.enter()
        found = self._place.history(board)
        if found is not None:
            arguments.check_epoch(board, found.epoch, epoch)
        if found is None or after >= found.seq:
            return []
        last = min(after + limit, found.seq)
        bodies = await self._bodies(found, after, last)
        costs = [len(body) + limits.OP_OVERHEAD_BYTES for body in bodies]
        taken = segments.slice_by_size(costs, limits.MAX_READ_BYTES)
        return found.stored(after, bodies[:taken])

    async def _bodies(self, board: History, after: int, last: int) -> list[bytes]:
        """Bodies of seq after + 1 to last: at least one, and up to last or MAX_READ_BYTES."""
        fresh = board.bodies[max(after - board.compacted, 0) : max(last - board.compacted, 0)]
        if after >= board.compacted:
            return fresh
        first, packed = board.segments_between(after, last)
        old = await self._place.off_path(_unpack, packed, sum(map(len, packed)))
        is_whole = first + len(old) > min(last, board.compacted)
        return old[after + 1 - first : last + 1 - first] + (fresh if is_whole else [])

    async def wait_beyond(self, board: BoardId, seq: int) -> int:
        with self._place.wakeups.listen(board) as listener:
            while True:
                head = await self.head(board)
                if head is not None and head.seq > seq:
                    return head.seq
                await listener.wait()

    async def find(self, board: BoardId, op_ids: Sequence[OpId]) -> dict[OpId, Receipt]:
        await self._place.enter()
        found = self._place.history(board)
        if found is None:
            return {}
        return {op_id: receipt for op_id in op_ids if (receipt := found.receipt(op_id))}

    async def seen_by(self, board: BoardId, clock: Mapping[ClientId, int]) -> int:
        await self._place.enter()
        found = self._place.history(board)
        return found.seen_by(clock) if found else 0

    async def ranks_about(
        self, board: BoardId, op_ids: Sequence[OpId]
    ) -> dict[ClientId, list[tuple[int, int]]]:
        await self._place.enter()
        found = self._place.history(board)
        ranks: dict[ClientId, list[tuple[int, int]]] = {}
        for op_id in op_ids:
            if found and (known := found.ranks_about(op_id)):
                ranks.setdefault(op_id.client, []).extend(known)
        return ranks

    async def agree(self, board: BoardId, epoch: str) -> str:
        head = await self.head(board)
        return head.epoch if head else epoch

    async def renew(self, board: BoardId, epoch: str, fresh: str) -> bool:
        await self._place.enter()
        found = self._place.history(board)
        if found is None or found.epoch != epoch:
            return False
        found.epoch = fresh
        return True

    async def client(self, board: BoardId, client: ClientId) -> ClientRecord | None:
        await self._place.enter()
        return self.client_now(board, client)

    def client_now(self, board: BoardId, client: ClientId) -> ClientRecord | None:
        self._place.check_open()
        found = self._place.history(board)
        return found.record(client) if found else None

    async def compact(self, board: BoardId, up_to: int, limit: int, *, least: int = 1) -> int:
        arguments.check_limit(limit)
        await self._place.enter()
        found = self._place.history(board)
        if found is None:
            return 0
        moved, is_full = found.next_slice(min(limit, up_to - found.compacted))
        if moved == 0 or (moved < least and not is_full):
            return 0
        found.pack(moved)
        return moved


class _MemorySnapshots:
    def __init__(self, place: _Place) -> None:
        self._place = place

    async def load(self, board: BoardId) -> Checkpoint | None:
        await self._place.enter()
        found = self._place.boards.get(board)
        if found is None or found.checkpoint is None:
            return None
        seq, packed, size_bytes = found.checkpoint
        unpack = partial(zlib.decompress, bufsize=size_bytes)  # into one buffer
        return Checkpoint(seq, await self._place.off_path(unpack, packed, size_bytes))

    async def save(
        self,
        board: BoardId,
        checkpoint: Checkpoint,
        tombstones: Mapping[ElementId, bytes],
        *,
        epoch: str,
        until: int | None = None,  # noqa: ARG002 - nobody else saves
    ) -> None:
        packed = await self._place.off_path(_pack_checkpoint, checkpoint.body, len(checkpoint.body))
        await self._place.enter()
        found = self._place.boards.get(board)
        if found is None or found.history.epoch != epoch or found.history.seq < checkpoint.seq:
            raise StorageConflict(f"board {board} has no history to which this checkpoint belongs")
        if found.checkpoint is not None and checkpoint.seq <= found.checkpoint.seq:
            return
        found.checkpoint = _Checkpoint(checkpoint.seq, packed, len(checkpoint.body))
        found.tombstones.update(tombstones)

    async def tombstones(self, board: BoardId, elements: Sequence[ElementId]) -> dict[ElementId, bytes]:
        await self._place.enter()
        found = self._place.boards.get(board)
        kept = found.tombstones if found else {}
        return {element: kept[element] for element in elements if element in kept}

    async def has_tombstones(self, board: BoardId) -> bool:
        await self._place.enter()
        found = self._place.boards.get(board)
        return bool(found and found.tombstones)


class _MemoryBoards:
    def __init__(self, place: _Place) -> None:
        self._place = place

    async def create(self, board: BoardId, at: int, epoch: str) -> bool:
        await self._place.enter()
        if board in self._place.boards:
            return False
        self._place.boards[board] = _Board(History(epoch, at))
        return True

    async def page(self, limit: int, after: BoardId | None) -> list[BoardInfo]:
        arguments.check_limit(limit)
        await self._place.enter()
        ids = sorted(board for board in self._place.boards if after is None or board > after)
        found = [(board, self._place.boards[board].history) for board in ids[:limit]]
        return [BoardInfo(board, it.seq, it.created_at, it.updated_at) for board, it in found]

    async def delete(self, board: BoardId) -> bool:
        await self._place.enter()
        return self._place.boards.pop(board, None) is not None


class _MemoryStorage:
    def __init__(self, place: _Place) -> None:
        self._place = place
        self._op_log = _MemoryOpLog(place)
        self._snapshots = _MemorySnapshots(place)
        self._boards = _MemoryBoards(place)

    @property
    def op_log(self) -> OpLog:
        return self._op_log

    @property
    def snapshots(self) -> Snapshots:
        return self._snapshots

    @property
    def boards(self) -> Boards:
        return self._boards

    @property
    def bus(self) -> Bus | None:
        return None

    async def probe(self) -> None:
        await self._place.enter()


@asynccontextmanager
async def open_memory() -> AsyncIterator[Storage]:
    """A storage that lives as long as the block (R2: `--mode memory`).

    Its receipts are worth `Durability.MEMORY`. All history stays in memory; compaction makes old
    ops some ten times smaller. After the block every call raises StorageUnavailable.
    """
    place = _Place()
    try:
        yield _MemoryStorage(place)
    finally:
        place.close()


def _pack_checkpoint(body: bytes) -> bytes:
    return zlib.compress(body, _CHECKPOINT_LEVEL)


def _unpack(packed: Sequence[bytes]) -> list[bytes]:
    """The bodies of segments; as many segments as one answer may need."""
    bodies: list[bytes] = []
    size_bytes = 0
    for segment in packed:
        found = segments.unpack(segment)
        bodies += found
        size_bytes += sum(map(len, found))
        if size_bytes > limits.MAX_READ_BYTES + limits.SEGMENT_BYTES:
            break
    return bodies
