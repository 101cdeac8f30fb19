"""Others who take the server's time: a storm of joins on a board where people draw, and a hot board beside a thousand quiet ones."""

from array import array
from typing import Final

from benchmarks.load import Load, seated
from benchmarks.peers.whiteboard import Whiteboard
from benchmarks.scenes.hot import hot_board
from benchmarks.scenes.party import party
from benchmarks.scenes.sections import Section, Table
from benchmarks.scenes.strokes import JOINED_STROKES, POINTS, fill
from benchmarks.scenes.systems import MIB, OURS, cpu_seconds, forget_peak, peak_rss_bytes, rss_bytes
from benchmarks.serving import Server
from benchmarks.tables import percentile

STORM: Final = 500
DRAWERS: Final = 20
RATE: Final = 10.0
"""Ops a second of each drawer."""
STORM_SECONDS: Final = 45.0
"""Longest wait for the storm's end."""
CALM_SECONDS: Final = 3.0

BOARDS: Final = 1_000
PEOPLE: Final = 4
LOW_RATE: Final = 0.25
"""Ops a second of each person on a quiet board: a thousand a second of all."""
HOT_PEOPLE: Final = 20
MANY_SECONDS: Final = 6.0


def figures_of(load: Load) -> list[str]:
    """p50, p99 and maximum of what all have seen; by how much the load missed its own schedule, p99."""
    seen = [one for crowd in load.crowds for one in crowd.seen_ms]
    late = f"{percentile(load.late_ms, 0.99):.1f}"
    return [
        f"{percentile(seen, 0.5):.2f}",
        f"{percentile(seen, 0.99):.1f}",
        f"{max(seen, default=0.0):.1f}",
        late,
    ]


def forget(load: Load) -> None:
    """Begin to measure anew."""
    load.late_ms = array("d")
    for crowd in load.crowds:
        crowd.forget_figures()


def faults_of(load: Load) -> str:
    """How many faults there were."""
    for crowd in load.crowds:
        crowd.finish()
    return str(sum(sum(crowd.faults.values()) for crowd in load.crowds) or "none")


def storm(strokes: int, people: int, calm_seconds: float) -> list[list[str]]:
    """A line before, and one during a storm of people who take the snapshot plain and one of people who take it deflated."""
    with Server("memory") as server:
        fill(server, "full", strokes)
        load = seated(server.port, ["full"], DRAWERS)
        try:
            load.draw_at_rate(RATE, calm_seconds)
            rows = [["nobody joins", *figures_of(load), "", "", ""]]
            rows += [_storm(server, load, people, peer) for peer in (OURS, Whiteboard(offers_deflate=True))]
            faults = faults_of(load)
            return [[*row, faults] for row in rows]
        finally:
            load.close()


def _storm(server: Server, load: Load, people: int, peer: Whiteboard) -> list[str]:
    forget(load)
    forget_peak(server)
    before, cpu = rss_bytes(server), cpu_seconds(server)
    with party(server, ["full"], people, at_once=None, peer=peer) as many:
        load.draw_at_rate(RATE, STORM_SECONDS, lambda: many.is_seated)
        took = many.wait_seated()
        cpu = cpu_seconds(server) - cpu
    grown = (peak_rss_bytes(server) - before) / MIB
    what = f"{people} join, {'deflated' if peer.offers_deflate else 'plain'}"
    return [
        what,
        *figures_of(load),
        f"{max(took) / 1_000:.1f}",
        f"{cpu / people * 1_000:.2f}",
        f"{grown:.0f}",
    ]


def hot(boards: int, seconds: float) -> list[list[str]]:
    """Quiet boards alone, beside a hot one, and what the hot one gets through."""
    with Server("memory") as server:
        load = seated(server.port, [f"quiet-{n}" for n in range(boards)], PEOPLE)
        try:
            load.draw_at_rate(LOW_RATE, min(seconds, 2.0))
            forget(load)
            load.draw_at_rate(LOW_RATE, seconds)
            rows = [["no", *figures_of(load), ""]]
            forget(load)
            with hot_board(server, HOT_PEOPLE) as board:
                load.draw_at_rate(LOW_RATE, seconds)
                rows.append(["yes", *figures_of(load), f"{board.deliveries_per_second():,.0f}"])
            faults = faults_of(load)
            return [[*row, faults] for row in rows]
        finally:
            load.close()


def measure_storm(*, quick: bool) -> Section:
    """One table."""
    strokes, people, seconds = (200, 20, 0.5) if quick else (JOINED_STROKES, STORM, CALM_SECONDS)
    titles = (
        "meanwhile",
        "drawers' p50 ms",
        "p99 ms",
        "max ms",
        "load late p99 ms",
        "last one in after s",
        "CPU ms a join",
        "peak beyond before, MiB",
        "faults",
    )
    return Section(
        "storm",
        f"{DRAWERS} people draw {RATE:g} ops/s each on a board of {strokes:,} strokes of {POINTS} points; then {people} join at once. "
        "Memory mode.",
        [Table(titles, storm(strokes, people, seconds))],
    )


def measure_hot(*, quick: bool) -> Section:
    """One table."""
    boards, seconds = (10, 0.5) if quick else (BOARDS, MANY_SECONDS)
    titles = (
        "hot board",
        "others' p50 ms",
        "p99 ms",
        "max ms",
        "load late p99 ms",
        "the hot one's deliveries/s",
        "faults",
    )
    return Section(
        "hot",
        f"{boards:,} boards with {PEOPLE} people each, who draw {LOW_RATE:g} ops/s; beside them a board of {HOT_PEOPLE} who draw as "
        "fast as their acks come. Memory mode.",
        [Table(titles, hot(boards, seconds))],
    )
