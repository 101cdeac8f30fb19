"""What looks for faults of the process itself, in each process of a server: the front's and every worker's (R52, R53)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from whiteboard import timeouts
from whiteboard.diagnostics.growth_watch import open_growth_watch
from whiteboard.diagnostics.stalls.watcher import open_stall_watch


@asynccontextmanager
async def open_watches() -> AsyncIterator[None]:
    """Watch event loop and memory while the block runs. To be entered when all is built. Children: those of both."""
    async with open_stall_watch(timeouts.STALL.seconds), open_growth_watch():
        yield
