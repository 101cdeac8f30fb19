"""Where things stand that live for as long as the process or a task does: what every chain of holders begins with.

A root is whatever can be named without saying who holds it: a module, a class or function that its module has under its name,
and a function that a Trio task is in. Must not know what is looked for.
"""

import gc
import sys
from collections.abc import Iterator
from types import AsyncGeneratorType, CoroutineType, FunctionType, GeneratorType
from typing import Any, Final

import trio
from trio.lowlevel import Task

_RUNNABLE: Final = (CoroutineType, GeneratorType, AsyncGeneratorType)


class Places:
    """The roots of this process, as they are when this is made.

    It knows them by their addresses and holds none of them, so that it is no holder itself.
    """

    def __init__(self) -> None:
        spaces = [getattr(module, "__dict__", {}) for module in list(sys.modules.values())]
        self._modules = {id(space): str(space.get("__name__")) for space in spaces}
        self._stacks = dict(_stacks())

    def name_of(self, thing: object) -> str | None:
        """What a root is called; None for anything else."""
        if type(thing) is dict:
            return self._modules.get(id(thing))
        if isinstance(thing, Task):
            return f"task {thing.name!r}"
        if isinstance(thing, _RUNNABLE):
            return self._stacks.get(id(thing))
        if isinstance(thing, type | FunctionType) and _is_found_by_name(thing):
            return f"{thing.__module__}.{thing.__qualname__}"
        return "gc.garbage" if thing is gc.garbage else None

    def is_module(self, thing: object) -> bool:
        """Whether it is the namespace of a module."""
        return id(thing) in self._modules


def _is_found_by_name(thing: type | FunctionType) -> bool:
    """Whether its module has it where it says; a class or function that was made in a function is held by somebody."""
    found: Any = sys.modules.get(thing.__module__ or "")
    for name in thing.__qualname__.split("."):
        found = vars(found).get(name) if hasattr(found, "__dict__") else None
    return found is thing


def _stacks() -> Iterator[tuple[int, str]]:
    """The address of every coroutine that a task is in, and what to call it."""
    for task in living_tasks():
        running: Any = task.coro
        while isinstance(running, _RUNNABLE):
            yield id(running), f"task {task.name!r} in {running.__qualname__}"
            running = _awaited(running)


def _awaited(running: Any) -> object:
    for name in ("cr_await", "gi_yieldfrom", "ag_await"):
        if hasattr(running, name):
            return getattr(running, name)
    return None


def living_tasks() -> Iterator[Task]:
    """Every task of this Trio run, the root first; none outside of one."""
    try:
        root = trio.lowlevel.current_root_task()
    except RuntimeError:
        return
    above = [root] if root is not None else []
    while above:
        task = above.pop()
        yield task
        for nursery in task.child_nurseries:
            above.extend(nursery.child_tasks)
