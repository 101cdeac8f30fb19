"""The states of a kept canvas, as data: which there are, what leads from one to the next, and what is refused.

A canvas has a buffer from the first thing that it paints until it leaves the states of WITH_BUFFER: when it has to go back to
the pool follows from the table. `docs/rendering.md` has it for people, and a test compares the two.
"""

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where a canvas is in its life."""

    EMPTY = "empty"
    """Has no buffer: new, or its memory was wanted."""
    KEPT = "kept"
    """Has what it drew; nobody holds it."""
    LEASED = "leased"
    """Somebody holds it."""
    CLOSING = "closing"
    """Closed while somebody holds it: who does may go on, nobody else may come."""
    CLOSED = "closed"
    """Closed, and the buffer is back in the pool. The end."""


class Event(StrEnum):
    """What happens to a canvas."""

    LEASE = "lease"
    """Somebody wants to hold it."""
    RELEASE = "release"
    """A lease ended, was revoked or was lost, and others hold it."""
    LAST_RELEASE = "last release"
    """The same, and nobody holds it any more."""
    DROP = "drop"
    """Its memory is wanted."""
    CLOSE = "close"
    """It is not needed any more."""


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.EMPTY, Event.LEASE): State.LEASED,
    (State.EMPTY, Event.DROP): State.EMPTY,
    (State.EMPTY, Event.CLOSE): State.CLOSED,
    (State.KEPT, Event.LEASE): State.LEASED,
    (State.KEPT, Event.DROP): State.EMPTY,
    (State.KEPT, Event.CLOSE): State.CLOSED,
    (State.LEASED, Event.LEASE): State.LEASED,
    (State.LEASED, Event.RELEASE): State.LEASED,
    (State.LEASED, Event.LAST_RELEASE): State.KEPT,
    (State.LEASED, Event.DROP): State.LEASED,
    (State.LEASED, Event.CLOSE): State.CLOSING,
    (State.CLOSING, Event.RELEASE): State.CLOSING,
    (State.CLOSING, Event.LAST_RELEASE): State.CLOSED,
    (State.CLOSING, Event.DROP): State.CLOSING,
    (State.CLOSING, Event.CLOSE): State.CLOSING,
    (State.CLOSED, Event.DROP): State.CLOSED,
    (State.CLOSED, Event.CLOSE): State.CLOSED,
}
"""What is not here is refused: a lease of what is closing or closed, and the release of what nobody holds."""
WITH_BUFFER: Final = frozenset({State.KEPT, State.LEASED, State.CLOSING})
"""There may be a buffer; in no other state there is one."""
HELD: Final = frozenset({State.LEASED, State.CLOSING})
"""Somebody holds it, and may draw."""
