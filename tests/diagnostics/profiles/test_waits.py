"""Time off the CPU, by the place at which a task waits."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
import trio
import trio.testing

from whiteboard import limits
from whiteboard.diagnostics.profiles.profile import Profile
from whiteboard.diagnostics.profiles.waits import DROP_FRAMES, Waits

KEPT = 1e-9
"""A rate that every wait reaches."""


@contextmanager
def watching(rate: float = KEPT, chance: Callable[[], float] = lambda: 0.5) -> Iterator[Waits]:
    """Waits of the block, by the run's clock."""
    waits = Waits(rate, clock=trio.current_time, chance=chance)
    waits.switch_on()
    try:
        yield waits
    finally:
        waits.switch_off()


def by_function(profile: Profile, *names: str) -> dict[str, Any]:
    """Waits and seconds of the stacks that have a function of the name in them."""
    sums = {}
    for name in names:
        found = [
            one.values
            for one in profile.samples
            if any(frame.function.endswith(f".{name}") for frame in one.stack)
        ]
        sums[name] = sum(count for count, _ in found), sum(delay for _, delay in found) / 1e9
    return sums


async def wait_long() -> None:
    """Two seconds."""
    await trio.sleep(2)


async def wait_short() -> None:
    """A tenth of one, ten times."""
    for _ in range(10):
        await trio.sleep(0.1)


async def only_yield() -> None:
    """Lets others run, and waits for nothing."""
    for _ in range(10):
        await trio.lowlevel.checkpoint()


async def test_each_wait_counts_with_its_time_at_its_own_place(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """R51. Two tasks at two places; who lets others run only does not wait."""
    with watching() as waits:
        async with trio.open_nursery() as nursery:
            for work in (wait_long, wait_short, only_yield):
                nursery.start_soon(work)
    told = by_function(waits.block(), "wait_long", "wait_short", "only_yield")
    assert told == {"wait_long": (1, 2.0), "wait_short": (10, pytest.approx(1.0)), "only_yield": (0, 0.0)}


async def test_a_stack_goes_from_the_wait_out_to_the_task(autojump_clock: trio.testing.MockClock) -> None:
    """Innermost first, with file, line and the function's first line; Trio's traps are for readers to leave out."""
    with watching() as waits:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait_long)
    profile = waits.block()
    (stack,) = [one.stack for one in profile.samples if one.stack[-1].function.endswith(".wait_long")]
    names = [frame.function for frame in stack]
    assert names[0].startswith("trio._core._traps.")
    assert "trio._timeouts.sleep" in names
    assert stack[-1].line == stack[-1].first_line + 2
    assert stack[-1].file.endswith("profiles/test_waits.py")
    assert profile.drop_frames == DROP_FRAMES


async def test_who_waits_already_waits_from_then_on(autojump_clock: trio.testing.MockClock) -> None:
    """Of three seconds of waiting those behind the switch count."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait_long)
        await trio.sleep(1.5)
        with watching() as waits:
            await trio.sleep(1)
    assert by_function(waits.block(), "wait_long") == {"wait_long": (1, pytest.approx(0.5))}


async def test_behind_the_switch_nothing_counts_and_nothing_is_kept(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """What was counted stays; no task is held on to."""
    with watching() as waits:
        await wait_short()
    before = waits.block().samples
    await wait_long()
    assert waits.block().samples == before
    assert by_function(waits.block(), "wait_short") == {"wait_short": (10, pytest.approx(1.0))}


async def test_a_cancelled_wait_ends_when_it_is_cancelled(autojump_clock: trio.testing.MockClock) -> None:
    """It took as long as it took; one that is cancelled before it begins is none."""
    with watching() as waits, trio.move_on_after(0.5):
        await wait_long()
    with watching() as none, trio.CancelScope() as scope:
        scope.cancel()
        await wait_long()
    assert by_function(waits.block(), "wait_long") == {"wait_long": (1, pytest.approx(0.5))}
    assert by_function(none.block(), "wait_long") == {"wait_long": (0, 0.0)}


async def test_of_short_waits_some_stand_for_all(autojump_clock: trio.testing.MockClock) -> None:
    """A tenth of the rate, kept by chance: it counts as ten of them. Long ones count as they are."""
    draws = iter([0.5, 0.05] + [0.9] * 8)
    with watching(rate=1.0, chance=lambda: next(draws)) as waits:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait_short)
    told = by_function(waits.block(), "wait_short")
    assert told == {"wait_short": (10, pytest.approx(1.0))}


async def waits_for_a_lock(lock: trio.Lock) -> None:
    """Held by somebody else."""
    async with lock:
        pass


async def waits_for_a_place(places: trio.CapacityLimiter) -> None:
    """All are taken."""
    async with places:
        pass


async def waits_for_news(news: trio.Condition) -> None:
    """Until it is told."""
    async with news:
        await news.wait()


async def waits_for_an_event(event: trio.Event) -> None:
    """No lock: nobody has it."""
    await event.wait()


async def test_mutex_is_what_waits_for_something_that_one_has_at_a_time(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """R51. Locks, limiters, semaphores and conditions; neither events nor sleep."""
    lock, places, seats = trio.Lock(), trio.CapacityLimiter(1), trio.Semaphore(0)
    news, event = trio.Condition(), trio.Event()
    with watching() as waits:
        async with trio.open_nursery() as nursery:
            async with lock, places:
                nursery.start_soon(waits_for_a_lock, lock)
                nursery.start_soon(waits_for_a_place, places)
                nursery.start_soon(waits_for_news, news)
                nursery.start_soon(waits_for_an_event, event)
                nursery.start_soon(seats.acquire)
                await trio.sleep(2)
            seats.release()
            event.set()
            async with news:
                news.notify_all()
    names = ("waits_for_a_lock", "waits_for_a_place", "waits_for_news", "Semaphore.acquire")
    told = by_function(waits.mutex(), *names, "waits_for_an_event", "sleep")
    assert {name: round(delay) for name, (_, delay) in told.items()} == {
        **dict.fromkeys(names, 2), "waits_for_an_event": 0, "sleep": 0,
    }  # fmt: skip
    assert by_function(waits.block(), "waits_for_an_event")["waits_for_an_event"][1] == pytest.approx(2)
    assert waits.mutex().types == waits.block().types


async def test_stacks_are_bounded(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits at further places is one sample more, so that no time is lost."""
    monkeypatch.setattr(limits, "MAX_PROFILE_STACKS", 1)
    with watching() as waits:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait_short)
            nursery.start_soon(wait_long)
            nursery.start_soon(wait_long)
    samples = waits.block().samples
    assert len(samples) == 2
    assert sum(one.values[1] for one in samples) == pytest.approx(7e9)
    assert samples[1].stack[0].function.startswith("(stacks beyond")


async def test_through_an_async_generator(autojump_clock: trio.testing.MockClock) -> None:
    """Its frame stands between who is inside and what it waits for."""

    @asynccontextmanager
    async def slow_door() -> AsyncIterator[None]:
        await trio.sleep(1)
        yield

    async def enter() -> None:
        async with slow_door():
            await trio.lowlevel.checkpoint()

    with watching() as waits:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(enter)
    told = by_function(waits.block(), "slow_door", "enter")
    assert told == {"slow_door": (1, 1.0), "enter": (1, 1.0)}


def test_a_rate_that_is_none() -> None:
    """Who wants no waits does not switch them on."""
    with pytest.raises(ValueError, match="rate of 0 s is not above 0"):
        Waits(0)
