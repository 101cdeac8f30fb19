"""Which part of a board a picture shows, and how large. Pure."""

from math import ceil, floor, log2, log10, sqrt
from typing import Final, NamedTuple

from whiteboard.core.scene.geometry import Box

MARGIN: Final = 24.0
"""Board units around what is drawn, in an export."""
MARGIN_SHARE: Final = 0.04
"""Of a thumbnail's height, on each side."""
MAX_THUMBNAIL_ZOOM: Final = 1.0
"""What little there is, is shown no larger."""
EMPTY: Final = Box(0.0, 0.0, 320.0, 240.0)
"""Shown of a board with nothing on it."""
_STEPS: Final = 16


class Frame(NamedTuple):
    """A picture's size, and what of the board it shows."""

    width: int
    """Pixels."""
    height: int
    left: float
    """The upper left corner, in board units."""
    top: float
    zoom: float
    """Pixels for each board unit."""

    @property
    def pixels(self) -> int:
        """How many."""
        return self.width * self.height


def thumbnail_frame(drawn: Box | None, width: int, height: int) -> Frame:
    """All that is drawn, in the middle of a picture of that size.

    The box is rounded outwards, so that most of what people add leaves the frame as it is, and what was drawn in it.
    """
    box = _rounded_out(drawn or EMPTY)
    margin = MARGIN_SHARE * height
    zoom = min((width - 2 * margin) / box.width, (height - 2 * margin) / box.height, MAX_THUMBNAIL_ZOOM)
    x, y = box.middle
    return Frame(width, height, x - width / zoom / 2, y - height / zoom / 2, zoom)


def export_frame(drawn: Box | None, scale: float) -> Frame:
    """All that is drawn with a margin, `scale` pixels for each board unit."""
    box = EMPTY if drawn is None else drawn.grown(MARGIN)
    return Frame(max(1, ceil(box.width * scale)), max(1, ceil(box.height * scale)), box.left, box.top, scale)


def largest_scale(drawn: Box | None, most_pixels: int, most_side: int) -> float:
    """At which an export has no more pixels, in all and on a side; rounded down to two digits."""
    box = EMPTY if drawn is None else drawn.grown(MARGIN)
    scale = min(sqrt(most_pixels / (box.width * box.height)), most_side / max(box.width, box.height))
    digits = pow(10.0, floor(log10(scale)) - 1)
    return floor(scale / digits * 0.999) * digits


def _rounded_out(box: Box) -> Box:
    step = 2.0 ** ceil(log2(max(box.width, box.height, 1.0))) / _STEPS
    left, top = floor(box.left / step) * step, floor(box.top / step) * step
    right, bottom = ceil(box.right / step) * step, ceil(box.bottom / step) * step
    return Box(left, top, max(right, left + step), max(bottom, top + step))
