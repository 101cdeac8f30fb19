"""Scenarios of what a server samples of itself."""

import tracemalloc

import attrs
import trio
from timeouts.scenarios.book import before_and_after, is_about, scenario

from whiteboard.config import Settings
from whiteboard.config.sampling import BlockRate, MemoryRate
from whiteboard.diagnostics.profiles.sources import Sources
from whiteboard.diagnostics.sampled import sampled_sources
from whiteboard.diagnostics.sampling import open_sampling
from whiteboard.timeouts import Timeout


@scenario("sampling is asked for")
async def sampling_is_asked_for(entry: Timeout) -> str:
    """However long it is asked for, it ends by itself."""
    off = Settings().rates
    async with open_sampling(off, "prod") as sampling:
        sampling.ask(attrs.evolve(off, block_rate=BlockRate(100)), 10 * entry.default)
        watched = []
        for wait in before_and_after(entry):
            await trio.sleep(wait)
            watched.append(sampling.are_waits_watched)
    return f"waits are watched: {watched}"


@scenario("a CPU profile of nobody said how long")
async def a_cpu_profile_of_nobody_said_how_long(entry: Timeout) -> str:
    """As long as Go's tool expects."""
    async with open_sampling(Settings().rates, "prod") as sampling:
        began = trio.current_time()
        await Sources(*sampled_sources(sampling)).take("profile")
    return f"about as long: {is_about(trio.current_time() - began, entry)}"


@scenario("allocations are traced now and then")
async def allocations_are_traced_now_and_then(entry: Timeout) -> str:
    """For so long in so many times of it."""
    rates, over = attrs.evolve(Settings().rates, memory_rate=MemoryRate(10)), trio.Event()
    was_traced: list[bool] = []

    async def look() -> None:
        was_traced.append(tracemalloc.is_tracing())
        over.set()
        await trio.lowlevel.checkpoint()

    began = trio.current_time()
    async with open_sampling(rates, "prod") as sampling:
        sampling.at_window.append(look)
        await over.wait()
    return f"traced: {was_traced == [True]}, about as long: {is_about((trio.current_time() - began) / 10, entry)}"
