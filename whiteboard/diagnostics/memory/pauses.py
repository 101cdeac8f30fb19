"""How long the collector held everybody up, counted by the collector itself.

Two calls for each collection and two readings of the clock: some 0.4 µs beside the 40 that the smallest one takes. Everything else
about the collector is counted by CPython, and read when it is asked for.
"""

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter
from typing import Final

from whiteboard.diagnostics.figures import FIGURES, Counter, Histogram

BOUNDS: Final = (
    0.000_02, 0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.001_7, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0,
)  # fmt: skip
"""Seconds. 1.7 ms is what R42 allows 99 of 100."""
PAUSES: Final = FIGURES.declare(
    Histogram("whiteboard_gc_pause_seconds", "How long each collection of cycles took", BOUNDS)
)
SPENT: Final = FIGURES.declare(
    Counter(
        "whiteboard_gc_pause_seconds_by_generation_total",
        "Time that collections took, by the oldest generation that they walked",
        label="generation",
    )
)
COLLECTIONS: Final = FIGURES.declare(
    Counter(
        "whiteboard_gc_collections_total",
        "Collections by the oldest generation that they walked",
        label="generation",
        read=lambda: {str(number): one["collections"] for number, one in enumerate(gc.get_stats())},
    )
)
FREED: Final = FIGURES.declare(
    Counter(
        "whiteboard_gc_objects_freed_total",
        "Objects in dead cycles that collections freed",
        read=lambda: sum(one["collected"] for one in gc.get_stats()),
    )
)


class PauseWatch:
    """A callback of the collector."""

    def __init__(self, pauses: Histogram = PAUSES, spent: Counter = SPENT) -> None:
        self._pauses, self._spent = pauses, spent
        self._began = perf_counter()

    def __call__(self, phase: str, details: Mapping[str, int]) -> None:
        """Note that a collection begins or has ended."""
        if phase == "start":
            self._began = perf_counter()
            return
        took = perf_counter() - self._began
        self._pauses.note(took)
        self._spent.add(took, str(details["generation"]))


@contextmanager
def counting_pauses() -> Iterator[None]:
    """Count while the block runs. To be entered before others watch the collector, so that what they do counts too."""
    watch = PauseWatch()
    gc.callbacks.append(watch)
    try:
        yield
    finally:
        gc.callbacks.remove(watch)
