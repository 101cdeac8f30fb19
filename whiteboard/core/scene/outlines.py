"""Ink: from a stroke's points to the outline that is filled, or to the line that is drawn where it is thin. Pure.

The same formulas, in the same order, as `page/js/draw/ink.js`: `tests/core/scene/test_outlines.py` compares the two.
Points are flat: x, y, pressure, x, y, pressure, …; a pressure below 0 was not given. Outlines are flat: x, y, x, y, ….
"""

from collections.abc import Sequence
from math import atan2, cos, hypot, inf, pi, sin, sqrt
from typing import Final

Line = Sequence[float]
Segment = tuple[str, *tuple[float, ...]]
"""One piece of a path: `M x y`, `L x y`, `Q cx cy x y`, `C ax ay bx by x y`, or `Z`, as SVG has them."""
Path = list[Segment]

CORNER_COS: Final = 0.2
"""Directions that differ by more than about 78° are a corner and stay one."""
CAP_STEPS: Final = 7
MAX_CUT: Final = 2.5
"""How far rounding may keep off a corner, in board units…"""
MAX_CUT_SHARE: Final = 0.04
"""…and as a share of the shorter side."""
DOT_SHARE: Final = 0.75
DOT_RADIUS: Final = 1.5
_NEAR: Final = (2 * MAX_CUT) ** 2
"""Square of how far the middle of an edge may be from a corner for rounding to keep near it, whatever the turn."""
CLOSE: Final[Segment] = ("Z",)


def radius_at(width: float, pressure: float) -> float:
    """Half of the drawn width at a pressure."""
    return width * (0.2 + 0.6 * (0.5 if pressure < 0 else pressure))


def dot_radius(width: float, pressure: float) -> float:
    """Of a stroke that is one point: even the thinnest pen's can be seen."""
    return max(radius_at(width, pressure), min(DOT_RADIUS, width * DOT_SHARE))


def without_repeats(points: Line) -> Line:
    """Points that differ from the one before."""
    kept: list[float] = []
    for at in range(0, len(points), 3):
        x, y = points[at], points[at + 1]
        if not kept or x != kept[-3] or y != kept[-2]:
            kept += (x, y, points[at + 2])
    return points if len(kept) == len(points) else kept


def outline(points: Line, width: float) -> list[list[float]]:
    """Closed polygons, all turning the same way, whose union (nonzero winding) is the ink.

    A stroke is cut at its sharp corners, so that no outline folds over itself there.
    """
    line = without_repeats(points)
    if not line:
        return []
    if len(line) == 3:
        return [_dot(line, dot_radius(width, line[2]))]
    return [_ribbon(run, width) for run in _smooth_runs(line)]


def trace(polygons: Sequence[Sequence[float]]) -> Path:
    """A path along polygons, smoothly: from the middle of each edge to the next."""
    path: Path = []
    for ring in polygons:
        count = len(ring)
        path.append(("M", (ring[-2] + ring[0]) / 2, (ring[-1] + ring[1]) / 2))
        for at in range(0, count, 2):
            after = at + 2 if at + 2 < count else 0
            _round_corner(
                path, ring[at - 2], ring[at - 1], ring[at], ring[at + 1], ring[after], ring[after + 1]
            )
        path.append(CLOSE)
    return path


def trace_line(points: Line) -> Path:
    """A path along the line itself, as smoothly."""
    end = len(points) - 3
    path: Path = [("M", points[0], points[1])]
    for at in range(3, end, 3):
        _round_corner(
            path,
            points[at - 3],
            points[at - 2],
            points[at],
            points[at + 1],
            points[at + 3],
            points[at + 4],
        )
    path.append(("L", points[end], points[end + 1]))
    return path


def _smooth_runs(line: Line) -> list[Line]:
    """The line cut at its sharp corners; a corner belongs to both sides."""
    runs: list[Line] = []
    start = 0
    for at in range(3, len(line) - 3, 3):
        if _cos_at(line, at) < CORNER_COS:
            runs.append(line[start : at + 3])
            start = at
    runs.append(line[start:] if start else line)
    return runs


def _cos_at(line: Line, at: int) -> float:
    """Cosine of the turn at a point inside a line."""
    ux, uy = line[at] - line[at - 3], line[at + 1] - line[at - 2]
    vx, vy = line[at + 3] - line[at], line[at + 4] - line[at + 1]
    # Coordinates reach a billion either way and points lie as close as doubles do: a product may come out as 0.
    lengths = sqrt((ux * ux + uy * uy) * (vx * vx + vy * vy))
    return (ux * vx + uy * vy) / lengths if lengths else 1.0


def _dot(center: Line, radius: float) -> list[float]:
    ring: list[float] = []
    _arc(ring, center[0], center[1], radius, 0.0, 2 * CAP_STEPS, -pi / CAP_STEPS)
    return ring


def _arc(  # noqa: PLR0917 - as in ink.js
    ring: list[float], x: float, y: float, radius: float, start: float, steps: int, step: float
) -> None:
    for turn in range(steps):
        angle = start + turn * step
        ring += (x + radius * cos(angle), y + radius * sin(angle))


def _ribbon(run: Line, width: float) -> list[float]:
    """Outline of a line without sharp corners: one side there, a round end, the other side back, a round end."""
    left: list[float] = []
    right: list[float] = []
    ways = _ways(run)
    last = len(ways)
    tx = ty = start_angle = 0.0
    for at in range(last + 1):
        x, y, pressure = run[3 * at : 3 * at + 3]
        radius = radius_at(width, pressure)
        before, behind = ways[at - 1] if at else None, ways[at] if at < last else None
        tx, ty, mitre = _tangent(before, behind, 2 * radius)
        if at == 0:
            start_angle = atan2(ty, tx)
        radius *= mitre
        _keep(left, x - ty * radius, y + tx * radius, tx, ty)
        _keep(right, x + ty * radius, y - tx * radius, tx, ty)
    step, end_angle = -pi / CAP_STEPS, atan2(ty, tx)
    x, y, pressure = run[-3:]
    _arc(left, x, y, radius_at(width, pressure), end_angle + pi / 2 + step, CAP_STEPS - 1, step)
    for at in range(len(right) - 2, -1, -2):
        left += (right[at], right[at + 1])
    x, y, pressure = run[:3]
    _arc(left, x, y, radius_at(width, pressure), start_angle - pi / 2 + step, CAP_STEPS - 1, step)
    return left


_Way = tuple[float, float, float]
"""Unit direction and length from one point to the next."""


def _ways(run: Line) -> list[_Way]:
    ways: list[_Way] = []
    for at in range(0, len(run) - 3, 3):
        dx, dy = run[at + 3] - run[at], run[at + 4] - run[at + 1]
        length = sqrt(dx * dx + dy * dy) or hypot(dx, dy)
        ways.append((dx / length, dy / length, length))
    return ways


def _tangent(before: _Way | None, behind: _Way | None, thickness: float) -> tuple[float, float, float]:
    """Unit direction of the line at a point, and how much farther off its sides lie there than elsewhere.

    So that a bend is no thinner than what leads to it; where points lie closer than the line is thick, that would
    show every tremble.
    """
    if before is None or behind is None:
        x, y, _ = before or behind or (0.0, 0.0, 0.0)
        shorter = 0.0
    else:
        x, y = before[0] + behind[0], before[1] + behind[1]
        shorter = min(thickness, before[2], behind[2])
    length = sqrt(x * x + y * y) or 1.0
    return x / length, y / length, 1 + (2 / length - 1) * (shorter / thickness)


def _keep(side: list[float], x: float, y: float, tx: float, ty: float) -> None:
    """Add a side's point, unless the side would run backwards there (the inside of a tight bend)."""
    if side and (x - side[-2]) * tx + (y - side[-1]) * ty <= 0:
        return
    side += (x, y)


def _round_corner(  # noqa: PLR0917 - as in ink.js
    path: Path, fx: float, fy: float, x: float, y: float, tx: float, ty: float
) -> None:
    """From the middle of the way to a corner to the middle of the way from it, with the corner as control point.

    Where that would cut the corner too far, along the ways until near it.
    """
    ax, ay, bx, by = (fx - x) / 2, (fy - y) / 2, (tx - x) / 2, (ty - y) / 2
    if ax * ax + ay * ay <= _NEAR or bx * bx + by * by <= _NEAR:
        path.append(("Q", x, y, x + bx, y + by))
        return
    a, b = sqrt(ax * ax + ay * ay), sqrt(bx * bx + by * by)
    reach = _rounded_from(ax * bx + ay * by, a, b)
    before, behind = min(1.0, reach / a), min(1.0, reach / b)
    if before < 1:
        path.append(("L", x + ax * before, y + ay * before))
    path.append(("Q", x, y, x + bx * behind, y + by * behind))
    if behind < 1:
        path.append(("L", x + bx, y + by))


def _rounded_from(dot: float, a: float, b: float) -> float:
    """How far before a corner its rounding begins, by the product of its ways and their lengths."""
    sine = sqrt(max(0.0, 1 + dot / (a * b)) / 2)
    # of half the turn: the ways are opposite where there is none
    cut = max(MAX_CUT, MAX_CUT_SHARE * 2 * min(a, b))
    return inf if sine * min(a, b) <= 2 * cut else (2 * cut) / sine
