"""How long the event loop stands still while profiles are taken: heap dumps of a large process, task trees, beside none.

    python -m benchmarks.heap_dump [--objects 500000] [--tasks 10000] [--rounds 5]

One process with so many traced objects and so many tasks; a ticker wants to run every 5 ms and notes how late it was. Each round
has a turn of each kind, so that what the machine does meanwhile hits all alike; "none" is what the run cannot tell from nothing.
`inline` is what the fork is for: tracemalloc's own snapshot, in the process. Run it on a machine that does nothing else.
"""

import argparse
import resource
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import trio

from benchmarks.tables import percentile, spread, table
from whiteboard.composition.profiling import profiles_of
from whiteboard.config import LogFormat, LogLevel, Settings
from whiteboard.diagnostics import logs
from whiteboard.diagnostics.memory.cycles import open_cycle_search
from whiteboard.diagnostics.profiles import tracing
from whiteboard.diagnostics.profiles.pprof import decoded
from whiteboard.diagnostics.profiles.sources import Sources
from whiteboard.diagnostics.sampling import open_sampling

FRAMES = 5
TICK_SECONDS = 0.005
REST_SECONDS = 0.3
"""Between two turns, so that none pays for the one before."""
OBJECTS_EACH = 5
"""Of an element: the dictionary, its id, the list, and two numbers."""

Take = Callable[[], Awaitable[object]]


@dataclass
class Turns:
    """What one kind of look did, over all rounds."""

    worst_ms: list[float] = field(default_factory=list)
    """Of each turn."""
    late_ms: list[float] = field(default_factory=list)
    """Of each tick."""
    took_ms: list[float] = field(default_factory=list)
    """Until who asked had the profile."""

    def row(self, called: str) -> list[str]:
        """As the table has it."""
        p99 = percentile(self.late_ms, 0.99)
        return [
            called,
            f"{p99:.1f}",
            f"{max(self.worst_ms):.1f}",
            spread(self.worst_ms, 1),
            spread(self.took_ms, 0),
        ]


class Ticker:
    """Notes how late it is run."""

    def __init__(self) -> None:
        self.late_ms: list[float] = []

    async def run(self) -> None:
        """For ever."""
        while True:
            due = time.perf_counter() + TICK_SECONDS
            await trio.sleep(TICK_SECONDS)
            self.late_ms.append((time.perf_counter() - due) * 1000)


def elements(count: int) -> list[dict[str, object]]:
    """Objects as a board has them, each traced."""
    return [{"id": f"s-{n}", "points": [n * 1.5, n * 2.5]} for n in range(count // OBJECTS_EACH)]


async def session() -> None:
    """A task with a task of its own, as sessions have them."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep_forever)
        await trio.sleep_forever()


async def turn(take: Take, turns: Turns, ticker: Ticker) -> None:
    """One look, and how the ticker fared meanwhile."""
    await trio.sleep(REST_SECONDS)
    ticker.late_ms.clear()
    began = time.perf_counter()
    await take()
    turns.took_ms.append((time.perf_counter() - began) * 1000)
    for _ in range(10):  # a tick that was held up may have its turn after ours
        await trio.sleep(TICK_SECONDS)
    turns.worst_ms.append(max(ticker.late_ms))
    turns.late_ms.extend(ticker.late_ms)


async def none() -> None:
    """Nothing, for half a second."""
    await trio.sleep(0.5)


async def inline() -> None:
    """What the fork is for."""
    await trio.lowlevel.checkpoint()
    tracemalloc.take_snapshot().statistics("traceback")


def untraced(sources: Sources) -> dict[str, Take]:
    """What is looked at while allocations are not traced."""
    return {
        "none": none,
        "tasks": lambda: sources.take_encoded("tasks"),
        "threads": lambda: sources.take_encoded("threads"),
    }


def traced(sources: Sources) -> dict[str, Take]:
    """And while they are."""
    return {
        "none": none,
        "heap, in a forked child": lambda: sources.take_encoded("heap"),
        "heap?seconds=1": lambda: sources.take_encoded("heap", 1.0),
    }


async def measure(objects: int, tasks: int, rounds: int) -> str:
    """The tables, with what they are of."""
    ticker = Ticker()
    async with open_sampling(Settings().rates, "prod") as sampling, trio.open_nursery() as nursery:
        sources = profiles_of(sampling)
        for _ in range(tasks // 2):
            nursery.start_soon(session)
        nursery.start_soon(ticker.run)
        small = await compared(untraced(sources), ticker, rounds)
        tracing.start(FRAMES)
        kept = elements(objects)
        async with open_cycle_search():
            large = await compared(traced(sources), ticker, rounds)
            large.append((await compared({"heap, inline (tracemalloc's own)": inline}, ticker, 1))[0])
        heap = decoded(await sources.take_encoded("heap"))
        nursery.cancel_scope.cancel()
    blocks = sum(sample.values[2] for sample in heap.samples)
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    titles = ["look", "late p99 (ms)", "late worst", "worst of each turn", "took (ms)"]
    return "\n".join(
        [
            f"{tasks:,} tasks, nothing traced, {rounds} rounds",
            "",
            table(titles, small),
            "",
            f"{len(kept) * OBJECTS_EACH:,} objects, {blocks:,} traced blocks, {tasks:,} tasks, {resident} MiB, {rounds} rounds",
            "",
            table(titles, large),
        ]
    )


async def compared(looks: Mapping[str, Take], ticker: Ticker, rounds: int) -> list[list[str]]:
    """A row for each of them, taken in turns."""
    found = {called: Turns() for called in looks}
    await trio.sleep(1)
    for _ in range(rounds):
        for called, take in looks.items():
            await turn(take, found[called], ticker)
    return [turns.row(called) for called, turns in found.items()]


def main() -> None:
    """Print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--objects", type=int, default=500_000)
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    logs.configure(LogFormat.TEXT, LogLevel.WARNING)
    print(trio.run(measure, given.objects, given.tasks, given.rounds))


if __name__ == "__main__":
    main()
