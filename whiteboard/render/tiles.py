"""Which part of a picture each element may have painted on, in squares; and which squares are out of date. Pure."""

from collections.abc import Iterable
from math import ceil, floor
from typing import Final

from whiteboard.core.scene.framing import Frame
from whiteboard.core.scene.geometry import Box
from whiteboard.ids import ElementId

TILE_PX: Final = 128
"""Side of a square: 64 KiB of pixels, and in a thumbnail a sixth of all."""
LARGE_TILE_PX: Final = 512
"""In a picture that is drawn once: what lies on many squares is drawn for each of them."""
REACH_PX: Final = 2
"""Pixels at the edge of what an element paints on."""


class Tiles:
    """The squares of a frame, by number, in rows."""

    def __init__(self, frame: Frame, side: int = TILE_PX) -> None:
        """Args: `side` is a square's, in pixels."""
        self.frame = frame
        self.side = side
        self.columns = ceil(frame.width / self.side)
        self.rows = ceil(frame.height / self.side)
        self._members: list[set[ElementId]] = [set() for _ in range(self.columns * self.rows)]
        self.stale: set[int] = set(range(len(self._members)))
        """Squares that have to be painted again."""
        self.topped: dict[int, list[ElementId]] = {}
        """Squares that only have to get so many elements on top, the lowest first."""

    def __len__(self) -> int:
        return len(self._members)

    def members(self, tile: int) -> set[ElementId]:
        """Elements that may paint on it."""
        return self._members[tile]

    def place(self, element: ElementId, box: Box) -> None:
        """An element is there, or is there as well: its squares are out of date."""
        for tile in self.under(box):
            self._members[tile].add(element)
            self.stale.add(tile)

    def top(self, element: ElementId, box: Box) -> None:
        """A new element lies above all others: it only has to be added."""
        for tile in self.under(box):
            self._members[tile].add(element)
            self.topped.setdefault(tile, []).append(element)

    def lift(self, element: ElementId, box: Box) -> None:
        """An element is not there any more."""
        for tile in self.under(box):
            self._members[tile].discard(element)
            self.stale.add(tile)

    def settle(self) -> None:
        """All is painted."""
        self.stale.clear()
        self.topped.clear()

    def spoil(self) -> None:
        """Nothing is."""
        self.topped.clear()
        self.stale.update(range(len(self._members)))

    def under(self, box: Box) -> Iterable[int]:
        """Squares that a box of the board lies on, as far as the frame shows it."""
        frame = self.frame
        left = self._index((box.left - frame.left) * frame.zoom - REACH_PX, self.columns)
        right = self._index((box.right - frame.left) * frame.zoom + REACH_PX, self.columns)
        top = self._index((box.top - frame.top) * frame.zoom - REACH_PX, self.rows)
        bottom = self._index((box.bottom - frame.top) * frame.zoom + REACH_PX, self.rows)
        columns = range(max(0, left), min(self.columns - 1, right) + 1)
        return [
            row * self.columns + column
            for row in range(max(0, top), min(self.rows - 1, bottom) + 1)
            for column in columns
        ]

    def square(self, tile: int) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of a square, in pixels."""
        row, column = divmod(tile, self.columns)
        left, top = column * self.side, row * self.side
        return left, top, min(left + self.side, self.frame.width), min(top + self.side, self.frame.height)

    def _index(self, pixel: float, count: int) -> int:
        """The row or column of a pixel; one before the first or behind the last for what is outside."""
        return max(-1, min(count, floor(pixel / self.side)))
