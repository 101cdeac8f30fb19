"""How long tasks that could run wait for their turn, and how long their turns last: the `sched` profile and two histograms.

With one event loop these are two sides of one thing: what one task's long step takes, all others wait for. The wait is told by
the place at which the task waited before, the step by the place at which it ended, because a task's stack can be read only while
it is suspended; the step of a task that ends is told by its function. Stacks are kept by chance, as those of `waits` are, with a
rate of SCHED_RATE seconds; the histograms count every step.
"""

import random
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import trio
from trio.lowlevel import Task

from whiteboard import limits
from whiteboard.diagnostics.figures import FIGURES, Histogram
from whiteboard.diagnostics.profiles.profile import Profile, ValueType
from whiteboard.diagnostics.profiles.stacks import StackSums, await_frames, stands_for
from whiteboard.diagnostics.profiles.waits import DROP_FRAMES, remove_instrument

TYPES: Final = (
    ValueType("turns", "count"),
    ValueType("delay", "nanoseconds"),
    ValueType("steps", "count"),
    ValueType("step", "nanoseconds"),
)
_NANOSECONDS: Final = 1e9
_BOUNDS: Final = (
    *(2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0),
)
DELAYS: Final = FIGURES.declare(
    Histogram(
        "whiteboard_sched_delay_seconds",
        "From runnable to running, by task step; counted while the scheduler is traced",
        _BOUNDS,
    )
)
STEPS: Final = FIGURES.declare(
    Histogram(
        "whiteboard_sched_step_seconds",
        "How long task steps last; counted while the scheduler is traced",
        _BOUNDS,
    )
)


class Scheduling(trio.abc.Instrument):
    """Counts delays and steps while it is installed: `switch_on`, `switch_off`, in the task of a Trio run."""

    def __init__(
        self,
        rate: float = limits.SCHED_RATE,
        *,
        clock: Callable[[], float] = time.perf_counter,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Stacks of `rate` seconds are always kept. Raises ValueError for a rate that is not positive.

        Args: `clock` gives seconds, `chance` numbers from 0 to 1, 1 excluded.
        """
        if rate <= 0:
            raise ValueError(f"rate of {rate} s is not above 0")
        self._rate = rate
        self._clock = clock
        self._chance = chance
        self._sums = StackSums(len(TYPES))
        self._runnable: dict[Task, float] = {}
        self._step_began: float | None = None
        self._began_ns = time.time_ns()
        self._ended_ns: int | None = None
        self._window = _Window()

    def switch_on(self) -> None:
        """Begin to count in this run."""
        self._began_ns, self._ended_ns = time.time_ns(), None
        trio.lowlevel.add_instrument(self)

    def switch_off(self) -> None:
        """Count no more; sums stay. Idempotent."""
        remove_instrument(self)
        self._runnable, self._step_began = {}, None
        self._ended_ns = self._ended_ns or time.time_ns()

    def task_scheduled(self, task: Task) -> None:
        self._runnable[task] = self._clock()

    def before_task_step(self, task: Task) -> None:
        now = self._clock()
        runnable = self._runnable.pop(task, None)
        if runnable is not None:
            delay = now - runnable
            DELAYS.note(delay)
            self._window.longest_delay = max(self._window.longest_delay, delay)
            if self._is_kept(task, delay, 0):
                now = self._clock()  # keeping it is no part of the step
        self._step_began = now

    def after_task_step(self, task: Task) -> None:
        began, self._step_began = self._step_began, None
        if began is not None:  # else it switched this on
            step = self._clock() - began
            STEPS.note(step)
            self._window.longest_step = max(self._window.longest_step, step)
            self._is_kept(task, step, 2)

    def task_exited(self, task: Task) -> None:
        self._runnable.pop(task, None)

    def _is_kept(self, task: Task, amount: float, kind: int) -> bool:
        count = stands_for(amount, self._rate, self._chance)
        if not count:
            return False
        sums = self._sums.at(await_frames(task))
        sums[kind] += count
        sums[kind + 1] += count * amount
        return True

    def profile(self) -> Profile:
        """Since it was switched on."""
        now = self._ended_ns or time.time_ns()
        return Profile(
            types=TYPES,
            samples=self._sums.samples((1, _NANOSECONDS, 1, _NANOSECONDS)),
            default_type="delay",
            period_type=TYPES[0],
            period=1,
            time_ns=now,
            duration_ns=now - self._began_ns,
            comments=(f"delays and steps of {self._rate * 1e6:g} us and more, shorter ones by chance",),
            drop_frames=DROP_FRAMES,
        )

    def take_window(self) -> dict[str, Any]:
        """What happened since this was asked before, as the log tells it: counts, and milliseconds."""
        before, self._window = self._window, _Window()
        delays = _told("delay", DELAYS, before.delay_counts, before.longest_delay)
        steps = _told("step", STEPS, before.step_counts, before.longest_step)
        return {"steps": sum(STEPS.counts) - sum(before.step_counts), **delays, **steps}


class _Window:
    """What the histograms had when it began, and what was longest since."""

    def __init__(self) -> None:
        self.delay_counts, self.step_counts = tuple(DELAYS.counts), tuple(STEPS.counts)
        self.longest_delay = self.longest_step = 0.0


def _told(what: str, histogram: Histogram, before: Sequence[int], longest: float) -> dict[str, float]:
    """Median, 99th percentile and largest of what came since, in milliseconds."""
    since = Histogram(histogram.name, histogram.meaning, histogram.bounds)
    since.counts = [now - then for now, then in zip(histogram.counts, before, strict=True)]
    since.largest = longest
    return {
        f"{what}_p50_ms": _ms(since.quantile(0.5)),
        f"{what}_p99_ms": _ms(since.quantile(0.99)),
        f"{what}_max_ms": _ms(longest),
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1_000, 3)
