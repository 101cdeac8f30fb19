"""Profiles as values: what adds up, and what differs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whiteboard.diagnostics.profiles.profile import Frame, Profile, Sample, ValueType, minus

LIVING = (ValueType("inuse_objects", "count"), ValueType("inuse_space", "bytes"))
DRAW, ALLOC = Frame("board.draw", "board.py", 7), Frame("canvas.alloc", "canvas.py", 3)


def heap(*samples: Sample, time_ns: int = 0) -> Profile:
    """A heap profile of these."""
    return Profile(types=LIVING, samples=samples, default_type="inuse_space", time_ns=time_ns)


def test_samples_of_one_stack_add_up() -> None:
    """Merged, a stack with the same labels is one sample; other labels stay apart."""
    merged = heap(
        Sample((ALLOC, DRAW), (1, 64)),
        Sample((ALLOC, DRAW), (2, 32)),
        Sample((DRAW,), (1, 8), (("task", "tick"),)),
    ).merged()

    assert merged.samples == (Sample((ALLOC, DRAW), (3, 96)), Sample((DRAW,), (1, 8), (("task", "tick"),)))


def test_a_difference_has_what_came_and_what_went() -> None:
    """What is there twice differs by what was added, what went is negative, what stayed is left out."""
    before = heap(Sample((ALLOC,), (1, 64)), Sample((DRAW,), (5, 50)), time_ns=1_000)
    after = heap(Sample((ALLOC,), (3, 192)), Sample((DRAW, ALLOC), (1, 8)), time_ns=4_000)
    between = minus(after, before)

    assert set(between.samples) == {
        Sample((ALLOC,), (2, 128)),
        Sample((DRAW,), (-5, -50)),
        Sample((DRAW, ALLOC), (1, 8)),
    }
    assert between.duration_ns == 3_000


def test_profiles_of_different_things_have_no_difference() -> None:
    """The error names both."""
    waits = Profile(types=(ValueType("delay", "nanoseconds"),), samples=(), default_type="delay")

    with pytest.raises(ValueError, match="inuse_space"):
        minus(heap(), waits)


samples = st.builds(
    Sample,
    st.sampled_from([(ALLOC,), (DRAW,), (ALLOC, DRAW)]),
    st.tuples(st.integers(0, 9), st.integers(0, 99)),
)


@given(st.lists(samples, max_size=9), st.lists(samples, max_size=9))
def test_earlier_and_difference_make_later(earlier: list[Sample], later: list[Sample]) -> None:
    """Nothing is lost in a difference, whatever the profiles have."""
    between = minus(heap(*later), heap(*earlier))

    assert set(heap(*earlier, *between.samples).merged().samples) == set(heap(*later).merged().samples)
