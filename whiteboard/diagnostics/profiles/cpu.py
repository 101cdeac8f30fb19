"""Where the process spends CPU time: a signal by the CPU clock, and the stack of the main thread when it comes.

Theory of operation
-------------------
The kernel counts the process's CPU time (ITIMER_PROF) and sends SIGPROF each time a share of a second is used up; Python runs the
handler in the main thread between two instructions. So an idle server gets none, and a long call into C gets one when it returns,
not one for each share. Each sample therefore counts what the main thread's own CPU clock has gone on since the sample before, and
what other threads used meanwhile is one sample more, without a stack: all of a profile's seconds are the process's seconds.

A system call that the signal interrupts goes on (PEP 475 in Python, SA_RESTART in libraries). Timers do not pass to forked
children. Behind the profile timer and handler are as they were; what is left of a signal then is dropped first, because SIGPROF
ends a process that does not handle it.
"""

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Final

import trio

from whiteboard import limits
from whiteboard.diagnostics.profiles.profile import Frame, Labels, Profile, Sample, ValueType
from whiteboard.diagnostics.profiles.sources import Off, ProfileRefused
from whiteboard.diagnostics.profiles.stacks import StackSums, running_frames
from whiteboard.diagnostics.timer_signals import heard, is_free

TYPES: Final = (ValueType("samples", "count"), ValueType("cpu", "nanoseconds"))
_SIGNAL: Final = (signal.SIGPROF, signal.ITIMER_PROF)
_OTHER_THREADS: Final = (Frame("(other threads)", "", 0),)
_NO_TASK: Final[Labels] = (("kind", "(event loop)"), ("task", "(none)"))


class CpuSamples:
    """What was sampled. Made by `sampling_cpu`."""

    def __init__(self, hz: int) -> None:
        self._hz = hz
        self._sums = StackSums(len(TYPES))
        self._others = [0, 0]
        self._began_ns = time.time_ns()
        self._main_ns = time.thread_time_ns()
        self._all_ns = time.process_time_ns()
        self._is_taking = False

    def take(self, _: int, frame: FrameType | None) -> None:
        """A signal handler: must not raise, whatever it interrupts."""
        if self._is_taking:
            return  # it interrupts itself: the next one has this one's time
        self._is_taking = True
        main_ns, all_ns = time.thread_time_ns(), time.process_time_ns()
        own, every = main_ns - self._main_ns, all_ns - self._all_ns
        self._main_ns, self._all_ns = main_ns, all_ns
        sums = self._sums.at(running_frames(frame), _task_labels())
        sums[0] += 1
        sums[1] += own
        if every > own:
            self._others[0] += 1
            self._others[1] += every - own
        self._is_taking = False

    def profile(self) -> Profile:
        """All of it so far."""
        now = time.time_ns()
        samples = self._sums.samples((1, 1))
        if self._others[0]:
            samples.append(Sample(_OTHER_THREADS, (self._others[0], self._others[1])))
        return Profile(
            types=TYPES,
            samples=samples,
            default_type="cpu",
            period_type=TYPES[1],
            period=1_000_000_000 // self._hz,
            time_ns=now,
            duration_ns=now - self._began_ns,
            comments=(f"{self._hz} samples a second of CPU time",),
        )


def what_keeps_from_sampling() -> Off | None:
    """Why the CPU cannot be sampled now; None when it can."""
    if threading.current_thread() is not threading.main_thread():
        return Off(
            "no_main_thread", "Only the main thread can take CPU samples, and the event loop runs in another."
        )
    if not is_free(*_SIGNAL):
        return Off(
            "cpu_profiled",
            "The CPU is being profiled already, by this server or by something in its process.",
        )
    return None


@contextlib.contextmanager
def sampling_cpu(hz: int) -> Iterator[CpuSamples]:
    """Sample while the block runs, `hz` times in a second of CPU time; 1 to MAX_CPU_HZ.

    Raises ProfileRefused outside of the main thread, or when somebody uses SIGPROF; ValueError for another `hz`.
    """
    if not 1 <= hz <= limits.MAX_CPU_HZ:
        raise ValueError(f"cpu_hz of {hz} is not from 1 to {limits.MAX_CPU_HZ}")
    if (off := what_keeps_from_sampling()) is not None:
        raise ProfileRefused(off.code, off.reason)
    samples = CpuSamples(hz)
    with heard(*_SIGNAL, samples.take):
        signal.setitimer(signal.ITIMER_PROF, 1 / hz, 1 / hz)
        yield samples


async def cpu_profile(seconds: float, hz: int) -> Profile:
    """Sample for so long. Raises as `sampling_cpu`. Cancellation leaves timer and handler as they were."""
    with sampling_cpu(hz) as samples:
        await trio.sleep(seconds)
    return samples.profile()


def _task_labels() -> Labels:
    """Of the task that runs: its function, which is the same for all boards and people, and its name."""
    try:
        task = trio.lowlevel.current_task()
    except RuntimeError:
        return _NO_TASK
    kind = getattr(getattr(task.coro, "cr_code", None), "co_qualname", "?")
    return (("kind", kind), ("task", task.name))
