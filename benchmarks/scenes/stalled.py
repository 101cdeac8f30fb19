"""People whose sockets stand still: one of ten who stops reading, and clients that froze as a whole."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import isnan, nan
from time import perf_counter
from typing import Final

from benchmarks.crowd import Crowd
from benchmarks.load import Load, seated
from benchmarks.scenes.far_end import far_end
from benchmarks.scenes.guests import Door, Guest
from benchmarks.scenes.sections import Section, Table
from benchmarks.scenes.systems import (
    KIB,
    MIB,
    OURS,
    Visitor,
    forget_peak,
    peak_rss_bytes,
    rss_bytes,
    seat,
)
from benchmarks.serving import Server
from benchmarks.tables import percentile

DRAWERS: Final = 9
RATE: Final = 200 / DRAWERS
"""Ops a second of each, 200 of all."""
SECONDS: Final = 60.0
WARM_UP_SECONDS: Final = 2.0
SMALL_BUFFER: Final = 4_096
LOOK_SECONDS: Final = 0.25
FROZEN: Final = 10
SELDOM: Final = 2.0
"""Ops a second."""
FROZEN_SECONDS: Final = 45.0
SAY_SECONDS: Final = 5.0


class Board:
    """Nine people on a server of their own, and what it grows by while they draw."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.crowd = Crowd("board")
        self.crowd.join(server.port, DRAWERS)
        self._before = 0

    def begin(self) -> None:
        """From now on it counts."""
        self.crowd.forget_figures()
        forget_peak(self.server)
        self._before = rss_bytes(self.server)

    @property
    def cells(self) -> list[str]:
        """Growth, and what the nine have seen."""
        self.crowd.finish()
        seen = self.crowd.seen_ms
        grown = (peak_rss_bytes(self.server) - self._before) / MIB
        quantiles = (percentile(seen, 0.5), percentile(seen, 0.99), max(seen))
        return [
            f"{grown:.1f}",
            *(f"{one:.2f}" for one in quantiles),
            str(sum(self.crowd.faults.values()) or "none"),
        ]


@contextmanager
def stopped(server: Server) -> Iterator[Visitor]:
    """Somebody who takes the snapshot and never reads again."""
    door: Door[Visitor] = Door()
    guest = Visitor(server, OURS, "board", 0, receive_bytes=SMALL_BUFFER)
    try:
        seat(door, [guest])
        yield guest
    finally:
        door.close()


def stall(mode: str, seconds: float) -> list[list[str]]:
    """A line for a server without, and one with somebody who stops reading, both in the same minute."""
    with Server(mode) as calm, Server(mode) as beset:
        boards = [Board(calm), Board(beset)]
        load = Load([one.crowd for one in boards])
        try:
            load.wait_until(lambda: all(one.crowd.is_seated for one in boards))
            load.draw_at_rate(RATE, min(WARM_UP_SECONDS, seconds))
            with stopped(beset) as guest:
                for one in boards:
                    one.begin()
                stay = Stay(guest)
                load.draw_at_rate(RATE, seconds, stay.look)
                found = last_words(guest)
            return [
                ["is not there", *boards[0].cells],
                ["stops reading", *boards[1].cells, *stay.cells, found],
            ]
        finally:
            load.close()


class Stay:
    """How long a server holds on to somebody from now on, and what its kernel keeps for them."""

    def __init__(self, guest: Guest) -> None:
        self._guest = guest
        self._begun = perf_counter()
        self._lasted = nan
        self._kept = 0

    def look(self) -> bool:
        """Take note; False, so that drawing goes on."""
        if isnan(self._lasted):
            end = far_end(self._guest.socket)
            if not end.is_open:
                self._lasted = perf_counter() - self._begun
            self._kept = max(self._kept, end.queued_bytes)
        return False

    @property
    def cells(self) -> list[str]:
        """The kernel's most KiB, and after how many seconds the server ended it."""
        return [f"{self._kept / KIB:.0f}", "never" if isnan(self._lasted) else f"{self._lasted:.1f}"]


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
            return gone + [nan] * (FROZEN - len(gone))
        finally:
            door.close()
            load.close()


def measure(*, quick: bool) -> Section:
    """One table: without and with somebody who stops reading."""
    titles = (
        "the tenth",
        "grown MiB",
        "others' p50 ms",
        "p99 ms",
        "max ms",
        "faults",
        "kept by the kernel, KiB",
        "ended after s",
        "the tenth finds",
    )
    return Section(
        "stalled",
        f"{DRAWERS} people draw {RATE * DRAWERS:g} ops/s together for {SECONDS:g} s on each of two servers in memory mode; on one "
        f"there is a tenth with a receive buffer of {SMALL_BUFFER // KIB} KiB who never reads. What the log grows by is in both lines.",
        [Table(titles, stall("memory", 0.5 if quick else SECONDS))],
    )


def measure_frozen(*, quick: bool) -> Section:
    """One table. Nothing here needs a quiet machine."""
    gone = frozen("memory", 0.5 if quick else FROZEN_SECONDS)
    return Section(
        "frozen",
        f"{FROZEN} clients neither read nor answer pings any more, while somebody draws twice a second; memory mode.",
        [Table(("first forgotten after s", "last"), [[f"{min(gone):.1f}", f"{max(gone):.1f}"]])],
    )
