"""Boards of which Redis has the head only: how they come back from the archive.

A *cold* board's log, receipts, clients, checkpoints and tombstones are in the archive. Whoever needs more than its head
and its old ops *thaws* it: fills keys beside the board's own and puts all of them in place in one step.
"""

import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any

import trio

from whiteboard import limits, timeouts
from whiteboard.diagnostics import logs
from whiteboard.errors import StorageCorrupt, StorageUnavailable
from whiteboard.ids import BoardId
from whiteboard.storage.archive import Archive, Piece, PieceKind
from whiteboard.storage.blocking import run_blocking
from whiteboard.storage.redis import pieces
from whiteboard.storage.redis.archived import missing_archive
from whiteboard.storage.redis.lost import standing_in
from whiteboard.storage.redis.server import Server
from whiteboard.storage.redis.standing import Standing
from whiteboard.storage.turns import BoardTurns

log = logs.get_logger()


class ColdBoards:
    """Brings boards back. Without an archive there are none to bring."""

    def __init__(self, server: Server, archive: Archive | None, packing: trio.CapacityLimiter) -> None:
        self._server = server
        self._archive = archive
        self._packing = packing
        self._thawing = BoardTurns()

    async def ask(self, board: BoardId, key: str, command: str, *rest: str | int) -> Any:
        """What a command on one of a board's keys answers, once the board is warm. Raises as `warm` does."""
        names = (self._server.keys.of(board).head, key)
        return (await self.run(board, "when_warm", names, command, *rest))[1]

    async def run(self, board: BoardId, script: str, keys: Sequence[str], *told: str | bytes | int) -> Any:
        """What a script answers behind `"warm"`; one that says `"cold"` is run again once the board is warm."""
        for _ in range(limits.THAW_TRIES):
            answer = await self._server.run(script, keys, *told)
            if answer[0] != b"cold":
                return answer
            await self.warm(board)
        raise StorageUnavailable(f"board {board} goes to the archive and comes back all the time")

    # --- thawing ------------------------------------------------------------------------------

    async def warm(self, board: BoardId) -> None:
        """Have all of a board in Redis, but for the ops that its archive keeps.

        Raises StorageUnavailable, StorageCorrupt. Cancellation leaves the board cold; what was filled goes by itself.
        """
        async with self._thawing.on(board):
            standing = await standing_in(self._server, board)
            if standing is not None and standing.is_cold:
                await self._thaw_if_there(standing)

    async def _thaw_if_there(self, standing: Standing) -> None:
        try:
            await self._thaw(standing)
            return
        except StorageCorrupt as error:
            corrupt = error
        if await standing_in(self._server, standing.board) == standing:
            raise corrupt  # else its pieces went because it was deleted meanwhile

    async def _thaw(self, standing: Standing) -> None:
        if self._archive is None:
            raise missing_archive(standing)
        filled = _Filled(self._server, standing.board)
        clients: dict[str, bytes] = {}
        for piece in await _segments(self._archive, standing):
            content = pieces.decode_segment(piece, await self._archive.get(piece))
            lines = await run_blocking(self._packing, pieces.receipts_of, content)
            await filled.add("receipts", "ZADD", [(0, line) for line in lines])
            clients = _merged(clients, await run_blocking(self._packing, pieces.client_records, [content]))
        await filled.add("clients", "HSET", list(clients.items()))
        await self._fill_state(self._archive, standing, filled)
        if not await filled.put_in_place(standing):  # another server was quicker, or deleted the board
            for name in list(filled.counts):
                await filled.drop(name)
        log.info("board_thawed", board=standing.board, seq=standing.seq)

    async def _fill_state(self, archive: Archive, standing: Standing, filled: "_Filled") -> None:
        """The newest checkpoint that reads, with its tombstones. None when none does: the log has everything."""
        found = await archive.pieces(
            standing.board, standing.history, PieceKind.CHECKPOINT, limit=limits.MAX_BLOB_PAGE
        )
        for piece in reversed([one for one in found if one.last <= standing.archived]):
            try:
                await self._fill_checkpoint(archive, piece, filled)
            except StorageCorrupt as error:
                log.error("piece_damaged", board=standing.board, reason=str(error))  # noqa: TRY400 - it says all
                await filled.drop("tombstones")
            else:
                return

    async def _fill_checkpoint(self, archive: Archive, piece: Piece, filled: "_Filled") -> None:
        checkpoint = pieces.decode_checkpoint(piece, await archive.get(piece))
        for part in await self._tombstone_parts(archive, piece, checkpoint.tombstone_parts):
            content = pieces.decode_tombstones(part, await archive.get(part))
            await filled.add("tombstones", "HSET", content.states)
        await filled.add("checkpoints", "HSET", [(str(piece.last), checkpoint.packed)])

    async def _tombstone_parts(self, archive: Archive, checkpoint: Piece, wanted: int) -> list[Piece]:
        found = [
            one
            for one in await archive.pieces(
                checkpoint.board,
                checkpoint.epoch,
                PieceKind.TOMBSTONES,
                from_last=checkpoint.last,
                limit=limits.MAX_BLOB_PAGE,
            )
            if one.last == checkpoint.last
        ]
        if len(found) != wanted:
            raise StorageCorrupt(f"{checkpoint} has {wanted} pieces of tombstones, the archive {len(found)}")
        return found


class _Filled:
    """Keys beside a board's own, filled from the archive by one attempt. What nobody puts in place goes by itself."""

    def __init__(self, server: Server, board: BoardId) -> None:
        self._server = server
        self._own = server.keys.of(board)
        self._keys = server.keys.thawing(board, secrets.token_hex(8))
        self.counts: dict[str, int] = {}
        """How many members those have that were filled: receipts, clients, checkpoints, tombstones."""

    async def add(self, name: str, command: str, pairs: Sequence[tuple[str | int, str | bytes]]) -> None:
        """Put pairs of score and member, or field and value, into one of the keys."""
        key, seconds = getattr(self._keys, name), timeouts.THAW.whole_seconds
        for start in range(0, len(pairs), limits.MAX_COMMIT_OPS):
            some = [part for pair in pairs[start : start + limits.MAX_COMMIT_OPS] for part in pair]
            added = await self._server.run("fill", (key,), seconds, command, *some)
            self.counts[name] = self.counts.get(name, 0) + added

    async def drop(self, name: str) -> None:
        """Empty one of the keys."""
        self.counts.pop(name, None)
        await self._server.ask(self._server.client.unlink([getattr(self._keys, name)]))

    async def put_in_place(self, standing: Standing) -> bool:
        """Make them the board's own; False when it is not cold any more, or they are not what was filled."""
        pairs = [key for name in self.counts for key in (getattr(self._keys, name), getattr(self._own, name))]
        at = time.time_ns() // 1_000_000
        told: list[str | int] = [standing.epoch, standing.seq, at, *self.counts.values()]
        return bool(await self._server.run("thaw", (self._own.head, *pairs), *told))


async def _segments(archive: Archive, standing: Standing) -> list[Piece]:
    """Pieces with all archived ops of a board, in order; of a million ops 250. Raises StorageCorrupt when one is missing."""
    segments: list[Piece] = []
    reached = 0
    while reached < standing.archived:
        found = await archive.pieces(
            standing.board,
            standing.history,
            PieceKind.SEGMENT,
            from_last=reached + 1,
            limit=limits.MAX_BLOB_PAGE,
        )
        if not found or found[0].first > reached + 1:
            raise StorageCorrupt(f"board {standing.board}: op {reached + 1} is not in the archive")
        for piece in found:
            if piece.last > reached >= piece.first - 1 and reached < standing.archived:
                segments.append(piece)
                reached = piece.last
    return segments


def _merged(known: Mapping[str, bytes], more: Mapping[str, bytes]) -> dict[str, bytes]:
    """Records of clients from several pieces: the higher of counters and ranks, which are hex digits of one width."""
    merged = dict(known)
    for client, record in more.items():
        other = merged.get(client, record)
        counter, rank = max(record[:16], other[:16]), max(record[16:32], other[16:32])
        merged[client] = counter + rank + record[32:]
    return merged
