"""What looks for faults of the process itself, in each process of a server: the front's and every worker's (R52, R53)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from whiteboard.config import Settings
from whiteboard.diagnostics.growth_watch import open_growth_watch
from whiteboard.diagnostics.stalls.watcher import open_stall_watch


@asynccontextmanager
async def open_watches(settings: Settings) -> AsyncIterator[None]:
    """Watch event loop and memory while the block runs. To be entered when all is built. Children: those of both."""
    async with open_stall_watch(settings.rates.stall_ms / 1_000), open_growth_watch():
        yield
