"""How long until the others see what one draws, and until one's own op is acked.

    python -m benchmarks.latency [--quick] [--runs 3] [--seconds 5] [--data DIR] [--mode memory sqlite]

The real server runs on one core, everybody else in this process on another one; both times are taken by
this process's clock, from the send to the moment when the socket that has the message has been read.
Each scenario runs several times, in turns with the others, on a server and a board of its own. A run in
which other processes took the server's core is repeated, at most `--attempts` times; the quietest counts.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.load import Load, seated
from benchmarks.quiet import least_starved
from benchmarks.serving import Server, take_load_core
from benchmarks.tables import percentile, spread, table

WARM_UP_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """People on one board and how much each draws."""

    mode: str
    clients: int
    rate: float
    """Ops per second of each."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One run."""

    seen_p50: float
    seen_p99: float
    seen_max: float
    ack_p50: float
    ack_p99: float
    cpu_percent: float
    cpu_us_per_op: float
    starved_percent: float
    """Time that other processes took from the server; when this is much, measure again."""
    late_p99: float
    """How late the load itself was; ditto."""
    faults: Counter[str]


PEOPLE: Final = ((10, 20.0), (100, 2.0), (100, 10.0))
QUICK_PEOPLE: Final = ((3, 20.0),)


def measure(scenario: Scenario, seconds: float, place: Path | None) -> Figures:
    """Figures of one scenario on a fresh server. All times in milliseconds unless named otherwise."""
    with Server(scenario.mode, place) as server:
        load = seated(server.port, ["latency"], scenario.clients)
        try:
            load.draw_at_rate(scenario.rate, min(WARM_UP_SECONDS, seconds))
            crowd = load.crowds[0]
            crowd.forget_figures()
            del load.late_ms[:]
            cpu, starved = server.cpu_seconds, server.starved_seconds
            load.draw_at_rate(scenario.rate, seconds)
            return figures(load, seconds, server.cpu_seconds - cpu, server.starved_seconds - starved)
        finally:
            load.close()


def figures(load: Load, seconds: float, cpu_seconds: float, starved_seconds: float) -> Figures:
    """What a load has witnessed."""
    crowd = load.crowds[0]
    crowd.finish()
    return Figures(
        percentile(crowd.seen_ms, 0.5),
        percentile(crowd.seen_ms, 0.99),
        percentile(crowd.seen_ms, 1.0),
        percentile(crowd.ack_ms, 0.5),
        percentile(crowd.ack_ms, 0.99),
        cpu_seconds / seconds * 100,
        cpu_seconds / len(crowd.ack_ms) * 1e6 if crowd.ack_ms else 0.0,
        starved_seconds / seconds * 100,
        percentile(load.late_ms, 0.99),
        crowd.faults,
    )


TITLES: Final = (
    "mode",
    "clients",
    "ops/s",
    "seen p50 ms",
    "p99 ms",
    "max ms",
    "ack p50 ms",
    "p99 ms",
    "server CPU %",
    "µs/op",
    "starved %",
    "load late p99 ms",
    "faults",
)


def row(scenario: Scenario, runs: Sequence[Figures]) -> list[str]:
    """A line of the table."""
    faults = sum((one.faults for one in runs), Counter())
    return [
        scenario.mode,
        str(scenario.clients),
        f"{scenario.clients * scenario.rate:,.0f}",
        spread([one.seen_p50 for one in runs]),
        spread([one.seen_p99 for one in runs]),
        spread([one.seen_max for one in runs], 1),
        spread([one.ack_p50 for one in runs]),
        spread([one.ack_p99 for one in runs]),
        spread([one.cpu_percent for one in runs], 1),
        spread([one.cpu_us_per_op for one in runs], 0),
        spread([one.starved_percent for one in runs], 1),
        spread([one.late_p99 for one in runs]),
        ", ".join(f"{name}: {count}" for name, count in faults.items()) or "none",
    ]


def main() -> None:
    """Parse the arguments, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one short run, to see that it works")
    parser.add_argument("--runs", type=int, default=3, help="of each scenario (default: 3)")
    parser.add_argument("--seconds", type=float, default=5.0, help="per run (default: 5)")
    parser.add_argument("--attempts", type=int, default=3, help="at a quiet run (default: 3)")
    parser.add_argument("--data", type=Path, help="directory on the disk to measure (default: temporary)")
    parser.add_argument("--mode", nargs="+", choices=["memory", "sqlite"], default=["memory", "sqlite"])
    arguments = parser.parse_args()
    runs, seconds = (1, 0.3) if arguments.quick else (arguments.runs, arguments.seconds)
    attempts = 1 if arguments.quick else arguments.attempts
    people = QUICK_PEOPLE if arguments.quick else PEOPLE
    take_load_core()
    results: dict[Scenario, list[Figures]] = {
        Scenario(mode, clients, rate): [] for clients, rate in people for mode in arguments.mode
    }
    for _ in range(runs):
        for scenario, so_far in results.items():
            once = partial(measure, scenario, seconds, arguments.data)
            so_far.append(least_starved(once, attempts))
    print(f"op sent -> seen by the others, and acked; {runs} x {seconds:g} s: median (range)\n")
    print(table(TITLES, [row(*one) for one in results.items()]))


if __name__ == "__main__":
    main()
