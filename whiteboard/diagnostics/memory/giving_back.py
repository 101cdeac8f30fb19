"""When free memory is given back to the system: in quiet moments, when there is enough of it.

Theory of operation
-------------------
glibc gives back by itself what is free at its heap's end. After a board was drawn, packed or evicted most of what is
free lies between what lives, whole pages of it; these it lets go when it is asked to. That is a pause, and the pages
cost as much again when they are needed, so it is asked when the process hardly works, and a busy one after
MEMORY_LATEST all the same.

What has been given back counts as free for the allocator. So the least that was free since the last time
is remembered: what is free beyond it has been in use meanwhile, and is there to be given back.

To ask how much is free takes the allocator a walk along all gaps, 0.2 ms for each thousand, in which nobody is served: a heap
with many is asked more rarely.
"""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Final

import trio

from whiteboard import timeouts
from whiteboard.diagnostics import logs
from whiteboard.diagnostics.memory.allocator import Allocator, find_allocator
from whiteboard.diagnostics.memory.pace import Pace
from whiteboard.limits import SPARE_BYTES

log = logs.get_logger()

_ASKING_SHARE: Final = 0.001
"""Of the time. With the 40 ms that a heap with 100,000 gaps takes it is asked every 40 s, with 2 ms at every look."""


@asynccontextmanager
async def open_giving_back() -> AsyncIterator[None]:
    """Give free memory back now and then while the block runs. Child: who looks whether it is time."""
    async with trio.open_nursery() as nursery:
        allocator = find_allocator()
        if allocator is not None:
            nursery.start_soon(GivingBack(allocator).run, name="giving memory back")
        yield
        nursery.cancel_scope.cancel()


class GivingBack:
    """Gives back what an allocator has free."""

    def __init__(self, allocator: Allocator) -> None:
        self._allocator = allocator
        self._pace = Pace()
        self._least = allocator.free_bytes
        # that was free since memory was given back
        self._given_at = trio.current_time()
        self._ask_at = -math.inf

    async def run(self) -> None:
        """Look, and give back when it is due, for ever."""
        while True:
            await trio.sleep(timeouts.MEMORY_LOOK.seconds)
            self.look()

    def look(self) -> None:
        """Give back, if there is enough and it is time for that."""
        is_time = self._pace.was_quiet() or self._has_waited
        if trio.current_time() < self._ask_at:
            return
        free = self._ask()
        self._least = min(self._least, free)
        if is_time and free - self._least >= SPARE_BYTES:
            began = perf_counter()
            self._allocator.give_back()
            self._least, self._given_at = free, trio.current_time()
            log.debug("memory_given_back", took_ms=round((perf_counter() - began) * 1_000, 1))

    def _ask(self) -> int:
        """How much is free."""
        began = perf_counter()
        free = self._allocator.free_bytes
        self._ask_at = trio.current_time() + (perf_counter() - began) / _ASKING_SHARE
        return free

    @property
    def _has_waited(self) -> bool:
        return trio.current_time() - self._given_at >= timeouts.MEMORY_LATEST.seconds
