"""Whether the memory in use grows: resident memory against what was usual, by fixed thresholds (R52).

Cheap, and so always on: one small file is read now and then. Says that there is growth, and not where; for that allocations have to be
traced (`hot_path`). The judgement is pure: sizes come in, what is wrong comes out.
"""

from collections import deque
from enum import StrEnum
from statistics import median
from typing import Final

import attrs

from whiteboard import limits
from whiteboard.diagnostics.figures import FIGURES, Gauge

GROWTH: Final = 0.3
"""More than what was usual is growth."""
STEADY: Final = 0.05
"""More or less is the same."""


class Trend(StrEnum):
    """How the memory in use stands to what was usual."""

    UNKNOWN = "unknown"
    """Nobody has looked often enough."""
    STEADY = "steady"
    MORE = "more"
    LESS = "less"
    GROWN = "grown"


@attrs.frozen
class Judgement:
    """Of one look."""

    in_use_bytes: int
    usual_bytes: int
    """0 while it is not known."""
    trend: Trend
    is_found: bool = False
    """Whether it has just become wrong: it has grown."""
    is_large: bool = False
    """Whether it has just become larger than IN_USE_BYTES."""

    @property
    def ratio(self) -> float:
        """In use by usual; 1 while it is not known."""
        return self.in_use_bytes / self.usual_bytes if self.usual_bytes else 1.0


class Growth:
    """Remembers GROWTH_LOOKS sizes and what was usual.

    Usual is the median of the first sizes, and again that of any GROWTH_LOOKS that are all alike: who has more boards than an
    hour ago, and keeps them, has got used to it. What has been told of is told of again when it has grown once more.
    """

    def __init__(self) -> None:
        self._sizes: deque[int] = deque(maxlen=limits.GROWTH_LOOKS)
        self._usual = 0
        self._was_large = False
        self.latest = Judgement(0, 0, Trend.UNKNOWN)

    def look(self, size: int) -> Judgement:
        """Judge one size, in bytes."""
        self._sizes.append(size)
        is_large = not self._was_large and size >= limits.IN_USE_BYTES
        if is_large or size < limits.IN_USE_BYTES * (1 - STEADY):
            self._was_large = is_large
        self._get_used()
        trend = self._trend(size)
        self.latest = Judgement(size, self._usual, trend, trend is Trend.GROWN, is_large)
        if trend is Trend.GROWN:
            self._usual = size
        return self.latest

    def _get_used(self) -> None:
        if len(self._sizes) < limits.GROWTH_LOOKS:
            return
        middle = median(self._sizes)
        is_steady = max(self._sizes) <= middle * (1 + STEADY) and min(self._sizes) >= middle * (1 - STEADY)
        if is_steady or not self._usual:
            self._usual = int(middle)

    def _trend(self, size: int) -> Trend:
        if not self._usual:
            return Trend.UNKNOWN
        more = size - self._usual
        if more >= max(self._usual * GROWTH, limits.LEAST_GROWTH_BYTES):
            return Trend.GROWN
        if abs(more) <= self._usual * STEADY:
            return Trend.STEADY
        return Trend.MORE if more > 0 else Trend.LESS


OWN: Final = Growth()
"""This process's."""
FIGURES.declare(
    Gauge(
        "whiteboard_memory_in_use_bytes",
        "Resident memory at the latest look",
        lambda: OWN.latest.in_use_bytes,
    )
)
FIGURES.declare(
    Gauge(
        "whiteboard_memory_usual_bytes",
        "Resident memory that is usual; 0 while unknown",
        lambda: OWN.latest.usual_bytes,
    )
)
