"""Somebody opens a full board: how soon they see it, what comes over the wire, and what 500 at once cost."""

from dataclasses import dataclass
from statistics import median
from typing import Final

from benchmarks.scenes.guests import Door, Guest
from benchmarks.scenes.sections import Section, Table
from benchmarks.scenes.strokes import JOINED_STROKES, POINTS, fill
from benchmarks.scenes.systems import (
    MIB,
    Seat,
    cpu_seconds,
    elements_in,
    hello,
    path_of,
    peak_rss_bytes,
    rss_bytes,
)
from benchmarks.serving import Server
from benchmarks.tables import percentile

ALONE: Final = 20
"""Joins one after the other."""
CROWD: Final = 500
BOARD: Final = "full"


@dataclass(frozen=True, slots=True)
class Joined:
    """What one or many joins cost."""

    ms: list[float]
    """From the first SYN to the last byte of the snapshot, each."""
    mb: float
    """Bytes on the wire for each, in millions."""
    cpu_ms: float
    """Of the server, for each."""


def check(server: Server, strokes: int, *, deflate: bool) -> None:
    """Join once and count what came. Raises RuntimeError when it is not the board."""
    door, seat = Door(), Seat(keep=True)
    try:
        door.let_in([Guest(server.port, path_of(BOARD), hello("c"), deflate=deflate, hear=seat.hear)])
        if not door.wait_until(lambda: seat.is_whole) or elements_in(seat) != strokes:
            raise RuntimeError(f"the snapshot has not all {strokes} strokes")
    finally:
        door.close()


def join(server: Server, people: int, *, deflate: bool) -> Joined:
    """So many at once."""
    door, seats = Door(), [Seat() for _ in range(people)]
    before = cpu_seconds(server)
    try:
        for number, seat in enumerate(seats):
            door.let_in(
                [Guest(server.port, path_of(BOARD), hello(f"j{number}"), deflate=deflate, hear=seat.hear)]
            )
        if not door.wait_until(lambda: all(one.is_whole for one in seats)):
            raise RuntimeError(
                f"{sum(not one.is_whole for one in seats)} of {people} never saw the board: {door.ends()}"
            )
        cpu = cpu_seconds(server) - before
        mb = median(one.bytes_in for one in door.guests.values()) / 1e6
        return Joined([one.took * 1_000 for one in seats], mb, cpu / people * 1_000)
    finally:
        door.close()


def alone(server: Server, times: int, *, deflate: bool) -> Joined:
    """One after the other; the first, which may have to make what the others share, is left out."""
    join(server, 1, deflate=deflate)
    each = [join(server, 1, deflate=deflate) for _ in range(times)]
    return Joined(
        [one.ms[0] for one in each], median(one.mb for one in each), median(one.cpu_ms for one in each)
    )


def measure(*, quick: bool) -> Section:
    """One table: with and without deflate, alone and together."""
    strokes, times, crowd = (200, 2, 20) if quick else (JOINED_STROKES, ALONE, CROWD)
    rows = []
    for deflate in (False, True):
        with Server("memory") as server:
            fill(server, BOARD, strokes)
            check(server, strokes, deflate=deflate)
            one = alone(server, times, deflate=deflate)
            before = rss_bytes(server)
            many = join(server, crowd, deflate=deflate)
            grown = (peak_rss_bytes(server) - before) / MIB
        rows.append(
            [
                "deflate" if deflate else "plain",
                f"{one.mb:.2f}",
                f"{median(one.ms):.1f}",
                f"{one.cpu_ms:.2f}",
                f"{many.cpu_ms:.2f}",
                f"{percentile(many.ms, 0.5):,.0f} / {max(many.ms):,.0f}",
                f"{grown:.0f}",
            ]
        )
    titles = (
        "snapshot",
        "MB",
        "alone: ms",
        "CPU ms",
        f"{crowd} at once: CPU ms each",
        "ms p50 / last",
        "most memory beyond before, MiB",
    )
    return Section(
        "joins",
        f"A board of {strokes:,} strokes of {POINTS} points, memory mode. Time is from the first packet to the last byte of "
        "the snapshot at the client, which does not read it yet.",
        [Table(titles, rows)],
    )
