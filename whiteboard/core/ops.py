"""The closed union of ops: what a client can do to a board. Values only; merging is `board.py`.

Property values and points stay the JSON text they came in as (`bytes`): the merge needs to order
and keep them, not to understand them. All values of the hot path are `msgspec.Struct`s: made ten times as
fast as frozen dataclasses, and, as nothing in them can lead back to them, of no interest to the garbage collector.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final

import msgspec

from whiteboard.core.clocks import Stamp
from whiteboard.ids import ElementId

Json = bytes
"""One JSON value as UTF-8 text."""


class ElementType(Enum):
    """What an element is; fixed by its create."""

    STROKE = "stroke"
    SHAPE = "shape"
    TEXT = "text"
    NOTE = "note"
    IMAGE = "image"
    PAGE = "page"


# fmt: off
RESERVED: Final = frozenset((
    "id", "type", "by", "opId", "seq", "at", "clock", "seen", "lamport", "ts",
    "points", "from", "props", "element", "created", "stamps", "deleted", "ink",
))
# fmt: on
"""Names that are never properties: stamped by the server or structure of the message."""


class Run(msgspec.Struct, frozen=True, gc=False):
    """Consecutive points of a stroke."""

    start: int
    """Index of the first point, >= 0."""
    count: int
    """Number of points, >= 0."""
    points: Json
    """The points without the array's brackets: `[1,2],[3,4,0.5]`; empty for no points."""

    @property
    def end(self) -> int:
        """Index after the last point."""
        return self.start + self.count


class Create(msgspec.Struct, frozen=True, gc=False):
    """Bring an element into being, with its first properties."""

    element: ElementId
    kind: ElementType
    properties: Mapping[str, Json]
    run: Run | None = None
    """A stroke's points, from index 0; None for other elements."""


class Append(msgspec.Struct, frozen=True, gc=False):
    """Add points to a stroke by their index; repeating it changes nothing."""

    element: ElementId
    run: Run


class SetProperties(msgspec.Struct, frozen=True, gc=False):
    """Write properties, each merging on its own."""

    element: ElementId
    properties: Mapping[str, Json]
    """At least one; `null` unsets."""


class Delete(msgspec.Struct, frozen=True, gc=False):
    """Put a tombstone on an element."""

    element: ElementId


class Restore(msgspec.Struct, frozen=True, gc=False):
    """Take an element's tombstone away."""

    element: ElementId


Op = Create | Append | SetProperties | Delete | Restore


class StampedOp(msgspec.Struct, frozen=True, gc=False):
    """An accepted op: all that a replica needs to merge it."""

    seq: int
    """Its place in the board's log, from 1."""
    stamp: Stamp
    op: Op
    joined: Json | None = None
    """State to join besides applying the op, for replicas that forgot the element."""
