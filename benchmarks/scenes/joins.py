"""Somebody opens a full board: how soon they see it, what comes over the wire, and what 500 at once cost."""

from dataclasses import dataclass
from statistics import median
from typing import Final

from benchmarks.peers.peer import Peer
from benchmarks.peers.whiteboard import Whiteboard
from benchmarks.scenes.guests import Door
from benchmarks.scenes.sections import Section, Table
from benchmarks.scenes.strokes import JOINED_STROKES, POINTS, fill
from benchmarks.scenes.systems import (
    MIB,
    Reader,
    Running,
    Visitor,
    cpu_seconds,
    forget_peak,
    peak_rss_bytes,
    rss_bytes,
    visitor,
)
from benchmarks.serving import Server
from benchmarks.tables import percentile


@dataclass(frozen=True, slots=True)
class Shape:
    """How much of everything."""

    strokes: int
    times: int
    """Joins one after the other."""
    crowd: int
    """Joins at once."""


WHOLE: Final = Shape(JOINED_STROKES, 20, 500)
QUICK: Final = Shape(200, 2, 20)
BOARD: Final = "full"
JOINERS: Final = 10
"""Number of the first who joins; the board's author has a lower one."""


@dataclass(frozen=True, slots=True)
class Joined:
    """What one or many joins cost."""

    ms: list[float]
    """From the first SYN to the last byte of the snapshot, each."""
    mb: float
    """Bytes on the wire for each, in millions."""
    cpu_ms: float
    """Of the server, for each."""


def check(server: Server, strokes: int, peer: Whiteboard) -> None:
    """Join once and count what came. Raises RuntimeError when it is not the board."""
    door: Door[Reader] = Door()
    reader = Reader(server, peer, BOARD, 0, keeps=True)
    try:
        door.let_in([reader])
        if not door.wait_until(lambda: reader.is_seated) or reader.elements != strokes:
            raise RuntimeError(f"the snapshot has not all {strokes} strokes")
    finally:
        door.close()


def join(server: Running, people: int, peer: Peer) -> Joined:
    """So many at once."""
    door: Door[Visitor] = Door()
    before = cpu_seconds(server)
    try:
        for number in range(people):
            door.let_in([visitor(server, peer, BOARD, JOINERS + number)])
        guests = list(door.guests.values())
        if not door.wait_until(lambda: all(one.is_seated for one in guests)):
            missing = sum(not one.is_seated for one in guests)
            raise RuntimeError(f"{missing} of {people} never saw the board: {door.ends()}")
        cpu = cpu_seconds(server) - before
        mb = median(one.bytes_in for one in guests) / 1e6
        return Joined([one.took * 1_000 for one in guests], mb, cpu / people * 1_000)
    finally:
        door.close()


def alone(server: Running, times: int, peer: Peer) -> Joined:
    """One after the other; the first, which may have to make what the others share, is left out."""
    join(server, 1, peer)
    each = [join(server, 1, peer) for _ in range(times)]
    return Joined(
        [one.ms[0] for one in each], median(one.mb for one in each), median(one.cpu_ms for one in each)
    )


def row(server: Server, peer: Whiteboard, shape: Shape) -> list[str]:
    """A line: alone, then all at once."""
    check(server, shape.strokes, peer)
    one = alone(server, shape.times, peer)
    forget_peak(server)
    before = rss_bytes(server)
    many = join(server, shape.crowd, peer)
    return [
        "deflated" if peer.offers_deflate else "plain",
        f"{one.mb:.2f}",
        f"{median(one.ms):.1f}",
        f"{one.cpu_ms:.2f}",
        f"{many.cpu_ms:.2f}",
        f"{percentile(many.ms, 0.5):,.0f} / {max(many.ms):,.0f}",
        f"{(peak_rss_bytes(server) - before) / MIB:.0f}",
    ]


def measure(*, quick: bool) -> Section:
    """One table: with and without deflate, alone and together."""
    shape = QUICK if quick else WHOLE
    with Server("memory") as server:
        fill(server, BOARD, shape.strokes)
        rows = [row(server, Whiteboard(offers_deflate=deflates), shape) for deflates in (False, True)]
    titles = (
        "snapshot",
        "MB",
        "alone: ms",
        "CPU ms",
        f"{shape.crowd} at once: CPU ms each",
        "ms p50 / last",
        "most memory beyond before, MiB",
    )
    return Section(
        "joins",
        f"A board of {shape.strokes:,} strokes of {POINTS} points, memory mode. Time is from the first packet to the last byte of "
        "the snapshot at the client, which does not read it yet.",
        [Table(titles, rows)],
    )
