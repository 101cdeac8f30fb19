"""People who only look: what each of them keeps in memory, and what their heartbeats cost."""

from dataclasses import dataclass
from math import isnan
from typing import Final

from benchmarks.scenes.sections import Section, Table
from benchmarks.scenes.systems import KIB, cpu_seconds, looking, rest, rss_bytes
from benchmarks.serving import Server

SHAPES: Final = ((1_000, 1), (1_000, 20), (1_000, 100), (2_000, 1), (2_000, 20), (2_000, 100))
"""Sessions, boards."""
QUICK_SHAPES: Final = ((40, 4),)
WARM_UP: Final = 20
SETTLE_SECONDS: Final = 1.0
WATCHED: Final = (2_000, 20)
WATCHED_SECONDS: Final = 20.0
"""Two of our heartbeats."""


@dataclass(frozen=True, slots=True)
class Idle:
    """What each of many costs who only looks."""

    kib: float
    """Resident memory."""
    cpu_ms_in: float
    """Server CPU for letting one in."""
    share: float
    """Of a core, all of them together; nan when that was not watched."""


def idle(sessions: int, boards: int, watch_seconds: float) -> Idle:
    """They come, a moment goes by, and so many seconds are watched."""
    with Server("memory") as server:
        with looking(server, ["warm-up"], WARM_UP):
            pass
        rss, cpu = rss_bytes(server), cpu_seconds(server)
        with looking(server, [f"idle-{n}" for n in range(boards)], sessions // boards) as door:
            cpu_in = cpu_seconds(server) - cpu
            rest(door, SETTLE_SECONDS)
            kib = (rss_bytes(server) - rss) / KIB / sessions
            before = cpu_seconds(server)
            rest(door, watch_seconds)
            share = (cpu_seconds(server) - before) / watch_seconds if watch_seconds else float("nan")
            return Idle(kib, cpu_in / sessions * 1_000, share)


def measure(*, quick: bool) -> Section:
    """One table."""
    rows = []
    for sessions, boards in QUICK_SHAPES if quick else SHAPES:
        watch = 0.5 if quick else WATCHED_SECONDS * ((sessions, boards) == WATCHED)
        one = idle(sessions, boards, watch)
        share = "" if isnan(one.share) else f"{one.share * 100:.2f}"
        rows.append([f"{sessions:,}", f"{boards}", f"{one.kib:.1f}", f"{one.cpu_ms_in:.2f}", share])
    return Section(
        "idle",
        f"People look at empty boards and draw nothing; memory mode. CPU over {WATCHED_SECONDS:g} s, pings and pongs included.",
        [Table(("sessions", "boards", "KiB each", "CPU ms to let one in", "CPU % of a core"), rows)],
    )
