"""What the gate prints, and what it writes for benchstat."""

import math
import re

import pytest

from benchmarks.gate import reports
from benchmarks.gate.judge import Comparison, Verdict
from benchmarks.gate.runs import Measured


def test_go_text_is_as_the_format_says() -> None:
    """Configuration lines first, then for each sample a name, a whole number and pairs of value and unit."""
    text = reports.go_text({"fan_out": [2.5e-5, 2.6e-5]}, {"fan_out": {"allocs/op": 12.0}})
    configuration, results = text.splitlines()[:4], text.splitlines()[4:]
    assert all(re.fullmatch(r"[a-z]+: \S+", line) for line in configuration)
    assert results == [
        "BenchmarkFanOut 1 25000.0 ns/op 12 allocs/op",
        "BenchmarkFanOut 1 26000.0 ns/op 12 allocs/op",
    ]


@pytest.mark.parametrize(
    ("value", "told"),
    [(0, "0"), (1.2346e-6, "1.235µ"), (2.9e-4, "290.0µ"), (3.5, "3.500"), (2e-10, "0.200n")],
)
def test_four_digits_and_a_prefix(value: float, told: str) -> None:
    """As benchstat writes times."""
    assert reports.scaled(value) == told


def test_the_spread_is_that_of_the_median() -> None:
    """Of six values it takes all, of fewer there is none."""
    assert reports.spread([90, 98, 100, 100, 102, 104]) == pytest.approx(0.1)
    assert math.isinf(reports.spread([1, 2, 3, 4, 5]))


def test_the_table_has_benchstats_columns() -> None:
    """Name, base, head and what has changed; the last line is the geometric mean."""
    compared = [
        Comparison("merge", 0.001, 0.8, Verdict.SAME),
        Comparison("join", 0.06, 0.0002, Verdict.SLOWER),
    ]
    times = {"merge": ([1e-6] * 8, [1e-6] * 4), "join": ([3e-4] * 8, [3.18e-4] * 4)}
    lines = reports.times_table(times, compared, ("base", "head")).splitlines()
    assert [line.count("│") for line in lines[:2]] == [3, 3]
    assert "~ (p=0.800 n=4" in lines[2]
    assert "+6.00% (p=0.000 n=4" in lines[3]
    assert lines[3].endswith("slower")
    assert lines[4].startswith("geomean")


def test_counts_that_are_the_same_are_told_so() -> None:
    """And those that the base does not have are new."""
    same = {"sent-B/op": 10.0, "steps/op": 0.0, "allocs/op": 3.0, "codes/op": 9.0}
    measured = Measured(counts={"codec": (same, same), "render": (None, same)})
    text = reports.counts_tables(measured, ("base", "head"))
    assert re.search(r"Codec +10.00 +10.00 +=", text)
    assert re.search(r"Render +10.00 +new", text)
