"""What a check says: a table for people, plain values for programs."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import attrs

from whiteboard.diagnostics.leaks.census import KINDS
from whiteboard.leakcheck.measuring import Leak, Result

_MOST_LEAKS: Final = 8
"""That are shown: a session brings some twenty types along."""
_TITLES: Final = {"objects": "own objects"}


def lines(result: Result) -> Iterator[str]:
    """For people."""
    yield f"{result.scenario}: {result.cycles} cycles"
    yield f"  {'':12} {'before':>12} {'after':>12} {'per cycle':>16}"
    before, after = result.before.totals(), result.after.totals()
    for kind in KINDS:
        more = (after[kind] - before[kind]) / result.cycles
        yield f"  {_TITLES.get(kind, kind):12} {before[kind]:12,} {after[kind]:12,} {more:16.2f}"
    slope = result.live_bytes
    told = f"{slope.per_cycle:.0f} ± {slope.error:.0f}"
    yield f"  {'live bytes':12} {result.before.live_bytes:12,} {result.after.live_bytes:12,} {told:>16}"
    yield from _leak_lines(result.leaks)


def _leak_lines(leaks: Sequence[Leak]) -> Iterator[str]:
    if not leaks:
        yield "  no leak"
    for leak in leaks[:_MOST_LEAKS]:
        yield f"  LEAK: {leak.count} × {leak.name}"
        yield from (f"        {line}" for line in leak.named)
    if len(leaks) > _MOST_LEAKS:
        yield f"  and {len(leaks) - _MOST_LEAKS} more kinds, which these hold"


def document(results: Sequence[Result]) -> list[dict[str, Any]]:
    """For programs."""
    return [
        {
            "scenario": one.scenario,
            "cycles": one.cycles,
            "before": one.before.totals(),
            "after": one.after.totals(),
            "live_bytes_per_cycle": attrs.asdict(one.live_bytes),
            "leaks": [attrs.asdict(leak) for leak in one.leaks],
        }
        for one in results
    ]
