"""What a thread runs now, in words: its stack, the function of ours in it, the task that it steps.

Reads frames of other threads through CPython, with the interpreter's lock held, so that nothing moves meanwhile. Must not know
what a stall is.
"""

import gc
import resource
import sys
import threading
from collections import deque
from collections.abc import Iterator
from types import FrameType
from typing import Final

import attrs
import trio
from trio.lowlevel import Task

from whiteboard import limits
from whiteboard.diagnostics.ours import is_ours

_IDLE: Final = frozenset({"trio._core._io_epoll", "trio._core._io_kqueue", "selectors"})
"""Modules in which the loop waits for sockets and time."""
_RUN: Final = "trio._core._run"
_LOOP: Final = ("unrolled_run", _RUN)
_WAITING: Final = frozenset(
    {*_IDLE, "threading", "queue", "trio._core._thread_cache", "concurrent.futures.thread"}
)
"""Modules in which a thread waits for work, or for another."""
_ALARM: Final = "whiteboard.diagnostics.stalls.core_alarm"
_THREAD: Final[int | None] = getattr(resource, "RUSAGE_THREAD", None)


@attrs.frozen
class Look:
    """A thread at one moment."""

    stack: tuple[str, ...]
    """`function (file:line)`, the innermost first; at most MAX_STALL_FRAMES."""
    function: str
    """The innermost one of ours, or of what is no library; else the innermost."""
    at: str
    """`file:line` in it."""
    task: str | None = None
    """The name of the task that is stepped; None when the loop itself runs."""
    is_idle: bool = False
    """Whether it waits for sockets and time, as a loop does that has nothing to do."""


def look_at(frame: FrameType, root: Task | None = None) -> Look:
    """A thread whose innermost frame this is.

    Args: `root` is the task above all that may be stepped in it.
    """
    frames = _beneath_interruptions(list(_outwards(frame))) or [frame]
    ours = next((one for one in frames if is_ours(one.f_code.co_filename)), frames[0])
    return Look(
        stack=tuple(f"{_function(one)} ({_place(one)})" for one in frames[: limits.MAX_STALL_FRAMES]),
        function=_function(ours),
        at=_place(ours),
        task=None if root is None else _task_of(frames, root),
        is_idle=_module(frame) in _IDLE,
    )


class Threads:
    """Those of this process, with the event loop's among them. To be made in a task."""

    def __init__(self) -> None:
        self._root = trio.lowlevel.current_root_task()
        self._loop = threading.get_ident()
        self.watcher: int | None = None
        """The one that watches, which is never at work."""

    def loop(self) -> Look:
        """The loop's. In any other thread."""
        return self.loop_at(sys._current_frames()[self._loop])  # noqa: SLF001 - documented, in spite of its name

    def loop_at(self, frame: FrameType) -> Look:
        """The loop's, whose innermost frame this is."""
        return look_at(frame, self._root)

    def loop_waits(self) -> bool:
        """Whether the loop itself waits, and not something that it runs. In any other thread."""
        frame = sys._current_frames()[self._loop]  # noqa: SLF001 - as above
        outer = frame.f_back
        return _module(frame) in _IDLE and outer is not None and _module(outer) == _RUN

    def waits(self) -> int | None:
        """How often the thread that asks has waited (`ru_nvcsw`, getrusage(2)); None where that is not told of one thread."""
        return None if _THREAD is None else resource.getrusage(_THREAD).ru_nvcsw

    def other(self) -> Look | None:
        """One that does not wait for work, and is none of these two; None when all do."""
        for ident, frame in sys._current_frames().items():  # noqa: SLF001 - as above
            if ident not in {self._loop, self.watcher} and _module(frame) not in _WAITING:
                return look_at(frame)
        return None


def _task_of(frames: list[FrameType], root: Task) -> str | None:
    """Whose coroutine is among the frames: by identity, so that of a thousand tasks alike it is the right one."""
    running = set(map(id, frames))
    return next((task.name for task in _below(root) if id(_outermost(task)) in running), None)


def _below(root: Task) -> Iterator[Task]:
    """The task and all in its nurseries; copies each set at once, for the loop may go on meanwhile."""
    waiting = deque([root])
    while waiting:
        task = waiting.popleft()
        yield task
        for nursery in list(task.child_nurseries):
            waiting.extend(list(nursery.child_tasks))


def _outermost(task: Task) -> FrameType | None:
    frame: FrameType | None = getattr(task.coro, "cr_frame", None)
    return frame


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    """From the innermost on, to where the loop steps its tasks: what is outside of that is always the same."""
    while frame is not None and (frame.f_code.co_name, _module(frame)) != _LOOP:
        yield frame
        frame = frame.f_back


def _beneath_interruptions(frames: list[FrameType]) -> list[FrameType]:
    """Without what comes in the middle of any call, or behind one that keeps the lock: what the collector calls, and the alarm."""
    called = [getattr(getattr(one, "__func__", one), "__code__", None) for one in gc.callbacks]
    comes_between = (frame.f_code in called or _module(frame) == _ALARM for frame in frames)
    last = max((place for place, comes in enumerate(comes_between) if comes), default=-1)
    return frames[last + 1 :]


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "?"))


def _function(frame: FrameType) -> str:
    return f"{_module(frame)}.{frame.f_code.co_qualname}"


def _place(frame: FrameType) -> str:
    """From the package's folder on: where it is installed is nobody's business."""
    package = _module(frame).partition(".")[0]
    _, found, tail = frame.f_code.co_filename.rpartition(f"/{package}/")
    file = f"{package}/{tail}" if found else tail.rpartition("/")[2]
    return f"{file}:{frame.f_lineno}"
