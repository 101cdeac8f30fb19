"""An element as its visible form says it: what a picture is made of. Pure."""

from collections.abc import Sequence
from typing import Final

import msgspec

from whiteboard.core.scene.outlines import Line
from whiteboard.ids import ElementId

NOT_GIVEN: Final = -1.0
"""A point's pressure without one."""


class Shown(msgspec.Struct, gc=False):
    """The properties that a picture knows; others are passed over."""

    id: ElementId = ElementId("")
    type: str = ""
    points: Sequence[Sequence[float]] = ()
    x: float = 0.0
    y: float = 0.0
    w: float | None = None
    h: float | None = None
    rotation: float = 0.0
    color: str | None = None
    fill: str | None = None
    width: float = 4.0
    size: float | None = None
    opacity: float = 1.0
    kind: str = ""
    text: str = ""
    asset: str = ""


class _Named(msgspec.Struct, gc=False):
    id: ElementId


class BoardView(msgspec.Struct, gc=False):
    """A board as `Rooms.board_view` gives it, its elements undecoded, from bottom to top."""

    seq: int
    elements: list[msgspec.Raw]


decode_view: Final = msgspec.json.Decoder(BoardView).decode
"""Raises msgspec.MsgspecError for what is no board's view."""
_decode_id: Final = msgspec.json.Decoder(_Named).decode
_decode: Final = msgspec.json.Decoder(Shown).decode


def id_of(element: msgspec.Raw | bytes) -> ElementId:
    """Whose visible form it is. Raises msgspec.MsgspecError for none."""
    return _decode_id(element).id


def read_shown(element: msgspec.Raw | bytes) -> Shown:
    """An element out of its visible form; where a property is of a kind that it cannot be, one that shows nothing."""
    try:
        return _decode(element)
    except msgspec.MsgspecError:
        return Shown(id=id_of(element))


def flat_points(element: Shown) -> Line:
    """A stroke's points as numbers in a row: x, y, pressure, …, as they came."""
    flat: list[float] = []
    for point in element.points:
        flat += point if len(point) == 3 else (*point[:2], NOT_GIVEN)
    return flat
