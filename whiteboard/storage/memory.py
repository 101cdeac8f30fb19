"""The reference adapter: everything in memory, as strict as the durable ones. Knows no files.

Each method first checkpoints and then does its work without another checkpoint, which makes it
atomic; the two that unpack or pack segments do that part in a worker thread.
"""

from array import array
from bisect import bisect_left, bisect_right, insort
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import trio

from whiteboard import limits
from whiteboard.errors import ClaimConflict, StorageConflict, StorageUnavailable
from whiteboard.ids import BoardId, ClientId, ElementId, OpId
from whiteboard.storage import arguments, segments
from whiteboard.storage.blocking import run_blocking
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


@dataclass(slots=True)
class _ClientLog:
    """One client's ops on one board."""

    key_hash: bytes
    lamport: int = 0
    seqs: dict[int, int] = field(default_factory=dict)
    """Counter -> seq."""
    counters: list[int] = field(default_factory=list)
    """Ascending."""

    def record(self, op: NewOp, seq: int) -> None:
        counter = op.op_id.counter
        self.seqs[counter] = seq
        insort(self.counters, counter)
        self.lamport = max(self.lamport, op.lamport)

    @property
    def counter(self) -> int:
        return self.counters[-1] if self.counters else 0

    def seen(self, counter: int) -> int:
        """Seq of the op with the highest counter up to this one; 0 when there is none."""
        covered = bisect_right(self.counters, counter)
        return self.seqs[self.counters[covered - 1]] if covered else 0

    def next_to(self, counter: int) -> list[int]:
        """The stored counters next below and next above one."""
        low, high = bisect_left(self.counters, counter), bisect_right(self.counters, counter)
        return self.counters[max(low - 1, 0) : low] + self.counters[high : high + 1]


@dataclass(slots=True)
class _Board:
    """One board's history. Index i of a list is seq i + 1."""

    epoch: str
    created_at: int
    updated_at: int
    op_ids: list[OpId] = field(default_factory=list)
    ats: list[int] = field(default_factory=list)
    lamports: "array[int]" = field(default_factory=lambda: array("Q"))
    clients: dict[ClientId, _ClientLog] = field(default_factory=dict)
    compacted: int = 0
    """Highest seq whose body is in a segment."""
    segments: list[bytes] = field(default_factory=list)
    segment_ends: list[int] = field(default_factory=list)
    """Last seq of each segment."""
    bodies: list[bytes] = field(default_factory=list)
    """Bodies of seq `compacted` + 1 and up."""
    checkpoint: Checkpoint | None = None
    """The newest. Memory does not rot, so none is kept to fall back to."""
    tombstones: dict[ElementId, bytes] = field(default_factory=dict)

    @property
    def seq(self) -> int:
        return len(self.op_ids)

    def check_claims(self, ops: Sequence[NewOp], claims: Mapping[ClientId, bytes]) -> None:
        for client in {op.op_id.client for op in ops}:
            known = self.clients.get(client)
            if known is not None and known.key_hash != claims[client]:
                raise ClaimConflict(client)

    def receipt(self, op_id: OpId) -> Receipt | None:
        client = self.clients.get(op_id.client)
        seq = client.seqs.get(op_id.counter) if client else None
        return Receipt(seq, self.ats[seq - 1], is_new=False) if seq else None

    def store(self, op: NewOp, key_hash: bytes) -> Receipt:
        if known := self.receipt(op.op_id):
            return known
        self.op_ids.append(op.op_id)
        self.ats.append(op.at)
        self.lamports.append(op.lamport)
        self.bodies.append(op.body)
        self.updated_at = op.at
        self.clients.setdefault(op.op_id.client, _ClientLog(key_hash)).record(op, self.seq)
        return Receipt(self.seq, op.at, is_new=True)

    def ranks_about(self, op_id: OpId) -> list[tuple[int, int]]:
        client = self.clients.get(op_id.client)
        if client is None:
            return []
        return [(one, self.lamports[client.seqs[one] - 1]) for one in client.next_to(op_id.counter)]

    def segments_between(self, after: int, last: int) -> tuple[int, list[bytes]]:
        """Segments that hold the compacted ops of seq after + 1 to last, and the first one's first seq."""
        start = bisect_left(self.segment_ends, after + 1)
        stop = bisect_left(self.segment_ends, min(last, self.compacted)) + 1
        return (self.segment_ends[start - 1] if start else 0) + 1, self.segments[start:stop]


class _Place:
    """What the ports of one memory storage share."""

    def __init__(self) -> None:
        self.boards: dict[BoardId, _Board] = {}
        self.wakeups = Wakeups()
        self.packing = trio.CapacityLimiter(1)
        self.is_closed = False

    async def enter(self) -> None:
        """Checkpoint, and refuse when closed."""
        await trio.lowlevel.checkpoint()
        self.check_open()

    def check_open(self) -> None:
        """Raises StorageUnavailable once the storage is closed."""
        if self.is_closed:
            raise StorageUnavailable("the storage is closed")

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
        found = self._place.boards.get(board)
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
        found = self._place.boards.get(board)
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

    def _store(
        self, board: BoardId, ops: Sequence[NewOp], epoch: str, claims: Mapping[ClientId, bytes]
    ) -> list[Receipt]:
        found = self._place.boards.get(board)
        if found is None:
            found = self._place.boards[board] = _Board(epoch, ops[0].at, ops[0].at)
        arguments.check_epoch(board, found.epoch, epoch)
        found.check_claims(ops, claims)
        receipts = [found.store(op, claims[op.op_id.client]) for op in ops]
        self._place.wakeups.ring(board)
        return receipts

    async def read(
        self, board: BoardId, after: int, limit: int, *, epoch: str | None = None
    ) -> list[StoredOp]:
        arguments.check_read(after, limit)
        await self._place.enter()
        found = self._place.boards.get(board)
        if found is not None:
            arguments.check_epoch(board, found.epoch, epoch)
        if found is None or after >= found.seq:
            return []
        last = min(after + limit, found.seq)
        op_ids, ats = found.op_ids[after:last], found.ats[after:last]
        bodies = await self._bodies(found, after, last)
        costs = [len(body) + limits.OP_OVERHEAD_BYTES for body in bodies]
        taken = segments.slice_by_size(costs, limits.MAX_READ_BYTES)
        rows = zip(range(after + 1, after + taken + 1), op_ids, ats, bodies, strict=False)
        return [StoredOp(*row) for row in rows]

    async def _bodies(self, board: _Board, after: int, last: int) -> list[bytes]:
        """Bodies of seq after + 1 to last: at least one, and up to last or MAX_READ_BYTES."""
        fresh = board.bodies[max(after - board.compacted, 0) : max(last - board.compacted, 0)]
        if after >= board.compacted:
            return fresh
        first, packed = board.segments_between(after, last)
        old: list[bytes] = []
        for segment in packed:
            old += await run_blocking(self._place.packing, segments.unpack, segment)
            if sum(map(len, old)) > limits.MAX_READ_BYTES + limits.SEGMENT_BYTES:
                return old[after + 1 - first :]
        return old[after + 1 - first : last + 1 - first] + fresh

    async def wait_beyond(self, board: BoardId, seq: int) -> int:
        with self._place.wakeups.listen(board) as listener:
            while True:
                head = await self.head(board)
                if head is not None and head.seq > seq:
                    return head.seq
                await listener.wait()

    async def find(self, board: BoardId, op_ids: Sequence[OpId]) -> dict[OpId, Receipt]:
        await self._place.enter()
        found = self._place.boards.get(board)
        if found is None:
            return {}
        return {op_id: receipt for op_id in op_ids if (receipt := found.receipt(op_id))}

    async def seen_by(self, board: BoardId, clock: Mapping[ClientId, int]) -> int:
        await self._place.enter()
        found = self._place.boards.get(board)
        clients = found.clients if found else {}
        return max([0, *(clients[name].seen(n) for name, n in clock.items() if name in clients)])

    async def ranks_about(
        self, board: BoardId, op_ids: Sequence[OpId]
    ) -> dict[ClientId, list[tuple[int, int]]]:
        await self._place.enter()
        found = self._place.boards.get(board)
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
        found = self._place.boards.get(board)
        if found is None or found.epoch != epoch:
            return False
        found.epoch = fresh
        return True

    async def client(self, board: BoardId, client: ClientId) -> ClientRecord | None:
        await self._place.enter()
        found = self._place.boards.get(board)
        log = found.clients.get(client) if found else None
        return ClientRecord(log.key_hash, log.counter, log.lamport) if log else None

    async def compact(self, board: BoardId, up_to: int, limit: int, *, least: int = 1) -> int:
        arguments.check_limit(limit)
        await self._place.enter()
        found = self._place.boards.get(board)
        if found is None:
            return 0
        first = found.compacted
        wanted = found.bodies[: max(min(limit, up_to - first), 0)]
        moved = segments.slice_by_size(map(len, wanted), limits.SEGMENT_BYTES)
        is_full = moved < len(wanted)
        if not moved or (moved < least and not is_full):
            return 0
        segment = await run_blocking(self._place.packing, segments.pack, wanted[:moved])
        if found.compacted != first:  # somebody else moved them meanwhile
            return await self.compact(board, up_to, limit, least=least)
        found.segments.append(segment)
        found.segment_ends.append(first + moved)
        del found.bodies[:moved]
        found.compacted += moved
        return moved


class _MemorySnapshots:
    def __init__(self, place: _Place) -> None:
        self._place = place

    async def load(self, board: BoardId) -> Checkpoint | None:
        await self._place.enter()
        found = self._place.boards.get(board)
        return found.checkpoint if found else None

    async def save(
        self,
        board: BoardId,
        checkpoint: Checkpoint,
        tombstones: Mapping[ElementId, bytes],
        *,
        epoch: str,
        until: int | None = None,  # noqa: ARG002 - nobody else saves
    ) -> None:
        await self._place.enter()
        found = self._place.boards.get(board)
        if found is None or found.epoch != epoch or found.seq < checkpoint.seq:
            raise StorageConflict(f"board {board} has no history to which this checkpoint belongs")
        if found.checkpoint is not None and checkpoint.seq <= found.checkpoint.seq:
            return
        found.checkpoint = checkpoint
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
        self._place.boards[board] = _Board(epoch, at, at)
        return True

    async def page(self, limit: int, after: BoardId | None) -> list[BoardInfo]:
        arguments.check_limit(limit)
        await self._place.enter()
        ids = sorted(board for board in self._place.boards if after is None or board > after)
        found = [(board, self._place.boards[board]) for board in ids[:limit]]
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
