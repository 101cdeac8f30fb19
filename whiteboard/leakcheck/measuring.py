"""Cycles of a scenario, a census now and then, and what is left behind them.

Of tasks, descriptors, threads and objects of ours there must be as many as before, once the server has come to rest: what stays
for good (caches, pools, a worker thread) is there after the warm-up. Live bytes are noisy: they get a line through all looks, and
count as leaking where its slope is above what its error explains.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final

import attrs
import trio

from whiteboard import timeouts
from whiteboard.deadlines import deadline
from whiteboard.diagnostics.leaks.census import KINDS, Census, grown, is_ours, take_census
from whiteboard.leakcheck.house import House
from whiteboard.leakcheck.naming import named
from whiteboard.leakcheck.scenarios import Scenario

LOOKS: Final = 8
_WARM_UP: Final = 0.3
"""Of the cycles, before anything counts."""
_ERRORS: Final = 4.0
"""Standard errors of a slope beyond which it is no accident: one in two hundred with eight looks."""
_SHORTLY: Final = 10
"""Looks, within which the server comes to rest between its cycles, if it does."""
_STEADY: Final = 8
"""Looks in a row: what waits to be written is written in between."""
_LEAST_SLOPE: Final = 200.0
"""Bytes per cycle: less than the smallest thing that a session could leave."""
_OWN: Final = ("whiteboard.leakcheck", "whiteboard.diagnostics.leaks.")
_BRINGS_OTHERS: Final = (".Session", ".Room")
_MOST_NAMED: Final = 3
"""Of each kind: a session brings some twenty types along, and all are held by the same."""


@attrs.frozen
class Slope:
    """A straight line through numbers."""

    per_cycle: float
    error: float
    """Its standard error."""

    @property
    def is_up(self) -> bool:
        """Whether it rises more than by accident."""
        return self.per_cycle - _ERRORS * self.error > _LEAST_SLOPE


@attrs.frozen
class Leak:
    """Something of which more is there than before."""

    kind: str
    """One of KINDS, or `bytes`."""
    name: str
    """A function, a type, what a descriptor is, a thread."""
    count: int
    """How many too many; of bytes, how many a cycle."""
    named: tuple[str, ...] = ()
    """Who holds one of them, or whose nursery it is in."""


@attrs.frozen
class Result:
    """Of one scenario."""

    scenario: str
    cycles: int
    """That counted."""
    before: Census
    after: Census
    live_bytes: Slope
    leaks: tuple[Leak, ...]


async def measure(house: House, scenario: Scenario, cycles: int) -> Result:
    """Run that many cycles, and some before to warm up; live bytes are counted where tracemalloc is on.

    Raises TimedOut for a cycle that takes LEAKCHECK_CYCLE, ConnectionLost for one that the server ends.
    """
    warm_up = math.ceil(cycles * _WARM_UP)
    await _run(house, scenario, range(warm_up))
    before = await at_rest()
    looks = []
    for done in range(LOOKS):
        share = range(cycles * done // LOOKS, cycles * (done + 1) // LOOKS)
        await _run(house, scenario, range(warm_up + share.start, warm_up + share.stop))
        census = await settled(before, _SHORTLY * timeouts.LEAKCHECK_LOOK.seconds)
        looks.append((share.stop, census.live_bytes))
    after = await settled(before, timeouts.LEAKCHECK_SETTLE.seconds)
    slope = slope_of(looks)
    return Result(scenario.name, cycles, before, after, slope, tuple(_leaks(before, after, slope)))


async def _run(house: House, scenario: Scenario, numbers: range) -> None:
    for number in numbers:
        with deadline(timeouts.LEAKCHECK_CYCLE):
            await scenario.cycle(house, number)


async def at_rest() -> Census:
    """A census that stays the same over _STEADY looks, or the last one within LEAKCHECK_SETTLE."""
    ends_at = trio.current_time() + timeouts.LEAKCHECK_SETTLE.seconds
    census, same = take_census(is_servers), 1
    while same < _STEADY and trio.current_time() < ends_at:
        await trio.sleep(timeouts.LEAKCHECK_LOOK.seconds)
        now = take_census(is_servers)
        same = 1 if _excess(census, now) or _excess(now, census) else same + 1
        census = now
    return census


async def settled(before: Census, seconds: float) -> Census:
    """A census with nothing more than before, or the last one within that time."""
    ends_at = trio.current_time() + seconds
    census = take_census(is_servers)
    while _excess(before, census) and trio.current_time() < ends_at:
        await trio.sleep(timeouts.LEAKCHECK_LOOK.seconds)
        census = take_census(is_servers)
    return census


def is_servers(kind: type) -> bool:
    """Whether a type is of the package and not of what looks."""
    return is_ours(kind) and not kind.__module__.startswith(_OWN)


def _excess(before: Census, after: Census) -> dict[str, Mapping[str, int]]:
    """What has grown, by kind."""
    found = {kind: grown(getattr(before, kind), getattr(after, kind)) for kind in KINDS}
    return {kind: more for kind, more in found.items() if more}


def _leaks(before: Census, after: Census, slope: Slope) -> list[Leak]:
    leaks = []
    for kind, more in _excess(before, after).items():
        for place, name in enumerate(sorted(more, key=lambda name: _rank(name, more[name]))):
            leaks.append(Leak(kind, name, more[name], named(kind, name) if place < _MOST_NAMED else ()))
    if slope.is_up:
        leaks.append(Leak("bytes", "live bytes", round(slope.per_cycle)))
    return leaks


def _rank(name: str, count: int) -> tuple[bool, int, str]:
    """What brings others along comes first: a session, a room, else that of which there is least."""
    return not name.endswith(_BRINGS_OTHERS), count, name


def slope_of(points: Sequence[tuple[float, float]]) -> Slope:
    """The line with the least squares through at least three points."""
    middle_x = math.fsum(x for x, _ in points) / len(points)
    middle_y = math.fsum(y for _, y in points) / len(points)
    spread = math.fsum((x - middle_x) ** 2 for x, _ in points)
    slope = math.fsum((x - middle_x) * (y - middle_y) for x, y in points) / spread
    left = math.fsum((y - middle_y - slope * (x - middle_x)) ** 2 for x, y in points)
    return Slope(slope, math.sqrt(left / (len(points) - 2) / spread))
