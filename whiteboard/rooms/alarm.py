"""One clock that wakes many tasks: a session's watchdog sleeps for seconds, and there are thousands of them.

`trio.sleep_until` takes 1.9 KiB for each sleeper, a cancel scope most of it, and every wake-up is an exception that runs
through its frames. Here a sleeper takes a third of that and is just woken. Sleepers whose times are the same wake in one go.
"""

import math
from heapq import heappop, heappush

import trio
from trio.lowlevel import Abort, Task


class Alarm:
    """Wakes sleepers, as long as somebody runs it."""

    def __init__(self) -> None:
        self._times: list[float] = []
        # a heap of the keys of these:
        self._sleepers: dict[float, dict[Task, None]] = {}
        self._nap = trio.CancelScope()

    async def run(self) -> None:
        """Wake who is due, for ever."""
        while True:
            with trio.CancelScope(deadline=self._times[0] if self._times else math.inf) as self._nap:
                await trio.sleep_forever()
            self._ring(trio.current_time())

    async def sleep_until(self, when: float) -> None:
        """Return at a time of Trio's clock, or a moment after it. Times that have passed count as now."""
        sleepers = self._sleepers.get(when)
        if sleepers is None:
            sleepers = self._sleepers[when] = {}
            heappush(self._times, when)
            if self._times[0] == when:
                self._nap.deadline = when
        task = trio.lowlevel.current_task()
        sleepers[task] = None
        await trio.lowlevel.wait_task_rescheduled(_Sleep(task, sleepers).give_up)

    def _ring(self, now: float) -> None:
        while self._times and self._times[0] <= now:
            for task in self._sleepers.pop(heappop(self._times)):
                trio.lowlevel.reschedule(task)


class _Sleep:
    """What ends one sleep before its time; a closure would take three times the memory."""

    __slots__ = ("_sleepers", "_task")

    def __init__(self, task: Task, sleepers: dict[Task, None]) -> None:
        self._task = task
        self._sleepers = sleepers

    def give_up(self, _: object) -> Abort:
        """Cancelled."""
        del self._sleepers[self._task]
        return Abort.SUCCEEDED
