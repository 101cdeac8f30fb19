"""Mann–Whitney's test, exact, and Holm's correction. Pure.

Sources: H. B. Mann, D. R. Whitney, "On a test of whether one of two random variables is stochastically larger than the
other" (1947); P. van Elteren, "On the combination of independent two sample tests of Wilcoxon" (1960); S. Holm, "A simple sequentially rejective multiple test procedure" (1979).
"""

from collections.abc import Sequence
from functools import lru_cache


def doubled_ranks(values: Sequence[float]) -> list[int]:
    """Twice the rank of each value, 2 for the lowest; equal values share the mean of their ranks."""
    ordered = sorted(values)
    first: dict[float, int] = {}
    last: dict[float, int] = {}
    for rank, value in enumerate(ordered, 1):
        first.setdefault(value, rank)
        last[value] = rank
    return [first[value] + last[value] for value in values]


@lru_cache(maxsize=64)
def _ways(ranks: tuple[int, ...], size: int) -> dict[int, int]:
    """How many choices of `size` of the ranks have which sum."""
    ways: list[dict[int, int]] = [{0: 1}] + [{} for _ in range(size)]
    for number, rank in enumerate(ranks, 1):
        for chosen in range(min(number, size), 0, -1):
            into = ways[chosen]
            for total, count in ways[chosen - 1].items():
                into[total + rank] = into.get(total + rank, 0) + count
    return ways[size]


Block = tuple[Sequence[float], Sequence[float]]
"""Two samples that were taken next to each other."""


def _deals(block: Block) -> tuple[int, dict[int, int]]:
    """How far the first sample's doubled rank sum is from the expected one, and in how many deals it is how far."""
    first, second = block
    if not first or not second:
        raise ValueError("a sample is empty")
    ranks = doubled_ranks([*first, *second])
    expected = len(first) * (len(ranks) + 1)
    ways = _ways(tuple(sorted(ranks)), len(first))
    return sum(ranks[: len(first)]) - expected, {total - expected: count for total, count in ways.items()}


def mann_whitney(blocks: Sequence[Block]) -> float:
    """The probability, two-sided, that samples of one distribution differ in rank as much as these.

    With one block this is the test of Mann and Whitney. With several it asks in each block by itself and adds up, as
    van Elteren does, so that what changes between blocks plays no part; all blocks of one size count alike. Exact, also
    with equal values: it counts all ways to deal the values of each block out. Raises ValueError for an empty sample.
    """
    distance, distances = 0, {0: 1}
    for block in blocks:
        found, deals = _deals(block)
        distance += found
        together: dict[int, int] = {}
        for one, ways in distances.items():
            for other, more in deals.items():
                together[one + other] = together.get(one + other, 0) + ways * more
        distances = together
    extreme = sum(ways for total, ways in distances.items() if abs(total) >= abs(distance))
    return extreme / sum(distances.values())


def holm(probabilities: Sequence[float]) -> list[float]:
    """Probabilities corrected for there being several: below alpha together with at most alpha's chance of any error."""
    corrected = [0.0] * len(probabilities)
    highest = 0.0
    for passed, index in enumerate(sorted(range(len(probabilities)), key=probabilities.__getitem__)):
        highest = max(highest, min(1.0, (len(probabilities) - passed) * probabilities[index]))
        corrected[index] = highest
    return corrected
