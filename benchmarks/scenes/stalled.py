"""People whose sockets stand still: one of ten who stops reading, and clients that froze as a whole."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import isnan
from time import perf_counter
from typing import Final

from benchmarks.load import Load, seated
from benchmarks.scenes.guests import Door, Guest
from benchmarks.scenes.sections import Section, Table
from benchmarks.scenes.systems import (
    KIB,
    MIB,
    OURS,
    Visitor,
    descriptors,
    forget_peak,
    peak_rss_bytes,
    rss_bytes,
)
from benchmarks.serving import Server
from benchmarks.tables import percentile

DRAWERS: Final = 9
RATE: Final = 200 / DRAWERS
"""Ops a second of each, 200 of all."""
SECONDS: Final = 60.0
ALONE_SECONDS: Final = 10.0
WARM_UP_SECONDS: Final = 2.0
SMALL_BUFFER: Final = 4_096
LOOK_SECONDS: Final = 0.25
FROZEN: Final = 10
SELDOM: Final = 2.0
"""Ops a second."""
FROZEN_SECONDS: Final = 45.0
SAY_SECONDS: Final = 5.0


@dataclass
class Stall:
    """What came of somebody who stopped reading."""

    grown_mib: float = 0.0
    cut_after: float = float("nan")
    code: str = ""
    seen_ms: Sequence[float] = field(default_factory=list)
    faults: int = 0


@contextmanager
def stopped(server: Server, board: str, *, is_there: bool) -> Iterator[Guest | None]:
    """Somebody who takes the snapshot and never reads again, or nobody."""
    if not is_there:
        yield None
        return
    door: Door[Visitor] = Door()
    guest = Visitor(server, OURS, board, 0, receive_bytes=SMALL_BUFFER)
    door.let_in([guest])
    door.wait_until(lambda: guest.is_seated)
    try:
        yield guest
    finally:
        door.close()


def slow(mode: str, seconds: float, *, is_there: bool) -> Stall:
    """Ten people or nine, of whom nine draw."""
    found = Stall()
    with Server(mode) as server:
        load = seated(server.port, ["slow"], DRAWERS)
        try:
            load.draw_at_rate(RATE, min(WARM_UP_SECONDS, seconds))
            load.crowds[0].forget_figures()
            with stopped(server, "slow", is_there=is_there) as guest:
                _draw_beside(server, load, seconds, found)
                if guest is not None:
                    found.code = last_words(guest)
            load.crowds[0].finish()
        finally:
            load.close()
    found.seen_ms = load.crowds[0].seen_ms
    found.faults = sum(load.crowds[0].faults.values())
    return found


def _draw_beside(server: Server, load: Load, seconds: float, found: Stall) -> None:
    forget_peak(server)
    files, before, begin = descriptors(server), rss_bytes(server), perf_counter()

    def look() -> bool:
        if isnan(found.cut_after) and descriptors(server) < files:
            found.cut_after = perf_counter() - begin
        return False

    load.draw_at_rate(RATE, seconds, look)
    found.grown_mib = (peak_rss_bytes(server) - before) / MIB


def last_words(guest: Guest) -> str:
    """What somebody finds who reads again: the close code, or how else the connection ended."""
    deadline = time.monotonic() + SAY_SECONDS
    while guest.end is None and time.monotonic() < deadline:
        guest.read()
    return guest.end or "still connected"


def frozen(mode: str, seconds: float) -> list[float]:
    """Seconds until each of some clients that neither read nor answer is forgotten; nan when it is not.

    Somebody draws meanwhile, so that there is always something to tell them.
    """
    with Server(mode) as server:
        load = seated(server.port, ["frozen"], 1)
        door: Door[Visitor] = Door()
        try:
            guests = [Visitor(server, OURS, "frozen", n) for n in range(FROZEN)]
            door.let_in(guests)
            door.wait_until(lambda: all(one.is_seated for one in guests))
            begin = perf_counter()
            gone: list[float] = []
            while len(gone) < FROZEN and perf_counter() - begin < seconds:
                load.draw_at_rate(SELDOM, LOOK_SECONDS)
                left = server.counts["sessions"] - 1
                gone += [perf_counter() - begin] * (FROZEN - len(gone) - left)
            return gone + [float("nan")] * (FROZEN - len(gone))
        finally:
            door.close()
            load.close()


def measure(*, quick: bool) -> Section:
    """One table: without and with somebody who stops reading."""
    rows = []
    for is_there, seconds in ((False, ALONE_SECONDS), (True, SECONDS)):
        one = slow("memory", 0.5 if quick else seconds, is_there=is_there)
        rows.append(
            [
                "stops reading" if is_there else "is not there",
                f"{0.5 if quick else seconds:g}",
                f"{one.grown_mib:.1f}",
                ("never" if isnan(one.cut_after) else f"{one.cut_after:.1f}") if is_there else "",
                one.code,
                f"{percentile(one.seen_ms, 0.5):.2f}",
                f"{percentile(one.seen_ms, 0.99):.2f}",
                f"{max(one.seen_ms):.1f}",
                str(one.faults or "none"),
            ]
        )
    titles = (
        "the tenth",
        "s",
        "grown MiB",
        "cut after s",
        "code",
        "others' p50 ms",
        "p99 ms",
        "max ms",
        "faults",
    )
    return Section(
        "stalled",
        f"{DRAWERS} people draw {RATE * DRAWERS:g} ops/s together, memory mode; the tenth has a receive buffer of "
        f"{SMALL_BUFFER // KIB} KiB and never reads. What the board itself grows by is in both lines.",
        [Table(titles, rows)],
    )


def measure_frozen(*, quick: bool) -> Section:
    """One table. Nothing here needs a quiet machine."""
    gone = frozen("memory", 0.5 if quick else FROZEN_SECONDS)
    return Section(
        "frozen",
        f"{FROZEN} clients neither read nor answer pings any more, while somebody draws twice a second; memory mode.",
        [Table(("first forgotten after s", "last"), [[f"{min(gone):.1f}", f"{max(gone):.1f}"]])],
    )
