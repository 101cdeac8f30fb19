"""`tasks`, which Go calls `goroutine`: every Trio task, with where it stands and where its owners stand.

A task's stack is its own coroutines', and below that, towards the root, those of the task whose nursery it runs in, and so on
up to the first task: as a flame graph that is the tree of all tasks. Of an owner only the part counts that is in
programs' code: that it waits in Trio's nursery for its children goes without saying.

Reads Trio's public introspection. Tasks of the same stack, kind and state are one sample. The event loop has its turn after every
TASKS_AT_ONCE, so what comes or goes meanwhile may be counted or not.
"""

import gc
import inspect
import json
from collections import deque
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, Final

import attrs
import trio
from trio.lowlevel import Task

from whiteboard import limits
from whiteboard.diagnostics.profiles.places import Places
from whiteboard.diagnostics.profiles.profile import Profile, Sample, Stack, ValueType
from whiteboard.diagnostics.profiles.sources import Source, by_looks, now_ns
from whiteboard.diagnostics.profiles.text import full

TYPES: Final = (ValueType("tasks", "count"),)
HIDDEN: Final = r"trio\._core\._traps\..*"
"""What every task that waits stands in."""
WAITING: Final = "waiting"
_TRIO: Final = "trio."
_HANDED_ON: Final = frozenset({"async_generator_asend", "async_generator_athrow"})


@attrs.frozen
class Standing:
    """A task as it was seen."""

    name: str
    """What the code calls it, such as `room lecture`."""
    state: str
    """`running`, `starting`, or `waiting`, which includes those whose turn is about to come."""
    own: Stack
    owners: Stack
    """Of the tasks above it."""

    @property
    def waits(self) -> str:
        """Trio's function that it waits in, as our code called it; empty when it does not."""
        if self.state != WAITING:
            return ""
        own = len(self.own) - len(_without_trio(self.own))
        return self.own[own - 1].function if own else ""

    @property
    def kind(self) -> str:
        """The name without what is different for each board or person: `room`, `session`, `hub: tick`."""
        first, _, _ = self.name.partition(" ")
        return self.name if first.endswith(":") or first.startswith("<") else first


async def standings() -> list[Standing]:
    """Every task, the owners before those that they own. Call it inside of `trio.run`."""
    found: list[Standing] = []
    await _walk(found.append)
    return found


async def look() -> Profile:
    """All tasks now, those that stand at the same place together."""
    groups: dict[tuple[int, int, str, str], tuple[Standing, list[int]]] = {}

    def count(one: Standing) -> None:
        key = (
            id(one.own),
            id(one.owners),
            one.kind,
            one.state,
        )  # equal stacks are the same object, kept by the group's first
        known = groups.get(key)
        if known is None:
            groups[key] = one, [1]
        else:
            known[1][0] += 1

    await _walk(count)
    samples = [
        Sample(
            one.own + one.owners,
            tuple(count),
            (("name", one.kind), ("state", one.state), ("waits", one.waits)),
        )
        for one, count in groups.values()
    ]
    return Profile(
        types=TYPES, samples=samples, default_type=TYPES[0].kind, time_ns=now_ns(), drop_frames=HIDDEN
    )


async def _walk(visit: Callable[[Standing], None]) -> None:
    """Have every task visited."""
    stacks, asking, visited = _Stacks(), trio.lowlevel.current_task(), 0
    root = trio.lowlevel.current_root_task()
    left: deque[tuple[Task, Stack]] = deque() if root is None else deque([(root, ())])
    while left:
        task, owners = left.popleft()
        own = stacks.of(task)
        if own is None:
            continue  # it has ended since its owner was looked at
        visit(_standing(task, own, owners, is_running=task is asking))
        visited += 1
        children = [child for nursery in task.child_nurseries for child in nursery.child_tasks]
        if children:
            below = stacks.below(own, owners)
            left.extend((child, below) for child in children)
        if visited % limits.TASKS_AT_ONCE == 0:
            await trio.lowlevel.checkpoint()


def task_sources() -> tuple[Source, Source]:
    """`tasks`, and the same by the name that Go's users look for."""
    return (
        _source("tasks", "Every task with its owners above it: as a flame graph, the tree of all tasks."),
        _source("goroutine", "The same as tasks, by the name that Go's tools know."),
    )


def _source(name: str, meaning: str) -> Source:
    return Source(name=name, meaning=meaning, take=by_looks(look), count=_living, in_full=_in_full)


async def _in_full() -> str:
    """Each task with its whole name, where it stands and whose it is."""
    found = await standings()
    lines = [line for one in found[: limits.MAX_TASKS_SHOWN] for line in _told(one)]
    if len(found) > limits.MAX_TASKS_SHOWN:
        lines.append(f"... and {len(found) - limits.MAX_TASKS_SHOWN} more")
    return "\n".join([*lines, ""])


def _told(one: Standing) -> Iterator[str]:
    waits = f", {one.waits}" if one.waits else ""
    yield f"task {json.dumps(one.name, ensure_ascii=False)} [{one.state}{waits}]:"
    yield from full(one.own)
    if one.owners:
        yield "owned by"
        yield from full(one.owners)
    yield ""


def _living() -> int:
    return trio.lowlevel.current_statistics().tasks_living


class _Stacks:
    """Stacks of one look, each made once: thousands of tasks stand at a few places, and are told apart by numbers."""

    def __init__(self) -> None:
        self._places = Places()
        self._own: dict[tuple[int, ...], Stack] = {}
        self._below: dict[tuple[int, int], Stack] = {}

    def of(self, task: Task) -> Stack | None:
        """Where it stands, the innermost first; None for one that has ended."""
        frames = list(_frames(task.coro))
        key = tuple([number for frame in frames for number in (id(frame.f_code), frame.f_lasti)])
        known = self._own.get(key)
        if known is None and frames:
            known = self._own[key] = tuple([self._places.of(frame) for frame in reversed(frames)])
        return known

    def below(self, own: Stack, owners: Stack) -> Stack:
        """What the tasks of one that stands there have below them."""
        key = id(own), id(owners)
        known = self._below.get(key)
        if known is None:
            known = self._below[key] = _without_trio(own) + owners
        return known


def _standing(task: Task, own: Stack, owners: Stack, *, is_running: bool) -> Standing:
    if is_running:
        return Standing(task.name, "running", own, owners)
    if inspect.getcoroutinestate(task.coro) == inspect.CORO_CREATED:
        return Standing(task.name, "starting", own, owners)
    return Standing(task.name, WAITING, own, owners)


def _frames(awaited: Any) -> Iterator[FrameType]:
    """The frames of a coroutine and of what it awaits, the outermost first. `Task.iter_await_frames` finds lines too, slowly."""
    while awaited is not None:
        if hasattr(awaited, "cr_frame"):
            frame, awaited = awaited.cr_frame, awaited.cr_await
        elif hasattr(awaited, "gi_frame"):
            frame, awaited = awaited.gi_frame, awaited.gi_yieldfrom
        elif type(awaited).__name__ in _HANDED_ON:  # says of its generator only to the collector
            generator = next((one for one in gc.get_referents(awaited) if hasattr(one, "ag_frame")), None)
            if generator is None:
                return
            frame, awaited = generator.ag_frame, generator.ag_await
        else:
            return
        if frame is None:
            return
        yield frame


def _without_trio(own: Stack) -> Stack:
    """The same without Trio's innermost frames."""
    at = next((at for at, frame in enumerate(own) if not frame.function.startswith(_TRIO)), len(own))
    return own[at:]
