"""Who is to blame for what is too many: the chain of holders of an object, the nursery and place of a task."""

from functools import partial

from whiteboard.diagnostics import tasks
from whiteboard.diagnostics.leaks.census import objects_of, tasks_at
from whiteboard.diagnostics.leaks.holders import find_holders


def named(kind: str, name: str) -> tuple[str, ...]:
    """In some lines, for one that came last; empty where nothing can be said."""
    if kind == "tasks":
        return _task(name)
    return find_holders(partial(_newest, name)).chains if kind == "objects" else ()


def _newest(name: str) -> object:
    """Behind a collection the collector's list is in the order in which objects came."""
    newest = None
    for one in objects_of(name):
        newest = one
    return newest


def _task(site: str) -> tuple[str, ...]:
    *_, last = tasks_at(site)
    nursery = last.parent_nursery
    owner = "no nursery" if nursery is None else f"the nursery of task {nursery.parent_task.name!r}"
    return (f"task {last.name!r} in {owner}", *(f"at {frame}" for frame in tasks.stack_of(last)[-1:]))
