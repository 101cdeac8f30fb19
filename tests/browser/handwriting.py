"""Letters as a hand writes them, for pictures: strokes through a few points each, smoothed."""

import math
from collections.abc import Sequence

Point = tuple[float, float]
Stroke = list[list[float]]

# x to the right, y up; the small letters are 1 high. Each letter: its width, and its strokes.
LETTERS: dict[str, tuple[float, list[list[Point]]]] = {
    "a": (
        0.95,
        [
            [
                (0.75, 0.85),
                (0.4, 1.0),
                (0.05, 0.5),
                (0.3, 0.0),
                (0.7, 0.45),
                (0.78, 0.95),
                (0.74, 0.3),
                (0.92, 0.02),
            ]
        ],
    ),
    "c": (0.8, [[(0.72, 0.8), (0.4, 1.0), (0.05, 0.5), (0.35, 0.0), (0.75, 0.2)]]),
    "d": (
        0.95,
        [
            [
                (0.75, 0.85),
                (0.4, 1.0),
                (0.05, 0.5),
                (0.3, 0.0),
                (0.7, 0.5),
                (0.84, 2.0),
                (0.76, 0.4),
                (0.92, 0.02),
            ]
        ],
    ),
    "e": (
        0.85,
        [[(0.08, 0.5), (0.5, 0.56), (0.72, 0.78), (0.42, 1.02), (0.05, 0.5), (0.36, 0.0), (0.78, 0.2)]],
    ),
    "h": (
        0.95,
        [
            [
                (0.12, 2.0),
                (0.1, 1.0),
                (0.08, 0.0),
                (0.14, 0.55),
                (0.5, 1.0),
                (0.74, 0.6),
                (0.74, 0.15),
                (0.9, 0.0),
            ]
        ],
    ),
    "i": (0.4, [[(0.14, 1.0), (0.12, 0.3), (0.3, 0.0)], [(0.16, 1.42), (0.2, 1.46)]]),
    "k": (
        0.85,
        [
            [(0.12, 2.0), (0.1, 1.0), (0.08, 0.0)],
            [(0.68, 1.0), (0.36, 0.66), (0.12, 0.5), (0.4, 0.4), (0.74, 0.0)],
        ],
    ),
    "l": (0.45, [[(0.14, 2.0), (0.1, 1.0), (0.12, 0.25), (0.36, 0.02)]]),
    "n": (
        0.95,
        [
            [
                (0.1, 1.0),
                (0.1, 0.5),
                (0.08, 0.0),
                (0.14, 0.55),
                (0.5, 1.0),
                (0.74, 0.6),
                (0.74, 0.15),
                (0.9, 0.0),
            ]
        ],
    ),
    "o": (
        0.95,
        [
            [
                (0.5, 1.0),
                (0.12, 0.75),
                (0.1, 0.25),
                (0.42, 0.0),
                (0.8, 0.3),
                (0.76, 0.8),
                (0.45, 1.0),
                (0.62, 0.9),
            ]
        ],
    ),
    "r": (0.7, [[(0.1, 1.0), (0.1, 0.5), (0.08, 0.0), (0.14, 0.55), (0.4, 0.95), (0.66, 0.86)]]),
    "s": (
        0.75,
        [[(0.66, 0.85), (0.4, 1.02), (0.14, 0.78), (0.36, 0.53), (0.62, 0.28), (0.36, 0.0), (0.06, 0.14)]],
    ),
    "t": (
        0.65,
        [[(0.3, 1.62), (0.26, 0.8), (0.28, 0.2), (0.54, 0.02)], [(0.02, 1.06), (0.3, 1.04), (0.58, 1.1)]],
    ),
    "v": (0.8, [[(0.06, 1.0), (0.2, 0.5), (0.36, 0.02), (0.54, 0.5), (0.72, 1.02)]]),
    "w": (
        1.15,
        [
            [
                (0.05, 1.0),
                (0.14, 0.4),
                (0.3, 0.02),
                (0.5, 0.6),
                (0.56, 0.72),
                (0.7, 0.05),
                (0.9, 0.4),
                (1.06, 1.0),
            ]
        ],
    ),
    "!": (0.4, [[(0.22, 1.9), (0.18, 1.2), (0.16, 0.55)], [(0.14, 0.08), (0.18, 0.05)]]),
    " ": (0.65, []),
}
STEPS = 7
"""Points on the curve from one point of a letter to the next."""


def smooth(path: Sequence[Point]) -> list[Point]:
    """A Catmull-Rom curve through the points."""
    ends = [path[0], *path, path[-1]]
    curve = [path[0]]
    for a, b, c, d in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        for step in range(1, STEPS + 1):
            t = step / STEPS
            curve.append((bent(a[0], b[0], c[0], d[0], t), bent(a[1], b[1], c[1], d[1], t)))
    return curve


def bent(a: float, b: float, c: float, d: float, t: float) -> float:
    """One coordinate of the curve from b to c."""
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)


def inked(path: Sequence[Point]) -> Stroke:
    """Points with the pressure of a hand: light at the ends, firm in the middle."""
    last = max(1, len(path) - 1)
    return [
        [round(x, 2), round(y, 2), round(0.42 + 0.26 * math.sin(math.pi * n / last), 2)]
        for n, (x, y) in enumerate(path)
    ]


def written(text: str, x: float, y: float, size: float) -> list[Stroke]:
    """Strokes of a line of text; y is where the small letters stand, size how high they are."""
    strokes = []
    for number, letter in enumerate(text):
        width, paths = LETTERS[letter]
        drop = size * 0.05 * math.sin(2.3 * number)  # no hand keeps to the line
        for path in paths:
            placed = [(x + (px + 0.12 * py) * size, y + drop - py * size) for px, py in path]
            strokes.append(inked(smooth(placed)))
        x += (width + 0.12) * size
    return strokes
