"""A replica for the client out of the core's own merge: `open_board(replica=BoardReplica)`.

It stands here and not in the client, which must not know core (constraints/layers.toml). An op of
ours shows once it is stored.
"""

from typing import Any

import msgspec

from whiteboard.client.events import Json
from whiteboard.core.board import Board
from whiteboard.ids import ElementId, parse_op_id
from whiteboard.protocol.codec import decode_body


class BoardReplica:
    """A copy of a board that merges as the server does (R4)."""

    def __init__(self) -> None:
        self.board = Board()

    def apply(self, op: Json, /) -> None:
        """Take a stamped op. Raises ValueError for what is none."""
        op_id = parse_op_id(op["opId"])
        if op_id is None:
            raise ValueError(f"{op['opId']!r} is no op id")
        self.board.apply(decode_body(op["seq"], op_id, msgspec.json.encode(op)))

    def join(self, state: Json, /) -> None:
        """Take the state of one element. Raises ValueError for what is none."""
        self.board.join(ElementId(state["id"]), msgspec.json.encode(state))

    def visible(self) -> list[dict[str, Any]]:
        """The visible elements from bottom to top, as the API gives them."""
        return [msgspec.json.decode(element.view()) for element in self.board.visible()]
