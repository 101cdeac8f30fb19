# file: whiteboard/rooms/access.py
from whiteboard.core.board import Board


class BoardAccess:
    def __init__(self, board: Board) -> None:
        self.board = board

    def rename(self, op: bytes) -> None:
        self._change(op)

    def _change(self, op: bytes) -> None:
        self.board.apply(op)  # found
# file: whiteboard/core/board.py
class Board:
    def apply(self, op: bytes) -> None: ...
