"""What became of an op: values, matched exhaustively. Faults are exceptions, these are not."""

from enum import Enum

import msgspec

from whiteboard.ids import ElementId


class RejectCode(Enum):
    """Why an op was refused; the value is the wire's `code`."""

    BAD_FIELD = "bad_field"
    FORGED = "forged"
    TOO_LARGE = "too_large"
    TOO_DEEP = "too_deep"
    TOO_MANY_POINTS = "too_many_points"
    BOARD_FULL = "board_full"
    NOT_AUTHOR = "not_author"
    NOT_A_STROKE = "not_a_stroke"
    FORBIDDEN = "forbidden"
    STORAGE_UNAVAILABLE = "storage_unavailable"
    PERMISSION_UNAVAILABLE = "permission_unavailable"
    DRAINING = "draining"

    @property
    def can_retry(self) -> bool:
        """Whether the same op may be accepted later."""
        return self in _RETRYABLE


_RETRYABLE = frozenset(
    {RejectCode.STORAGE_UNAVAILABLE, RejectCode.PERMISSION_UNAVAILABLE, RejectCode.DRAINING}
)


class Applied(msgspec.Struct, frozen=True, gc=False):
    """The op changed an element."""

    element: ElementId


class Ignored(msgspec.Struct, frozen=True, gc=False):
    """The op was merged and changed nothing: a repeat, or newer writes stand."""

    element: ElementId


class Rejected(msgspec.Struct, frozen=True, gc=False):
    """The op was refused before it was stored; it has no seq and no effect."""

    code: RejectCode
    reason: str
    """For people: names the thing, the value and the bound."""
    path: str | None = None
    """JSONPath of the field at fault, from the message's root `$`."""
