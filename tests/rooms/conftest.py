"""A hub on memory storage, and lines into its boards, on a virtual clock."""

import gc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
import trio
from rooms.line import Line

from whiteboard.ids import BoardId
from whiteboard.plugins.guard import Guard
from whiteboard.rooms.hub import NOBODY_KNOWN, Hub, open_hub
from whiteboard.rooms.ports import Visitor
from whiteboard.storage.memory import adapter as memory_adapter
from whiteboard.storage.memory import open_memory
from whiteboard.storage.ports import Storage

BOARD = BoardId("b1")


@dataclass
class Stage:
    """A hub with what a test needs around it."""

    hub: Hub
    storage: Storage
    lines: list[Line] = field(default_factory=list)

    async def connect(
        self, board: BoardId = BOARD, window: float = float("inf"), visitor: Visitor = NOBODY_KNOWN
    ) -> Line:
        """A new connection; nothing has been said on it."""
        line = Line(window)

        @asynccontextmanager
        async def accept() -> AsyncIterator[Line]:
            await trio.lowlevel.checkpoint()
            yield line

        await self.hub.serve(board, accept, visitor)
        self.lines.append(line)
        return line

    async def join(self, board: BoardId = BOARD, **hello: object) -> tuple[Line, dict[str, Any]]:
        """A connection that said hello, and its welcome."""
        line = await self.connect(board)
        line.say({"type": "hello", **hello})
        return line, await line.expect("welcome")


Staging = Callable[..., Any]


def ticking_clock() -> Callable[[], int]:
    """A server clock for tests: a millisecond later at each look."""
    ticks = count(1_700_000_000_000)
    return lambda: next(ticks)


@asynccontextmanager
async def open_stage(storage: Storage | None = None, guard: Guard | None = None) -> AsyncIterator[Stage]:
    """A stage on memory storage, or on a given one; open to everybody, or guarded."""
    async with open_memory() as in_memory:
        used = storage or in_memory
        async with open_hub(used, ticking_clock(), guard=guard) as hub:
            yield Stage(hub, used)


@pytest.fixture
def without_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The memory adapter packs segments at once: a virtual clock does not wait for threads."""

    async def run_inline(_: trio.CapacityLimiter, blocking: Callable[..., Any], *args: Any) -> Any:
        await trio.lowlevel.checkpoint()
        return blocking(*args)

    monkeypatch.setattr(memory_adapter, "run_blocking", run_inline)


@pytest.fixture
def without_cycle_search() -> Iterator[None]:
    """Only what nobody refers to is freed."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """A stage; tests that use it take `autojump_clock` too."""
    async with open_stage() as opened:
        yield opened
