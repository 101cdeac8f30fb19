"""What the process samples of itself now: from the start as the settings say, and for a while as an operator asks (R50).

Theory of operation
-------------------
`Rates` says how much of each thing is sampled; `Sampling` brings the process there and back. What is off leaves nothing behind: no
instrument in Trio's way, no traced allocation, no task. What is asked for holds for some seconds and then what the settings say
holds again, so that nobody has to remember; asking again takes the place of what was asked before.

Allocations are traced by tracemalloc, which makes an allocation some ten times dearer. With a rate of N they are traced in one
second of N, and what they found then can be read during that second, and by those in `at_window` at its end.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import trio

from whiteboard import timeouts
from whiteboard.config import Rates
from whiteboard.diagnostics import logs
from whiteboard.diagnostics.profiles import tracing
from whiteboard.diagnostics.profiles.scheduling import Scheduling
from whiteboard.diagnostics.profiles.waits import Waits

log = logs.get_logger()

_MICROSECOND = 1e-6


@asynccontextmanager
async def open_sampling(rates: Rates, env: str) -> AsyncIterator["Sampling"]:
    """Sample by `rates` while the block runs; nothing is sampled behind it.

    Children: who logs the scheduler's trace, who traces allocations now and then, who ends what was asked for; none of them while
    nothing is sampled.

    Args: `env` is what the server is for, to be told with the rates.
    """
    async with trio.open_nursery() as nursery:
        sampling = Sampling(rates, env, nursery)
        try:
            yield sampling
        finally:
            sampling.stop()
        nursery.cancel_scope.cancel()


class Sampling:
    """Brings the process to what is to be sampled. Made by `open_sampling`."""

    def __init__(self, rates: Rates, env: str, nursery: trio.Nursery) -> None:
        self.configured = rates
        """What holds when nobody has asked for anything else."""
        self.in_force = rates.off()
        self.waits: Waits | None = None
        """Where tasks wait: what counts now, or counted last."""
        self.scheduling: Scheduling | None = None
        """How tasks come to run: what counts now, or counted last."""
        self.at_window: list[Callable[[], Awaitable[None]]] = []
        """Called when a second of traced allocations is over; they are forgotten when it returns. Must not raise."""
        self._env = env
        self._nursery = nursery
        self._ending: trio.CancelScope | None = None
        self._tracing: trio.CancelScope | None = None
        self._logging: trio.CancelScope | None = None
        self._has_traced = False
        self._until: float | None = None
        self._put_in_force(rates)
        if rates != rates.off():
            log.info("sampling_begun", env=env, rates=rates.described())

    @property
    def are_waits_watched(self) -> bool:
        """Whether `waits` counts now."""
        return self.in_force.block_rate > 0

    @property
    def is_scheduler_traced(self) -> bool:
        """Whether `scheduling` counts now."""
        return self.in_force.sched_interval > 0

    def ask(self, rates: Rates, seconds: float) -> None:
        """Sample by other rates for some seconds, at most SAMPLING_MOST, from now on; with 0, as `end`."""
        if seconds <= 0:
            self.end()
            return
        seconds = min(seconds, timeouts.SAMPLING_MOST.seconds)
        self._put_in_force(rates)
        self._until = time.time() + seconds
        log.info("sampling_asked", seconds=seconds, rates=rates.described())
        self._ending = _replaced(self._ending)
        self._nursery.start_soon(self._end_later, self._ending, seconds, name="sampling: end")

    def end(self) -> None:
        """Go back to what the settings say. Idempotent."""
        if self._until is None:
            return
        self._until = None
        if self._ending is not None:
            self._ending.cancel()
        self._put_in_force(self.configured)
        log.info("sampling_ended", rates=self.configured.described())

    def stop(self) -> None:
        """Sample nothing any more."""
        self._until = None
        self._put_in_force(self.in_force.off())

    def report(self) -> dict[str, Any]:
        """`{"env","configured":{…},"in_force":{…},"until"}`: rates by name, and when what was asked for ends.

        `until` is in seconds since 1970, null when nothing was asked for.
        """
        return {
            "env": self._env,
            "configured": self.configured.described(),
            "in_force": self.in_force.described(),
            "until": self._until,
        }

    async def _end_later(self, scope: trio.CancelScope, seconds: float) -> None:
        with scope:
            await trio.sleep(seconds)
            self.end()

    def _put_in_force(self, rates: Rates) -> None:
        before, self.in_force = self.in_force, rates
        if rates.block_rate != before.block_rate:
            self._watch_waits(rates)
        if rates.sched_interval != before.sched_interval:
            self._trace_scheduler(rates, is_on=before.sched_interval > 0)
        if (rates.memory_rate, rates.memory_frames) != (before.memory_rate, before.memory_frames):
            self._trace_memory(rates)

    def _watch_waits(self, rates: Rates) -> None:
        if self.waits is not None:
            self.waits.switch_off()
        if rates.block_rate:
            self.waits = Waits(rates.block_rate * _MICROSECOND)
            self.waits.switch_on()

    def _trace_scheduler(self, rates: Rates, *, is_on: bool) -> None:
        if self._logging is not None:
            self._logging.cancel()
        if not rates.sched_interval:
            if self.scheduling is not None:
                self.scheduling.switch_off()
            return
        if self.scheduling is None or not is_on:
            self.scheduling = Scheduling()
            self.scheduling.switch_on()
        self._logging = trio.CancelScope()
        self._nursery.start_soon(
            self._log_scheduler,
            self._logging,
            self.scheduling,
            rates.sched_interval,
            name="sampling: scheduler",
        )

    async def _log_scheduler(self, scope: trio.CancelScope, scheduling: Scheduling, interval: float) -> None:
        with scope:
            while True:
                await trio.sleep(interval)
                tasks = trio.lowlevel.current_statistics()
                log.info(
                    "scheduler_traced",
                    tasks=tasks.tasks_living,
                    runnable=tasks.tasks_runnable,
                    since=scheduling.take_window(),
                )

    def _trace_memory(self, rates: Rates) -> None:
        if self._tracing is not None:
            self._tracing.cancel()
        self._trace_no_more()
        if rates.memory_rate == 1:
            self._begin_to_trace(rates.memory_frames)
        elif rates.memory_rate > 1:
            self._tracing = trio.CancelScope()
            self._nursery.start_soon(self._trace_now_and_then, self._tracing, rates, name="sampling: memory")

    async def _trace_now_and_then(self, scope: trio.CancelScope, rates: Rates) -> None:
        with scope:
            while True:
                await trio.sleep(timeouts.MEMORY_WINDOW.seconds * (rates.memory_rate - 1))
                self._begin_to_trace(rates.memory_frames)
                await trio.sleep(timeouts.MEMORY_WINDOW.seconds)
                for look in self.at_window:
                    await look()
                self._trace_no_more()

    def _begin_to_trace(self, frames: int) -> None:
        """Unless somebody else traces, as PYTHONTRACEMALLOC has it: then it is theirs to end."""
        if tracing.tracing() is None:
            tracing.start(frames)
            self._has_traced = True

    def _trace_no_more(self) -> None:
        if self._has_traced:
            tracing.stop()
            self._has_traced = False


def _replaced(scope: trio.CancelScope | None) -> trio.CancelScope:
    """Another scope in the place of one that is cancelled."""
    if scope is not None:
        scope.cancel()
    return trio.CancelScope()
