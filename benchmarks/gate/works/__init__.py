"""What the gate measures: each module has one work of the server, as `WORK`.

The modules come from the tree under test's newest side and run against both: one whose imports the base does not
have yet is new there, which its process reports.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final

NAMES: Final = ("merge", "codec", "fan_out", "join", "commit", "render", "replay")
"""Modules of this package, in the order of the report."""

LEAK_NAMES: Final = ("sessions", "servers")
"""Cycles after which nothing may be left, in `cycles`."""


@dataclass(frozen=True)
class Steady:
    """A work without tasks."""

    ops: int
    """How many it is prepared for to be timed; results are per op."""
    counted_ops: int
    """How many to be counted, which takes a thousand times as long."""
    prepare: Callable[[int], Callable[[], int]]
    """Gives the turn for so many ops, which gives the bytes that it would send. Every turn does the same."""


@dataclass(frozen=True)
class Staged:
    """A work that needs tasks: rooms, sessions, storage. Runs on a virtual clock."""

    ops: int
    counted_ops: int
    open: Callable[[int], AbstractAsyncContextManager[Callable[[], Awaitable[int]]]]
    """As `Steady.prepare`."""


Work = Steady | Staged
