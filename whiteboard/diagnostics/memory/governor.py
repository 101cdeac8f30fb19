"""Keeps the process below its soft memory limit: looks how much of it is taken, and does what the ladder says.

Theory of operation
-------------------
`ladder` decides on numbers, this does it: it walks cycles (`cycles`), asks those who hold what can be had again to drop it, has the
allocator give back pages, and uses what the composition hands it to have idle boards unloaded and nobody new let in.
Nothing here touches an op that was handed in: what is dropped can be read or made again, a board that is unloaded has been stored
first, and who is there stays and draws on (R42). Where there is no limit there is no task, and the process is as it was.
"""

import math
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from time import perf_counter, thread_time
from typing import Final, Protocol, TypeVar

import attrs
import trio

from whiteboard import timeouts
from whiteboard.diagnostics import logs, tracing
from whiteboard.diagnostics.memory.allocator import Allocator, find_allocator
from whiteboard.diagnostics.memory.cycles import CycleSearch
from whiteboard.diagnostics.memory.ladder import ENTERED_AT, LEAVING, Ladder, Pacer, Reading, Rung, Steps
from whiteboard.diagnostics.memory.pace import Pace
from whiteboard.diagnostics.memory.soft_limit import CLIMBED, DONE, DROPPED, GIVEN_BACK, TOOK, SoftLimit, mib
from whiteboard.limits import SPARE_BYTES

log = logs.get_logger()

COUNTING_SHARE: Final = 0.01
"""Of the time: a heap with 100,000 gaps takes 27 ms, and there are ten looks a second."""
Result = TypeVar("Result")


class Droppable(Protocol):
    """Holds what can be made or read again."""

    def drop(self) -> int:
        """Let it go; about how many bytes that was. Neither blocks nor raises."""
        ...


@attrs.frozen
class Levers:
    """What the rest of the server lets the governor do."""

    droppables: Mapping[str, Droppable] = attrs.field(factory=dict)
    """By a short name, for figures."""
    unload: Callable[[], int] = attrs.field(default=lambda: 0)
    """Have some of the boards that nobody has open leave memory; how many."""
    refuse: Callable[[bool], None] = attrs.field(default=lambda _: None)
    """Let in nobody new from now on, or everybody again."""


class Governor:
    """One process's, while it has a limit."""

    def __init__(
        self, limit: SoftLimit, levers: Levers, cycles: CycleSearch, allocator: Allocator | None = None
    ) -> None:
        """A governor that looks when it is told to.

        Args: `allocator` is what gives back; None where it is not known how to ask it.
        """
        self._limit = limit
        self._levers = levers
        self._cycles = cycles
        self._allocator = allocator
        self._in_use = _InUse(allocator)
        self._quiet = _Quiet()
        self._ladder = Ladder(timeouts.MEMORY_AGAIN.seconds, trio.current_time())
        self._pacer = Pacer()
        self._behind_walk = self._taken()
        # what was taken behind the last walk
        self._span: tracing.OpenSpan | None = None
        # of the time in which memory is short

    async def run(self) -> None:
        """Look and act for ever. Cancellation lets everybody in again."""
        self._judge_limit()
        try:
            while True:
                await trio.sleep(timeouts.MEMORY_POLL.seconds)
                self.look()
        finally:
            self._levers.refuse(False)
            self._trace(Rung.CALM, 0.0)

    def _judge_limit(self) -> None:
        """Say what is wrong with the limit, while the process has nothing but itself."""
        share, limit = self._limit.share(), mib(self._limit.size_bytes)
        if not share:
            log.error("memory_unreadable", limit_mib=limit)
        elif share >= ENTERED_AT[Rung.REFUSE]:
            log.error("memory_limit_too_small", limit_mib=limit, share=round(share, 2))
        elif share >= ENTERED_AT[Rung.DROP]:
            log.warning("memory_limit_tight", limit_mib=limit, share=round(share, 2))

    def look(self) -> None:
        """See where the process stands, and do what is due there; nothing where its memory cannot be read now."""
        share, before = self._limit.share(), self._ladder.rung
        if not share:
            return
        reading = Reading(
            at=trio.current_time(),
            share=share,
            is_quiet=self._quiet.lasts(),
            has_news=share >= ENTERED_AT[Rung.COLLECT] - LEAVING and self._has_news(),
        )
        steps = self._ladder.climb(reading)
        if self._ladder.rung is not before:
            self._note(before, self._ladder.rung)
        self._do(steps)

    def _has_news(self) -> bool:
        """Whether enough has come since the last walk: objects, bytes that are in use, or memory of the process.

        Bytes in use, because what a walk frees stays with the process: it grows again only when all that is used up.
        """
        grown = max(now - before for now, before in zip(self._taken(), self._behind_walk, strict=True))
        return self._cycles.newcomers >= self._pacer.step_objects or grown >= self._pacer.step_bytes(
            self._limit.size_bytes
        )

    def _taken(self, *, is_exact: bool = False) -> tuple[int, int]:
        return self._limit.resident(), self._in_use.count(is_exact=is_exact)

    def _note(self, before: Rung, now: Rung) -> None:
        """Say that the process stands on another rung, and have those know whom it concerns."""
        self._limit.rung = now
        for rung in Rung:
            if before < rung <= now:
                CLIMBED.add(value=rung.label)
        taken, limit = mib(self._limit.resident()), mib(self._limit.size_bytes)
        if now > before:
            log.warning("memory_short", rung=now.label, resident_mib=taken, limit_mib=limit)
        else:
            log.info("memory_eased", rung=before.label, now=now.label, resident_mib=taken, limit_mib=limit)
        self._trace(now, self._limit.share())
        self._cycles.press(is_short=now >= Rung.COLLECT)
        if (now is Rung.REFUSE) != (before is Rung.REFUSE):
            self._levers.refuse(now is Rung.REFUSE)

    def _trace(self, rung: Rung, share: float) -> None:
        """A span for as long as memory is short, with an event for each rung that it came to."""
        if self._span is None and rung is not Rung.CALM:
            self._span = tracing.begin("memory short")
        if self._span is not None:
            self._span.add_event("rung", {"rung": rung.label, "share": round(share, 3)})
            if rung is Rung.CALM:
                self._span.end()
                self._span = None

    def _do(self, steps: Steps) -> None:
        if steps.collect_all:
            self._walk_all()
        if steps.collect:
            _, took = self._walk("collect", self._cycles.walk_recent)
            self._pacer.note(took)
        if steps.drop:
            _timed("drop", self._drop)
        if steps.trim:
            self._trim()
        if steps.unload:
            self._unload()

    def _walk_all(self) -> None:
        before = self._taken(is_exact=True)
        objects, _ = self._walk("collect_all", self._cycles.walk_all)
        self._behind_walk = self._taken(is_exact=True)
        freed = max(was - now for was, now in zip(before, self._behind_walk, strict=True))
        self._ladder.note_found(objects, freed / self._limit.size_bytes)

    def _walk(self, step: str, walk: Callable[[], int]) -> tuple[int, float]:
        """How many objects that freed, and how many seconds of work it was."""
        worked = thread_time()
        found = _timed(step, walk)
        took = thread_time() - worked
        self._ladder.allowance.spend(took)
        self._behind_walk = self._taken()
        return found, took

    def _drop(self) -> None:
        for name, droppable in self._levers.droppables.items():
            DROPPED.add(droppable.drop(), name)

    def _trim(self) -> None:
        if self._allocator is None or self._allocator.free_bytes < SPARE_BYTES:
            return
        before = self._limit.resident()
        _timed("trim", self._allocator.give_back)
        GIVEN_BACK.add(max(0, before - self._limit.resident()))

    def _unload(self) -> None:
        began = perf_counter()
        if unloaded := self._levers.unload():
            DONE.add(unloaded, "unload")
            TOOK.add(perf_counter() - began, "unload")


class _InUse:
    """What was asked of the allocator and not let go. To count it takes some 0.2 ms for each thousand gaps between what lives."""

    def __init__(self, allocator: Allocator | None) -> None:
        self._allocator = allocator
        self._bytes = 0
        self._due_at = -math.inf
        # when to count again, so that it takes COUNTING_SHARE of the time at most

    def count(self, *, is_exact: bool) -> int:
        """The bytes; of a while ago where counting takes long, unless it `is_exact`. 0 where there is nobody to ask."""
        now = trio.current_time()
        if self._allocator is not None and (is_exact or now >= self._due_at):
            began = perf_counter()
            self._bytes = self._allocator.used_bytes
            self._due_at = now + (perf_counter() - began) / COUNTING_SHARE
        return self._bytes


class _Quiet:
    """Whether the process has hardly worked for MEMORY_LOOK."""

    def __init__(self) -> None:
        self._pace = Pace()
        self._since = trio.current_time()

    def lasts(self) -> bool:
        """To be asked at each look."""
        now = trio.current_time()
        if not self._pace.was_quiet():
            self._since = now
        return now - self._since >= timeouts.MEMORY_LOOK.seconds


@asynccontextmanager
async def open_governor(limit: SoftLimit, levers: Levers, cycles: CycleSearch) -> AsyncIterator[None]:
    """Keep the process below its limit while the block runs. Child: who looks, if there is a limit."""
    async with trio.open_nursery() as nursery:
        if limit.size_bytes:
            governor = Governor(limit, levers, cycles, find_allocator())
            nursery.start_soon(governor.run, name="memory governor")
        yield
        nursery.cancel_scope.cancel()


def _timed(step: str, work: Callable[[], Result]) -> Result:
    began = perf_counter()
    result = work()
    DONE.add(value=step)
    TOOK.add(perf_counter() - began, step)
    return result
