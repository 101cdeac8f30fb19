"""Boards that the archive has and Redis has not: lost ones, which come back, and deleted ones, which go.

A lost board is *revived*: it becomes a cold board with a new epoch, because ops that were acked later than the archive has
them are gone, and numbers must not be given twice within an epoch. As long as a Redis is *whole*, it knows every board of
the archive, and nobody has to look there for a board that is new.
"""

import secrets

from whiteboard import limits
from whiteboard.diagnostics import logs
from whiteboard.errors import StorageCorrupt
from whiteboard.ids import BoardId
from whiteboard.storage.archive import Archive, Piece, PieceKind
from whiteboard.storage.redis import pieces
from whiteboard.storage.redis.records import receipt_line
from whiteboard.storage.redis.server import Server
from whiteboard.storage.redis.standing import Standing, created_of, standing_of

log = logs.get_logger()


async def standing_in(server: Server, board: BoardId) -> Standing | None:
    """The head of a board that Redis has; None when it has none. Raises StorageUnavailable."""
    return standing_of(board, await server.ask(server.client.hgetall(server.keys.of(board).head)))


class LostBoards:
    """Looks after what the archive has and Redis has not. Without an archive there is nothing to do."""

    def __init__(self, server: Server, archive: Archive | None) -> None:
        self._server = server
        self._archive = archive

    async def find(self, board: BoardId) -> Standing | None:
        """The same, but a board that only the archive has is revived. Raises StorageUnavailable, StorageCorrupt."""
        standing = await standing_in(self._server, board)
        if standing is None and await self.revive(board):
            standing = await standing_in(self._server, board)
        return standing

    async def revive(self, board: BoardId) -> bool:
        """Make a board that only the archive has a cold one; False when the archive has none, or Redis has lost nothing.

        Raises StorageUnavailable, StorageCorrupt.
        """
        if self._archive is None or await self.is_whole():
            return False
        return await self.revive_lost(self._archive, board)

    async def revive_lost(self, archive: Archive, board: BoardId) -> bool:
        """The same, whether Redis is thought to have lost something or not."""
        if await self._is_forgotten(board):
            return False
        histories = sorted(await archive.epochs(board))
        newest = await archive.newest(board, histories[-1], PieceKind.SEGMENT) if histories else None
        if newest is None:
            return False
        updated = await self._updated(archive, newest)
        await self._server.list_board(board)
        epoch, keys = secrets.token_urlsafe(9), self._server.keys.of(board)
        told = (epoch, newest.epoch, newest.last, created_of(newest.epoch), updated)
        if not await self._server.run("revive", (keys.head,), *told):
            return False
        if await self._is_gone(archive, newest):
            await self._server.run("forget", keys.own, epoch)
            await self._server.unlist_board(board)
            return False
        await self._server.list_board(board)
        log.warning("board_revived", board=board, seq=newest.last)
        return True

    async def _is_gone(self, archive: Archive, newest: Piece) -> bool:
        """Whether a board was deleted while it was being revived: the note goes only once the pieces have gone."""
        if await self._is_forgotten(newest.board):
            return True
        return await archive.newest(newest.board, newest.epoch, PieceKind.SEGMENT) is None

    async def _updated(self, archive: Archive, newest: Piece) -> int:
        """When the last op was stored. Of a damaged piece, when the board was begun: who reads it is told of the damage."""
        try:
            content = pieces.decode_segment(newest, await archive.get(newest))
            return max(receipt_line(line).at for line in pieces.receipts_of(content))
        except StorageCorrupt as error:
            log.error("piece_damaged", board=newest.board, reason=str(error))  # noqa: TRY400 - it says all
            return created_of(newest.epoch)

    async def _is_forgotten(self, board: BoardId) -> bool:
        """Whether a history of this board is on its way out of the archive."""
        forgotten = await self.forgotten()
        return any(name == board for name, _ in forgotten)

    async def forgotten(self) -> list[tuple[BoardId, str]]:
        """Deleted boards that the archive may still hold: their names and histories."""
        found = await self._server.ask(self._server.client.smembers(self._server.keys.forgotten))
        pairs = [member.decode().split(" ") for member in found]
        return [(BoardId(board), history) for board, history in pairs]

    async def is_whole(self) -> bool:
        """Whether this Redis knows every board of the archive."""
        return await self._server.ask(self._server.client.get(self._server.keys.whole)) == b"whole"

    async def revive_all(self) -> None:
        """Have this Redis know every board of the archive. Raises StorageUnavailable.

        Cancelled, or when Redis loses everything meanwhile, or when one of them cannot be revived, it is not whole yet.
        """
        if self._archive is None or await self.is_whole():
            return
        looking = secrets.token_hex(8)
        await self._server.ask(self._server.client.set(self._server.keys.whole, looking))
        after: BoardId | None = None
        has_all = True
        while boards := await self._archive.boards(limits.MAX_BLOB_PAGE, after):
            for board in boards:
                has_all = await self._knows(self._archive, board) and has_all
            after = boards[-1]
        if has_all:
            await self._server.run("whole", (self._server.keys.whole,), looking)

    async def _knows(self, archive: Archive, board: BoardId) -> bool:
        """Have this Redis know a board of the archive; False when the archive does not read."""
        try:
            if await standing_in(self._server, board) is None:
                await self.revive_lost(archive, board)
        except StorageCorrupt as error:
            log.error("board_not_revived", board=board, reason=str(error))  # noqa: TRY400 - it says all
            return False
        return True

    # --- forgetting ---------------------------------------------------------------------------

    async def about_to_forget(self, board: BoardId) -> tuple[BoardId, str] | None:
        """Note that a board's pieces have to go, before the board goes; None when there is nothing to note."""
        standing = await self.find(board)
        if standing is None or self._archive is None:
            return None
        entry = f"{board} {standing.history}"
        await self._server.ask(self._server.client.sadd(self._server.keys.forgotten, [entry]))
        return board, standing.history

    async def forget(self, board: BoardId, history: str) -> None:
        """Take a deleted board out of the archive, and out of Redis if its deletion was cut off before that.

        While somebody archives it the note stays for the next round: a piece on its way comes after this.
        Raises StorageUnavailable: then the archiver tries again.
        """
        if self._archive is not None:
            await self._forget_here(board, history)
            lease = self._server.keys.of(board).archiver
            is_at_work = await self._server.ask(self._server.client.exists([lease]))
            await self._archive.forget(board, history)
            if not is_at_work:
                await self._server.ask(
                    self._server.client.srem(self._server.keys.forgotten, [f"{board} {history}"])
                )

    async def _forget_here(self, board: BoardId, history: str) -> None:
        """A board without its archived ops would be worse than one that goes a little after it was asked to."""
        names = self._server.keys.of(board).own
        while (standing := await standing_in(self._server, board)) and standing.history == history:
            if await self._server.run("forget", names, standing.epoch):
                await self._server.unlist_board(board)
                log.warning("deletion_completed", board=board)
