# file: whiteboard/rooms/commit.py
from whiteboard.core.board import Board
from whiteboard.storage.log import OpLog


class Committer:
    def __init__(self, log: OpLog, board: Board) -> None:
        self.log = log
        self.board = board

    async def run(self, op: bytes) -> None:
        await self._store(op)
        self._merge(op)

    async def _store(self, op: bytes) -> None:
        await self.log.append(op)

    def _merge(self, op: bytes) -> None:
        self.board.apply(op)
# file: whiteboard/core/board.py
class Board:
    def apply(self, op: bytes) -> None: ...
# file: whiteboard/storage/log.py
class OpLog:
    async def append(self, op: bytes) -> int: ...
