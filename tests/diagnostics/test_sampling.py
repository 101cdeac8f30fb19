"""What is sampled, from the start and for a while."""

import tracemalloc
from collections.abc import Iterator
from functools import partial
from typing import Any

import attrs
import pytest
import structlog.testing
import trio
import trio.testing
from integration.polling import until

from whiteboard import timeouts
from whiteboard.config.sampling import RATES, BlockRate, Environment, MemoryFrames, MemoryRate, SchedInterval
from whiteboard.diagnostics.profiles.profile import Profile
from whiteboard.diagnostics.profiles.sources import ProfileRefused, Source, Sources
from whiteboard.diagnostics.sampled import sampled_sources
from whiteboard.diagnostics.sampling import Sampling, open_sampling

OFF = RATES[Environment.PROD]
WAITS = attrs.evolve(OFF, block_rate=BlockRate(100))
TURNS = attrs.evolve(OFF, sched_interval=SchedInterval(10))
SOME_SECONDS = 1.0
MEMORY = attrs.evolve(OFF, memory_rate=MemoryRate(1), memory_frames=MemoryFrames(3))


@pytest.fixture(autouse=True)
def no_traces() -> Iterator[None]:
    """Nothing traces allocations before and behind a test."""
    assert not tracemalloc.is_tracing()
    yield
    assert not tracemalloc.is_tracing()


def named(sampling: Sampling, name: str) -> Source:
    """The source of that name."""
    return Sources(*sampled_sources(sampling)).named(name)


async def taken(sampling: Sampling, name: str, seconds: float | None = None) -> Profile:
    """A profile of that name."""
    return await Sources(*sampled_sources(sampling)).take(name, seconds)


def functions(profile: Profile) -> set[str]:
    """The names that stand in it, without their modules."""
    return {frame.function.rpartition(".")[2] for one in profile.samples for frame in one.stack}


async def planted_wait() -> None:
    """Waits again and again."""
    for _ in range(100_000):
        await trio.sleep(0.05)


async def planted_work() -> None:
    """Steps of some milliseconds."""
    while True:
        sum(range(400_000))
        await trio.sleep(0.02)


async def test_in_production_nothing_stands_in_the_way() -> None:
    """R50. No instrument, no task, no tracing: a step is not even looked at."""
    tasks = trio.lowlevel.current_statistics().tasks_living
    async with open_sampling(OFF, "prod") as one:
        assert (one.waits, one.scheduling) == (None, None)
        assert trio.lowlevel.current_statistics().tasks_living == tasks
        assert not tracemalloc.is_tracing()


@pytest.mark.parametrize("env", Environment)
async def test_each_environment_begins_as_its_settings_say(env: Environment) -> None:
    """R50. What is on is told by name."""
    rates = RATES[env]
    async with open_sampling(rates, env) as one:
        assert one.are_waits_watched == (env is Environment.DEV)
        assert one.is_scheduler_traced == (env is Environment.DEV)
        assert one.report() == {
            "env": env,
            "configured": rates.described(),
            "in_force": rates.described(),
            "until": None,
        }


async def test_what_is_asked_for_ends_by_itself(autojump_clock: trio.testing.MockClock) -> None:
    """R50. The settings hold again, and what was counted can be read still."""
    async with open_sampling(OFF, "prod") as one:
        one.ask(WAITS, 60)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(planted_wait)
            await trio.sleep(59)
            assert one.in_force == WAITS
            await trio.sleep(2)
            assert (one.in_force, one.report()["until"]) == (OFF, None)
            assert one.waits is not None
            counted = one.waits.block()
            await trio.sleep(10)
            assert one.waits.block().samples == counted.samples
            nursery.cancel_scope.cancel()
        assert "planted_wait" in functions(counted)


async def test_asking_again_takes_the_place_of_what_was_asked(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Also when it ends; and it can be ended."""
    async with open_sampling(OFF, "prod") as one:
        one.ask(WAITS, 10)
        await trio.sleep(5)
        one.ask(TURNS, 10)
        assert (one.are_waits_watched, one.is_scheduler_traced) == (False, True)
        await trio.sleep(6)
        assert one.is_scheduler_traced
        one.ask(OFF, 0)
        one.end()
        assert one.in_force == OFF
        await trio.sleep(30)
        assert one.in_force == OFF


async def test_nobody_samples_longer_than_is_allowed(autojump_clock: trio.testing.MockClock) -> None:
    """SAMPLING_MOST, whatever is asked for."""
    async with open_sampling(OFF, "prod") as one:
        one.ask(WAITS, 1e9)
        await trio.sleep(timeouts.SAMPLING_MOST.seconds + 1)
        assert one.in_force == OFF


async def test_allocations_are_traced_while_it_is_asked_for(autojump_clock: trio.testing.MockClock) -> None:
    """With as many frames as were asked for, also when others were before."""
    async with open_sampling(OFF, "prod") as one:
        one.ask(MEMORY, 10)
        assert tracemalloc.get_traceback_limit() == 3
        one.ask(attrs.evolve(MEMORY, memory_frames=MemoryFrames(7)), 10)
        assert tracemalloc.get_traceback_limit() == 7
        await trio.sleep(11)
        assert not tracemalloc.is_tracing()


async def test_who_traces_already_is_left_alone() -> None:
    """PYTHONTRACEMALLOC says so before the server's code runs: it is neither changed nor ended."""
    tracemalloc.start(2)
    try:
        async with open_sampling(MEMORY, "prod") as one:
            one.ask(OFF, 10)
            assert tracemalloc.get_traceback_limit() == 2
        assert tracemalloc.is_tracing()
    finally:
        tracemalloc.stop()


async def test_allocations_of_one_second_in_so_many(autojump_clock: trio.testing.MockClock) -> None:
    """Who wants to know looks at the end of each, while they are still there."""
    rates = attrs.evolve(OFF, memory_rate=MemoryRate(10))
    seen: list[tuple[Any, bool]] = []
    async with open_sampling(rates, "prod") as one:
        began = trio.current_time()

        async def look() -> None:
            await trio.lowlevel.checkpoint()
            seen.append((trio.current_time() - began, tracemalloc.is_tracing()))

        one.at_window.append(look)
        await trio.sleep(25)
        assert not tracemalloc.is_tracing()
        await trio.sleep(4.5)
        assert tracemalloc.is_tracing()
    assert seen == [(pytest.approx(10), True), (pytest.approx(20), True)]


async def test_the_scheduler_tells_now_and_then(autojump_clock: trio.testing.MockClock) -> None:
    """A log line for each interval, with what happened in it."""
    with structlog.testing.capture_logs() as lines:
        async with open_sampling(TURNS, "dev"):
            await trio.sleep(25)
    told = [line for line in lines if line["event"] == "scheduler_traced"]
    assert len(told) == 2
    assert told[0]["tasks"] >= 2
    assert set(told[0]["since"]) == {
        "steps", *[f"{what}_{how}_ms" for what in ("delay", "step") for how in ("p50", "p99", "max")],
    }  # fmt: skip
    assert [line["event"] for line in lines if line["event"].startswith("sampling")] == ["sampling_begun"]


@pytest.mark.parametrize("name", ["block", "mutex", "sched"])
async def test_a_profile_of_what_is_off(name: str) -> None:
    """R51. Of now there is none, and it says how to get one; of some seconds it is counted for these only."""
    async with open_sampling(OFF, "prod") as one:
        with pytest.raises(ProfileRefused, match=f"{name}\\?seconds=5") as refused:
            await taken(one, name)
        assert refused.value.code == f"{name}_off"
        async with trio.open_nursery() as nursery:
            nursery.start_soon(planted_work)
            profile = await taken(one, name, SOME_SECONDS)
            nursery.cancel_scope.cancel()
        assert ("planted_work" in functions(profile)) == (name != "mutex")
        assert (one.waits, one.scheduling) == (None, None)


async def test_a_profile_of_some_seconds_of_what_is_on() -> None:
    """R51. Only what came meanwhile; what is on goes on."""
    async with open_sampling(attrs.evolve(WAITS, sched_interval=SchedInterval(10)), "dev") as one:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(planted_work)
            await until(partial(has_waited, one))
            before = waits_of(await taken(one, "block"))
            meanwhile = waits_of(await taken(one, "block", SOME_SECONDS))
            assert "planted_work" in functions(await taken(one, "sched", SOME_SECONDS))
            after = waits_of(await taken(one, "block"))
            nursery.cancel_scope.cancel()
        assert meanwhile > 0
        assert after >= before + meanwhile
        assert "100 us" in named(one, "block").setting()


async def has_waited(sampling: Sampling) -> bool:
    """Whether the planted task has."""
    return waits_of(await taken(sampling, "block")) > 0


def waits_of(profile: Profile) -> int:
    """How often the planted task has waited."""
    return sum(
        one.values[0]
        for one in profile.samples
        if any(frame.function.endswith(".planted_work") for frame in one.stack)
    )


async def test_a_cpu_profile_has_the_rate_in_force() -> None:
    """R51."""
    async with open_sampling(OFF, "prod") as one:
        assert named(one, "profile").seconds == 30
        assert (await taken(one, "profile", 0.05)).period == 10_000_000
