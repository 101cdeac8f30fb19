"""Which worker has which board, and which board a request is about. Pure.

Rendezvous hashing: each worker draws a number for the board, the highest has it. So boards spread evenly, and
where any worker may serve a board, those of a worker that is away spread over all others and nothing else moves.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

from whiteboard.ids import BoardId, parse_board_id
from whiteboard.transport.http_head import HeadState, head_end, head_state, parse_head

_SOCKETS: Final = "/ws/"
_API: Final = "/api/boards/"


def ranking(board: BoardId, count: int) -> Sequence[int]:
    """The numbers of `count` workers, from the one that has the board to the one that would take it last."""
    return sorted(range(count), key=lambda number: _draw(board, number), reverse=True)


def owner_of(board: BoardId, count: int) -> int:
    """The number of the worker that has the board: 0 to `count` - 1, the same in every process and release."""
    return max(range(count), key=lambda number: _draw(board, number))


def _draw(board: BoardId, number: int) -> bytes:
    return blake2b(f"{number}\0{board}".encode(), digest_size=8).digest()


def board_of(data: bytes, base_path: str = "") -> BoardId | None:
    """The board that a connection's first bytes are about; None when any worker will do.

    Reads addresses as `transport.demux` and `web.app` do, with the base path and without it. The page of a board is
    the same everywhere: nobody has to wait for it, and it does not weigh on the worker of a busy board.
    """
    if not data or head_state(data) is not HeadState.WHOLE:
        return None
    head = parse_head(data[: head_end(data)])
    if head is None:
        return None
    path = head.path
    for base in (base_path, ""):
        if path.startswith(f"{base}{_SOCKETS}"):
            return parse_board_id(path.removeprefix(f"{base}{_SOCKETS}"))
        if path.startswith(f"{base}{_API}"):
            return parse_board_id(path.removeprefix(f"{base}{_API}").partition("/")[0])
    return None
