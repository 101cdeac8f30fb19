"""The list of boards on Redis.

The list and a board's own keys may live on different nodes, so no step changes both. A line is written
before the board begins and taken out after it has gone; whoever reads the list leaves out lines without
a board.
"""

from whiteboard import timeouts
from whiteboard.deadlines import within
from whiteboard.diagnostics import logs
from whiteboard.errors import StorageUnavailable
from whiteboard.ids import BoardId
from whiteboard.storage import arguments
from whiteboard.storage.ports import BoardInfo
from whiteboard.storage.redis.lost import LostBoards
from whiteboard.storage.redis.server import Server

log = logs.get_logger()


class RedisBoards:
    """See `whiteboard.storage.ports.Boards`."""

    def __init__(self, server: Server, *, lost: LostBoards) -> None:
        self._server = server
        self._lost = lost

    async def create(self, board: BoardId, at: int, epoch: str) -> bool:
        await self._lost.revive(board)
        await self._server.list_board(board)
        keys = self._server.keys.of(board)
        is_new = bool(await self._server.run("begin", (keys.head,), epoch, at))
        if is_new:
            await self._server.list_board(board)  # once more: a deletion under way may have struck the line
        return is_new

    async def page(self, limit: int, after: BoardId | None) -> list[BoardInfo]:
        arguments.check_limit(limit)
        found: list[BoardInfo] = []
        while len(found) < limit:
            ids = await self._server.listed(after, limit)
            found += await self._server.infos(ids)
            if len(ids) < limit:
                break
            after = ids[-1]
        return found[:limit]

    async def delete(self, board: BoardId) -> bool:
        in_archive = await self._lost.about_to_forget(board)
        was_there = bool(await self._server.run("forget", self._server.keys.of(board).own, ""))
        with within(timeouts.CLEANUP, shield=True):
            await self._server.unlist_board(board)
        if in_archive is not None:
            await self._forget_in_archive(*in_archive)
        return was_there or in_archive is not None  # an archiver that found the note may have been quicker

    async def _forget_in_archive(self, board: BoardId, history: str) -> None:
        try:
            await self._lost.forget(board, history)
        except StorageUnavailable as error:  # noted: the archiver does it later
            log.warning("archive_not_forgotten", board=board, reason=str(error))
