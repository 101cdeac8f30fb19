"""The gate on copies of this project's package, with faults planted into one of them. [R54]"""

import re
import shutil
from pathlib import Path

import pytest

from benchmarks.gate import gate, plants, trees
from benchmarks.gate.judge import Verdict
from benchmarks.gate.runs import Measured, Plan, measure_counts, measure_growth
from benchmarks.gate.sides import DEFINITIONS, SideFailed, started, working

BRIEF = Plan(generations=1, rounds=6, repeats=2)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as it is."""
    tree = tmp_path_factory.mktemp("trees") / "base"
    trees.copy(DEFINITIONS, tree)
    return tree


@pytest.fixture
def head(base: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(base, tmp_path / "head"))


def test_a_planted_slowdown_is_refused(base: Path, head: Path) -> None:
    """Looked at twice, and named; the base against itself differs by far less."""
    plants.plant(head, plants.SLOW["codec"], plants.idle(20_000))  # more than others on the machine can hide
    outcome = gate.run(base, head, Plan(generations=1, rounds=8, repeats=2), ["codec"], counted=False)
    assert [(one.benchmark, one.kind) for one in outcome.findings] == [("codec", "sec/op")]
    (slower,), (same,) = outcome.compared, outcome.compared_bases
    assert slower.verdict is Verdict.SLOWER
    assert abs(same.shift) < slower.shift / 2
    told = gate.told(outcome, has_base=True)
    assert "Codec" in told
    assert "still slower" in told
    # In one of a hundred runs chance calls so few rounds different; what is said of the same ones stands in test_gate_judge.
    assert re.search(r"^A/A, base against base: [01] of 1 called different", told, re.MULTILINE)


def test_identical_code_has_equal_counts(base: Path, head: Path) -> None:
    """Of bytes, steps and allocations; one more allocation per op is found."""
    same = Measured()
    measure_counts(base, head, ["codec", "join"], same)
    assert gate.grown(same) == []
    assert all(of_base == {**of_head, "allocs/op": of_base["allocs/op"]} for of_base, of_head in _both(same))
    place, code = plants.COUNTS["allocs/op"]
    plants.plant(head, place, code)
    more = Measured()
    measure_counts(base, head, ["merge"], more)
    assert [(one.benchmark, one.kind) for one in gate.grown(more)] == [("merge", "allocs/op")]


def _both(measured: Measured) -> list[tuple[dict[str, float], dict[str, float]]]:
    return [(base, head) for base, head in measured.counts.values() if base is not None]


def test_what_sessions_leave_behind_is_found(base: Path, head: Path) -> None:
    """Objects, tasks, descriptors and threads, all at once; the package as it is leaves nothing."""
    clean, leaky = Measured(), Measured()
    measure_growth(base, clean)
    assert gate.leaking(clean) == []
    for place, code in plants.LEAKS.values():
        plants.plant(head, place, code)
    measure_growth(head, leaky)
    assert {one.kind for one in gate.leaking(leaky)} == set(plants.LEAKS)


def test_a_benchmark_that_the_base_cannot_run_is_new(base: Path, head: Path) -> None:
    """It is passed over; one that the head cannot run is an error."""
    (head / "whiteboard/rooms/replica.py").unlink()
    outcome = gate.run(
        head, base, Plan(generations=1, rounds=2, repeats=1), ["merge", "replay"], counted=False
    )
    assert list(outcome.measured.new) == ["replay"]
    assert [one.name for one in outcome.compared] == ["merge"]
    with pytest.raises(SideFailed, match="the head cannot run replay"):
        gate.run(base, head, BRIEF, ["replay"], counted=False)


def test_a_command_that_fails_is_told(base: Path) -> None:
    """And the process is there for the next one."""
    with started([base]) as (side,), working([side], "merge"):
        with pytest.raises(SideFailed, match="nobody knows how to 'dance'"):
            side.ask({"do": "dance"})
        side.send({"do": "open", "work": "merge", "counted": False})
        side.receive()
