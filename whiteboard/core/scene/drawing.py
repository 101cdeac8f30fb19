"""What is drawn of each type of element: commands in board units, bottom first. Pure.

The same as `page/js/draw/painters.js`. A command's colour covers as much as the element's opacity leaves of it. What is
drawn depends on the zoom as on the page: lines are never thinner than a pixel, and what would be a speck is one.
"""

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import Final

from whiteboard.core.scene.colors import GREY, INK, PALE, Color, parse_color
from whiteboard.core.scene.geometry import (
    NOTE_PAD_X,
    NOTE_PAD_Y,
    Box,
    arrow_head,
    drawn_width,
    extent_of,
    is_linear,
    note_lines,
    paint_box,
    plain_box,
    shown_points,
    text_size,
)
from whiteboard.core.scene.letters import LINE_HEIGHT, Letters, baseline
from whiteboard.core.scene.outlines import (
    CLOSE,
    Line,
    Path,
    dot_radius,
    outline,
    trace,
    trace_line,
    without_repeats,
)
from whiteboard.core.scene.shown import Shown
from whiteboard.ids import ElementId

HAIRLINE_PX: Final = 1.0
"""A line that is thinner would break up into grey specks."""
THIN_PX: Final = 1.3
"""A stroke that is hardly wider is drawn as an even line."""
SPECK_PX: Final = 1.5
"""What is smaller is drawn as a square of this size."""
NOTE_PAPER: Final = "#fff3bf"
SIGN: Final = 56.0
"""Side of the sign that stands for a picture that is not here, at most…"""
SIGN_SHARE: Final = 0.4
"""…and as a share of the picture's sides."""
DASHES: Final = (6.0, 4.0)
_ROUND: Final = 0.5522847498
"""How far the control points of a quarter circle lie off its ends, by its radius."""


@dataclass(frozen=True, slots=True)
class Fill:
    """The inside of a path; where its parts overlap they are one (nonzero winding)."""

    path: Path
    color: Color


@dataclass(frozen=True, slots=True)
class Trail:
    """A line along a path, with round ends and joins."""

    path: Path
    color: Color
    width: float
    dashes: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Words:
    """One line of text, from `x` on, standing on the line at `y`."""

    text: str
    x: float
    y: float
    size: float
    color: Color


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture of the board's, stretched over a box."""

    asset: str
    box: Box
    opacity: float
    instead: tuple[Fill | Trail, ...]
    """What is drawn where it is not to be had."""


Command = Fill | Trail | Words | Photo


@dataclass(frozen=True, slots=True)
class Turn:
    """A rotation about a point."""

    angle: float
    """Radians, clockwise on the screen."""
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """All that is drawn of one element."""

    id: ElementId
    box: Box
    """What it may paint on, upright."""
    commands: tuple[Command, ...]
    turn: Turn | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """An element and where it is, whatever the zoom."""

    element: Shown
    points: Line
    """A stroke's, as they are shown but for its offset."""
    plain: Box
    """Unturned, without the line's width."""
    box: Box
    """What it may paint on, upright."""


def measure(element: Shown, letters: Letters) -> Measured | None:
    """Where an element is; None when nothing is seen of it. Takes its points out of it."""
    points: Line = array("d", shown_points(element) if element.type == "stroke" else ())
    element.points = ()  # as objects in lists they take six times as much memory
    plain = plain_box(element, letters, points)
    if plain is None:
        return None
    box = paint_box(element, plain, points)
    # points that lie closer together than doubles can be stretched are nowhere
    return Measured(element, points, plain, box) if all(map(isfinite, box)) else None


def draw(measured: Measured, letters: Letters, zoom: float) -> Drawing:
    """What an element looks like at so many pixels for each board unit."""
    element, plain, box = measured.element, measured.plain, measured.box
    sitting = _Sitting(element, plain, measured.points, letters, zoom, max(0.0, min(1.0, element.opacity)))
    if max(box.width, box.height) * zoom < SPECK_PX:
        return Drawing(element.id, box, (_speck(sitting, box),))
    commands = _PAINTERS.get(element.type, _draw_unknown)(sitting)
    turn = Turn(element.rotation, *plain.middle) if element.rotation else None
    return Drawing(element.id, box, commands, turn)


@dataclass(frozen=True, slots=True)
class _Sitting:
    """What a painter is given."""

    element: Shown
    box: Box
    points: Line
    letters: Letters
    zoom: float
    opacity: float

    @property
    def ink(self) -> Color:
        """The element's colour."""
        return self.color(self.element.color)

    @property
    def hairline(self) -> float:
        """One pixel, in board units."""
        return HAIRLINE_PX / self.zoom

    def color(self, stored: str | None) -> Color:
        """A stored colour as it is drawn."""
        return (INK if stored is None else parse_color(stored)).faded(self.opacity)


def _speck(sitting: _Sitting, box: Box) -> Fill:
    x, y = box.middle
    half = SPECK_PX / sitting.zoom / 2
    return Fill(_rectangle(Box(x - half, y - half, x + half, y + half)), sitting.ink)


def _draw_stroke(sitting: _Sitting) -> tuple[Command, ...]:
    element, ink = sitting.element, sitting.ink
    if element.width * sitting.zoom < THIN_PX:
        return (_moved(_thin(sitting, ink), element.x, element.y),)
    return (_moved(Fill(trace(outline(sitting.points, element.width)), ink), element.x, element.y),)


def _thin(sitting: _Sitting, ink: Color) -> Fill | Trail:
    line, width = without_repeats(sitting.points), sitting.element.width
    if len(line) == 3:  # a line of no length would not be drawn
        radius = max(dot_radius(width, line[2]), sitting.hairline)
        return Fill(_ellipse(Box(line[0], line[1], line[0], line[1]).grown(radius)), ink)
    return Trail(trace_line(line), ink, max(width, sitting.hairline))


def _moved(command: Fill | Trail, x: float, y: float) -> Fill | Trail:
    """The same with its path, which is the command's own, at another place."""
    if x or y:
        for at, (verb, *numbers) in enumerate(command.path):
            command.path[at] = (
                verb,
                *(n + (y if odd else x) for odd, n in zip(_ODD, numbers, strict=False)),
            )
    return command


_ODD: Final = (False, True) * 3


def _draw_shape(sitting: _Sitting) -> tuple[Command, ...]:
    element = sitting.element
    width, ink = max(drawn_width(element), sitting.hairline), sitting.ink
    if is_linear(element):
        return (Trail(_line_path(element), ink, width),)
    path = _shape_path(element.kind, sitting.box)
    trail = Trail(path, ink, width)
    if element.fill and element.fill != "transparent":
        return (Fill(path, sitting.color(element.fill)), trail)
    return (trail,)


def _line_path(element: Shown) -> Path:
    w, h = extent_of(element)
    path: Path = [("M", element.x, element.y), ("L", element.x + w, element.y + h)]
    if element.kind == "arrow":
        barb, tip, other = arrow_head(element)
        path += (("M", *barb), ("L", *tip), ("L", *other))
    return path


def _shape_path(kind: str, box: Box) -> Path:
    if kind == "ellipse":
        return _ellipse(box)
    if kind == "diamond":
        x, y = box.middle
        return [("M", x, box.top), ("L", box.right, y), ("L", x, box.bottom), ("L", box.left, y), CLOSE]
    return _rounded(box, min(10.0, box.width / 6, box.height / 6))


def _draw_text(sitting: _Sitting) -> tuple[Command, ...]:
    element = sitting.element
    return _text_lines(sitting, element.text.split("\n"), element.x, element.y, sitting.ink)


def _draw_note(sitting: _Sitting) -> tuple[Command, ...]:
    element, box = sitting.element, sitting.box
    paper = Fill(_rounded(box, 6.0), sitting.color(NOTE_PAPER if element.color is None else element.color))
    lines = note_lines(element, sitting.letters)
    ink = INK.faded(sitting.opacity)
    return (paper, *_text_lines(sitting, lines, box.left + NOTE_PAD_X, box.top + NOTE_PAD_Y, ink))


def _text_lines(sitting: _Sitting, lines: list[str], x: float, y: float, color: Color) -> tuple[Words, ...]:
    """Lines of text with their box's top left corner at `x`, `y`."""
    size = text_size(sitting.element)
    first = y + baseline(sitting.letters, size)
    return tuple(
        Words(line, x, first + at * size * LINE_HEIGHT, size, color)
        for at, line in enumerate(lines)
        if line.strip()
    )


def _draw_image(sitting: _Sitting) -> tuple[Command, ...]:
    box = sitting.box
    x, y = box.middle
    side = min(SIGN, box.width * SIGN_SHARE, box.height * SIGN_SHARE)
    instead = (
        Fill(_rectangle(box), PALE.faded(sitting.opacity)),
        Trail(_sign(x, y, side), GREY.faded(sitting.opacity), side / 16),
    )
    return (Photo(sitting.element.asset, box, sitting.opacity, instead),)


def _sign(x: float, y: float, side: float) -> Path:
    """A small landscape in a frame, crossed out: the picture is missing."""

    def at(u: float, v: float) -> tuple[float, float]:
        return x + u * side, y + v * side

    frame = _rounded(Box(*at(-0.5, -0.4), *at(0.5, 0.4)), side / 10)
    hills = ((-0.15, -0.05), (0.05, 0.2), (0.18, 0.05), (0.4, 0.3))
    sun = _ellipse(Box(*at(0.2, -0.18), *at(0.2, -0.18)).grown(side * 0.08))
    cross: Path = [("M", *at(-0.55, 0.5)), ("L", *at(0.55, -0.5))]
    return [*frame, ("M", *at(-0.4, 0.3)), *(("L", *at(u, v)) for u, v in hills), *sun, *cross]


def _draw_unknown(sitting: _Sitting) -> tuple[Command, ...]:
    """What pictures cannot show yet still has its place."""
    return (Trail(_rectangle(sitting.box), GREY.faded(sitting.opacity), 1.0, DASHES),)


_PAINTERS: Final[dict[str, Callable[[_Sitting], tuple[Command, ...]]]] = {
    "stroke": _draw_stroke,
    "shape": _draw_shape,
    "text": _draw_text,
    "note": _draw_note,
    "image": _draw_image,
}


# --- paths ------------------------------------------------------------------------------------


def _rectangle(box: Box) -> Path:
    left, top, right, bottom = box
    return [("M", left, top), ("L", right, top), ("L", right, bottom), ("L", left, bottom), CLOSE]


def _ellipse(box: Box) -> Path:
    left, top, right, bottom = box
    x, y = box.middle
    w, h = box.width / 2 * _ROUND, box.height / 2 * _ROUND
    return [
        ("M", right, y),
        ("C", right, y + h, x + w, bottom, x, bottom),
        ("C", x - w, bottom, left, y + h, left, y),
        ("C", left, y - h, x - w, top, x, top),
        ("C", x + w, top, right, y - h, right, y),
        CLOSE,
    ]


def _rounded(box: Box, radius: float) -> Path:
    left, top, right, bottom = box
    radius = max(0.0, min(radius, box.width / 2, box.height / 2))
    off = radius * (1 - _ROUND)
    return [
        ("M", left + radius, top),
        ("L", right - radius, top),
        ("C", right - off, top, right, top + off, right, top + radius),
        ("L", right, bottom - radius),
        ("C", right, bottom - off, right - off, bottom, right - radius, bottom),
        ("L", left + radius, bottom),
        ("C", left + off, bottom, left, bottom - off, left, bottom - radius),
        ("L", left, top + radius),
        ("C", left, top + off, left + off, top, left + radius, top),
        CLOSE,
    ]
