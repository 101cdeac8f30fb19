"""What measurements mean: slower, faster, leaking, doing more per op, or none of these. Pure."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from benchmarks.gate.significance import Block, holm, mann_whitney

ALPHA: Final = 0.01
"""The chance that a run on identical code says of any benchmark that it has become slower or faster, before it looks again."""
LEAST_SHIFT: Final = 0.03
"""Of the median: less is no slowdown, however significant."""
COUNTS: Final = {"sent-B/op": (0.0, 0.0), "steps/op": (0.0, 0.0), "allocs/op": (0.9, 0.002)}
"""Exact counts that must not grow, and by how much they may, absolutely and as a share: the same code gives the same bytes and
steps, and the same allocations but for when a table of the past grows."""
SHOWN_COUNTS: Final = ("codes/op",)
"""Counts that are shown and not judged: a refactoring may well need more byte codes and less time."""
LEAKS: Final = {"objects": 0.5, "tasks": 0.0, "descriptors": 0.0, "threads": 0.0}
"""What may be left of a cycle: nothing; of objects, half a one is what a count over some dozens of cycles cannot tell from it."""


class Verdict(Enum):
    """What a comparison comes to."""

    SAME = "~"
    SLOWER = "slower"
    FASTER = "faster"
    GROWN = "more per op"
    SHRUNK = "less per op"
    LEAKING = "left over"


@dataclass(frozen=True)
class Comparison:
    """One benchmark, base and head."""

    name: str
    shift: float
    """The median over all rounds of how much more the head took than the base in that round, as a share."""
    probability: float
    """Exact, corrected for all benchmarks of the run."""
    verdict: Verdict


@dataclass(frozen=True)
class Round:
    """What was measured within a moment: seconds per op, of the base once or more and of the head once."""

    base: Sequence[float]
    head: float

    @property
    def ratio(self) -> float:
        """Of the head to the base."""
        return self.head / statistics.fmean(self.base)


def compare(measured: Mapping[str, Sequence[Round]]) -> list[Comparison]:
    """Judge the rounds of all benchmarks of a run together.

    Two rounds, of which the second went in the opposite order, are compared with each other and with no others.
    """
    corrected = holm([mann_whitney(_blocks(rounds)) for rounds in measured.values()])
    shifts = [statistics.median(one.ratio for one in rounds) - 1 for rounds in measured.values()]
    return [
        Comparison(name, shift, probability, _verdict(shift, probability))
        for name, shift, probability in zip(measured, shifts, corrected, strict=True)
    ]


def _blocks(rounds: Sequence[Round]) -> list[Block]:
    pairs = [rounds[start : start + 2] for start in range(0, len(rounds), 2)]
    return [([time for one in pair for time in one.base], [one.head for one in pair]) for pair in pairs]


def _verdict(shift: float, probability: float) -> Verdict:
    if probability >= ALPHA or abs(shift) < LEAST_SHIFT:
        return Verdict.SAME
    return Verdict.SLOWER if shift > 0 else Verdict.FASTER


def judge_count(kind: str, base: float, head: float) -> Verdict:
    """Judge an exact count per op. A kind that COUNTS does not have is never more than shown."""
    if kind not in COUNTS:
        return Verdict.SAME
    absolute, share = COUNTS[kind]
    allowed = max(absolute, share * base)
    if abs(head - base) <= allowed:
        return Verdict.SAME
    return Verdict.GROWN if head > base else Verdict.SHRUNK


def judge_growth(kind: str, growth: float) -> Verdict:
    """Judge what is left of a cycle."""
    return Verdict.LEAKING if growth > LEAKS[kind] else Verdict.SAME
