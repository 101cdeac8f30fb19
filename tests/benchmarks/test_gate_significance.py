"""The gate's statistics: known values, a second way to compute them, and what must always hold."""

from collections.abc import Sequence
from itertools import combinations
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.gate.significance import holm, mann_whitney

few = st.lists(st.integers(0, 6), min_size=1, max_size=5)


@pytest.mark.parametrize(("size", "least"), [(3, 2 / 20), (4, 2 / 70), (5, 2 / 252), (10, 2 / 184_756)])
def test_the_least_probability_is_that_of_two_deals(size: int, least: float) -> None:
    """All values of one sample below all of the other: two of all ways to deal them are as extreme."""
    low, high = list(range(size)), list(range(size, 2 * size))
    assert mann_whitney([(low, high)]) == pytest.approx(least, rel=1e-15)
    assert mann_whitney([(high, low)]) == pytest.approx(least, rel=1e-15)


def test_published_values() -> None:
    """The exact two-sided probabilities of Mann and Whitney's own table: n = 3, m = 4 and U = 1; n = m = 5 and U = 2."""
    assert mann_whitney([([1, 2, 4], [3, 5, 6, 7])]) == pytest.approx(2 * 2 / comb(7, 3))
    assert mann_whitney([([1, 2, 3, 4, 7], [5, 6, 8, 9, 10])]) == pytest.approx(2 * 4 / comb(10, 5))


def _by_counting(first: Sequence[int], second: Sequence[int]) -> float:
    """All deals one by one, by comparing pairs and not by ranks."""
    values = [*first, *second]

    def distance(chosen: set[int]) -> int:
        rest = [n for n in range(len(values)) if n not in chosen]
        return abs(sum((values[a] > values[b]) - (values[a] < values[b]) for a in chosen for b in rest))

    seen = distance(set(range(len(first))))
    deals = [distance(set(one)) for one in combinations(range(len(values)), len(first))]
    return sum(one >= seen for one in deals) / len(deals)


@given(few, few)
def test_it_is_what_counting_all_deals_gives(first: list[int], second: list[int]) -> None:
    """Also where values are equal."""
    assert mann_whitney([(first, second)]) == pytest.approx(_by_counting(first, second))


@given(st.lists(st.tuples(few, few), min_size=1, max_size=4), st.lists(st.integers(-100, 100), min_size=4))
def test_what_changes_between_blocks_plays_no_part(
    blocks: list[tuple[list[int], list[int]]], drift: list[int]
) -> None:
    """Each block may be shifted as a whole."""
    shifted = [
        ([one + by for one in first], [one + by for one in second])
        for (first, second), by in zip(blocks, drift, strict=False)
    ]
    assert mann_whitney(shifted) == mann_whitney(blocks)


@given(few, few, st.integers(0, 5))
def test_samples_that_lie_apart_are_no_more_probable_when_they_part_further(
    first: list[int], second: list[int], more: int
) -> None:
    """Shifting the higher sample up never raises the probability."""
    apart = [one + max(first) + 1 for one in second]
    assert mann_whitney([(first, [one + more for one in apart])]) <= mann_whitney([(first, apart)])


def test_an_empty_sample_is_refused() -> None:
    """Nothing can be said of it."""
    with pytest.raises(ValueError, match="empty"):
        mann_whitney([([], [1.0])])


def test_holm_of_a_known_case() -> None:
    """Each times how many are left, and never less than the one before."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_keeps_the_order_and_lowers_nothing(probabilities: list[float]) -> None:
    """Corrected ones are at least the given ones, at most Bonferroni's, and in the same order."""
    corrected = holm(probabilities)
    for given_one, one in zip(probabilities, corrected, strict=True):
        assert given_one <= one <= min(1.0, given_one * len(probabilities) * (1 + 1e-12)) or one == max(
            corrected
        )
    order = sorted(range(len(probabilities)), key=probabilities.__getitem__)
    assert [corrected[n] for n in order] == sorted(corrected)
