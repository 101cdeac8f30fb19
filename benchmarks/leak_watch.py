"""What the look for leaks costs a server: `python benchmarks/leak_watch.py [--objects 500000] [--tasks 40000]`.

Prints the worst gap of the event loop while a copy of the process searches who holds an object, how long that search takes, what
a look at all tasks takes, and what the end of a session pays.
"""

import argparse
import time
import weakref
from functools import partial
from typing import Any

import attrs
import trio
import trio.testing

from whiteboard import timeouts
from whiteboard.diagnostics.leaks.departed import Departed
from whiteboard.diagnostics.leaks.holders import find_holders
from whiteboard.diagnostics.leaks.places import living_tasks
from whiteboard.diagnostics.leaks.stray_tasks import StrayTasks
from whiteboard.diagnostics.profiles.forked import forked

KEPT: list[Any] = []
TICK_SECONDS = 0.001


class Thing:
    """Something that is held."""


@attrs.define
class Gaps:
    """How long the event loop was away."""

    worst: float = 0.0

    async def watch(self) -> None:
        """For ever."""
        last = time.perf_counter()
        while True:
            await trio.sleep(TICK_SECONDS)
            now = time.perf_counter()
            self.worst = max(self.worst, now - last - TICK_SECONDS)
            last = now


def held(objects: int) -> "weakref.ref[Thing]":
    """One thing in a callback, among so many other objects."""
    KEPT.append([[number] for number in range(objects)])
    thing = Thing()
    KEPT.append(lambda: thing)
    return weakref.ref(thing)


def named(reference: "weakref.ref[Thing]") -> bytes:
    """Who holds it."""
    return find_holders(reference).chains[0].encode()


async def search(objects: int) -> None:
    """Who holds it, looked for by a copy."""
    reference, gaps = held(objects), Gaps()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(gaps.watch)
        await trio.sleep(0.1)
        quiet, gaps.worst = gaps.worst, 0.0
        began = time.perf_counter()
        answer = await forked(partial(named, reference))
        took = time.perf_counter() - began
        nursery.cancel_scope.cancel()
    print(f"{objects:,} objects: searched in {took:.2f} s, worst gap {gaps.worst * 1_000:.1f} ms")
    print(f"  (without a search {quiet * 1_000:.1f} ms); found {answer.decode()!r}")


async def look_at_tasks(count: int) -> None:
    """One look at so many tasks."""
    async with trio.open_nursery() as nursery:
        for _ in range(count):
            nursery.start_soon(trio.sleep_forever)
        await trio.testing.wait_all_tasks_blocked()
        strays = StrayTasks(list(living_tasks()), lambda _: True)
        began = time.process_time()
        await strays.look(timeouts.LEAKED_TASK.seconds)
        took = time.process_time() - began
        nursery.cancel_scope.cancel()
    print(f"{count:,} tasks: looked at in {took * 1_000:.0f} ms, {took / count * 1e6:.2f} µs each")


async def end_sessions(count: int) -> None:
    """What each end pays."""
    departed, began = Departed(), time.process_time()
    for _ in range(count):
        departed.note("session", "s-0123456789ab", Thing())
    print(f"an end: {(time.process_time() - began) / count * 1e6:.2f} µs, {len(departed)} left behind")


async def main(objects: int, tasks: int) -> None:
    """All three."""
    await search(objects)
    await look_at_tasks(tasks)
    await end_sessions(100_000)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=500_000)
    parser.add_argument("--tasks", type=int, default=40_000)
    arguments = parser.parse_args()
    trio.run(partial(main, arguments.objects, arguments.tasks))
