"""Rounds of measuring: which process is asked for what, and in which order.

Base, base again and head are three processes that never run at the same time. Each round of a benchmark asks them in
the opposite order of the round before (ABBA), so that what drifts on the machine drifts for all alike. How a process
happens to lie in memory makes it a per cent faster or slower for all its life, so there are several generations of them.
Base again is there for the A/A pass, and then counts as base.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.gate.judge import Round
from benchmarks.gate.sides import Side, SideFailed, started, working
from benchmarks.gate.works import LEAK_NAMES

_REPEAT_SECONDS: Final = 0.003
"""Of CPU, for each of the repeats of which a sample is the best: short ones find a moment in which nobody else disturbs."""


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    generations: int = 4
    """Of processes."""
    rounds: int = 4
    """Of samples from each process, an even number; times `generations` it is the n of a comparison."""
    repeats: int = 4


@dataclass
class Times:
    """Seconds per op of one benchmark, round by round."""

    base: list[float] = field(default_factory=list)
    again: list[float] = field(default_factory=list)
    head: list[float] = field(default_factory=list)

    def rounds(self) -> list[Round]:
        """Head against both processes of the base."""
        return [
            Round((one, again), head)
            for one, again, head in zip(self.base, self.again, self.head, strict=True)
        ]

    def rounds_of_base(self) -> list[Round]:
        """One process of the base against the other: the A/A pass."""
        return [Round((one,), again) for one, again in zip(self.base, self.again, strict=True)]


@dataclass
class Measured:
    """What a run has found."""

    times: dict[str, Times] = field(default_factory=dict)
    counts: dict[str, tuple[dict[str, float] | None, dict[str, float]]] = field(default_factory=dict)
    """Per op, of base and head; None where the base has no such benchmark."""
    growth: dict[str, dict[str, float]] = field(default_factory=dict)
    """Of the head, per cycle."""
    new: dict[str, str] = field(default_factory=dict)
    """Benchmarks that the base cannot run, and what it says."""


def measure_times(base: Path, head: Path, plan: Plan, names: Sequence[str], into: Measured) -> None:
    """Fill in times. Raises SideFailed for what the head cannot run."""
    turns: dict[str, int] = {}
    for _ in range(plan.generations):
        with started([base, base, head]) as sides:
            for name in names:
                if name not in into.new:
                    _measure(name, sides, plan, turns, into)


def _measure(name: str, sides: Sequence[Side], plan: Plan, turns: dict[str, int], into: Measured) -> None:
    with working(sides, name) as (base_fault, _, head_fault):
        if head_fault is not None:
            raise SideFailed(f"the head cannot run {name}: {head_fault}") from head_fault
        if base_fault is not None:
            into.new[name] = str(base_fault)
            return
        if name not in turns:
            turns[name] = _calibrated(sides[0])
        command = {"do": "sample", "turns": turns[name], "times": plan.repeats}
        for side in sides:
            side.ask({**command, "times": 2})  # warm
        times = into.times.setdefault(name, Times())
        order = list(zip(sides, (times.base, times.again, times.head), strict=True))
        for _ in range(plan.rounds):
            for side, found in order:
                found.append(side.ask(command)["seconds"])
            order.reverse()


def _calibrated(side: Side) -> int:
    """How many turns make up a repeat."""
    asked = side.ask({"do": "sample", "turns": 1, "times": 5})
    turn_seconds: float = asked["turn_seconds"]
    return max(1, round(_REPEAT_SECONDS / turn_seconds))


def measure_counts(base: Path, head: Path, names: Sequence[str], into: Measured) -> None:
    """Fill in exact counts; base and head at the same time, as nothing is timed."""
    with started([base, head]) as sides:
        for name in names:
            with working(sides, name, counted=True) as (base_fault, head_fault):
                if head_fault is not None:
                    raise SideFailed(f"the head cannot run {name}: {head_fault}") from head_fault
                able = [side for side, fault in zip(sides, (base_fault, None), strict=True) if fault is None]
                for side in able:
                    side.send({"do": "count"})
                found = [side.receive()["counts"] for side in able]
                into.counts[name] = (found[0] if len(found) > 1 else None), found[-1]
                if base_fault is not None:
                    into.new[name] = str(base_fault)


def measure_growth(head: Path, into: Measured) -> None:
    """Look for leaks; the two cycles at the same time."""
    with started([head] * len(LEAK_NAMES)) as sides:
        for side, name in zip(sides, LEAK_NAMES, strict=True):
            side.ask({"do": "open", "work": name, "counted": False})
            side.send({"do": "growth"})
        for side, name in zip(sides, LEAK_NAMES, strict=True):
            into.growth[name] = side.receive()["growth"]
            with suppress(SideFailed):  # a leak may keep it from closing
                side.ask({"do": "close"})
