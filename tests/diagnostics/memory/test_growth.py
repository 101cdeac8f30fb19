"""Growth of resident memory, on sizes."""

import pytest

from whiteboard import limits
from whiteboard.diagnostics.memory.growth import Growth, Trend

MB = 1_000_000


@pytest.fixture
def growth() -> Growth:
    """One that has got used to 200 MB."""
    growth = Growth()
    for _ in range(limits.GROWTH_LOOKS):
        growth.look(200 * MB)
    return growth


def test_nothing_is_said_before_anything_is_usual() -> None:
    """However much a server that starts grows."""
    growth = Growth()
    seen = {growth.look(size * MB).trend for size in range(10, 10 * limits.GROWTH_LOOKS, 10)}
    assert seen == {Trend.UNKNOWN}


@pytest.mark.parametrize(
    ("size", "trend"),
    [(190, Trend.STEADY), (210, Trend.STEADY), (211, Trend.MORE), (189, Trend.LESS), (267, Trend.MORE), (268, Trend.GROWN)],
)  # fmt: skip
def test_sizes_are_held_against_what_is_usual(growth: Growth, size: int, trend: Trend) -> None:
    """Within 5 % it is steady; 30 % more, and at least 64 MiB, has grown. [R52]"""
    judged = growth.look(size * MB)
    assert (judged.trend, judged.is_found, judged.ratio) == (trend, trend is Trend.GROWN, size / 200)


def test_a_small_server_grows_by_being_used() -> None:
    """A third of little is no growth."""
    growth = Growth()
    for _ in range(limits.GROWTH_LOOKS):
        growth.look(60 * MB)
    assert growth.look(120 * MB).trend is Trend.MORE
    assert growth.look(130 * MB).trend is Trend.GROWN


def test_growth_is_told_once_and_again_when_there_is_more(growth: Growth) -> None:
    """Not at every look."""
    assert [growth.look(300 * MB).is_found for _ in range(5)] == [True] + [False] * 4
    assert not growth.look(380 * MB).is_found
    assert growth.look(400 * MB).is_found


def test_what_stays_becomes_usual(growth: Growth) -> None:
    """More boards than before are no leak."""
    judged = [growth.look(250 * MB) for _ in range(limits.GROWTH_LOOKS)][-1]
    assert (judged.usual_bytes, judged.trend) == (250 * MB, Trend.STEADY)


def test_slow_growth_never_becomes_usual(growth: Growth) -> None:
    """It is found when it comes to a third."""
    found = [size for size in range(201, 300) if growth.look(size * MB).is_found]
    assert found == [268]


def test_a_large_server_is_told_of_when_it_becomes_one() -> None:
    """And again after it was small."""
    growth = Growth()
    sizes = [499, 500, 600, 490, 510, 470, 505]
    assert [size for size in sizes if growth.look(size * MB).is_large] == [500, 505]
