"""What an idle session costs: memory and tasks while it is there, what stays when it has left, and CPU.

    python -m benchmarks.idle [--quick] [--runs 3] [--sessions 1000] [--mode sqlite memory]

A few sessions come and go first, so that what is loaded once does not count. Then two waves come, look at
an empty board, and leave: what the second one leaves behind beyond the first would be a leak. Memory is
the server's resident set, without the kernel's socket buffers.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from benchmarks.load import seated
from benchmarks.serving import Server, take_load_core
from benchmarks.tables import spread, table

WARM_UP_SESSIONS: Final = 20
REST_SECONDS: Final = 0.5
GONE_SECONDS: Final = 20.0
KIB: Final = 1024


@dataclass(frozen=True, slots=True)
class Scenario:
    """Sessions on a number of boards."""

    mode: str
    boards: int
    sessions: int
    """On all boards together."""


@dataclass(frozen=True, slots=True)
class Wave:
    """Sessions that came and left."""

    kib: float
    """Resident memory of each."""
    tasks: float
    """Tasks of each, without the boards'."""
    cpu_ms_in: float
    """Server CPU for letting one in."""
    cpu_ms_out: float
    left_kib: float
    """Resident memory that was not given back, per session."""
    left_tasks: int
    """Tasks beyond those before, without the boards'."""


def wave(server: Server, name: str, scenario: Scenario) -> Wave:
    """Let everybody in, rest, let everybody go."""
    boards = [f"{name}-{number}" for number in range(scenario.boards)]
    rss, counts, cpu = server.rss_bytes, server.counts, server.cpu_seconds
    load = seated(server.port, boards, scenario.sessions // scenario.boards)
    try:
        load.wait_until(lambda: False, REST_SECONDS)
        rss_in, counts_in, cpu_in = server.rss_bytes, server.counts, server.cpu_seconds
    finally:
        load.close()
    counts_out = _wait_until_gone(server)
    present = counts_in["sessions"]
    return Wave(
        (rss_in - rss) / KIB / present,
        (_own_tasks(counts_in) - _own_tasks(counts)) / present,
        (cpu_in - cpu) * 1_000 / present,
        (server.cpu_seconds - cpu_in) * 1_000 / present,
        (server.rss_bytes - rss) / KIB / present,
        _own_tasks(counts_out) - _own_tasks(counts),
    )


def _own_tasks(counts: dict[str, int]) -> int:
    """Tasks that are not the boards': an open board has one task for itself and four workers."""
    return counts["tasks"] - 5 * counts["boards"]


def _wait_until_gone(server: Server) -> dict[str, int]:
    """The counts once no session is left, or as they are after GONE_SECONDS."""
    deadline = time.monotonic() + GONE_SECONDS
    while server.counts["leases"] and time.monotonic() < deadline:
        time.sleep(REST_SECONDS / 5)
    time.sleep(REST_SECONDS)
    return server.counts


def measure(scenario: Scenario) -> list[Wave]:
    """Two waves on a fresh server."""
    with Server(scenario.mode) as server:
        wave(server, "warm-up", Scenario(scenario.mode, 1, WARM_UP_SESSIONS))
        return [wave(server, name, scenario) for name in ("first", "second")]


TITLES: Final = (
    "mode",
    "boards",
    "sessions",
    "KiB each",
    "tasks each",
    "CPU ms in",
    "CPU ms out",
    "left KiB 1st",
    "2nd wave",
    "tasks left",
)


def row(scenario: Scenario, runs: Sequence[list[Wave]]) -> list[str]:
    """A line of the table."""
    first = [one[0] for one in runs]
    every = [wave for one in runs for wave in one]
    return [
        scenario.mode,
        str(scenario.boards),
        str(scenario.sessions),
        spread([one.kib for one in first], 1),
        f"{median(one.tasks for one in every):g}",
        spread([one.cpu_ms_in for one in every]),
        spread([one.cpu_ms_out for one in every]),
        spread([one.left_kib for one in first], 1),
        spread([one[1].left_kib for one in runs], 1),
        str(max(one.left_tasks for one in every)),
    ]


def main() -> None:
    """Parse the arguments, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one small run, to see that it works")
    parser.add_argument("--runs", type=int, default=3, help="of each scenario (default: 3)")
    parser.add_argument("--sessions", type=int, default=1_000, help="in each wave (default: 1000)")
    parser.add_argument("--mode", nargs="+", choices=["memory", "sqlite"], default=["sqlite"])
    arguments = parser.parse_args()
    runs, sessions = (1, 40) if arguments.quick else (arguments.runs, arguments.sessions)
    boards = (4,) if arguments.quick else (sessions // 10, sessions // 50, 1)
    take_load_core()
    results: dict[Scenario, list[list[Wave]]] = {
        Scenario(mode, number, sessions): [] for mode in arguments.mode for number in boards if number
    }
    for _ in range(runs):
        for scenario, so_far in results.items():
            so_far.append(measure(scenario))
    print(f"idle sessions, {runs} runs: median (range)\n")
    print(table(TITLES, [row(*one) for one in results.items()]))


if __name__ == "__main__":
    main()
