"""How long tasks keep the loop in tests: a step of ours over 50 ms fails the test that it is taken in (R53).

Measured in the CPU time of the loop's thread, so that a busy machine fails nobody, and without what the garbage collector takes of it,
which walks the test run's own objects. A core that does the same in more time, as it has less of a clock or shares itself with others,
is measured when a step seems too long. Every Trio run of a test is watched, also those that a test begins itself.
"""

import gc
import statistics
import sys
import threading
from collections.abc import Callable, Mapping
from time import thread_time
from typing import Any, Final

import attrs
import trio

LIMIT_SECONDS: Final = 0.05
TRACED: Final = 4.0
"""How much longer a step may take where each line or call is noted: coverage, debuggers, recorded calls."""
_WORK: Final = range(200_000)
"""Summed up to see how fast a core is: in C, which nobody counts the lines of."""
_WORK_SECONDS: Final = 0.004
"""What that takes a quiet core of 2.5 GHz: one on which steps take what they are held to."""


@attrs.frozen
class LongStep:
    """One that took too long."""

    task: str
    seconds: float
    ended_at: str
    """Where the task waits now, the innermost frames of it first."""

    def __str__(self) -> str:
        return f"a step of {self.task} took {self.seconds * 1_000:.0f} ms of the CPU, until {self.ended_at}"


class StepLengths(trio.abc.Instrument):
    """Watches one Trio run, and hands what is too long to `note`."""

    def __init__(self, note: Callable[[LongStep], None]) -> None:
        self._note = note
        self._began = thread_time()
        self._collected = 0.0
        self._collects_since = 0.0
        self._thread = threading.get_ident()

    def before_run(self) -> None:
        gc.callbacks.append(self._collect)

    def after_run(self) -> None:
        gc.callbacks.remove(self._collect)

    def before_task_step(self, _: trio.lowlevel.Task) -> None:
        self._collected, self._began = 0.0, thread_time()

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        seconds = thread_time() - self._began - self._collected
        limit = LIMIT_SECONDS * (TRACED if sys.gettrace() or sys.getprofile() else 1.0)
        if seconds > limit and seconds > limit * slowness():
            self._note(LongStep(task.name, seconds, _place(task)))

    def _collect(self, phase: str, _: Mapping[str, int]) -> None:
        if threading.get_ident() != self._thread:
            return
        if phase == "start":
            self._collects_since = thread_time()
        else:
            self._collected += thread_time() - self._collects_since


def slowness() -> float:
    """How many times as long the core takes now as a quiet one; at least 1."""
    return max(1.0, statistics.median(_work_seconds() for _ in range(3)) / _WORK_SECONDS)


def _work_seconds() -> float:
    began = thread_time()
    sum(_WORK)
    return thread_time() - began


def _place(task: trio.lowlevel.Task) -> str:
    frames = [f"{frame.f_code.co_qualname}:{line}" for frame, line in task.iter_await_frames()]
    return " < ".join(reversed(frames[-6:])) or "its end"


LONG: Final[list[LongStep]] = []
"""Of the test that runs."""
_run = trio.run


def run(*args: Any, instruments: Any = (), **kwargs: Any) -> Any:
    """`trio.run`, watched."""
    return _run(*args, instruments=[*instruments, StepLengths(LONG.append)], **kwargs)


def watch_all_runs() -> None:
    """Have every Trio run of this process watched."""
    trio.run = run  # type: ignore[assignment]  # takes and gives what that does
