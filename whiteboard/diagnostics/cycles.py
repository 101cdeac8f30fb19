"""When reference cycles are looked for: often among what is new, rarely among all, then in a quiet moment.

Theory of operation
-------------------
Reference counts give back almost everything at once; the collector is for cycles only. Left to itself it walks every
object that lives, again and again: with a million of them 75 to 155 ms, in which nobody is served.

So of what has outlived the young there is a *recent* part only. CPython walks it after every fifth look at what was new
(_RECENT); what lives then is frozen: put where no walk goes. A pause is as long as the recent part is large, some 40,000 objects,
whatever the heap holds.

Cycles that die frozen stay, until all is walked: every CYCLES_ALL in a quiet moment, and when none comes, after
CYCLES_ALL_LATEST all the same. `adr/2026-11-27-cycles-in-quiet-moments.md` has the figures.
"""

import gc
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Final

import trio

from whiteboard import timeouts
from whiteboard.diagnostics import logs
from whiteboard.diagnostics.pace import Pace

log = logs.get_logger()

_YOUNG: Final = 700
_MIDDLE: Final = 10
"""CPython's own, and the best of those that were measured: larger ones make the pauses longer."""
_RECENT: Final = 5
_EVERYTHING: Final = 2
"""The collector's name for all that is not frozen."""


@asynccontextmanager
async def open_cycle_search() -> AsyncIterator[None]:
    """Look for cycles by this module's rhythm while the block runs; the collector is as it was before after it.

    To be entered when everything is built that lives as long as the server: it is frozen at once. Child: who looks for a
    quiet moment.
    """
    before = gc.get_threshold()
    gc.callbacks.append(_freeze_what_lives)
    gc.set_threshold(_YOUNG, _MIDDLE, _RECENT)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(CycleSearch().run, name="cycle search")
            yield
            nursery.cancel_scope.cancel()
    finally:
        gc.callbacks.remove(_freeze_what_lives)
        gc.set_threshold(*before)
        gc.unfreeze()


def _freeze_what_lives(phase: str, details: Mapping[str, int]) -> None:
    if phase == "stop" and details["generation"] == _EVERYTHING:
        gc.freeze()


class CycleSearch:
    """Finds quiet moments to walk all objects in. Made while `_freeze_what_lives` is in force."""

    def __init__(self) -> None:
        self._walked_at = trio.current_time()
        self._pace = Pace()
        _collect_all()

    async def run(self) -> None:
        """Look, and walk when it is due, for ever."""
        while True:
            await trio.sleep(timeouts.CYCLES_LOOK.seconds)
            self.look()

    def look(self) -> None:
        """Walk everything, if it is time for that."""
        waited = trio.current_time() - self._walked_at
        patience = timeouts.CYCLES_ALL if self._pace.was_quiet() else timeouts.CYCLES_ALL_LATEST
        if waited >= patience.seconds:
            self._walked_at = trio.current_time()
            _walk_all()


def _collect_all() -> int:
    """Free every dead cycle, and have what lives frozen; how many objects that freed.

    CPython walks the recent part only when it is a quarter of what lived after the last walk of everything. That counted what is
    frozen now, so with a large heap the recent part would grow large. The second walk finds next to nothing, and that counts.
    """
    found = gc.collect()
    gc.collect()
    return found


def _walk_all() -> None:
    """Free every dead cycle."""
    began = perf_counter()
    gc.unfreeze()
    found = _collect_all()
    log.debug("cycles_walked", found=found, took_ms=round((perf_counter() - began) * 1_000, 1))
