"""What looking at a server costs it: CPU for each delivery, beside a server that nobody looks at, in one run.

    python -m benchmarks.overheads [--quick] [--rounds 15] [--seconds 2] [--write docs/diagnostics.md]

Two servers get the same load in turns: one is bare (`benchmarks.bare`), one has the settings of production and is asked over HTTP to
sample something else for each turn. Each round has a turn of every kind, forwards and then backwards, so that what a machine
does meanwhile hits all alike; every third round has new servers. Ratios are taken within each round. "bare again" is the same server as "bare": its range is what
the run cannot tell from nothing.
"""

import argparse
import json
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.request import Request, urlopen

from benchmarks.load import Load, seated
from benchmarks.scenes.sections import Section, Table, write
from benchmarks.serving import Server, take_load_core
from benchmarks.tables import percentile, spread

HTTP_SECONDS: Final = 30.0
WARM_SECONDS: Final = 0.2
STAY_SECONDS: Final = 0.02
ROUNDS_OF_SERVERS: Final = 3
"""Then both are started anew: two processes of the same program differ by some per cent for as long as they live."""
BASE: Final = "bare"


@dataclass(frozen=True, slots=True)
class People:
    """Who draws, and how much."""

    called: str
    boards: int
    per_board: int
    rate: float
    """Ops per second of each."""


PEOPLE: Final = (
    People("10 boards of 6, 10 ops/s each", 10, 6, 10.0),
    People("a board of 50, 10 ops/s each", 1, 50, 10.0),
)
QUICK_PEOPLE: Final = (People("2 boards of 3, 20 ops/s each", 2, 3, 20.0),)


@dataclass(frozen=True, slots=True)
class Kind:
    """One way to look at the server."""

    called: str
    is_bare: bool = False
    rates: Mapping[str, float] | None = None
    """What it is asked to sample."""
    profiles_cpu: bool = False


DEV: Final = {"block_rate": 10, "sched_interval": 60}
KINDS: Final = (
    Kind(BASE, is_bare=True),
    Kind("bare again", is_bare=True),
    Kind("production: nothing is on"),
    Kind("block profile, 100 µs", rates={"block_rate": 100}),
    Kind("scheduler traced", rates={"sched_interval": 60}),
    Kind("development: block 10 µs, scheduler", rates=DEV),
    Kind("CPU profile, 100 Hz", profiles_cpu=True),
    Kind("allocations traced, 5 frames", rates={"memory_frames": 5}),
    Kind("allocations traced, 25 frames", rates={"memory_frames": 25}),
)


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a kind."""

    cpu: float
    """Seconds of the server for a million deliveries."""
    seen_p50: float
    seen_p99: float
    """Milliseconds from an op's send to its being at the others."""


def cpu_of(server: Server) -> float:
    """CPU seconds of a process so far, to the nanosecond: its CPU clock, as clock_getcpuclockid(3) names it."""
    return time.clock_gettime((~server.pid << 3) | 2)


class Seats:
    """A server with everybody in."""

    def __init__(self, server: Server, people: People) -> None:
        self.server = server
        self._people = people
        boards = [f"b{number}" for number in range(people.boards)]
        self.load: Load = seated(server.port, boards, people.per_board)

    def turn(self, seconds: float) -> Turn:
        """Draw for so long."""
        self.load.draw_at_rate(self._people.rate, WARM_SECONDS)
        for crowd in self.load.crowds:
            crowd.forget_figures()
        before = cpu_of(self.server)
        self.load.draw_at_rate(self._people.rate, seconds)
        cpu = cpu_of(self.server) - before
        seen = [delay for crowd in self.load.crowds for delay in crowd.seen_ms]
        return Turn(cpu / len(seen) * 1e6, percentile(seen, 0.5), percentile(seen, 0.99))

    def stay(self) -> None:
        """Answer what the server asks those who are silent, as they are in the other's turns."""
        self.load.wait_until(lambda: False, STAY_SECONDS)

    def faults(self) -> list[str]:
        """What nobody should have seen."""
        for crowd in self.load.crowds:
            crowd.finish()
        return [f"{name}: {count}" for crowd in self.load.crowds for name, count in crowd.faults.items()]


def ask(server: Server, rates: Mapping[str, float], seconds: float) -> None:
    """Have the server sample so."""
    body = json.dumps({**rates, "seconds": seconds}).encode()
    request = Request(f"http://127.0.0.1:{server.port}/debug/sampling", body, method="POST")
    with urlopen(request, timeout=HTTP_SECONDS) as answer:  # noqa: S310 - our own server
        answer.read()


@contextmanager
def looking(kind: Kind, server: Server, seconds: float) -> Iterator[None]:
    """Have the server looked at while the block runs, which takes about `seconds`."""
    long = seconds + WARM_SECONDS + HTTP_SECONDS
    if kind.rates:
        ask(server, kind.rates, long)
    profiler = threading.Thread(target=_profile_cpu, args=(server, seconds + WARM_SECONDS))
    if kind.profiles_cpu:
        profiler.start()
    try:
        yield
    finally:
        if kind.profiles_cpu:
            profiler.join()
        if kind.rates:
            ask(server, {}, 0)


def _profile_cpu(server: Server, seconds: float) -> None:
    address = f"http://127.0.0.1:{server.port}/debug/pprof/profile?seconds={seconds:g}"
    with urlopen(address, timeout=seconds + HTTP_SECONDS) as answer:
        answer.read()


@contextmanager
def both(people: People) -> Iterator[tuple[Seats, Seats]]:
    """The bare server and the other one, with everybody in."""
    with Server("memory", program="benchmarks.bare") as bare, Server("memory") as other:
        seats = Seats(bare, people), Seats(other, people)
        try:
            yield seats
        finally:
            for one in seats:
                one.load.close()


def measure(people: People, rounds: int, seconds: float, tell: Callable[[str], None]) -> Table:
    """All kinds in turns. Raises RuntimeError when anybody missed anything."""
    turns: dict[str, list[Turn]] = {kind.called: [] for kind in KINDS}
    for first in range(0, rounds, ROUNDS_OF_SERVERS):
        with both(people) as (bare, other):
            for number in range(first, min(first + ROUNDS_OF_SERVERS, rounds)):
                for kind in KINDS if number % 2 == 0 else KINDS[::-1]:
                    seats = bare if kind.is_bare else other
                    with looking(kind, seats.server, seconds):
                        turns[kind.called].append(seats.turn(seconds))
                    bare.stay()
                    other.stay()
                tell(f"{people.called}: round {number + 1} of {rounds}")
            if faults := bare.faults() + other.faults():
                raise RuntimeError(f"the load saw {', '.join(faults)}")
    return Table(TITLES, [_row(people, kind, turns) for kind in KINDS])


TITLES: Final = (
    "load",
    "looked at by",
    "CPU s per million deliveries",
    "times bare: median of rounds (middle half)",
    "seen p50 ms",
    "seen p99 ms",
)


def _row(people: People, kind: Kind, turns: Mapping[str, Sequence[Turn]]) -> list[str]:
    own, base = turns[kind.called], turns[BASE]
    ratios = [turn.cpu / beside.cpu for turn, beside in zip(own, base, strict=True)]
    return [
        people.called,
        kind.called,
        spread([turn.cpu for turn in own], 1),
        "1" if kind.called == BASE else _middle_half(ratios),
        f"{statistics.median(turn.seen_p50 for turn in own):.2f}",
        f"{statistics.median(turn.seen_p99 for turn in own):.2f}",
    ]


def _middle_half(ratios: Sequence[float]) -> str:
    """The median and the quartiles."""
    low, high = percentile(ratios, 0.25), percentile(ratios, 0.75)
    return f"{statistics.median(ratios):.3f} ({low:.3f}-{high:.3f})"


def main() -> None:
    """Parse the arguments, measure, print or write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one short round, to see that it works")
    parser.add_argument("--rounds", type=int, default=15, help="turns of each kind (default: 15)")
    parser.add_argument("--seconds", type=float, default=2.0, help="per turn (default: 2)")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the figures into this document")
    arguments = parser.parse_args()
    rounds, seconds = (1, 0.5) if arguments.quick else (arguments.rounds, arguments.seconds)
    take_load_core()
    people = QUICK_PEOPLE if arguments.quick else PEOPLE
    tables = [measure(one, rounds, seconds, lambda said: print(said, flush=True)) for one in people]
    shape = f"Memory mode, {rounds} turns of {seconds:g} s of each kind, two servers in turns on one core, the load on another:"
    section = Section("overheads", shape, tables)
    print(f"\n{section.markdown()}")
    if arguments.write:
        write(arguments.write, section)


if __name__ == "__main__":
    main()
