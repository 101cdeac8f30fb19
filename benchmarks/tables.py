"""Figures as people read them: the middle of several runs with the range that they span."""

import statistics
from collections.abc import Iterable, Sequence


def percentile(values: Sequence[float], part: float) -> float:
    """The value that `part` (0..1) of all are at most; nan when there are none."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)] if ordered else float("nan")


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Median and range of the runs, such as `0.42 (0.40-0.47)`."""
    middle, low, high = (
        f"{one:,.{digits}f}" for one in (statistics.median(values), min(values), max(values))
    )
    return middle if len(values) == 1 else f"{middle} ({low}-{high})"


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown, with columns as wide as they need."""
    lines = [list(titles), *map(list, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    cells = [
        " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines
    ]
    ruled = [cells[0], " | ".join("-" * width for width in widths), *cells[1:]]
    return "\n".join(f"| {line} |" for line in ruled)
