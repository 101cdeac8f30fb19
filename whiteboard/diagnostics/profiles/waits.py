"""Where tasks spend time off the CPU: `block`, and of it `mutex`, by the place at which they wait.

Theory of operation
-------------------
A task's wait begins when its step ends and ends when it is scheduled. In that moment it is still suspended, so its stack can be
read then, and only then if the wait is kept: a long one always is, one below the rate by chance, as Go's block profile does
(runtime/mprof.go, `blocksampled`). What is kept by chance stands for those that are not: a wait of a tenth of the rate is kept
one time in ten and counts as ten waits, so sums are right on average whatever the rate (R50, R51).

A task that only lets others run waits for nothing. One that waits when this is switched on waits from then on. Everything that a
task awaits counts, sleeping and sockets too; but a session whose socket the pump reads has no task of its own that waits for
messages, so its silence is no wait here. `mutex` is what waits inside Trio's locks, semaphores, capacity limiters and conditions:
who waits is told, not who holds it.

Trio removes an instrument that raises and says so in a log only: what the hooks read is there before it is installed.
"""

import random
import time
from collections.abc import Callable, Iterator
from typing import Final

import trio
from trio.lowlevel import Task

from whiteboard import limits
from whiteboard.diagnostics.profiles.profile import Profile, Sample, ValueType
from whiteboard.diagnostics.profiles.stacks import StackSums, await_frames, stands_for

TYPES: Final = (ValueType("contentions", "count"), ValueType("delay", "nanoseconds"))
DROP_FRAMES: Final = r"trio\._core\._traps\..*"
"""What every task waits in, whatever it waits for."""
_NANOSECONDS: Final = 1e9
_LOCKS: Final = tuple(
    f"trio._sync.{name}"
    for name in ("Lock.", "StrictFIFOLock.", "_LockImpl.", "Semaphore.", "CapacityLimiter.", "Condition.")
)


class Waits(trio.abc.Instrument):
    """Counts waits by place while it is installed: `switch_on`, `switch_off`, in the task of a Trio run."""

    def __init__(
        self,
        rate: float,
        *,
        clock: Callable[[], float] = time.perf_counter,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Waits of `rate` seconds are always kept, shorter ones with their share of it as probability.

        Args: `clock` gives seconds, `chance` numbers from 0 to 1, 1 excluded. Raises ValueError for a rate that is not positive.
        """
        if rate <= 0:
            raise ValueError(f"rate of {rate} s is not above 0")
        self.rate = rate
        self._clock = clock
        self._chance = chance
        self._sums = StackSums(len(TYPES))
        self._since: dict[Task, float] = {}
        self._awake: Task | None = None
        # whose step ends without a wait behind it
        self._began_ns = time.time_ns()
        self._ended_ns: int | None = None

    def switch_on(self) -> None:
        """Begin to count in this run; tasks that wait already do so from now on."""
        now, own = self._clock(), trio.lowlevel.current_task()
        self._since = {task: now for task in all_tasks() if task is not own}
        self._began_ns, self._ended_ns = time.time_ns(), None
        trio.lowlevel.add_instrument(self)

    def switch_off(self) -> None:
        """Count no more; sums stay. Idempotent."""
        remove_instrument(self)
        self._since = {}
        self._ended_ns = self._ended_ns or time.time_ns()

    def after_task_step(self, task: Task) -> None:
        if task is not self._awake:
            self._since[task] = self._clock()
        self._awake = None

    def task_scheduled(self, task: Task) -> None:
        began = self._since.pop(task, None)
        if began is None:
            self._awake = task  # in its own step: it lets others run, or was cancelled already
            return
        waited = self._clock() - began
        count = stands_for(waited, self.rate, self._chance)
        if count:
            sums = self._sums.at(await_frames(task))
            sums[0] += count
            sums[1] += count * waited

    def task_exited(self, task: Task) -> None:
        self._since.pop(task, None)
        self._awake = task

    def block(self) -> Profile:
        """All waits since it was switched on."""
        return self._profile(self._sums.samples((1, _NANOSECONDS)))

    def mutex(self) -> Profile:
        """Those in Trio's locks, semaphores, capacity limiters and conditions."""
        return self._profile([one for one in self.block().samples if is_in_lock(one)])

    def _profile(self, samples: list[Sample]) -> Profile:
        now = self._ended_ns or time.time_ns()
        return Profile(
            types=TYPES,
            samples=samples,
            default_type="delay",
            period_type=TYPES[0],
            period=1,
            time_ns=now,
            duration_ns=now - self._began_ns,
            comments=(f"waits of {self.rate * 1e6:g} us and more, shorter ones by chance",),
            drop_frames=DROP_FRAMES,
        )


def is_in_lock(sample: Sample) -> bool:
    """Whether it waits in a lock, or another thing that one task has at a time."""
    return any(frame.function.startswith(_LOCKS) for frame in sample.stack[: limits.LOCK_FRAMES])


def all_tasks() -> Iterator[Task]:
    """Every task of this run."""
    root = trio.lowlevel.current_root_task()
    waiting = [] if root is None else [root]
    while waiting:
        task = waiting.pop()
        yield task
        for nursery in task.child_nurseries:
            waiting.extend(nursery.child_tasks)


def remove_instrument(instrument: trio.abc.Instrument) -> None:
    """Have it called no more, whether or not it still was."""
    try:
        trio.lowlevel.remove_instrument(instrument)
    except KeyError:
        return  # it raised, and Trio has removed it
