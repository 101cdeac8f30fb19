"""People who only look: what each of them keeps in memory, and what their heartbeats cost."""

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


def kib_each(sessions: int, boards: int, watch_seconds: float) -> tuple[float, float]:
    """KiB of resident memory of each, and the share of a core that all of them take; nan when not watched."""
    with Server("memory") as server:
        with looking(server, ["warm-up"], WARM_UP):
            pass
        rss = rss_bytes(server)
        with looking(server, [f"idle-{n}" for n in range(boards)], sessions // boards) as door:
            rest(door, SETTLE_SECONDS)
            kib = (rss_bytes(server) - rss) / KIB / sessions
            if not watch_seconds:
                return kib, float("nan")
            before = cpu_seconds(server)
            rest(door, watch_seconds)
            return kib, (cpu_seconds(server) - before) / watch_seconds


def measure(*, quick: bool) -> Section:
    """One table."""
    rows = []
    for sessions, boards in QUICK_SHAPES if quick else SHAPES:
        watch = 0.5 if quick else WATCHED_SECONDS * ((sessions, boards) == WATCHED)
        kib, share = kib_each(sessions, boards, watch)
        rows.append(
            [f"{sessions:,}", f"{boards}", f"{kib:.1f}", "" if isnan(share) else f"{share * 100:.2f}"]
        )
    return Section(
        "idle",
        f"People look at empty boards and draw nothing; memory mode. CPU over {WATCHED_SECONDS:g} s, pings and pongs included.",
        [Table(("sessions", "boards", "KiB each", "CPU % of a core"), rows)],
    )
