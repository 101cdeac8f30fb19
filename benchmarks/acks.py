"""Acks per second when everybody sends as fast as the answers come, and how long an ack takes then.

    python -m benchmarks.acks [--quick] [--runs 3] [--seconds 4] [--data DIR] [--mode sqlite memory]

Through the whole server: each client keeps a window of ops unanswered; everybody on a board sees
everybody's ops. Then through the op log port alone, which is what group commit itself can do (more of
that: `benchmarks/commit.py`). The place of the data matters: it is the disk's sync that is measured.
"""

import argparse
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import trio

from benchmarks.commit import measure as measure_port
from benchmarks.commit import opened
from benchmarks.load import Load, seated
from benchmarks.quiet import least_starved
from benchmarks.serving import Server, take_load_core
from benchmarks.tables import percentile, spread, table

WARM_UP_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Scenario:
    """Who sends, and how much of it may be unanswered."""

    mode: str
    boards: int
    clients: int
    """On each board."""
    window: int
    """Ops that each client sends before it waits for answers."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One run; times in milliseconds unless named otherwise."""

    acks_per_second: float
    ack_p50: float
    ack_p99: float
    cpu_us_per_op: float
    starved_percent: float
    faults: Counter[str]


SHAPES: Final = ((1, 1, 1), (1, 10, 1), (1, 10, 50), (1, 50, 20), (10, 5, 1), (10, 5, 20), (50, 1, 20))
"""Boards, clients on each, window."""
QUICK_SHAPES: Final = ((2, 2, 5),)
PORT_SHAPES: Final = ((1, 1), (10, 1), (100, 1), (10, 16))
"""Appenders to 20 boards, ops in each append."""
QUICK_PORT_SHAPES: Final = ((2, 1),)


def measure(scenario: Scenario, seconds: float, place: Path | None) -> Figures:
    """Figures of one scenario on a fresh server."""
    with Server(scenario.mode, place) as server:
        load = seated(server.port, [f"acks-{n}" for n in range(scenario.boards)], scenario.clients)
        try:
            load.draw_with_window(scenario.window, min(WARM_UP_SECONDS, seconds))
            for crowd in load.crowds:
                crowd.forget_figures()
            cpu, starved = server.cpu_seconds, server.starved_seconds
            rate = load.draw_with_window(scenario.window, seconds)
            return figures(load, rate, server.cpu_seconds - cpu, (server.starved_seconds - starved) / seconds)
        finally:
            load.close()


def figures(load: Load, rate: float, cpu_seconds: float, starved: float) -> Figures:
    """What a load has witnessed."""
    for crowd in load.crowds:
        crowd.finish()
    acks = [one for crowd in load.crowds for one in crowd.ack_ms]
    return Figures(
        rate,
        percentile(acks, 0.5),
        percentile(acks, 0.99),
        cpu_seconds / max(len(acks), 1) * 1e6,
        starved * 100,
        sum((crowd.faults for crowd in load.crowds), Counter[str]()),
    )


TITLES: Final = (
    "mode",
    "boards",
    "clients each",
    "window",
    "acks/s",
    "ack p50 ms",
    "p99 ms",
    "µs/op",
    "starved %",
    "faults",
)


def row(scenario: Scenario, runs: Sequence[Figures]) -> list[str]:
    """A line of the table."""
    faults = sum((one.faults for one in runs), Counter[str]())
    return [
        scenario.mode,
        str(scenario.boards),
        str(scenario.clients),
        str(scenario.window),
        spread([one.acks_per_second for one in runs], 0),
        spread([one.ack_p50 for one in runs]),
        spread([one.ack_p99 for one in runs]),
        spread([one.cpu_us_per_op for one in runs], 0),
        spread([one.starved_percent for one in runs], 1),
        ", ".join(f"{name}: {count}" for name, count in faults.items()) or "none",
    ]


async def port_line(mode: str, appenders: int, ops: int, seconds: float, place: Path | None) -> str:
    """A line of `benchmarks/commit.py`."""
    with tempfile.TemporaryDirectory(dir=place) as folder:
        async with opened(mode, Path(folder)) as storage:
            return await measure_port(storage, appenders, ops, seconds)


def main() -> None:
    """Parse the arguments, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one short run, to see that it works")
    parser.add_argument("--runs", type=int, default=3, help="of each scenario (default: 3)")
    parser.add_argument("--seconds", type=float, default=4.0, help="per run (default: 4)")
    parser.add_argument("--attempts", type=int, default=3, help="at a quiet run (default: 3)")
    parser.add_argument("--data", type=Path, help="directory on the disk to measure (default: temporary)")
    parser.add_argument("--mode", nargs="+", choices=["memory", "sqlite"], default=["sqlite", "memory"])
    arguments = parser.parse_args()
    runs, seconds = (1, 0.3) if arguments.quick else (arguments.runs, arguments.seconds)
    attempts = 1 if arguments.quick else arguments.attempts
    shapes = QUICK_SHAPES if arguments.quick else SHAPES
    take_load_core()
    results: dict[Scenario, list[Figures]] = {
        Scenario(mode, *shape): [] for shape in shapes for mode in arguments.mode
    }
    for _ in range(runs):
        for scenario, so_far in results.items():
            once = partial(measure, scenario, seconds, arguments.data)
            so_far.append(least_starved(once, attempts))
    print(f"through the whole server; {runs} x {seconds:g} s: median (range)\n")
    print(table(TITLES, [row(*one) for one in results.items()]), flush=True)
    for mode in arguments.mode:
        print(f"\nthe op log port alone, {mode}\nappenders   ops       acks/s    p50 ms    p99 ms    max ms")
        for appenders, ops in QUICK_PORT_SHAPES if arguments.quick else PORT_SHAPES:
            print(trio.run(port_line, mode, appenders, ops, seconds, arguments.data), flush=True)


if __name__ == "__main__":
    main()
