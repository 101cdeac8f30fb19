"""One run of the gate: measure, judge, look again at what is suspicious, and say what is refused."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from benchmarks.gate import reports
from benchmarks.gate.judge import COUNTS, Comparison, Verdict, compare, judge_count, judge_growth
from benchmarks.gate.runs import Measured, Plan, measure_counts, measure_growth, measure_times
from benchmarks.gate.waivers import Waiver


@dataclass(frozen=True)
class Finding:
    """Something that has become worse."""

    benchmark: str
    kind: str
    told: str

    def __str__(self) -> str:
        return f"{self.benchmark}: {self.told}"


@dataclass
class Outcome:
    """What a run comes to."""

    measured: Measured
    compared: list[Comparison] = field(default_factory=list)
    compared_bases: list[Comparison] = field(default_factory=list)
    confirmed: list[Comparison] = field(default_factory=list)
    """What a second look in fresh processes said of those that had looked slower."""
    findings: list[Finding] = field(default_factory=list)

    def refused(self, waivers: Sequence[Waiver], today: date) -> list[Finding]:
        """Findings that nobody has accepted."""
        return [
            one
            for one in self.findings
            if not any(waiver.covers(one.benchmark, one.kind, today) for waiver in waivers)
        ]


def run(base: Path | None, head: Path, plan: Plan, names: Sequence[str], *, counted: bool = True) -> Outcome:
    """Measure and judge. Without a base the head stands for it, and there is only the A/A pass and the look for leaks."""
    measured = Measured()
    outcome = Outcome(measured)
    if counted:
        measure_counts(base or head, head, names, measured)
        measure_growth(head, measured)
    measure_times(base or head, head, plan, names, measured)
    outcome.compared = compare({name: times.rounds() for name, times in measured.times.items()})
    outcome.compared_bases = compare({name: times.rounds_of_base() for name, times in measured.times.items()})
    outcome.confirmed = _look_again(base or head, head, plan, outcome.compared)
    outcome.findings = [*_slower(outcome.confirmed), *grown(measured), *leaking(measured)]
    return outcome


def _look_again(base: Path, head: Path, plan: Plan, compared: Sequence[Comparison]) -> list[Comparison]:
    """What looks slower, measured anew: only what looks so twice is."""
    suspects = [one.name for one in compared if one.verdict is Verdict.SLOWER]
    if not suspects:
        return []
    anew = Measured()
    measure_times(base, head, plan, suspects, anew)
    return compare({name: times.rounds() for name, times in anew.times.items()})


def _slower(confirmed: Sequence[Comparison]) -> list[Finding]:
    return [
        Finding(one.name, "sec/op", f"{one.shift:+.1%} sec/op (p={one.probability:.2g}), twice")
        for one in confirmed
        if one.verdict is Verdict.SLOWER
    ]


def grown(measured: Measured) -> list[Finding]:
    """Exact counts that have grown."""
    return [
        Finding(name, kind, f"{kind} {base[kind]:.2f} -> {head[kind]:.2f}")
        for name, (base, head) in measured.counts.items()
        if base is not None
        for kind in COUNTS
        if judge_count(kind, base[kind], head[kind]) is Verdict.GROWN
    ]


def leaking(measured: Measured) -> list[Finding]:
    """What is left of cycles."""
    return [
        Finding(name, kind, f"{left:.2f} {kind} left per cycle")
        for name, kinds in measured.growth.items()
        for kind, left in kinds.items()
        if judge_growth(kind, left) is Verdict.LEAKING
    ]


def told(outcome: Outcome, *, has_base: bool) -> str:
    """The report of a run."""
    measured = outcome.measured
    parts = [reports.header().rstrip()]
    if has_base:
        times = {name: ([*one.base, *one.again], one.head) for name, one in measured.times.items()}
        parts.append(reports.times_table(times, outcome.compared, ("base", "head")))
        if outcome.confirmed:
            parts.append("looked at again:\n" + "\n".join(map(_told_again, outcome.confirmed)))
    parts.append(_told_bases(outcome.compared_bases))
    if has_base and measured.counts:
        parts.append(reports.counts_tables(measured, ("base", "head")))
    if measured.growth:
        parts.append(reports.growth_table(measured.growth))
    parts += [f"new: {name} (the base says {why})" for name, why in measured.new.items()]
    return "\n\n".join(parts)


def _told_again(one: Comparison) -> str:
    word = "still slower" if one.verdict is Verdict.SLOWER else "not slower"
    return f"  {reports.title(one.name)} {one.shift:+.2%} (p={one.probability:.3f}): {word}"


def _told_bases(compared: Sequence[Comparison]) -> str:
    """The A/A pass."""
    alarms = [one.name for one in compared if one.verdict is not Verdict.SAME]
    shifts = sorted(abs(one.shift) for one in compared)
    return (
        f"A/A, base against base: {len(alarms)} of {len(compared)} called different{_listed(alarms)}"
        f" ({len(alarms) / len(compared):.0%}); shifts: median {statistics.median(shifts):.2%}, largest {shifts[-1]:.2%}"
    )


def _listed(names: Sequence[str]) -> str:
    return f": {', '.join(names)}" if names else ""
