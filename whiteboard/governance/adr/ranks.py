"""Two exact tests that assume nothing of how measurements are spread: by ranks, and by signs.

Exact, because benchmarks are run ten times and not a thousand times; pure, and quick up to some sixty values.
"""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate


def chance_of_lower(lower: Sequence[float], higher: Sequence[float]) -> float:
    """One-sided p of the Mann-Whitney test: how likely `lower` would rank so low if both were alike.

    Exact over all ways to deal the pooled values out, ties at their middle ranks (Mann and Whitney 1947; with ties by
    Streitberg and Roehmel's shifts). 1.0 where one of them is empty.
    """
    doubled = _doubled_ranks([*lower, *higher])
    observed = sum(doubled[: len(lower)])
    sums = _rank_sums(doubled, len(lower))
    return sum(ways for total, ways in sums.items() if total <= observed) / math.comb(
        len(doubled), len(lower)
    )


def _doubled_ranks(values: Sequence[float]) -> list[int]:
    """Twice the middle rank of each value: whole numbers, ties included."""
    counts = Counter(values)
    ends = dict(zip(sorted(counts), accumulate(counts[value] for value in sorted(counts)), strict=True))
    return [2 * ends[value] - counts[value] + 1 for value in values]


def _rank_sums(ranks: Sequence[int], taken: int) -> Counter[int]:
    """How many ways there are to take so many of the ranks, by their sum."""
    ways: list[Counter[int]] = [Counter() for _ in range(taken + 1)]
    ways[0][0] = 1
    for rank in ranks:
        for size in range(taken, 0, -1):
            for total, many in ways[size - 1].items():
                ways[size][total + rank] += many
    return ways[taken]


def chance_of_below(values: Sequence[float], bound: float) -> float:
    """One-sided p of the sign test: how likely so many values lie below `bound` if the median did not.

    Values on the bound say nothing and are left out. 1.0 where nothing is left.
    """
    below = sum(value < bound for value in values)
    told = below + sum(value > bound for value in values)
    return sum(math.comb(told, many) for many in range(below, told + 1)) / (1 << told)
