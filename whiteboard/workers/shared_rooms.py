"""All boards of a server, seen from one worker: its own in its rooms, the others' by asking who has them.

So whatever connection a request comes on, the room that alone may change the board does what is asked.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import msgspec

from whiteboard.errors import RoomClosed
from whiteboard.ids import BoardId
from whiteboard.workers.asking import Question, ask
from whiteboard.workers.inlet import Inlet
from whiteboard.workers.routing import owner_of
from whiteboard.workers.share import Share


class Rooms(Protocol):
    """As `whiteboard.web.services.Rooms`."""

    async def board_view(self, board: BoardId) -> bytes | None: ...

    async def create_board(self, board: BoardId) -> bool: ...

    async def delete_board(self, board: BoardId) -> bool: ...

    def readiness(self) -> Sequence[str]: ...


class SharedRooms:
    """See `whiteboard.web.services.Rooms`. Raises RoomClosed as well when the worker that has a board is away."""

    def __init__(self, own: Rooms, share: Share, inlet: Inlet) -> None:
        self._own = own
        self._share = share
        self._inlet = inlet

    async def board_view(self, board: BoardId) -> bytes | None:
        if self._share.owns(board):
            return await self._own.board_view(board)
        return await self._ask("view", board) or None

    async def create_board(self, board: BoardId) -> bool:
        if self._share.owns(board):
            return await self._own.create_board(board)
        return bool(await self._ask("create", board))

    async def delete_board(self, board: BoardId) -> bool:
        if self._share.owns(board):
            return await self._own.delete_board(board)
        return bool(await self._ask("delete", board))

    def readiness(self) -> Sequence[str]:
        return self._own.readiness()

    async def _ask(self, what: str, board: BoardId) -> bytes:
        return await ask(self._inlet, owner_of(board, self._share.count), Question(what, board))


def replies(
    own: Rooms, report: Callable[[], object], status: Callable[[], object]
) -> Callable[[Question], Awaitable[bytes]]:
    """What a worker answers to others: about its own boards, or with its `report` or `status`."""

    async def reply(question: Question) -> bytes:
        board = BoardId(question.board)
        match question.what:
            case "view":
                return await own.board_view(board) or b""
            case "create":
                return b"1" if await own.create_board(board) else b""
            case "delete":
                return b"1" if await own.delete_board(board) else b""
            case "report":
                return msgspec.json.encode(report())
            case "status":
                return msgspec.json.encode(status())
            case other:
                raise RoomClosed(f"there is nothing to {other!r} here")

    return reply
