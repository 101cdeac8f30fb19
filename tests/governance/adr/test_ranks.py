"""The exact tests by ranks and by signs, against counting it out."""

import math
from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whiteboard.governance.adr.ranks import chance_of_below, chance_of_lower

values = st.lists(st.integers(0, 6), min_size=1, max_size=5)


def middle_ranks(values: list[int]) -> list[float]:
    """Of each value, ties at their middle."""
    ordered = sorted(values)
    return [ordered.index(value) + (ordered.count(value) + 1) / 2 for value in values]


@given(values, values)
def test_ranks_are_counted_over_all_ways_to_deal(lower: list[int], higher: list[int]) -> None:
    """Ties included: the share of the deals in which the first side ranks as low or lower."""
    ranks = middle_ranks(lower + higher)
    observed = sum(ranks[: len(lower)])
    deals = [sum(deal) for deal in combinations(ranks, len(lower))]
    assert chance_of_lower(lower, higher) == pytest.approx(
        sum(deal <= observed for deal in deals) / len(deals)
    )


@pytest.mark.parametrize(("size", "chance"), [(3, 1 / 20), (5, 1 / 252), (10, 1 / math.comb(20, 10))])
def test_sides_that_do_not_overlap_have_the_least_chance(size: int, chance: float) -> None:
    """One deal of all."""
    assert chance_of_lower(range(size), range(size, 2 * size)) == pytest.approx(chance)
    assert chance_of_lower(range(size, 2 * size), range(size)) == 1


@given(values, st.integers(0, 6))
def test_signs_are_counted_over_all_tosses(some: list[int], bound: int) -> None:
    """Values on the bound say nothing."""
    told = [value for value in some if value != bound]
    below = sum(value < bound for value in told)
    tosses = list(product((False, True), repeat=len(told)))
    assert chance_of_below(some, bound) == pytest.approx(
        sum(sum(one) >= below for one in tosses) / len(tosses)
    )


def test_fifty_runs_are_judged_exactly() -> None:
    """Up to where benchmarks go."""
    assert chance_of_lower(range(25), range(100, 125)) == pytest.approx(1 / math.comb(50, 25))
