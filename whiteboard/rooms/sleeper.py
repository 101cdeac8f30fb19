"""A place where one task waits until somebody wakes it.

What `trio.Event` does, for one task and again and again, in a tenth of the memory: every idle session has
two of them.
"""

import trio


class Sleeper:
    """At most one task sleeps here at a time."""

    __slots__ = ("_task", "is_asleep")

    def __init__(self) -> None:
        self._task: trio.lowlevel.Task | None = None
        self.is_asleep = False
        """Whether a task waits, and nobody has woken it."""

    async def sleep(self) -> None:
        """Return when somebody calls `wake`. Raises trio.BusyResourceError when another task sleeps here."""
        if self._task is not None:
            raise trio.BusyResourceError("another task waits here")
        self._task = trio.lowlevel.current_task()
        self.is_asleep = True
        await trio.lowlevel.wait_task_rescheduled(self._get_up)

    def wake(self) -> None:
        """Wake the task, if one sleeps."""
        if self._task is not None:
            task, self._task, self.is_asleep = self._task, None, False
            trio.lowlevel.reschedule(task)

    def _get_up(self, _: object) -> trio.lowlevel.Abort:
        """Cancelled."""
        self._task, self.is_asleep = None, False
        return trio.lowlevel.Abort.SUCCEEDED
