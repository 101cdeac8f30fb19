"""A place where one task waits until somebody wakes it.

What `trio.Event` does, for one task and again and again, in a tenth of the memory: every idle session has
two of them.
"""

import trio


class Sleeper:
    """At most one task sleeps here at a time."""

    __slots__ = ("_task",)

    def __init__(self) -> None:
        self._task: trio.lowlevel.Task | None = None

    @property
    def is_asleep(self) -> bool:
        """Whether a task waits, and nobody has woken it."""
        return self._task is not None

    async def sleep(self) -> None:
        """Return when somebody calls `wake`. Raises trio.BusyResourceError when another task sleeps here."""
        if self._task is not None:
            raise trio.BusyResourceError("another task waits here")
        self._task = trio.lowlevel.current_task()
        await trio.lowlevel.wait_task_rescheduled(self._get_up)

    def wake(self) -> None:
        """Wake the task, if one sleeps."""
        if self._task is not None:
            task, self._task = self._task, None
            trio.lowlevel.reschedule(task)

    def _get_up(self, _: object) -> trio.lowlevel.Abort:
        """Cancelled."""
        self._task = None
        return trio.lowlevel.Abort.SUCCEEDED
