"""One rhythm for all rooms of a process: ops are committed, then what is new is sent to everybody.

Theory of operation
-------------------
A room whose inbox has ops, or whose sessions have not been told the newest, is on a list here; each
list is first come, first served, and a room that has had its turn goes to the end. `beat` works the
lists off. Whoever reads sockets calls it after each pass, so a quiet server takes an op from its bytes
to everybody's sockets without a change of tasks. The task `run` beats for all others: it is woken when
something comes from elsewhere, and by the clock when what was left is due.

Flushing is what costs: a send for each session, whether it carries one op or a hundred. So it keeps to
_SHARE of the time: after d seconds of it the next one waits, and gathers, up to BROADCAST_TICK. On
a quiet server nothing waits: what was not used lately is credit. The share counts over all rooms, as all of them
spend the same core.

A beat stops after a few TICK_TURNs, so that sockets are read in between. A room's fault is its own.
"""

import heapq
import math
from itertools import count
from typing import Final, Protocol

import trio

from whiteboard import timeouts
from whiteboard.rooms import figures

_SHARE: Final = 0.5
"""Part of the time that flushing may take. Measured with a hundred rooms of four with 60 ops a second each: p50 and p99 of
0.5 and 5 ms, for 13.6 CPU seconds per million deliveries; with 0.3 they are 3.4 and 8 to 13 ms, for 11.2. Under overload all
shares deliver as much: what is not flushed is gathered."""
_COMMIT_TURNS: Final = 4
"""Turns of commits in one beat: more than a pass over the sockets brings. When less is committed than is read,
inboxes fill up and sessions begin to wait for them one by one, which costs more than the commits."""


class Member(Protocol):
    """A room, as the tick sees it. None of these block or raise."""

    def commit_now(self) -> bool:
        """Commit a part of what waits; whether more does."""

    def flush(self) -> None:
        """Send every live session what it has not been sent."""

    def flush_presence(self) -> None:
        """Send every live session who came, went or moved."""


class Tick:
    """The rhythm of one process's rooms."""

    def __init__(self) -> None:
        self._commits: dict[Member, None] = {}  # sets that keep order of arrival
        self._flushes: dict[Member, float] = {}
        # each with the time since which it waits
        self._presences: list[tuple[float, int, Member]] = []
        # a heap by the time at which it is due
        self._numbers = count()
        self._ready_at = -math.inf
        # when flushing has paid for its last turn
        self._unnoted = 1
        # turns until one is noted
        self._wake = trio.Event()
        self._nap = trio.CancelScope()
        self._beater: trio.lowlevel.Task | None = None
        # whoever beats by itself: what it brings needs no waking

    # --- what rooms ask for -------------------------------------------------------------------

    def commit_soon(self, room: Member) -> None:
        """The room has ops to commit."""
        self._commits[room] = None
        self._stir()

    def flush_soon(self, room: Member) -> None:
        """The room has ops that its sessions have not been sent."""
        if room not in self._flushes:
            self._flushes[room] = trio.current_time()
            self._stir()

    def flush_presence_at(self, room: Member, due: float) -> None:
        """The room has presence to send, not before `due`. To be asked for once until it was flushed."""
        heapq.heappush(self._presences, (due, next(self._numbers), room))
        self._stir()

    def forget(self, room: Member) -> None:
        """The room has ended."""
        self._commits.pop(room, None)
        self._flushes.pop(room, None)
        self._presences = [one for one in self._presences if one[2] is not room]
        heapq.heapify(self._presences)

    # --- the beat -----------------------------------------------------------------------------

    async def run(self) -> None:
        """Beat for ever, whenever something was asked for, or is due."""
        while True:
            with trio.CancelScope(deadline=self._due_at()) as self._nap:
                await self._wake.wait()
            self._wake = trio.Event()
            self._beat()

    def beat(self) -> float:
        """Do what is due; for how many seconds ops that come now would only wait, 0 or less when they would not.

        For whoever reads sockets, after each pass, always from the same task.
        """
        if self._commits or self._flushes or self._presences:
            self._beat()
            due = self._due_at()
            if due != self._nap.deadline:
                self._nap.deadline = due
        self._beater = trio.lowlevel.current_task()
        return self._ready_at - trio.current_time()

    def _beat(self) -> None:
        now = trio.current_time()
        if self._commits:
            now = self._commit(now)
        if self._presences and self._presences[0][0] <= now:
            now = self._flush_presences(now)
        if self._flushes and now >= self._flush_due_at():
            self._flush(now)
        if self._commits:
            self._wake.set()

    def _commit(self, now: float) -> float:
        """Let rooms commit in turns; the time when that has ended."""
        until = now + _COMMIT_TURNS * timeouts.TICK_TURN.seconds
        while True:
            room = next(iter(self._commits))
            del self._commits[room]
            if room.commit_now():
                self._commits[room] = None
            now = trio.current_time()
            if not self._commits or now >= until:
                return now

    def _flush_presences(self, started: float) -> float:
        now, until = started, started + timeouts.TICK_TURN.seconds
        while self._presences and self._presences[0][0] <= started and now < until:
            heapq.heappop(self._presences)[2].flush_presence()
            now = trio.current_time()
        self._pay(started, now)
        return now

    def _flush(self, started: float) -> None:
        now, until = started, started + timeouts.TICK_TURN.seconds
        while self._flushes and now < until:
            room = next(iter(self._flushes))
            del self._flushes[room]
            room.flush()
            now = trio.current_time()
        self._pay(started, now)

    def _pay(self, started: float, now: float) -> None:
        """Let flushing wait for what it has just taken; time in which there was none counts, up to FLUSH_CREDIT."""
        earned = max(self._ready_at, started - timeouts.FLUSH_CREDIT.seconds)
        self._ready_at = min(earned + (now - started) / _SHARE, now + timeouts.BROADCAST_TICK.seconds)
        self._unnoted -= 1
        if not self._unnoted:
            self._unnoted = figures.TURN_SAMPLE
            figures.BROADCAST.note(now - started)

    def _flush_due_at(self) -> float:
        oldest = next(iter(self._flushes.values()))
        return min(self._ready_at, oldest + timeouts.BROADCAST_TICK.seconds)

    def _due_at(self) -> float:
        due = self._flush_due_at() if self._flushes else math.inf
        return min(due, self._presences[0][0]) if self._presences else due

    def _stir(self) -> None:
        if trio.lowlevel.current_task() is not self._beater:
            self._wake.set()
