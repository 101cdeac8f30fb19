"""What is kept by chance, and sums by stack."""

import sys
from types import FrameType

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from whiteboard import limits
from whiteboard.diagnostics.profiles.stacks import StackSums, await_frames, running_frames, stands_for

STRATA = 1_000


@given(st.floats(1e-9, 10.0), st.floats(1e-6, 10.0))
def test_sums_are_right_on_average(amount: float, rate: float) -> None:
    """R51. Over all chances the kept ones stand for one of the amount, as long as it is."""
    draws = iter([(draw + 0.5) / STRATA for draw in range(STRATA)])
    counts = [stands_for(amount, rate, draws.__next__) for _ in range(STRATA)]
    total = sum(counts) * amount / STRATA
    assert total == pytest.approx(amount, abs=rate / STRATA)
    assert {count for count in counts if count} <= {1.0, rate / amount}


@given(st.lists(st.floats(1e-6, 1.0), min_size=1, max_size=30), st.floats(1e-4, 0.1))
def test_what_reaches_the_rate_always_counts_as_itself(amounts: list[float], rate: float) -> None:
    """Chance has a say in smaller ones only."""
    kept = [stands_for(amount, rate, lambda: 0.999_999) for amount in amounts if amount >= rate]
    assert kept == [1.0] * len(kept)


def test_nothing_is_never_kept() -> None:
    """Even where chance is at its best."""
    assert stands_for(0.0, 1.0, lambda: 0.0) == 0.0


def here(depth: int = 0) -> FrameType:
    """A frame, so deep below its caller."""
    return sys._getframe() if depth == 0 else here(depth - 1)


def test_the_same_stack_has_the_same_sums_and_labels_tell_apart() -> None:
    """Two looks at one place are one sample."""
    sums = StackSums(2)
    for label in ("a", "b"):
        for _ in range(2):
            sums.at(running_frames(here()), (("task", label),))[0] += 1.5
    samples = sums.samples((1, 1))
    assert [one.values for one in samples] == [(3, 0), (3, 0)]
    assert [one.labels for one in samples] == [(("task", "a"),), (("task", "b"),)]
    assert samples[0].stack[0].function.endswith("test_stacks.here")


def test_of_a_deep_stack_the_innermost_frames_are_kept() -> None:
    """MAX_PROFILE_FRAMES of them."""
    sums = StackSums(1)
    sums.at(running_frames(here(200)))[0] += 1
    (sample,) = sums.samples((1,))
    assert len(sample.stack) == limits.MAX_PROFILE_FRAMES
    assert {frame.function.rpartition(".")[2] for frame in sample.stack} == {"here"}


async def test_a_task_that_runs_has_no_await_frames_below_its_own() -> None:
    """Only what is suspended can be read to its end."""
    frames = await_frames(trio.lowlevel.current_task())
    assert frames
    assert len(sums_of(frames)) == 1


def sums_of(frames: list[FrameType]) -> StackSums:
    """Sums with one stack."""
    sums = StackSums(1)
    sums.at(frames)[0] += 1
    return sums
