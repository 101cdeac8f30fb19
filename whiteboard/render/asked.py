"""What is asked for and what comes of it: pictures, the pictures in them, and why there is none. Plain values."""

from enum import StrEnum
from typing import Final

import msgspec

from whiteboard.errors import WhiteboardError
from whiteboard.ids import BoardId

EXTRA: Final = "render"
"""What has to be installed for pixels."""


class Kind(StrEnum):
    """Of which kind a picture is."""

    THUMBNAIL = "thumbnail"
    PNG = "png"
    SVG = "svg"

    @property
    def media_type(self) -> str:
        """As HTTP names it."""
        return "image/svg+xml" if self is Kind.SVG else "image/png"


class Wish(msgspec.Struct, frozen=True):
    """A picture that somebody asks for: the same wishes have the same answer."""

    board: BoardId
    kind: Kind
    size: int = 0
    """Width of a thumbnail, in pixels; its height is three quarters of it."""
    scale: float | None = None
    """Pixels for each board unit, of an export; None: 1, or what fits."""


class Asset(msgspec.Struct, frozen=True):
    """A picture on a board."""

    media_type: str
    body: bytes


UNREADABLE: Final = Asset("", b"")
"""Stands for a picture that is not to be had however often it is asked for: its place is drawn instead, for good."""


class Picture(msgspec.Struct, frozen=True):
    """A picture of a board."""

    body: bytes
    seq: int
    """It is at least as new."""
    is_whole: bool
    """Whether it would look the same the next time: no picture on the board was missing that may yet come."""


class NotDrawn(WhiteboardError):
    """There is no picture now: it took too long, or too many are asked for. May succeed later."""


class TooLarge(WhiteboardError):
    """The picture would be larger than one may be; the text says what to ask for."""


class NotInstalled(WhiteboardError):
    """Pixels take an extra that is not installed; the text says which."""
