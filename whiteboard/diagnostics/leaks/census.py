"""What a process consists of, counted: tasks, objects by type, descriptors, threads, live bytes. Two of them have a difference.

Objects are those that the collector knows, frozen ones too; of types that hold no others, such as bytes, it knows none.
"""

import gc
import threading
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import attrs
from trio.lowlevel import Task

from whiteboard.diagnostics import tasks
from whiteboard.diagnostics.leaks.holders import thawed
from whiteboard.diagnostics.leaks.places import living_tasks

_PACKAGE: Final = __name__.partition(".")[0]
_DESCRIPTORS: Final = Path("/proc/self/fd")
KINDS: Final = ("tasks", "descriptors", "threads", "objects")
"""What is counted by name: of these there may be none too many."""


@attrs.frozen
class Census:
    """One count."""

    tasks: Mapping[str, int]
    """By the function that they run."""
    objects: Mapping[str, int]
    """By type, of the types that were asked for: `whiteboard.rooms.session.Session`."""
    descriptors: Mapping[str, int]
    """By what they are: `socket`, `/data/boards.sqlite3`. Empty on a system that does not tell."""
    threads: Mapping[str, int]
    """By what runs in them."""
    live_bytes: int
    """What Python has allocated and not given back, where tracemalloc is on; else 0."""

    def totals(self) -> dict[str, int]:
        """How many of each of KINDS, whatever their names."""
        return {kind: sum(getattr(self, kind).values()) for kind in KINDS}


def is_ours(kind: type) -> bool:
    """Whether a type is of this package."""
    return _name(kind).partition(".")[0] == _PACKAGE


def take_census(counts: Callable[[type], bool] = is_ours) -> Census:
    """Count, behind a collection of all dead cycles. Tasks are those of this Trio run, if there is one.

    Stops everything for as long as it takes: some 0.1 s for a million objects.
    """
    with thawed():
        gc.collect()
        gc.unfreeze()  # a collection may have frozen what lives (`diagnostics.cycles`)
        types = Counter(map(type, gc.get_objects()))
    return Census(
        tasks=Counter(map(tasks.site_of, living_tasks())),
        objects={_name(kind): count for kind, count in types.items() if counts(kind)},
        descriptors=Counter(map(_kind_of_descriptor, _descriptors())),
        threads=Counter(one.name.partition(" ")[0] for one in threading.enumerate()),
        live_bytes=tracemalloc.get_traced_memory()[0],
    )


def grown(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """By how much each has grown that has, the most first."""
    more = {name: count - before.get(name, 0) for name, count in after.items() if count > before.get(name, 0)}
    return dict(sorted(more.items(), key=lambda entry: -entry[1]))


def tasks_at(site: str) -> list[Task]:
    """The tasks that a census counts under a name."""
    return [task for task in living_tasks() if tasks.site_of(task) == site]


def objects_of(name: str) -> Iterable[object]:
    """The objects that a census counts under the name of a type. To be called while the collector sees all."""
    all_objects = gc.get_objects()
    wanted = {kind for kind in set(map(type, all_objects)) if _name(kind) == name}
    return (one for one in all_objects if type(one) in wanted)


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _descriptors() -> list[str]:
    """What each open descriptor is; the one that is needed to look is gone again."""
    found = []
    for entry in list(_DESCRIPTORS.iterdir()) if _DESCRIPTORS.is_dir() else []:
        with suppress(OSError):
            found.append(str(entry.readlink()))
    return found


def _kind_of_descriptor(target: str) -> str:
    """`socket` of `socket:[4711]`."""
    return target.partition(":[")[0]
