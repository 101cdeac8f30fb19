"""Tasks that outlive the session that they work for.

A task inherits the context of who started it, and in a session's context stands its id (`logs.bind`). So every task says by
itself for which session it works, at no cost, also one that was started in another nursery than the session's: and those are
what can outlive it.
"""

from collections.abc import Callable, Iterable
from typing import Any

import attrs
import trio
from trio.lowlevel import Task

from whiteboard.diagnostics import logs, tasks
from whiteboard.limits import TASKS_LOOKED_AT


@attrs.frozen
class StrayTask:
    """One that has no session any more."""

    site: str
    """The function that it runs: `Plugin._remember (plugin/hook.py:30)`."""
    name: str
    session: str
    nursery_of: str
    """The name of the task in whose nursery it is."""
    stack: tuple[str, ...]
    """`function (file:line)`, the innermost first."""
    outlived: float
    """Seconds since it was first seen without its session."""

    def facts(self) -> dict[str, Any]:
        """For a finding."""
        return {
            "task": self.name,
            "session": self.session,
            "nursery_of": self.nursery_of,
            "outlived_seconds": round(self.outlived, 1),
        }


class StrayTasks:
    """Finds them, each once."""

    def __init__(self, living: Iterable[Task], is_served: Callable[[str], bool]) -> None:
        """Args: `living` gives all tasks each time that it is gone through; `is_served` says of a session whether it lives."""
        self._living = living
        self._is_served = is_served
        self._since: dict[Task, float] = {}
        # those without a session, and since when; infinity for those that were told of

    async def look(self, seconds: float) -> list[StrayTask]:
        """Those that have been without their session for so long, and were not told of before. Lets others have their turn."""
        living = list(self._living)
        strays: dict[Task, float] = {}
        for start in range(0, len(living), TASKS_LOOKED_AT):
            for task in living[start : start + TASKS_LOOKED_AT]:
                if self._is_stray(task):
                    strays[task] = self._since.get(task, trio.current_time())
            await trio.lowlevel.checkpoint()
        self._since = strays
        return self._told_of(trio.current_time() - seconds)

    def _is_stray(self, task: Task) -> bool:
        session = logs.bound_in(task.context, "session")
        return session is not None and not self._is_served(session)

    def _told_of(self, latest: float) -> list[StrayTask]:
        due = [
            task for task, since in self._since.items() if since <= latest and task.parent_nursery is not None
        ]
        told = [_describe(task, trio.current_time() - self._since[task]) for task in due]
        self._since.update(dict.fromkeys(due, float("inf")))
        return told


def _describe(task: Task, outlived: float) -> StrayTask:
    nursery = task.parent_nursery
    return StrayTask(
        site=tasks.site_of(task),
        name=task.name,
        session=logs.bound_in(task.context, "session") or "",
        nursery_of="" if nursery is None else nursery.parent_task.name,
        stack=tasks.stack_of(task),
        outlived=outlived,
    )
