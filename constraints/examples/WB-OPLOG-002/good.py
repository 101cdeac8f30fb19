# file: whiteboard/rooms/access.py
from whiteboard.rooms.commit import Committer


class BoardAccess:
    def __init__(self, committer: Committer) -> None:
        self.committer = committer

    def rename(self, op: bytes) -> None:
        self.committer.submit(op)
# file: whiteboard/rooms/commit.py
from whiteboard.core.board import Board


class Committer:
    def __init__(self, board: Board) -> None:
        self.board = board

    def submit(self, op: bytes) -> None:
        self._merge(op)

    def _merge(self, op: bytes) -> None:
        self.board.apply(op)
# file: whiteboard/core/board.py
class Board:
    def apply(self, op: bytes) -> None: ...
