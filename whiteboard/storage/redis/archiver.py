"""Moves what is closed out of Redis into an archive, and whole boards when nobody draws on them any more (R32).

For each board in turn, under its lease: full lots of segments, then (hourly, or when the board goes cold) the newest
checkpoint with its tombstones, then all the rest. Each step stores in the archive first and takes out of Redis then, in one
script that looks whether the board is still what was stored; so a step may be cut off anywhere, repeated, or done by two
servers at once.
"""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Self

import trio
from coredis.response.types import ScoredMember
from coredis.tokens import PureToken

from whiteboard import limits, timeouts
from whiteboard.diagnostics import logs
from whiteboard.errors import StorageConflict, StorageCorrupt, StorageUnavailable
from whiteboard.ids import BoardId
from whiteboard.storage.archive import Archive, Piece, PieceKind
from whiteboard.storage.blocking import run_blocking
from whiteboard.storage.ports import OpLog, StoredOp
from whiteboard.storage.redis import pieces
from whiteboard.storage.redis.keeper import CheckpointKeeper
from whiteboard.storage.redis.lease import Lease, leased
from whiteboard.storage.redis.lost import LostBoards, standing_in
from whiteboard.storage.redis.op_segments import unpack_segments
from whiteboard.storage.redis.records import hexed
from whiteboard.storage.redis.server import Server
from whiteboard.storage.redis.standing import Standing

log = logs.get_logger()


@dataclass(frozen=True, slots=True)
class ArchivePolicy:
    """When what goes to the archive. All in seconds."""

    every: float = field(default_factory=lambda: timeouts.ARCHIVE_ROUND.seconds)
    """Between two looks at all boards."""
    cold_after: float = field(default_factory=lambda: timeouts.ARCHIVE_COLD.seconds)
    """Without an op, and since it came back last, before a board leaves Redis."""
    age: float = field(default_factory=lambda: timeouts.ARCHIVE_AGE.seconds)
    """Of the youngest op that goes."""
    checkpoint_every: float = field(default_factory=lambda: timeouts.ARCHIVE_CHECKPOINT.seconds)
    """Between two checkpoints of a board that is drawn on."""

    @classmethod
    def of(cls, *, every: float, cold_after: float) -> Self:
        """With what people choose; a board that goes cold sooner has younger ops."""
        return cls(every, cold_after, age=min(timeouts.ARCHIVE_AGE.seconds, cold_after))


class Archiver:
    """Looks after all boards of a Redis, beside as many others as there are servers."""

    def __init__(
        self,
        server: Server,
        op_log: OpLog,
        archive: Archive,
        lost: LostBoards,
        *,
        policy: ArchivePolicy,
        packing: trio.CapacityLimiter,
    ) -> None:
        self._server = server
        self._op_log = op_log
        self._archive = archive
        self._lost = lost
        self._policy = policy
        self._packing = packing
        self._keeper = CheckpointKeeper(server, archive, packing)
        self._reached: BoardId | None = None
        # the board that a round has come to

    async def run(self) -> None:
        """Look again and again, for ever. Redis and the archive may go and come back meanwhile."""
        while True:
            try:
                await self.round()
            except StorageUnavailable as error:
                log.warning("archive_waits", reason=str(error))
            # not all servers at once
            await trio.sleep(self._policy.every * random.uniform(0.75, 1.25))  # noqa: S311 - no secret

    async def round(self) -> None:
        """Look at every board once. Raises StorageUnavailable: at the end, when a few boards could not be archived.

        When more than a few could not, Redis or the archive is taken to be away: the next round goes on behind the last.
        """
        await self._lost.revive_all()
        failures = _Failures()
        forgotten = await self._lost.forgotten()
        random.shuffle(forgotten)
        for board, history in forgotten:
            with failures.borne():
                await self._lost.forget(board, history)
        while boards := await self._server.listed(self._reached, limits.MAX_BLOB_PAGE):
            for board in boards:
                self._reached = board
                with failures.borne():
                    await self._visit(board)
        self._reached = None
        if failures.last is not None:
            raise failures.last

    async def _visit(self, board: BoardId) -> None:
        """One whose parts do not fit together does not keep the others."""
        try:
            await self.look_after(board)
        except StorageCorrupt:
            log.exception("board_not_archived", board=board)
        except StorageConflict as error:
            log.info("board_left_to_others", board=board, reason=str(error))

    async def look_after(self, board: BoardId) -> None:
        """Archive what there is to archive of a board, unless another server does.

        Raises StorageUnavailable, StorageCorrupt, StorageConflict. Cancelled or cut off, the next one goes on.
        """
        standing = await standing_in(self._server, board)
        if standing is None or not await self._has_work(standing):
            return
        async with leased(self._server, self._server.keys.of(board).archiver) as lease:
            if lease is not None:
                await self._archive_board(board, lease)

    async def _has_work(self, standing: Standing) -> bool:
        if standing.is_cold or standing.seq == 0:
            return False
        if self._goes_cold(standing):
            is_done = standing.archived == standing.seq and standing.kept > standing.updated
            return not (is_done and await self._is_open(standing.board))
        return await self._has_lot(standing) or self._wants_checkpoint(standing)

    async def _is_open(self, board: BoardId) -> bool:
        return bool(await self._server.run("listeners", (self._server.keys.of(board).log,)))

    async def _archive_board(self, board: BoardId, lease: Lease) -> None:
        """The steps, in order; each looks at the board anew."""
        standing = await self._standing(board)
        goes_cold = self._goes_cold(standing)
        if goes_cold:
            await self._compact_all(standing)
            standing = await self._standing(board)
        while standing.archived < standing.compacted and (goes_cold or await self._has_lot(standing)):
            if not await lease.keep() or not await self._move_lot(standing):
                return
            standing = await self._standing(board)
        checkpoint = None
        if goes_cold or self._wants_checkpoint(standing):
            checkpoint = await self._keeper.keep(standing)
            if checkpoint is not None:
                await self._trim(standing, standing.archived, kept=_now_ms())
        if goes_cold and checkpoint is not None:
            await self._freeze(standing, checkpoint.seq)

    # --- when ---------------------------------------------------------------------------------

    def _goes_cold(self, standing: Standing) -> bool:
        # who looked at it yesterday may look again: it came back at the cost of all its pieces
        used = max(standing.updated, standing.thawed)
        return _now_ms() - used >= self._policy.cold_after * 1000

    async def _has_lot(self, standing: Standing) -> bool:
        if standing.compacted == standing.archived:
            return False
        key = self._server.keys.of(standing.board).segments
        return await self._server.ask(self._server.client.zcard(key)) >= limits.ARCHIVE_SEGMENTS

    def _wants_checkpoint(self, standing: Standing) -> bool:
        is_due = _now_ms() - standing.kept >= self._policy.checkpoint_every * 1000
        return is_due and standing.archived > 0 and standing.updated > standing.kept

    # --- steps --------------------------------------------------------------------------------

    async def _standing(self, board: BoardId) -> Standing:
        standing = await standing_in(self._server, board)
        if standing is None:
            raise StorageConflict(f"board {board} was deleted meanwhile")
        return standing

    async def _compact_all(self, standing: Standing) -> None:
        while await self._op_log.compact(standing.board, standing.seq, limits.COMPACT_SLICE_OPS):
            pass

    async def _move_lot(self, standing: Standing) -> bool:
        """Archive the oldest segments; False when they are too young, or somebody else has done it."""
        segments = await self._oldest_segments(standing)
        ops = await run_blocking(self._packing, unpack_segments, segments)
        if not ops or ops[0].seq != standing.archived + 1:
            raise StorageCorrupt(f"board {standing.board}: no segment begins at op {standing.archived + 1}")
        # several servers wrote them, by clocks of their own
        if _now_ms() - max(op.at for op in ops) < self._policy.age * 1000:
            return False
        piece, body = await self._piece_of(standing, segments, ops)
        last = piece.last
        leftovers = await self._leftovers(standing, piece)
        await self._archive.put(piece, body)
        if not await self._trim(standing, last):
            await self._take_back(standing, piece)
            return False
        for leftover in leftovers:
            await self._archive.delete(leftover)
        log.info("segments_archived", board=standing.board, seq=last, bytes=len(body))
        return True

    async def _oldest_segments(self, standing: Standing) -> list[tuple[bytes, int]]:
        key = self._server.keys.of(standing.board).segments
        query = self._server.client.zrange(
            key,
            standing.archived + 1,
            "+inf",
            sortby=PureToken.BYSCORE,
            offset=0,
            count=limits.ARCHIVE_SEGMENTS,
            withscores=True,
        )
        found: list[tuple[bytes, int]] = []
        for scored in await self._server.ask(query):
            assert isinstance(scored, ScoredMember)
            assert isinstance(scored.member, bytes)
            found.append((scored.member, int(scored.score)))
        return found

    async def _piece_of(
        self, standing: Standing, segments: list[tuple[bytes, int]], ops: list[StoredOp]
    ) -> tuple[Piece, bytes]:
        keys = self._server.keys.of(standing.board)
        lines: list[bytes] = []
        for start in range(0, len(ops), limits.MAX_COMMIT_OPS):
            some = [op.op_id for op in ops[start : start + limits.MAX_COMMIT_OPS]]
            names = [part for op_id in some for part in (op_id.client, hexed(op_id.counter))]
            lines += (await self._server.run("receipts", (keys.head, keys.receipts), "at", *names))[1:]
        authors = sorted({op.op_id.client for op in ops})
        found = await self._server.ask(self._server.client.hmget(keys.clients, authors))
        records = dict(zip(authors, found, strict=True))
        if len(lines) != len(ops) or None in found:
            raise StorageConflict(
                f"board {standing.board} changed while op {ops[0].seq} and later were archived"
            )
        digests = {client: record[32:] for client, record in records.items() if record is not None}
        content = await run_blocking(self._packing, pieces.segment_piece, segments, lines, digests)
        kind, first, last = PieceKind.SEGMENT, ops[0].seq, ops[-1].seq
        return await run_blocking(self._packing, pieces.finish, standing, kind, content, first, last)

    async def _leftovers(self, standing: Standing, piece: Piece) -> list[Piece]:
        """Pieces of these ops that somebody stored who then was cut off."""
        found = await self._archive.pieces(
            standing.board,
            standing.history,
            PieceKind.SEGMENT,
            from_last=piece.first,
            limit=limits.MAX_BLOB_PAGE,
        )
        return [one for one in found if one.last <= piece.last and one != piece]

    async def _trim(self, standing: Standing, archived: int, *, kept: int | None = None) -> bool:
        keys = self._server.keys.of(standing.board)
        told = (standing.epoch, standing.archived, archived, standing.history, "" if kept is None else kept)
        return bool(await self._server.run("trim", (keys.head, keys.segments), *told))

    async def _take_back(self, standing: Standing, piece: Piece) -> None:
        """Leave no piece behind of a board that was deleted meanwhile."""
        now = await standing_in(self._server, standing.board)
        if now is None or now.history != standing.history:
            await self._archive.delete(piece)

    async def _freeze(self, standing: Standing, checkpoint: int) -> None:
        keys = self._server.keys.of(standing.board)
        emptied = (keys.log, keys.receipts, keys.clients, keys.segments, keys.tombstones)
        told = (standing.epoch, standing.seq, checkpoint or "")
        if await self._server.run("freeze", (keys.head, keys.checkpoints, *emptied), *told):
            log.info("board_frozen", board=standing.board, seq=standing.seq)


class _Failures:
    """What failed in a round: one board may for reasons of its own, and does not keep the others."""

    def __init__(self) -> None:
        self.last: StorageUnavailable | None = None
        self._count = 0

    @contextmanager
    def borne(self) -> Iterator[None]:
        """Bear a failure of the block. Raises StorageUnavailable once there were ARCHIVE_FAILURES of them."""
        try:
            yield
        except StorageUnavailable as error:
            self.last = error
            self._count += 1
            if self._count >= limits.ARCHIVE_FAILURES:
                raise


def _now_ms() -> int:
    """Milliseconds since 1970, as `at` of an op is."""
    return time.time_ns() // 1_000_000
