"""When the event loop stands still, and why: decided on values, without a thread or a clock.

Theory of operation
-------------------
The loop beats, twice in `limit` seconds. Who watches looks when no beat has come for `limit`, and then again and again until one
comes: what it sees *is* the stall. The first beat behind it tells how long it was and whose fault. Who watches may get no turn while
a call keeps the interpreter's lock, nor right behind it: then the loop's own thread is interrupted and looks at itself.

A loop that has nothing to do *rests*: it is not woken to beat, which would cost more than all else that an idle server does. Who
watches looks as often instead, and each time that the loop waits for sockets and time counts as a beat. Once it does not, it is woken
to beat by itself again.

A loop that had no core was not stalled by anything in it: what it waited for one is taken off, and a process that was stopped,
frozen or starved is counted and not found. `adr/2026-11-28-stalls-are-seen-from-a-thread.md` says why it is seen like this.
"""

import sys
import threading
import time
import tracemalloc
from collections import defaultdict
from collections.abc import Callable
from enum import StrEnum
from types import FrameType
from typing import Any, Final, Protocol

import attrs

from whiteboard import limits, timeouts
from whiteboard.diagnostics import findings, logs
from whiteboard.diagnostics.figures import FIGURES, Counter, Histogram
from whiteboard.diagnostics.stalls.readings import Reading
from whiteboard.diagnostics.stalls.stacks import Look

log = logs.get_logger()

KIND: Final = "stall"
_BEATS: Final = 2
"""In the time that makes a stall. What takes less than the rest is none."""
_LOOKS: Final = 4
"""At a stall, in the same time."""
_TRACED: Final = 4
"""How much longer the loop may be kept while allocations are traced, which makes all code several times slower."""
_MOST: Final = 0.5
"""Of the time: what makes a cause."""
_RARELY: Final = 0.25
"""Of the times: less than a busy machine lets one come late."""


class Cause(StrEnum):
    """Why no beat came."""

    BUSY = "busy"
    """The loop's thread worked: a long step, or many steps one after another."""
    BLOCKED = "blocked"
    """It waited in a call that should not wait."""
    LOCK = "lock"
    """It waited for the interpreter's lock, which another thread's long call held."""
    STARVED = "starved"
    """Others had the cores."""
    STOPPED = "stopped"
    """The process, or the machine, was stopped or frozen."""


FOUND: Final = frozenset({Cause.BUSY, Cause.BLOCKED, Cause.LOCK})
"""Stalls. The others are the machine's doing: no findings."""

GAPS: Final = FIGURES.declare(
    Counter(
        "whiteboard_loop_gaps_total",
        "How often the event loop did not come round in time",
        label="cause",
        values=Cause,
    )
)
STALLS: Final = FIGURES.declare(
    Histogram(
        "whiteboard_loop_stall_seconds",
        "How long the event loop was kept by something in the server",
        (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0),
    )
)


class Threads(Protocol):
    """What there is to be seen."""

    def loop(self) -> Look:
        """The loop's thread; asked by who watches."""

    def loop_at(self, frame: FrameType) -> Look:
        """The loop's thread, in that frame."""

    def loop_waits(self) -> bool:
        """Whether the loop waits for sockets and time, as it does when it has nothing to do; asked likewise."""

    def other(self) -> Look | None:
        """Another that is at work, if there is one."""

    def waits(self) -> int | None:
        """How often the one that asks has waited for something since it began; None where the system does not tell."""


@attrs.frozen
class Seen:
    """One look, in a stall."""

    loop: Look
    is_kept: bool
    """Whether the loop could do nothing: it was idle, or the one that looks did not get the interpreter's lock either."""
    other: Look | None
    """Who else was at work, if it was kept."""
    seconds: float
    """Since it was seen before, or since the last beat."""
    is_out: bool = False
    """Whether the one that looks did nothing in that time either, not even wait for the lock."""


class Watch:
    """Watches one loop.

    Args:
        limit: seconds without a beat that make a stall.
        read: takes a reading of the loop's thread, in any.
        wake: has the loop beat soon, and by itself from then on; called by who watches.
        clock: the readings' `at`.
    """

    def __init__(
        self,
        limit: float,
        read: Callable[[], Reading],
        threads: Threads,
        wake: Callable[[], None],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.limit = limit
        self._read = read
        self._clock = clock
        self._threads = threads
        self._wake = wake
        self.rests = False
        """Whether the loop need not beat by itself."""
        self._turn = threading.Lock()
        self._beat = read()
        self._seen: list[Seen] = []
        self._is_said = False
        self._look_at = self._beat.at
        # when the next look is due
        self._waits: int | None = None
        # of the thread that looks, when it looked last
        self._continued_at = 0.0

    @property
    def pause(self) -> float:
        """Seconds between two beats."""
        return self.limit / _BEATS

    def beat(self) -> None:
        """The loop has come round: called in its thread, or while it rests in that of who watches."""
        if self._turn.acquire(blocking=False):  # else the other one says so
            try:
                self._note_beat()
            finally:
                self._turn.release()

    def _note_beat(self) -> None:
        now, seen = self._read(), self._seen
        gap, continued_at = now.since(self._beat), self._continued_at
        was_stopped = continued_at > self._beat.at
        self._beat, self._seen, self._is_said = now, [], False
        if gap.at >= self.limit:
            self._conclude(gap, seen, was_stopped=was_stopped)

    def note_continued(self, at: float) -> None:
        """The process goes on after it was stopped; `time.perf_counter`."""
        self._continued_at = at

    def note_interrupted(self, frame: FrameType) -> None:
        """Look at the loop's thread, in that thread: the process has worked for long and nobody has looked. It may be at anything."""
        now, seen = self._clock(), self._seen
        late, lost = now - self._beat.at, now - self._look_at
        if late < self.limit or len(seen) >= limits.MAX_STALL_LOOKS:
            return
        # before a reading gives up the lock: who had it has just given it to us
        other = self._threads.other() if lost >= self.limit / _LOOKS else None
        if _is_busy(self._read().since(self._beat)):
            _add(seen, late, self._threads.loop_at(frame))
        elif other is not None:
            _add(seen, late, self._threads.loop_at(frame), other, is_kept=True)

    def _conclude(self, gap: Reading, seen: list[Seen], *, was_stopped: bool) -> None:
        limit = self.limit * (_TRACED if tracemalloc.is_tracing() else 1)
        if gap.at < limit:
            return
        cause = Cause.STOPPED if was_stopped else cause_of(gap, seen, limit)
        GAPS.add(value=cause)
        if cause in FOUND:
            seconds = gap.at - gap.waited - self.pause  # it began somewhere between two beats
            STALLS.note(seconds)
            _note(cause, seconds, gap, self._looks(seen, cause))

    def _looks(self, seen: list[Seen], cause: Cause) -> list[tuple[Look, float]]:
        """At what kept the loop, and for how long each time."""
        if cause is not Cause.LOCK:
            return [(one.loop, one.seconds) for one in seen if not one.loop.is_idle]
        # who had the lock has just given it to us, and is still where it was
        others = [(one.other, one.seconds) for one in seen] or [(self._threads.other(), 0.0)]
        return [(look, seconds) for look, seconds in others if look is not None]

    # --- in the watcher's ---------------------------------------------------------------------

    def look(self) -> float:
        """Look whether the loop stands still, and at what if it does; seconds until the next time.

        Gives up the interpreter's lock nowhere before it has looked: it may have been given by a call that is just over.
        """
        now, waits = self._clock(), self._threads.waits()
        late, lost = now - self._beat.at, now - self._look_at
        is_out, has_nothing_to_do = _is_out(lost, waits, self._waits), self._threads.loop_waits()
        self._waits = waits
        if is_out and self.rests and lost >= self.pause:
            self.note_continued(now)  # nobody knows how often the loop came round meanwhile
        if late >= self.limit:
            self._see(late, is_locked_out=lost >= self.limit / _LOOKS, is_out=is_out)
            if late >= timeouts.STALL_LASTS.seconds and not self._is_said:
                self._is_said = True
                self._say(late)
        self._let_rest(late, has_nothing_to_do=has_nothing_to_do)
        pause = self._pause_until_look(now - self._beat.at)
        self._look_at = now + pause
        return pause

    def _let_rest(self, late: float, *, has_nothing_to_do: bool) -> None:
        """Let the loop rest, beat for one that does, or wake it."""
        if self.rests and has_nothing_to_do:
            self.beat()
        elif self.rests:
            self.rests = False
            self._wake()
        elif has_nothing_to_do and late < self.limit:
            self.rests = True

    def _pause_until_look(self, late: float) -> float:
        if self.rests:
            return self.pause
        return self.limit - late if late < self.limit else self.limit / _LOOKS

    def _see(self, late: float, *, is_locked_out: bool, is_out: bool) -> None:
        seen = self._seen  # of this stall: the loop may go on while its tasks are gone through
        if len(seen) < limits.MAX_STALL_LOOKS:
            loop = self._threads.loop()
            is_kept = is_locked_out or loop.is_idle
            other = self._threads.other() if is_kept else None
            _add(seen, late, loop, other, is_kept=is_kept, is_out=is_out)

    def _say(self, late: float) -> None:
        """Tell of a stall that may never end while it lasts."""
        now = self._threads.loop()
        if not now.is_idle:
            log.error("loop_stalled", seconds=round(late, 1), task=now.task, seen=list(now.stack))


def _add(
    seen: list[Seen],
    late: float,
    loop: Look,
    other: Look | None = None,
    *,
    is_kept: bool = False,
    is_out: bool = False,
) -> None:
    seen.append(Seen(loop, is_kept, other, late - sum(one.seconds for one in seen), is_out))


def _is_out(lost: float, waits: int | None, before: int | None) -> bool:
    """Whether a thread whose look is `lost` seconds late was given no core: who waits for the lock is woken at each switch interval.

    So a process that was frozen is told from one whose lock is kept. Args: `waits` and `before` are of this look and the last.
    """
    if waits is None or before is None or lost <= 0:
        return False
    return waits - before < lost / sys.getswitchinterval() * _RARELY


def cause_of(gap: Reading, seen: list[Seen], limit: float) -> Cause:
    """Why the loop did not come round for so long.

    Args: `gap` is what lies between two beats; of it what the thread waited for a core does not count.
    """
    own = gap.at - gap.waited
    if own < limit:
        return Cause.STARVED
    if _is_busy(gap):
        return Cause.BUSY
    others = gap.worked_together - gap.worked
    kept = sum(one.seconds for one in seen if one.is_kept)
    if sum(one.seconds for one in seen if one.is_out) >= own * _MOST and others < limit * _MOST:
        return Cause.STOPPED
    if others >= limit * _MOST and kept >= sum(one.seconds for one in seen) * _MOST:
        return Cause.LOCK
    return Cause.BLOCKED if any(not one.loop.is_idle for one in seen) else Cause.STOPPED


def _is_busy(gap: Reading) -> bool:
    return gap.worked >= (gap.at - gap.waited) * _MOST


def _note(cause: Cause, seconds: float, gap: Reading, looks: list[tuple[Look, float]]) -> None:
    """Have it found, by the function that was seen for the longest time."""
    facts: dict[str, Any] = {
        "seconds": round(seconds, 3),
        "cause": str(cause),
        "worked": round(gap.worked, 3),
        "looks": len(looks),
    }
    if not looks:
        findings.note(KIND, "(over before it was seen)", task=None, at=None, **facts)
        return
    lasted: defaultdict[str, float] = defaultdict(float)
    for look, share in looks:
        lasted[look.function] += share
    function = max(lasted, key=lasted.__getitem__)
    longest = next(look for look, _ in looks if look.function == function)
    facts["tasks"] = len({look.task for look, _ in looks})
    findings.note(KIND, function, longest.stack, task=longest.task, at=longest.at, **facts)
