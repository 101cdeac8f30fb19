"""The op log on a Redis stream that several servers append to and tail (R30)."""

from collections.abc import Mapping, Sequence
from typing import Any

import trio
from coredis.tokens import PureToken

from whiteboard import limits, timeouts
from whiteboard.errors import ClaimConflict, StorageConflict, StorageCorrupt
from whiteboard.ids import BoardId, ClientId, OpId
from whiteboard.storage import arguments, segments
from whiteboard.storage.archive import Archive
from whiteboard.storage.blocking import run_blocking
from whiteboard.storage.ports import ClientRecord, Durability, Head, Newest, NewOp, Receipt, StoredOp
from whiteboard.storage.redis import records
from whiteboard.storage.redis.archived import ArchivedOps, missing_archive
from whiteboard.storage.redis.cold import ColdBoards
from whiteboard.storage.redis.lost import LostBoards
from whiteboard.storage.redis.op_segments import pack_segment, unpack_segments
from whiteboard.storage.redis.records import ReceiptLine, hexed
from whiteboard.storage.redis.server import Server
from whiteboard.storage.redis.standing import Standing, standing_of
from whiteboard.storage.redis.tailer import Tailer


class RedisOpLog:
    """See `whiteboard.storage.ports.OpLog`.

    An append is one script, hence one step for every server that shares the board. A stream entry
    holds all ops of an append; its id is named for the last one, so that whoever has seen seq n reads on
    at the first entry with an id above n. Old segments may have gone to an archive.
    """

    def __init__(
        self,
        server: Server,
        tailer: Tailer,
        packing: trio.CapacityLimiter,
        *,
        cold: ColdBoards,
        lost: LostBoards,
        archive: Archive | None,
    ) -> None:
        self._server = server
        self._tailer = tailer
        self._packing = packing
        self._cold = cold
        self._lost = lost
        self._archived = None if archive is None else ArchivedOps(archive, packing)

    @property
    def durability(self) -> Durability:
        return Durability.STREAM

    @property
    def is_shared(self) -> bool:
        return True

    async def head(self, board: BoardId) -> Head | None:
        standing = await self._lost.find(board)
        return None if standing is None else standing.head

    # --- appending ----------------------------------------------------------------------------

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
        told = _told(ops, claims)
        read = _end(known, newest)
        answer = await self._append(board, epoch, 0, read, told)
        if answer == [b"absent"] and await self._lost.revive(board):
            answer = await self._append(board, epoch, 0, read, told)
        elif answer == [b"absent"]:
            # The list first: a board that nobody finds in it would be worse than a line without a board.
            await self._server.list_board(board)
            answer = await self._append(board, epoch, 1, read, told)
            await self._server.list_board(board)  # once more: a deletion under way may have struck the line
        receipts = _receipts(board, epoch, known, answer)
        self._tailer.note(board, max(receipt.seq for receipt in receipts))
        return receipts

    async def _append(
        self, board: BoardId, epoch: str, may_begin: int, read: str, told: Sequence[str | bytes | int]
    ) -> Any:
        keys = self._server.keys.of(board)
        names = (keys.head, keys.log, keys.receipts, keys.clients)
        return await self._cold.run(board, "append", names, epoch, may_begin, read, *told)

    # --- reading ------------------------------------------------------------------------------

    async def read(
        self, board: BoardId, after: int, limit: int, *, epoch: str | None = None
    ) -> list[StoredOp]:
        arguments.check_read(after, limit)
        found: list[StoredOp] = []
        is_archived, size = True, 0
        while (
            is_archived and len(found) < limit and size < limits.MAX_READ_BYTES
        ):  # one piece after the other
            start = after + len(found)
            standing, more = await self._read(board, start, limit - len(found), limits.MAX_READ_BYTES)
            if standing is not None:
                arguments.check_epoch(board, standing.epoch, epoch)
            is_archived = bool(more) and standing is not None and start < standing.archived
            found += more
            size += sum(len(op.body) for op in more)
        costs = (len(op.body) + limits.OP_OVERHEAD_BYTES for op in found)
        return found[: segments.slice_by_size(costs, limits.MAX_READ_BYTES)]

    async def _read(
        self, board: BoardId, after: int, limit: int, enough: int
    ) -> tuple[Standing | None, list[StoredOp]]:
        """The head of the log, if there is one; its ops after `after`, at most `limit`, about `enough` bytes."""
        keys = self._server.keys.of(board)
        most = enough // limits.SEGMENT_BYTES + 1
        head, packed, entries = await self._server.run(
            "read", (keys.head, keys.segments, keys.log), after, limit, enough, most
        )
        standing = standing_of(board, dict(zip(head[::2], head[1::2], strict=True)))
        if standing is None:
            return None, []
        if after < standing.archived:
            return standing, await self._read_archived(standing, after, limit)
        found: list[StoredOp] = []
        if packed:
            pairs = [(one, int(last)) for one, last in zip(packed[::2], packed[1::2], strict=True)]
            found = await run_blocking(self._packing, unpack_segments, pairs)
        elif after < standing.compacted:
            raise StorageCorrupt(f"board {board}: the segment with op {after + 1} is not there")
        for entry_id, blob in zip(entries[::2], entries[1::2], strict=True):
            found += _of_entry(board, entry_id, blob, standing.compacted)
        wanted = [op for op in found if after < op.seq <= after + limit]
        if wanted and (wanted[0].seq != after + 1 or wanted[-1].seq != after + len(wanted)):
            raise StorageCorrupt(f"board {board}: ops are missing after op {after}")
        return standing, wanted

    async def _read_archived(self, standing: Standing, after: int, limit: int) -> list[StoredOp]:
        """Ops that have left Redis. Raises StorageUnavailable, StorageCorrupt."""
        if self._archived is None:
            raise missing_archive(standing)
        corrupt = StorageCorrupt(f"board {standing.board}: op {after + 1} is not in the archive")
        found: list[StoredOp] = []
        try:
            found = await self._archived.read(standing, after, limit)
        except StorageCorrupt as error:
            corrupt = error
        if not found and await self._is_same(standing):
            raise corrupt
        return found

    async def _is_same(self, standing: Standing) -> bool:
        """Whether the board has not been deleted meanwhile."""
        now = await self._lost.find(standing.board)
        return now is not None and now.epoch == standing.epoch

    async def wait_beyond(self, board: BoardId, seq: int) -> int:
        return await self._tailer.wait_beyond(board, seq)

    # --- looking up ---------------------------------------------------------------------------

    async def find(self, board: BoardId, op_ids: Sequence[OpId]) -> dict[OpId, Receipt]:
        lines = await self._lines(board, "at", op_ids)
        return {line.op_id: Receipt(line.seq, line.at, is_new=False) for line in lines}

    async def seen_by(self, board: BoardId, clock: Mapping[ClientId, int]) -> int:
        lines = await self._lines(board, "upto", [OpId(*entry) for entry in clock.items()])
        return max((line.seq for line in lines), default=0)

    async def ranks_about(
        self, board: BoardId, op_ids: Sequence[OpId]
    ) -> dict[ClientId, list[tuple[int, int]]]:
        ranks: dict[ClientId, list[tuple[int, int]]] = {}
        for line in await self._lines(board, "about", op_ids):
            ranks.setdefault(line.op_id.client, []).append((line.op_id.counter, line.rank))
        return ranks

    async def agree(self, board: BoardId, epoch: str) -> str:
        keys, client = self._server.keys.of(board), self._server.client
        head = await self.head(board)
        if head is not None:
            return head.epoch
        await self._server.ask(
            client.set(keys.agreed, epoch, condition=PureToken.NX, ex=timeouts.EPOCH_AGREED.whole_seconds)
        )
        agreed = await self._server.ask(client.get(keys.agreed))
        return agreed.decode() if agreed else epoch

    async def renew(self, board: BoardId, epoch: str, fresh: str) -> bool:
        keys = self._server.keys.of(board)
        return bool(await self._server.run("renew", (keys.head,), epoch, fresh))

    async def client(self, board: BoardId, client: ClientId) -> ClientRecord | None:
        record = await self._cold.ask(board, self._server.keys.of(board).clients, "HGET", client)
        if record is None:
            return None
        return ClientRecord(record[32:], int(record[:16], 16), int(record[16:32], 16))

    async def _lines(self, board: BoardId, what: str, op_ids: Sequence[OpId]) -> list[ReceiptLine]:
        keys = self._server.keys.of(board)
        found: list[bytes] = []
        for start in range(0, len(op_ids), limits.MAX_COMMIT_OPS):
            some = op_ids[start : start + limits.MAX_COMMIT_OPS]
            names = [part for client, counter in some for part in (client, hexed(counter))]
            found += (await self._cold.run(board, "receipts", (keys.head, keys.receipts), what, *names))[1:]
        if not op_ids:
            await trio.lowlevel.checkpoint()
        return [records.receipt_line(member) for member in found]

    # --- compaction ---------------------------------------------------------------------------

    async def compact(self, board: BoardId, up_to: int, limit: int, *, least: int = 1) -> int:
        arguments.check_limit(limit)
        keys = self._server.keys.of(board)
        known = await self._server.ask(self._server.client.hget(keys.head, "compacted"))
        first = int(known or 0)
        count = min(limit, up_to - first)
        if count < 1:
            return 0
        standing, wanted = await self._read(board, first, count, limits.SEGMENT_BYTES)
        if standing is None:
            return 0
        if standing.compacted != first:  # somebody else moved them meanwhile
            return await self.compact(board, up_to, limit, least=least)
        moved = segments.slice_by_size((len(op.body) for op in wanted), limits.SEGMENT_BYTES)
        is_full = moved < len(wanted)
        if not moved or (moved < least and not is_full):
            return 0
        segment = await run_blocking(self._packing, pack_segment, wanted[:moved])
        last = first + moved
        names = (keys.head, keys.segments, keys.log)
        if await self._server.run("compact", names, standing.epoch, first, last, segment):
            return moved
        return await self.compact(board, up_to, limit, least=least)


def _told(ops: Sequence[NewOp], claims: Mapping[ClientId, bytes]) -> list[str | bytes | int]:
    """Ops and their clients as the append script wants them."""
    numbers = {client: n for n, client in enumerate(dict.fromkeys(op.op_id.client for op in ops), 1)}
    told: list[str | bytes | int] = [len(numbers)]
    for client in numbers:
        told += (client, claims[client])
    for op in ops:
        counter, rank = hexed(op.op_id.counter), hexed(op.lamport)
        told += (numbers[op.op_id.client], counter, rank, op.at, records.pack(op))
    return told


def _end(known: int, newest: Newest | None) -> str:
    """Up to where a log was read, as the append script wants it."""
    if newest is None:
        return str(known)
    op_id, at = newest
    return f"{known} {op_id.client}:{hexed(op_id.counter)} {at}"


def _receipts(board: BoardId, epoch: str, known: int, answer: Any) -> list[Receipt]:
    """What the append script says. Raises StorageConflict."""
    match answer:
        case [b"stored", *numbers]:
            triples = zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True)
            return [Receipt(seq, at, bool(is_new)) for seq, at, is_new in triples]
        case [b"short", int() as seq]:
            arguments.check_reaches(board, seq, known)
        case [b"lost"]:
            raise StorageConflict(f"the log of board {board} has lost op {known}, which was read from it")
        case [b"epoch", bytes() as other]:
            raise StorageConflict(f"board {board} has epoch {other.decode()}, not {epoch}")
        case [b"claimed", bytes() as client]:
            raise ClaimConflict(client.decode())
    raise StorageCorrupt(f"board {board}: the append script answered {answer!r}")


def _of_entry(board: BoardId, entry_id: bytes, blob: bytes, compacted: int) -> list[StoredOp]:
    """The ops of a stream entry; those up to `compacted` are left out, as a segment may end within an entry."""
    first, last = records.entry_range(entry_id)
    fresh = list(records.unpack(blob, first))
    if not fresh or fresh[-1].seq != last:
        raise StorageCorrupt(f"board {board}: stream entry {entry_id!r} has {len(fresh)} ops")
    return [op for op in fresh if op.seq > compacted]
