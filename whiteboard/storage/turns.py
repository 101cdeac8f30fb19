"""One at a time on a board, while others go on with other boards."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from whiteboard.ids import BoardId


class BoardTurns:
    """Turns of those who work on boards. Keeps nothing of boards that nobody works on."""

    def __init__(self) -> None:
        self._locks: dict[BoardId, trio.Lock] = {}

    def __len__(self) -> int:
        """Boards that somebody works on, or waits for."""
        return len(self._locks)

    @asynccontextmanager
    async def on(self, board: BoardId) -> AsyncIterator[None]:
        """Be the only one on a board while the block runs; first come, first served. Not to be nested."""
        lock = self._locks.setdefault(board, trio.Lock())
        try:
            async with lock:
                yield
        finally:
            if not lock.statistics().tasks_waiting and not lock.locked():
                self._locks.pop(board, None)
