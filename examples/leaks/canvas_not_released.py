"""A canvas that is not released where drawing fails: the way that nobody tries is the one that leaks.

The cure is a lease that ends with its block, however that ends.
"""

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from examples.leaks.laboratory import TIMES, Experiment, References


class Canvas:
    """Pixels, for as long as somebody has a lease."""

    def __init__(self) -> None:
        self.pixels = bytearray(256 * 256 * 4)

    def draw(self, points: list[tuple[int, int]]) -> None:
        """Raises IndexError for a point that lies outside."""
        for x, y in points:
            self.pixels[4 * (256 * y + x)] = 255


class Studio:
    """All canvases that are leased."""

    def __init__(self) -> None:
        self.leased: list[Canvas] = []

    def take(self) -> Canvas:
        """Whoever takes one has to release it."""
        canvas = Canvas()
        self.leased.append(canvas)
        return canvas

    def release(self, canvas: Canvas) -> None:
        """It is free."""
        self.leased.remove(canvas)

    @contextmanager
    def lease(self) -> Iterator[Canvas]:
        """One for a block."""
        canvas = self.take()
        try:
            yield canvas
        finally:
            self.release(canvas)


STUDIO: Final = Studio()
OUTSIDE: Final = [(300, 300)]


def _draw(references: References) -> None:
    canvas = STUDIO.take()
    references.append(weakref.ref(canvas))
    canvas.draw(OUTSIDE)
    STUDIO.release(canvas)  # not reached


def _draw_in_a_lease(references: References) -> None:
    with STUDIO.lease() as canvas:
        references.append(weakref.ref(canvas))
        canvas.draw(OUTSIDE)


async def run(is_cured: bool) -> References:
    """Drawings that fail."""
    references: References = []
    for _ in range(TIMES):
        try:
            (_draw_in_a_lease if is_cured else _draw)(references)
        except IndexError:
            continue
    return references


EXPERIMENTS: Final = (Experiment("a canvas not released", run, STUDIO.leased.clear),)
