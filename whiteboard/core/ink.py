"""A stroke's points by one client: a grow-only map from index to point, kept as runs of JSON text.

An honest client appends: each run begins where the last one ended, and merging is a list append.
Runs that overlap (retries that were split in another way, or a client that lies) are merged point by
point: where two different points claim one index the smaller stands, compared as the numbers
[x, y, pressure or -1]. Taking the smaller is associative, commutative and idempotent, so the merge
converges without any stamp on points (rule 4).
"""

from collections.abc import Iterator
from functools import reduce

import msgspec

from whiteboard.core.ops import Json, Run

_decode_points = msgspec.json.Decoder(list[list[float]]).decode


class Ink:
    """Points of one client in one stroke."""

    __slots__ = ("_runs",)

    def __init__(self) -> None:
        self._runs: list[Run] = []
        # sorted by start; neighbours neither overlap nor touch, so the first run is the shown prefix

    def add(self, run: Run) -> bool:
        """Join a run; True when that changed anything."""
        if run.count == 0:
            return False
        if not self._runs or run.start > self._runs[-1].end:
            self._runs.append(run)
            return True
        if run.start == self._runs[-1].end:
            self._runs[-1] = _concatenate(self._runs[-1], run)
            return True
        return self._weave(run)

    def copy(self) -> "Ink":
        """An independent copy; runs are immutable and shared."""
        twin = Ink()
        twin._runs = self._runs.copy()
        return twin

    @property
    def shown(self) -> Run | None:
        """The contiguous run from index 0, or None when index 0 is missing."""
        if self._runs and self._runs[0].start == 0:
            return self._runs[0]
        return None

    @property
    def size_bytes(self) -> int:
        """Bytes of point text held."""
        return sum(len(run.points) for run in self._runs)

    def __iter__(self) -> Iterator[Run]:
        return iter(self._runs)

    def _weave(self, run: Run) -> bool:
        """Join a run that meets others: those it touches and itself become one."""
        touched = [one for one in self._runs if one.start <= run.end and run.start <= one.end]
        if all(one.end <= run.start or run.end <= one.start for one in touched):
            self._replace(touched, reduce(_concatenate, sorted([*touched, run], key=_start)))
            return True
        points: dict[int, tuple[list[float], Json]] = {}
        for one in touched:
            points.update(_points_by_index(one))
        changed = False
        for index, candidate in _points_by_index(run).items():
            standing = points.get(index)
            if standing is None or _rank(candidate[0]) < _rank(standing[0]):
                points[index] = candidate
                changed = True
        if changed:
            self._replace(touched, _run_of(points))
        return changed

    def _replace(self, touched: list[Run], joined: Run) -> None:
        kept = [one for one in self._runs if not any(one is old for old in touched)]
        self._runs = sorted([*kept, joined], key=_start)


def _start(run: Run) -> int:
    return run.start


def _concatenate(first: Run, second: Run) -> Run:
    return Run(first.start, first.count + second.count, first.points + b"," + second.points)


def _points_by_index(run: Run) -> dict[int, tuple[list[float], Json]]:
    raw_points = msgspec.json.decode(b"[" + run.points + b"]", type=list[msgspec.Raw])
    numbers = _decode_points(b"[" + run.points + b"]")
    pairs = zip(numbers, map(bytes, raw_points), strict=True)
    return dict(enumerate(pairs, start=run.start))


def _rank(point: list[float]) -> tuple[float, float, float]:
    return (point[0], point[1], point[2] if len(point) > 2 else -1.0)


def _run_of(points: dict[int, tuple[list[float], Json]]) -> Run:
    """One run out of points whose indices are known to be consecutive."""
    ordered = [points[index][1] for index in sorted(points)]
    return Run(min(points), len(ordered), b",".join(ordered))
