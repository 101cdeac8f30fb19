"""The live task tree: every task with its age and what it waits for, as plain values for JSON.

The promise of structured concurrency (R10, R13) is that a session is a subtree; this makes it visible.
Reads Trio's public introspection only. Must not know what the tasks do; the counts beside the tree
come from whoever owns the things counted.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from types import FrameType
from typing import Any, Final

import trio
from trio.lowlevel import Task

from whiteboard import limits

_PACKAGE: Final = __name__.partition(".")[0]
_SAME_TIME: Final = 0.001
"""Seconds; ages are told in whole milliseconds."""


class TaskAges(trio.abc.Instrument):
    """Remembers when each task began. Give it to `trio.run(…, instruments=[ages])`.

    A plain dict: weak references to tasks took 160 bytes for each, of which an idle session has four. Trio tells of
    every end, so nothing stays behind.
    """

    def __init__(self) -> None:
        self._began: dict[Task, float] = {}
        self._latest = 0.0
        # tasks that begin at almost the same time share it

    def task_spawned(self, task: Task) -> None:
        now = trio.current_time()
        if now - self._latest > _SAME_TIME:
            self._latest = now
        self._began[task] = self._latest

    def task_exited(self, task: Task) -> None:
        self._began.pop(task, None)

    def __len__(self) -> int:
        """Tasks that are remembered."""
        return len(self._began)

    def __iter__(self) -> Iterator[Task]:
        """Those that live. To be gone through at once: the next one that begins or ends is too much for it."""
        return iter(self._began)

    def age(self, task: Task) -> float | None:
        """Seconds since the task began; None for one that began before we watched."""
        began = self._began.get(task)
        return None if began is None else trio.current_time() - began


def site_of(task: Task) -> str:
    """The function that a task runs, and where it stands: `Hub.sweep (whiteboard/rooms/hub.py:228)`; its name where it has no code."""
    frame = getattr(task.coro, "cr_frame", None)
    if frame is None:
        return task.name
    return f"{frame.f_code.co_qualname} ({_file(frame)}:{frame.f_code.co_firstlineno})"


def stack_of(task: Task) -> tuple[str, ...]:
    """`function (file:line)` of all that a task is in, the innermost first."""
    frames = [(frame, line) for frame, line in task.iter_await_frames()]
    return tuple(f"{frame.f_code.co_qualname} ({_file(frame)}:{line})" for frame, line in reversed(frames))


def report(ages: TaskAges, counts: Mapping[str, int], most: int = limits.MAX_TASKS_SHOWN) -> dict[str, Any]:
    """What `/debug/tasks` answers. Call it inside `trio.run`.

    Args:
        counts: what the server holds: sessions, boards, leases, queue bytes.
        most: tasks that are shown. The tree is walked level by level, so that what is cut is deep
            down; each nursery says how many of its tasks are `omitted`.

    Returns:
        `{"counts": {…}, "tasks": {"living", "shown", "cut"}, "tree": task}` where a task is
        `{"name", "age", "at": {"function", "file", "line"} | null, "waits": "package.function" | null,
        "nurseries": [{"cancelled", "deadline", "tasks": […], "omitted"}]}`. Ages and deadlines are
        seconds from now; no deadline is null.
    """
    living = trio.lowlevel.current_statistics().tasks_living
    root = trio.lowlevel.current_root_task()
    if root is None:
        raise RuntimeError("no task tree outside of trio.run")
    tree, shown = _tree(root, ages, most)
    return {
        "counts": {**counts, "tasks": living},
        "tasks": {"living": living, "shown": shown, "cut": shown < living},
        "tree": tree,
    }


def _tree(root: Task, ages: TaskAges, most: int) -> tuple[dict[str, Any], int]:
    tree = _describe(root, ages)
    waiting = deque([(root, tree)])
    shown = 1
    while waiting:
        task, described = waiting.popleft()
        for nursery in task.child_nurseries:
            children = sorted(nursery.child_tasks, key=lambda child: child.name)
            taken = children[: most - shown]
            shown += len(taken)
            entries = [_describe(child, ages) for child in taken]
            waiting.extend(zip(taken, entries, strict=True))
            described["nurseries"].append(
                {
                    **_scope(nursery.cancel_scope),
                    "tasks": entries,
                    "omitted": len(children) - len(taken),
                }
            )
    return tree, shown


def _scope(scope: trio.CancelScope) -> dict[str, Any]:
    left = scope.deadline - trio.current_time()
    return {"cancelled": scope.cancel_called, "deadline": None if left == float("inf") else round(left, 3)}


def _describe(task: Task, ages: TaskAges) -> dict[str, Any]:
    age = ages.age(task)
    at, waits = _place(task)
    return {
        "name": task.name,
        "age": None if age is None else round(age, 3),
        "at": at,
        "waits": waits,
        "nurseries": [],
    }


def _place(task: Task) -> tuple[dict[str, Any] | None, str | None]:
    """Our own innermost frame, and the library's function that it waits in.

    A task that is not in our code at all shows its outermost frame. The task that asks is running
    and waits for nothing.
    """
    if task is trio.lowlevel.current_task():
        return None, None
    ours: FrameType | None = None
    waits: FrameType | None = None
    for frame, _ in task.iter_await_frames():
        if ours is None or _package(frame) == _PACKAGE:
            ours, waits = frame, None
        elif waits is None:
            waits = frame
    if ours is None:
        return None, None
    place = {"function": ours.f_code.co_qualname, "file": _file(ours), "line": ours.f_lineno}
    return place, None if waits is None else f"{_package(waits)}.{waits.f_code.co_qualname}"


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "?")).partition(".")[0]


def _file(frame: FrameType) -> str:
    """From the package's folder on: where it is installed is nobody's business."""
    package = _package(frame)
    _, found, tail = frame.f_code.co_filename.rpartition(f"/{package}/")
    return f"{package}/{tail}" if found else tail.rpartition("/")[2]
