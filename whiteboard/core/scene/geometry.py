"""Boxes of elements, in board units: what they extend over, and what they may paint on. Pure.

The same as `page/js/draw/geometry.js`.
"""

from collections.abc import Iterable
from math import atan2, cos, hypot, sin
from typing import Final, NamedTuple

from whiteboard.core.scene.letters import (
    LINE_HEIGHT,
    NOTE_SIZE,
    TEXT_SIZE,
    Letters,
    text_extent,
    wrap,
)
from whiteboard.core.scene.outlines import Line, dot_radius, radius_at
from whiteboard.core.scene.shown import Shown, flat_points

DEFAULT_SIDE: Final = 100.0
"""Width and height of a box that has none."""
NOTE_SIDE: Final = 180.0
NOTE_PAD_X: Final = 12.0
NOTE_PAD_Y: Final = 10.0
BEND: Final = 1.3
"""How much farther off a line's side may lie in a bend."""
SLACK: Final = 3.0
"""Letters reach beyond their box, and pixels beyond any line."""
ARROW_WIDTH_SHARE: Final = 1 / 6
ARROW_HEAD_SHARE: Final = 1 / 2
BARB_ANGLE: Final = 0.46
MIN_HEAD: Final = 4.0


class Box(NamedTuple):
    """An upright rectangle."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """How wide."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """How high."""
        return self.bottom - self.top

    @property
    def middle(self) -> tuple[float, float]:
        """Its middle."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def grown(self, by: float) -> "Box":
        """With so much more on each side."""
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def turned(self, angle: float) -> "Box":
        """The upright box around it when it is turned about its middle, in radians."""
        if angle == 0:
            return self
        x, y = self.middle
        across, down = abs(cos(angle)), abs(sin(angle))
        half_w = (self.width * across + self.height * down) / 2
        half_h = (self.width * down + self.height * across) / 2
        return Box(x - half_w, y - half_h, x + half_w, y + half_h)


def around(boxes: Iterable[Box]) -> Box | None:
    """The smallest box around all; None for none."""
    found = list(boxes)
    if not found:
        return None
    lefts, tops, rights, bottoms = zip(*found, strict=True)
    return Box(min(lefts), min(tops), max(rights), max(bottoms))


def _box_of(line: Line) -> Box | None:
    if not line:
        return None
    xs, ys = line[0::3], line[1::3]
    return Box(min(xs), min(ys), max(xs), max(ys))


def is_linear(element: Shown) -> bool:
    """Whether it is a shape of two end points, with no inside."""
    return element.type == "shape" and element.kind in {"line", "arrow"}


def extent_of(element: Shown) -> tuple[float, float]:
    """Width and height, before a note grows with its text."""
    side = 0.0 if is_linear(element) else NOTE_SIDE if element.type == "note" else DEFAULT_SIDE
    return side if element.w is None else element.w, side if element.h is None else element.h


def text_size(element: Shown) -> float:
    """Size of its letters."""
    if element.size is not None:
        return element.size
    return NOTE_SIZE if element.type == "note" else TEXT_SIZE


def shown_points(element: Shown) -> Line:
    """A stroke's points before its offset: stretched to its `w` and `h`, if it has them (PRP-12)."""
    points = flat_points(element)
    w, h = element.w or 0.0, element.h or 0.0
    if not points or (w <= 0 and h <= 0):
        return points
    box = _box_of(points)
    assert box is not None
    along_x = w / box.width if w > 0 and box.width > 0 else 1.0
    along_y = h / box.height if h > 0 and box.height > 0 else 1.0
    stretched: list[float] = []
    for at in range(0, len(points), 3):
        x, y, pressure = points[at : at + 3]
        stretched += (box.left + (x - box.left) * along_x, box.top + (y - box.top) * along_y, pressure)
    return stretched


def note_lines(element: Shown, letters: Letters) -> list[str]:
    """A note's text as it is broken into lines."""
    if not element.text:
        return []
    size = text_size(element)
    room = max(size, abs(extent_of(element)[0]) - 2 * NOTE_PAD_X)
    return wrap(element.text, room, lambda text: letters.width(text, size))


def plain_box(element: Shown, letters: Letters, points: Line = ()) -> Box | None:
    """The unturned box, without the line's width; None for a stroke without points.

    Args:
        points: a stroke's, as they are shown.
    """
    x, y = element.x, element.y
    if element.type == "stroke":
        box = _box_of(points)
        return box and Box(box.left + x, box.top + y, box.right + x, box.bottom + y)
    if element.type == "text":
        width, height = text_extent(letters, element.text, text_size(element))
        return Box(x, y, x + width, y + height)
    w, h = extent_of(element)
    box = Box(min(x, x + w), min(y, y + h), max(x, x + w), max(y, y + h))
    if element.type == "note" and (count := len(note_lines(element, letters))):
        height = count * text_size(element) * LINE_HEIGHT + 2 * NOTE_PAD_Y
        return box._replace(bottom=max(box.bottom, box.top + height))
    return box


def paint_box(element: Shown, box: Box, points: Line = ()) -> Box:
    """All that it may paint on, by its plain box."""
    return box.turned(element.rotation).grown(_line_margin(element, points) * BEND + SLACK)


def _line_margin(element: Shown, points: Line) -> float:
    """How far the line reaches beyond the plain box."""
    if element.type == "stroke":
        radius = dot_radius if len(points) == 3 else radius_at
        return radius(element.width, max(points[2::3]))
    if element.type != "shape":
        return 0.0
    head = max(MIN_HEAD, arrow_head_length(element) * sin(BARB_ANGLE)) if element.kind == "arrow" else 0.0
    return drawn_width(element) / 2 + head


def drawn_width(element: Shown) -> float:
    """How wide its line is drawn: an arrow's, no wider than a share of its length."""
    if element.type != "shape" or element.kind != "arrow":
        return element.width
    return min(element.width, max(1.0, hypot(*extent_of(element)) * ARROW_WIDTH_SHARE))


def arrow_head_length(element: Shown) -> float:
    """Grows with the line, but never beyond half of it."""
    half = hypot(*extent_of(element)) * ARROW_HEAD_SHARE
    return min(10 + drawn_width(element) * 2.6, max(MIN_HEAD, half))


def arrow_head(element: Shown) -> tuple[tuple[float, float], tuple[float, float], tuple[float, float]]:
    """Barb, tip, barb."""
    w, h = extent_of(element)
    x, y = element.x + w, element.y + h
    angle, length = atan2(h, w), arrow_head_length(element)
    one, other = (
        (x - length * cos(angle + turn), y - length * sin(angle + turn)) for turn in (BARB_ANGLE, -BARB_ANGLE)
    )
    return one, (x, y), other
