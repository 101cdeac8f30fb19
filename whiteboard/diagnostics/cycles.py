"""When reference cycles are looked for: often among what is new, rarely among all, then in a quiet moment.

Theory of operation
-------------------
Reference counts give back almost everything at once; the collector is for cycles only. Left to itself it walks every
object that lives, again and again: with a million of them 75 to 155 ms, in which nobody is served.

So the young are looked at as ever (about 700 objects, well under a millisecond), and a walk through all is never begun
by itself. Instead, of what has outlived the young there is a *recent* part. When that has grown by
MAX_RECENT_COLLECTIONS, it is walked once and what is left of it is frozen: put where no walk goes. A pause is as long as the
recent part is large, whatever the heap holds.

Cycles that die frozen stay, until all is walked: every CYCLES_ALL in a quiet moment, and when none comes, after
CYCLES_ALL_LATEST all the same. `adr/2026-11-27-cycles-in-quiet-moments.md` has the figures.
"""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter, process_time
from typing import Final

import trio

from whiteboard import limits, timeouts
from whiteboard.diagnostics import logs

log = logs.get_logger()

_YOUNG: Final = 700
_MIDDLE: Final = 10
"""CPython's own, and the best of those that were measured: larger ones make the pauses longer."""
_NEVER: Final = 2**30


@asynccontextmanager
async def open_cycle_search() -> AsyncIterator[None]:
    """Look for cycles by this module's rhythm while the block runs; the collector is as it was before after it.

    To be entered when everything is built that lives as long as the server: it is frozen at once. Child: the rhythm.
    """
    before = gc.get_threshold()
    gc.set_threshold(_YOUNG, _MIDDLE, _NEVER)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(CycleSearch().run, name="cycle search")
            yield
            nursery.cancel_scope.cancel()
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


class CycleSearch:
    """The rhythm. A look costs nothing; a walk stops everybody for as long as it takes."""

    def __init__(self) -> None:
        self._looked_at = trio.current_time()
        self._worked = process_time()
        self._all_walked_at = self._looked_at
        walk_recent()

    async def run(self) -> None:
        """Look, and walk what is due, for ever."""
        while True:
            await trio.sleep(timeouts.CYCLES_LOOK.seconds)
            self.look()

    def look(self) -> None:
        """Walk everything, or what is recent, or nothing."""
        now, is_quiet = trio.current_time(), self._is_quiet()
        waited = now - self._all_walked_at
        latest, usual = timeouts.CYCLES_ALL_LATEST.seconds, timeouts.CYCLES_ALL.seconds
        if waited >= latest or (is_quiet and waited >= usual):
            self._all_walked_at = now
            _walk_all()
        elif gc.get_count()[2] >= limits.MAX_RECENT_COLLECTIONS:
            walk_recent()

    def _is_quiet(self) -> bool:
        """Whether the process has hardly worked since it was asked before."""
        now, worked = trio.current_time(), process_time()
        spent, passed = worked - self._worked, now - self._looked_at
        self._looked_at, self._worked = now, worked
        return spent < passed * _QUIET_SHARE


_QUIET_SHARE: Final = 0.05
"""Of one core: who draws alone needs 2 to 4 %, a board of ten 10 %."""


def walk_recent() -> None:
    """Free the dead cycles that are not frozen, and freeze what lives."""
    gc.collect()
    gc.freeze()


def _walk_all() -> None:
    """Free every dead cycle."""
    began = perf_counter()
    gc.unfreeze()
    found = gc.collect()
    gc.freeze()
    log.debug("cycles_walked", found=found, took_ms=round((perf_counter() - began) * 1_000, 1))
