"""What a process does about its memory: what the governor may pull at, and the order in which it all is opened."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial

from whiteboard.config import Settings
from whiteboard.diagnostics.figures import FIGURES, Counter
from whiteboard.diagnostics.memory.cycles import open_cycle_search
from whiteboard.diagnostics.memory.giving_back import open_giving_back
from whiteboard.diagnostics.memory.governor import Droppable, Levers, open_governor
from whiteboard.diagnostics.memory.soft_limit import SoftLimit, limit_bytes_of
from whiteboard.rooms.hub import Hub


def soft_limit_of(settings: Settings) -> SoftLimit:
    """What the settings choose, as far as it is one process's; its figures are declared."""
    limit = SoftLimit(limit_bytes_of(settings.memory.soft_limit, settings.workers))
    limit.declare_figures()
    return limit


def levers_of(hub: Hub, more: Mapping[str, Droppable] | None = None) -> Levers:
    """What the governor may do to a hub, and to `more` that hold what can be had again."""
    FIGURES.declare(
        Counter(
            "whiteboard_memory_turned_away_total",
            "Sessions and boards that were refused because memory was short",
            read=lambda: hub.turned_away,
        )
    )
    return Levers({"boards": hub, **(more or {})}, hub.unload_idle, partial(_refuse, hub))


def _refuse(hub: Hub, refuses: bool) -> None:
    hub.is_short_of_memory = refuses


@asynccontextmanager
async def open_quiet_work(limit: SoftLimit, levers: Levers) -> AsyncIterator[None]:
    """What a server does when nobody asks anything of it. To be entered when all is built."""
    async with open_cycle_search() as cycles, open_giving_back(), open_governor(limit, levers, cycles):
        yield
