"""Verdicts on series that were made up."""

import random

import pytest

from benchmarks.gate.judge import LEAST_SHIFT, Round, Verdict, compare, judge_count, judge_growth

NOISE = 0.01


def rounds(shift: float, seed: int, *, drift: float = 0.0, count: int = 16) -> list[Round]:
    """Rounds of a benchmark that is by so much slower, on a machine that drifts from pair to pair of rounds."""
    chance = random.Random(seed)

    def time(pair: int) -> float:
        return 1e-6 * (1 + drift * (pair % 3)) * (1 + chance.gauss(0, NOISE))

    return [Round((time(n // 2), time(n // 2)), time(n // 2) * (1 + shift)) for n in range(count)]


def verdict(of: list[Round]) -> Verdict:
    """Judged alone."""
    return compare({"one": of})[0].verdict


@pytest.mark.parametrize("drift", [0.0, 0.3])
def test_five_per_cent_are_found(drift: float) -> None:
    """Among six benchmarks, also while the machine becomes a third slower and faster again. [R54]"""
    for seed in range(20):
        measured = {f"same {n}": rounds(0, 100 * seed + n, drift=drift) for n in range(5)}
        measured["slower"] = rounds(0.05, 100 * seed + 6, drift=drift)
        found = {one.name: one.verdict for one in compare(measured)}
        assert found.pop("slower") is Verdict.SLOWER
        assert set(found.values()) == {Verdict.SAME}


def test_identical_code_is_called_the_same() -> None:
    """A hundred runs of six, with noise three times as large: no alarm."""
    for seed in range(100):
        measured = {str(n): rounds(0, 1000 + 10 * seed + n, drift=0.1) for n in range(6)}
        assert {one.verdict for one in compare(measured)} == {Verdict.SAME}


def test_what_is_significant_and_small_is_no_slowdown() -> None:
    """Two per cent, however sure."""
    (found,) = compare({"one": rounds(0.02, 1, count=40)})
    assert found.probability < 0.001
    assert 0.01 < found.shift < LEAST_SHIFT
    assert found.verdict is Verdict.SAME


def test_what_is_large_and_uncertain_is_no_slowdown() -> None:
    """Four rounds cannot tell."""
    assert verdict(rounds(0.2, 1, count=2)) is Verdict.SAME


def test_faster_is_told_too() -> None:
    """And is no slowdown."""
    assert verdict(rounds(-0.06, 3)) is Verdict.FASTER


@pytest.mark.parametrize(
    ("kind", "base", "head", "expected"),
    [
        ("steps/op", 18.5, 18.5, Verdict.SAME),
        ("steps/op", 18.5, 19.5, Verdict.GROWN),
        ("steps/op", 18.5, 18.0, Verdict.SHRUNK),
        ("sent-B/op", 272.3, 272.4, Verdict.GROWN),
        ("allocs/op", 2480.5, 2481.5, Verdict.SAME),
        ("allocs/op", 29.4, 30.4, Verdict.GROWN),
        ("allocs/op", 0.0, 1.0, Verdict.GROWN),
        ("codes/op", 300, 600, Verdict.SAME),
    ],
)
def test_counts(kind: str, base: float, head: float, expected: Verdict) -> None:
    """One more of what is counted exactly is more; what is only shown is never refused."""
    assert judge_count(kind, base, head) is expected


@pytest.mark.parametrize(
    ("kind", "growth", "expected"),
    [
        ("objects", 1.0, Verdict.LEAKING),
        ("objects", 0.06, Verdict.SAME),
        ("tasks", 0.03, Verdict.LEAKING),
        ("descriptors", 0.0, Verdict.SAME),
        ("threads", -0.1, Verdict.SAME),
    ],
)
def test_leaks(kind: str, growth: float, expected: Verdict) -> None:
    """Nothing is left of a cycle; a task or descriptor of thirty cycles is one too many."""
    assert judge_growth(kind, growth) is expected
