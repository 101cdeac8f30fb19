"""What looks for faults of the process itself, in each process of a server: the front's and every worker's (R52, R53)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from whiteboard.config import Settings
from whiteboard.diagnostics.memory.growth_watch import open_growth_watch
from whiteboard.diagnostics.sampling import Sampling
from whiteboard.diagnostics.stalls.watcher import open_stall_watch


@asynccontextmanager
async def open_watches(settings: Settings, sampling: Sampling | None = None) -> AsyncIterator[None]:
    """Watch event loop and memory while the block runs. To be entered when all is built. Children: those of both.

    Args: `sampling` is what traces allocations in this process; None where nothing does.
    """
    async with open_stall_watch(settings.rates.stall_ms / 1_000), open_growth_watch(sampling):
        yield
