"""The gate tried out: how often it refuses identical code, and whether it refuses what was planted."""

import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benchmarks.gate import gate, plants, trees
from benchmarks.gate.judge import ALPHA, Verdict, compare
from benchmarks.gate.runs import Measured, Plan, measure_counts, measure_growth, measure_times
from benchmarks.gate.sides import DEFINITIONS, SideFailed
from benchmarks.gate.works import NAMES

PLANTED_SLOWDOWN: Final = 0.05
_BRIEF: Final = Plan(generations=3, rounds=4, repeats=3)
"""For runs on identical code: fewer samples make the test less able to find anything, and no readier to be wrong."""
_COUNTED_EVERY: Final = 6
"""Of the runs on identical code: counts and leaks come out the same each time."""
_PROBE_STEPS: Final = 50
"""With which the search begins for how many steps make a work 5 % slower."""
_PROBE_SHIFT: Final = 0.1
"""What is to be seen of them before their number is scaled: less is not well known."""


def run(folder: Path, runs: int) -> int:
    """Try all and print what came of it; 0 when everything was as it should be, else 1."""
    base = folder / "base"
    trees.copy(DEFINITIONS, base)
    alarms, looks = _identical(base, folder, runs)
    allowed = max(1, round(ALPHA * runs))
    print(
        f"identical code: {alarms} of {runs} runs refused, {looks} looked again; stated: at most {ALPHA:.0%} of runs, so {allowed}"
    )
    results = [alarms <= allowed, *_slowdowns(base, folder), *_leaks(base, folder), *_counts(base, folder)]
    print(f"\n{sum(results)} of {len(results)} as they should be")
    return 0 if all(results) else 1


def _identical(base: Path, folder: Path, runs: int) -> tuple[int, int]:
    """Runs of two copies of one tree: how many were refused, and how many looked again."""
    alarms = looks = 0
    with _head(base, folder) as head:
        for number in range(runs):
            began = time.monotonic()
            outcome = gate.run(base, head, _BRIEF, NAMES, counted=number % _COUNTED_EVERY == 0)
            alarms += bool(outcome.findings)
            looks += bool(outcome.confirmed)
            shifts = [abs(one.shift) for one in outcome.compared]
            different = [one.name for one in outcome.compared_bases if one.verdict is not Verdict.SAME]
            print(
                f"{number + 1:>3}: {'REFUSED ' + '; '.join(map(str, outcome.findings)) if outcome.findings else 'same'};"
                f" shifts: median {statistics.median(shifts):.2%}, largest {max(shifts):.2%};"
                f" A/A {len(different)} of {len(shifts)}; {time.monotonic() - began:.0f} s",
                flush=True,
            )
    return alarms, looks


@contextmanager
def _head(base: Path, folder: Path) -> Iterator[Path]:
    """A copy of the base, to plant something in."""
    head = folder / "head"
    shutil.copytree(base, head, ignore=shutil.ignore_patterns("__pycache__"))
    try:
        yield head
    finally:
        shutil.rmtree(head)


def _planted(folder: Path, base: Path, place: plants.Place, code: str, ask: Callable[[Path], bool]) -> bool:
    with _head(base, folder) as head:
        plants.plant(head, place, code)
        return ask(head)


def _slowdowns(base: Path, folder: Path) -> Iterator[bool]:
    """A work made slower by 5 % is refused, in a run of all."""
    for name, place in plants.SLOW.items():
        steps = _steps(base, folder, name, place)

        def ask(head: Path, name: str = name, steps: int = steps) -> bool:
            outcome = gate.run(base, head, Plan(), NAMES, counted=False)
            found = next(one for one in outcome.compared if one.name == name)
            is_refused = name in {one.benchmark for one in outcome.findings}
            print(
                f"planted {PLANTED_SLOWDOWN:.0%} in {name} ({steps} idle steps): measured {found.shift:+.2%}"
                f" (p={found.probability:.2g}), {'refused' if is_refused else 'NOT REFUSED'}",
                flush=True,
            )
            return is_refused

        yield _planted(folder, base, place, plants.idle(steps), ask)


def _steps(base: Path, folder: Path, name: str, place: plants.Place) -> int:
    """How many idle steps make a work 5 % slower on this machine."""

    def shift(steps: int) -> float:
        with _head(base, folder) as head:
            plants.plant(head, place, plants.idle(steps))
            measured = Measured()
            measure_times(base, head, Plan(generations=2), [name], measured)
        return compare({name: measured.times[name].rounds()})[0].shift

    def scaled(steps: int, seen: float) -> int:
        if seen <= 0:
            raise SideFailed(
                f"{steps} idle steps make {name} no slower: this machine is too busy for a trial"
            )
        return max(1, round(PLANTED_SLOWDOWN / seen * steps))

    steps = _PROBE_STEPS
    while (seen := shift(steps)) < _PROBE_SHIFT and steps < 100 * _PROBE_STEPS:
        steps *= 2 if seen <= 0 else min(8, max(2, round(_PROBE_SHIFT / seen) + 1))
    near = scaled(steps, seen)  # few steps cost a little more than their share of many
    return (near + scaled(near, max(shift(near), PLANTED_SLOWDOWN / 2))) // 2


def _leaks(base: Path, folder: Path) -> Iterator[bool]:
    """What every session leaves behind is found, and is what is said to be left."""
    for kind, (place, code) in plants.LEAKS.items():

        def ask(head: Path, kind: str = kind) -> bool:
            measured = Measured()
            measure_growth(head, measured)
            found = gate.leaking(measured)
            print(f"planted leak of {kind}: {', '.join(map(str, found)) or 'NOT FOUND'}", flush=True)
            return kind in {one.kind for one in found}

        yield _planted(folder, base, place, code, ask)


def _counts(base: Path, folder: Path) -> Iterator[bool]:
    """What is done more per op is found."""
    for kind, (place, code) in plants.COUNTS.items():

        def ask(head: Path, kind: str = kind) -> bool:
            measured = Measured()
            measure_counts(base, head, NAMES, measured)
            found = [one for one in gate.grown(measured) if one.kind == kind]
            print(f"planted more {kind}: {', '.join(map(str, found)) or 'NOT FOUND'}", flush=True)
            return bool(found)

        yield _planted(folder, base, place, code, ask)
