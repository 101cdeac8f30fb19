"""Peers beside this server: idle people, somebody who stops reading, and clients that froze.

Each of these costs little CPU, so all servers run at the same time and are watched together.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from math import isnan, nan
from time import perf_counter, sleep
from typing import Final

from benchmarks.peers import ALL, available
from benchmarks.peers.peer import Peer, Unavailable
from benchmarks.scenes.far_end import far_end
from benchmarks.scenes.guests import Door
from benchmarks.scenes.sections import Section, Table
from benchmarks.scenes.stalled import FROZEN, RATE, SELDOM, SMALL_BUFFER, last_words
from benchmarks.scenes.systems import (
    KIB,
    MIB,
    Running,
    Visitor,
    cpu_seconds,
    looking,
    peak_rss_bytes,
    rest,
    rss_bytes,
    seat,
)

SESSIONS: Final = 1_000
ROOMS: Final = 20
WARM_UP: Final = 20
SETTLE_SECONDS: Final = 1.0
WATCHED_SECONDS: Final = 20.0
DRAWERS: Final = 9
STALLED_SECONDS: Final = 60.0
FROZEN_SECONDS: Final = 100.0
LOOK_SECONDS: Final = 0.25
_PAUSE_SECONDS: Final = 0.004
Row = list[str]


@dataclass(frozen=True, slots=True)
class Beside:
    """A peer that runs."""

    peer: Peer
    server: Running


@contextmanager
def everybody(names: Sequence[str]) -> Iterator[tuple[list[Beside], list[Row]]]:
    """All peers that can be had, running; and a line for each that cannot."""
    with ExitStack() as stack:
        running: list[Beside] = []
        missing: list[Row] = []
        for name, found in available(names).items():
            if isinstance(found, Unavailable):
                missing.append([name, str(found)])
            else:
                running.append(Beside(found, stack.enter_context(found.serve())))
        yield running, missing


def names(*, quick: bool) -> list[str]:
    """Those that are compared: one line for each server, with what browsers offer and without."""
    return ["whiteboard"] if quick else [peer.name for peer in ALL if "deflate" not in peer.name]


# --- idle people ----------------------------------------------------------------------------------


def measure_idle(*, quick: bool) -> Section:
    """One table."""
    sessions, seconds = (40, 0.5) if quick else (SESSIONS, WATCHED_SECONDS)
    rows = []
    with everybody(names(quick=quick)) as (running, missing), ExitStack() as stack:
        kib = []
        doors = []
        for one in running:
            with looking(one.server, ["warm-up"], WARM_UP, one.peer):
                pass
            before = rss_bytes(one.server)
            rooms = [f"idle-{n}" for n in range(ROOMS)]
            doors.append(stack.enter_context(looking(one.server, rooms, sessions // ROOMS, one.peer)))
            rest(doors[-1], SETTLE_SECONDS)
            kib.append((rss_bytes(one.server) - before) / KIB / sessions)
        cpu = [cpu_seconds(one.server) for one in running]
        _rest_together(doors, seconds)
        for one, each, begun in zip(running, kib, cpu, strict=True):
            share = (cpu_seconds(one.server) - begun) / seconds * 100
            rows.append([one.peer.name, f"{each:.1f}", f"{share:.2f}"])
    return Section(
        "peers-idle",
        f"{sessions:,} sessions in {ROOMS} empty rooms, {seconds:g} s.",
        [Table(("server", "KiB each", "CPU % of a core"), [*rows, *missing])],
    )


def _rest_together(doors: Sequence[Door[Visitor]], seconds: float) -> None:
    end = perf_counter() + seconds
    while perf_counter() < end:
        for door in doors:
            rest(door, LOOK_SECONDS / len(doors))


# --- one who stops reading ------------------------------------------------------------------------


class Room:
    """Some who draw and take what comes, in one room of a peer, beside somebody whose socket stands still."""

    def __init__(self, one: Beside, drawers: int, still: int, *, receive_bytes: int | None = None) -> None:
        self.server, self.name = one.server, one.peer.name
        people = [
            Visitor(one.server, one.peer, "stalled", n, receive_bytes=None if n < drawers else receive_bytes)
            for n in range(drawers + still)
        ]
        self._door: Door[Visitor] = Door()
        self._stills: Door[Visitor] = Door()
        self.drawers, self.still = people[:drawers], people[drawers:]
        seat(self._door, self.drawers)
        seat(self._stills, self.still)
        self._numbers = count()
        self._before = rss_bytes(self.server)
        self._held = self.still
        self._begun = perf_counter()
        self.gone: list[float] = []
        """Seconds after which the server had ended each connection that stood still."""

    def draw(self, ops: int) -> None:
        """So many ops, in turns."""
        for _ in range(ops):
            number = next(self._numbers)
            self.drawers[number % len(self.drawers)].draw(number)

    def take(self) -> None:
        """What came for those who draw."""
        self._door.pass_once(0.0)

    def look(self) -> None:
        """Who of those who stand still is gone."""
        held = [one for one in self._held if far_end(one.socket).is_open]
        self.gone += [perf_counter() - self._begun] * (len(self._held) - len(held))
        self._held = held

    @property
    def grown_mib(self) -> float:
        """The most memory since everybody was in."""
        return (peak_rss_bytes(self.server) - self._before) / MIB

    def close(self) -> None:
        """Hang up."""
        self._door.close()
        self._stills.close()


def _play(rooms: Sequence[Room], rate: float, seconds: float) -> None:
    """Draw in all rooms at that many ops a second each, until the time is over."""
    begin, drawn, next_look = perf_counter(), 0, 0.0
    while (now := perf_counter() - begin) < seconds:
        due = int(now * rate) - drawn
        drawn += due
        for room in rooms:
            room.draw(due)
            room.take()
            if now >= next_look:
                room.look()
        if now >= next_look:
            next_look = now + LOOK_SECONDS
        sleep(_PAUSE_SECONDS)


def _grown(room: Room) -> str:
    """In MiB; of a peer that did not bear it, that."""
    try:
        return f"{room.grown_mib:.1f}"
    except RuntimeError:
        return "the server ended"


def measure_stalled(*, quick: bool) -> Section:
    """One table."""
    seconds = 0.5 if quick else STALLED_SECONDS
    rows = []
    with everybody(names(quick=quick)) as (running, missing):
        rooms = [Room(one, DRAWERS, 1, receive_bytes=SMALL_BUFFER) for one in running]
        _play(rooms, RATE * DRAWERS, seconds)
        for room in rooms:
            cut = f"{room.gone[0]:.1f}" if room.gone else "never"
            rows.append([room.name, _grown(room), cut, last_words(room.still[0])])
            room.close()
    return Section(
        "peers-stalled",
        f"{DRAWERS} draw {RATE * DRAWERS:g} ops/s together for {seconds:g} s, the tenth does not read. Growth is with what "
        "a server keeps of the ops.",
        [Table(("server", "grown MiB", "ended after s", "the tenth finds"), [*rows, *missing])],
    )


def measure_frozen(*, quick: bool) -> Section:
    """One table."""
    seconds = 0.5 if quick else FROZEN_SECONDS
    rows = []
    with everybody(names(quick=quick)) as (running, missing):
        rooms = [Room(one, 1, FROZEN) for one in running]
        _play(rooms, SELDOM, seconds)
        for room in rooms:
            last = room.gone[-1] if len(room.gone) == FROZEN else nan
            rows.append([room.name, f"not within {seconds:g}" if isnan(last) else f"{last:.0f}"])
            room.close()
    return Section(
        "peers-frozen",
        f"{FROZEN} clients that neither read nor answer; somebody draws twice a second; {seconds:g} s.",
        [Table(("server", "all forgotten after s"), [*rows, *missing])],
    )
