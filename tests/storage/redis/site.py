"""A Redis, an archive and who works on them, for tests of how boards go to the archive and come back."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from contract.frozen_storage import AT_ONCE, open_archiver
from services.redis_process import RedisProcess

from whiteboard.errors import StorageUnavailable
from whiteboard.ids import BoardId, ElementId
from whiteboard.storage.archive import Archive, Piece, PieceKind
from whiteboard.storage.ports import Checkpoint, NewOp, Storage
from whiteboard.storage.redis import ArchivePolicy, open_redis
from whiteboard.storage.redis.archiver import Archiver
from whiteboard.storage.redis.lost import standing_in
from whiteboard.storage.redis.server import Server
from whiteboard.storage.redis.standing import Standing
from whiteboard.testing.storage_samples import ADA, BOARD, BOB, append, op, ops, read_all

NEVER = ArchivePolicy(every=3600, cold_after=1e9, age=1e9, checkpoint_every=1e9)
EPOCH = "epoch-1"
STATES = {ElementId("e1"): b"one", ElementId("e2"): b"two"}


@dataclass
class Site:
    """What a test works with."""

    storage: Storage
    archiver: Archiver
    server: Server
    archive: Archive

    async def standing(self, board: BoardId = BOARD) -> Standing:
        """The head of a board that is there."""
        standing = await standing_in(self.server, board)
        assert standing is not None
        return standing

    async def is_cold(self) -> bool:
        """Whether the board has left Redis."""
        return (await self.standing()).is_cold

    async def left_in_redis(self, board: BoardId = BOARD) -> set[str]:
        """Which of a board's keys there are."""
        names = await self.server.ask(self.server.client.keys(f"*{{{board}}}*"))
        return {name.decode().rpartition(":")[2] for name in names}

    async def pieces(self, kind: PieceKind, board: BoardId = BOARD) -> Sequence[Piece]:
        """What the archive has of the board that is there."""
        standing = await self.standing(board)
        return await self.archive.pieces(board, standing.history, kind, limit=1000)


@asynccontextmanager
async def open_site(
    redis: RedisProcess, archive: Archive, policy: ArchivePolicy = AT_ONCE, *, prefix: str = "test"
) -> AsyncIterator[Site]:
    """A storage whose own archiver does nothing, and an archiver to be told."""
    async with open_redis(redis.url, prefix=prefix, archive=archive, policy=NEVER) as storage:
        async with open_archiver(redis.url, prefix, archive, storage, policy) as (archiver, server):
            yield Site(storage, archiver, server, archive)


def drawn() -> list[NewOp]:
    """Ops of two people, out of their order here and there."""
    new = [*ops(ADA, [1, 2, 3]), *ops(BOB, [5, 2])]
    return [*new, *(op(ADA, n, lamport=n, body=b"x" * n) for n in range(10, 110))]


async def draw(storage: Storage, board: BoardId = BOARD) -> list[NewOp]:
    """A board with a log of 105 ops, segments of it, a checkpoint with tombstones."""
    new = drawn()
    for start in range(0, len(new), 20):
        await append(storage.op_log, board, new[start : start + 20])
    await storage.op_log.compact(board, 60, 30)
    checkpoint = Checkpoint(len(new) - 10, b"state")
    await storage.snapshots.save(board, checkpoint, STATES, epoch=EPOCH, until=len(new))
    return new


async def everything(storage: Storage, board: BoardId = BOARD) -> list[object]:
    """All that the ports tell of such a board."""
    new = drawn()
    ids = [one.op_id for one in new]
    log, snapshots = storage.op_log, storage.snapshots
    return [
        await read_all(log, board, page=17),
        await log.head(board),
        await log.find(board, ids),
        {who: sorted(ranks) for who, ranks in (await log.ranks_about(board, ids)).items()},
        await log.seen_by(board, {ADA: 7, BOB: 4}),
        await log.client(board, ADA),
        await log.client(board, BOB),
        await snapshots.load(board),
        await snapshots.tombstones(board, list(STATES)),
        await snapshots.has_tombstones(board),
        await storage.boards.page(10, None),
    ]


class CutOff(Archive):
    """An archive that goes away at one of its calls, before or after it has done what it was asked for."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self.calls_left: float = float("inf")
        self.goes_after = False

    async def _ends(self) -> bool:
        """Whether this is the call; the ones after it fail at once."""
        self.calls_left -= 1
        if self.calls_left < 0 or (self.calls_left == 0 and not self.goes_after):
            raise StorageUnavailable("the archive is away")
        return self.calls_left == 0

    def _end(self, is_last: bool) -> None:
        if is_last:
            raise StorageUnavailable("the archive is away")

    async def put(self, piece: Piece, body: bytes) -> None:
        is_last = await self._ends()
        await self._archive.put(piece, body)
        self._end(is_last)

    async def get(self, piece: Piece) -> bytes:
        await self._ends()
        return await self._archive.get(piece)

    async def pieces(
        self, board: BoardId, epoch: str, kind: PieceKind, *, from_last: int = 0, limit: int
    ) -> Sequence[Piece]:
        await self._ends()
        return await self._archive.pieces(board, epoch, kind, from_last=from_last, limit=limit)

    async def newest(self, board: BoardId, epoch: str, kind: PieceKind) -> Piece | None:
        await self._ends()
        return await self._archive.newest(board, epoch, kind)

    async def epochs(self, board: BoardId) -> Sequence[str]:
        await self._ends()
        return await self._archive.epochs(board)

    async def boards(self, limit: int, after: BoardId | None) -> Sequence[BoardId]:
        await self._ends()
        return await self._archive.boards(limit, after)

    async def delete(self, piece: Piece) -> None:
        is_last = await self._ends()
        await self._archive.delete(piece)
        self._end(is_last)

    async def forget(self, board: BoardId, epoch: str) -> None:
        is_last = await self._ends()
        await self._archive.forget(board, epoch)
        self._end(is_last)

    async def probe(self) -> None:
        await self._ends()
        await self._archive.probe()
