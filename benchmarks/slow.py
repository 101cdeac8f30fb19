"""One client stops reading while ten others draw: what that costs the server and the others.

    python -m benchmarks.slow [--quick] [--seconds 60] [--data DIR] [--mode memory sqlite]

The same drawing twice on a fresh server each: without and with somebody who says hello and then never reads
again, on a socket with a small buffer. Latencies are the others'; memory is how much the server grew
while they drew (what the board itself grows by is in both lines, and the difference is the slow one's).
"""

import argparse
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.load import seated
from benchmarks.serving import Server, take_load_core
from benchmarks.sockets import Line, masked_frame
from benchmarks.tables import percentile, table

DRAWERS: Final = 10
RATE: Final = 60.0
"""Ops per second of each: enough that the slow one's socket and budget are full within seconds."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One run."""

    seen_p50: float
    seen_p99: float
    grown_mib: float
    queued_kib: float
    """Highest number of bytes that the server held for slow sockets, asked for once a second."""
    ended: str
    """What became of the slow one."""
    faults: int


@contextmanager
def slow_reader(port: int, board: str, *, is_there: bool) -> Iterator[Line | None]:
    """Somebody who joins and never reads again, or nobody."""
    if not is_there:
        yield None
        return
    line = Line(port, board)
    line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    line.send(masked_frame(b'{"type":"hello","name":"slow"}'))
    try:
        yield line
    finally:
        line.close()


def measure(mode: str, seconds: float, place: Path | None, *, has_slow: bool) -> Figures:
    """The figures of one run; times in milliseconds."""
    with Server(mode, place) as server:
        load = seated(server.port, ["slow"], DRAWERS)
        try:
            load.draw_at_rate(RATE, min(2.0, seconds))
            crowd = load.crowds[0]
            with slow_reader(server.port, "slow", is_there=has_slow):
                crowd.forget_figures()
                before, queued = server.rss_bytes, 0
                sessions = DRAWERS + has_slow
                for _ in range(max(1, round(seconds))):
                    load.draw_at_rate(RATE, min(1.0, seconds))
                    counts = server.counts
                    queued, sessions = max(queued, counts["queue_bytes"]), counts["sessions"]
                grown = server.rss_bytes - before
            crowd.finish()
        finally:
            load.close()
    gone = "closed" if sessions == DRAWERS else "kept within its budget"
    return Figures(
        percentile(crowd.seen_ms, 0.5),
        percentile(crowd.seen_ms, 0.99),
        grown / 2**20,
        queued / 2**10,
        gone if has_slow else "nobody",
        sum(crowd.faults.values()),
    )


TITLES: Final = ("mode", "slow reader", "seen p50 ms", "p99 ms", "grown MiB", "queued KiB", "faults")


def row(mode: str, one: Figures) -> Sequence[str]:
    """A line of the table."""
    figures = (f"{one.seen_p50:.2f}", f"{one.seen_p99:.2f}", f"{one.grown_mib:.1f}", f"{one.queued_kib:,.0f}")
    return [mode, one.ended, *figures, str(one.faults or "none")]


def main() -> None:
    """Parse the arguments, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one short run, to see that it works")
    parser.add_argument("--seconds", type=float, default=60.0, help="per run (default: 60)")
    parser.add_argument("--data", type=Path, help="directory on the disk to measure (default: temporary)")
    parser.add_argument("--mode", nargs="+", choices=["memory", "sqlite"], default=["memory", "sqlite"])
    arguments = parser.parse_args()
    seconds = 0.3 if arguments.quick else arguments.seconds
    take_load_core()
    rows = [
        row(mode, measure(mode, seconds, arguments.data, has_slow=has_slow))
        for mode in arguments.mode
        for has_slow in (False, True)
    ]
    print(f"{DRAWERS} clients draw {RATE:g} ops/s each for {seconds:g} s\n")
    print(table(TITLES, rows))


if __name__ == "__main__":
    main()
