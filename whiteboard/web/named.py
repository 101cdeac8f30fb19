"""The board that an address names."""

from starlette.requests import Request

from whiteboard.ids import BoardId, parse_board_id
from whiteboard.web.answers import Refused


def board_named(request: Request) -> BoardId:
    """The id in the path. Raises Refused (404) for what is none."""
    board = parse_board_id(request.path_params["board"])
    if board is None:
        raise Refused(404, "no_such_board", "A board id has letters, digits and _ . - only, at most 128.")
    return board


def no_such_board() -> Refused:
    """The answer for a board that nobody has created."""
    return Refused(404, "no_such_board", "Nobody has created a board with this id.")
