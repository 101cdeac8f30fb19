"""A stroke's points by one client: a grow-only map from index to point, kept as runs of JSON text.

An honest client appends: each run begins where the last one ended, and merging is a list append.
Runs that overlap (retries that were split in another way, or a client that lies) are merged point by
point: where two different points claim one index the smaller stands, compared as the numbers
[x, y, pressure or -1]. Taking the smaller is associative, commutative and idempotent, so the merge
converges without any stamp on points.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import reduce
from typing import Final

import msgspec

from whiteboard.core.ops import Json, Run
from whiteboard.ids import ClientId

_COMMA: Final = b","
_GAP: Final = b""
"""Stands for a point that is not there."""
_TAIL_TEXTS: Final = 64
"""Appends between two joins of the whole text: a stroke of 10,000 points in threes is copied fifty times, not
three thousand."""
_decode_array = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_point = msgspec.json.Decoder(list[float]).decode


class Ink:
    """Points of one client in one stroke."""

    __slots__ = ("_end", "_runs", "_tail", "_woven", "client", "size_bytes")

    def __init__(self, client: ClientId) -> None:
        self.client = client
        self.size_bytes = 0
        """Bytes of point text held."""
        self._runs: list[Run] = []
        # sorted by start; neighbours neither overlap nor touch, so the first run is the shown prefix
        self._tail: list[Json] | None = None
        # texts that go on from the last run, if there are any: joined to it when somebody reads, not at each append
        self._end = 0
        # index after the last point, those of the tail included
        self._woven: tuple[Run, list[Json]] | None = None
        # the run that points were last merged into, with its points apart: who sends a thousand
        # overlapping runs must not have the whole stroke read for each of them

    def add(self, run: Run) -> bool:
        """Join a run; True when that changed anything."""
        if run.count == 0:
            return False
        if self._runs and run.start == self._end:
            self._go_on(run)
            return True
        self._settle()
        if self._runs and run.start < self._end:
            changed = self._weave(run)
            self.size_bytes = sum(len(one.points) for one in self._runs)
        else:
            changed = True
            self._runs.append(run)
            self.size_bytes += len(run.points)
        self._end = self._runs[-1].end
        return changed

    def _go_on(self, run: Run) -> None:
        if self._tail is None:
            self._tail = [run.points]
        else:
            self._tail.append(run.points)
        self._end += run.count
        self.size_bytes += len(run.points) + len(_COMMA)
        if len(self._tail) >= _TAIL_TEXTS:
            self._settle()

    def _settle(self) -> None:
        """Join the tail to the last run."""
        if self._tail is None:
            return
        last, more = self._runs[-1], _COMMA.join(self._tail)
        whole = Run(last.start, self._end - last.start, last.points + _COMMA + more)
        if self._woven is not None and self._woven[0] is last:
            self._woven[1].extend(_split(more))
            self._woven = (whole, self._woven[1])
        self._runs[-1], self._tail = whole, None

    def copy(self) -> "Ink":
        """An independent copy; runs are immutable and shared."""
        twin = Ink(self.client)
        self._settle()
        twin._runs = self._runs.copy()
        twin._end, twin.size_bytes = self._end, self.size_bytes
        return twin

    @property
    def shown(self) -> Run | None:
        """The contiguous run from index 0, or None when index 0 is missing."""
        self._settle()
        if self._runs and self._runs[0].start == 0:
            return self._runs[0]
        return None

    def __iter__(self) -> Iterator[Run]:
        self._settle()
        self._woven = None  # whoever writes the state down, as each checkpoint does, ends the burst
        return iter(self._runs)

    def _weave(self, run: Run) -> bool:
        """Join a run that meets others: those it touches and itself become one."""
        low = bisect_left(self._runs, run.start, key=_end)
        high = bisect_right(self._runs, run.end, key=_start)
        touched = self._runs[low:high]
        if all(one.end <= run.start or run.end <= one.start for one in touched):
            self._runs[low:high] = [reduce(_concatenate, sorted([*touched, run], key=_start))]
            return True
        start = min(run.start, touched[0].start)
        texts = self._lay_out(touched, start)
        texts += [_GAP] * (run.end - start - len(texts))
        changed = _take_smaller(texts, run.start - start, _split(run.points))
        if changed:
            self._runs[low:high] = [Run(start, len(texts), _COMMA.join(texts))]
        self._woven = (self._runs[low], texts)
        return changed

    def _lay_out(self, runs: list[Run], start: int) -> list[Json]:
        """The points of runs by index from `start`; gaps between them are _GAP."""
        if (
            self._woven is not None
            and len(runs) == 1
            and runs[0] is self._woven[0]
            and runs[0].start == start
        ):
            return self._woven[1]
        texts = [_GAP] * (runs[-1].end - start)
        for run in runs:
            texts[run.start - start : run.end - start] = _split(run.points)
        return texts


def _start(run: Run) -> int:
    return run.start


def _end(run: Run) -> int:
    return run.end


def _concatenate(first: Run, second: Run) -> Run:
    return Run(first.start, first.count + second.count, first.points + _COMMA + second.points)


def _split(points: Json) -> list[Json]:
    """Points one by one."""
    return [bytes(point) for point in _decode_array(b"[" + points + b"]")]


def _take_smaller(texts: list[Json], start: int, candidates: list[Json]) -> bool:
    """Lay points over others, index by index; where two differ the smaller stands. True when any was taken."""
    changed = False
    for index, candidate in enumerate(candidates, start):
        standing = texts[index]
        if standing == _GAP or (candidate != standing and _rank(candidate) < _rank(standing)):
            texts[index] = candidate
            changed = True
    return changed


def _rank(point: Json) -> tuple[float, float, float]:
    x, y, *pressure = _decode_point(point)
    return (x, y, pressure[0] if pressure else -1.0)
