"""From runnable to running, and how long steps last."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import trio
import trio.testing

from whiteboard.diagnostics.profiles.scheduling import DELAYS, STEPS, Scheduling


@contextmanager
def tracing() -> Iterator[Scheduling]:
    """The trace of the block, by the run's clock; every stack is kept."""
    scheduling = Scheduling(1e-9, clock=trio.current_time)
    scheduling.switch_on()
    try:
        yield scheduling
    finally:
        scheduling.switch_off()


def work(seconds: float) -> None:
    """Takes its time without letting others run."""
    clock = trio.lowlevel.current_clock()
    assert isinstance(clock, trio.testing.MockClock)
    clock.jump(seconds)


async def hog() -> None:
    """One long step, and a short one behind it."""
    work(3)
    await trio.lowlevel.checkpoint()
    work(0.25)


async def victim() -> None:
    """Could run, and has to wait for its turn."""
    await trio.lowlevel.checkpoint()


def sums(scheduling: Scheduling, name: str) -> list[float]:
    """Turns, seconds of delay, steps and seconds of steps of a function's stacks."""
    found = [
        one.values
        for one in scheduling.profile().samples
        if any(frame.function.endswith(f".{name}") for frame in one.stack)
    ]
    turns, delay, steps, step = (sum(column) for column in zip(*found, strict=True))
    return [turns, delay / 1e9, steps, step / 1e9]


async def test_a_long_step_is_told_where_it_ends_and_the_delay_where_it_hurts(
    mock_clock: trio.testing.MockClock,
) -> None:
    """R51. The hog's step of 3 s; all that waits for it does so for 3 s."""
    with tracing() as scheduling:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(hog)
            nursery.start_soon(victim)
    _, _, steps, step = sums(scheduling, "hog")
    _, delay, _, own = sums(scheduling, "victim")
    assert (steps, step) == (1, 3.0)
    assert delay >= 3.0
    assert own == 0.0


async def test_every_step_counts_in_the_histograms(mock_clock: trio.testing.MockClock) -> None:
    """Also those that end a task; a window begins where the one before it was taken."""
    before = sum(STEPS.counts), sum(DELAYS.counts), STEPS.sum
    with tracing() as scheduling:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(hog)
        told = scheduling.take_window()
        assert scheduling.take_window()["steps"] == 0
    steps = sum(STEPS.counts) - before[0]
    assert told["step_max_ms"] == 3_000.0
    assert told["steps"] == steps >= 2
    assert sum(DELAYS.counts) - before[1] >= 2
    assert STEPS.sum - before[2] == pytest.approx(3.25)


async def test_behind_the_switch_nothing_counts(mock_clock: trio.testing.MockClock) -> None:
    """Switching off twice does no harm."""
    with tracing() as scheduling:
        await trio.lowlevel.checkpoint()
    scheduling.switch_off()
    before = scheduling.profile().samples, sum(STEPS.counts)
    await trio.lowlevel.checkpoint()
    assert (scheduling.profile().samples, sum(STEPS.counts)) == before


def test_a_rate_that_is_none() -> None:
    """It is for the histograms only that no stack is needed, and they come with it."""
    with pytest.raises(ValueError, match="rate of 0 s"):
        Scheduling(0)
