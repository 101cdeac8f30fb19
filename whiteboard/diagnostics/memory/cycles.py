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

While memory is short (`press`) somebody else says when to walk, and nothing is frozen in between: what lives when it begins is out of the
way, and what dies later is found by small walks. `adr/2026-11-28-memory-governor.md` says why.
"""

import gc
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from time import perf_counter, thread_time
from typing import Final

import trio

from whiteboard import timeouts
from whiteboard.diagnostics import logs
from whiteboard.diagnostics.memory.pace import Pace
from whiteboard.diagnostics.memory.pauses import counting_pauses

log = logs.get_logger()

_YOUNG: Final = 700
_MIDDLE: Final = 10
"""CPython's own, and the best of those that were measured: larger ones make the pauses longer."""
_RECENT: Final = 5
_EVERYTHING: Final = 2
"""The collector's name for all that is not frozen."""
_NEVER: Final = 1_000_000_000
_LONG_WALK: Final = 0.001_5
"""Seconds. Who walks longer looks whether too much lives in the recent part."""
_MANY_RECENT: Final = 25_000
"""Objects: a walk through them takes as long as R42 lets a pause be."""


@asynccontextmanager
async def open_cycle_search() -> AsyncIterator["CycleSearch"]:
    """Look for cycles by this module's rhythm while the block runs; the collector is as it was before after it.

    To be entered when everything is built that lives as long as the server: it is frozen at once. Child: who looks for a
    quiet moment.
    """
    before, freezing = gc.get_threshold(), _Freezing()
    with counting_pauses():
        gc.callbacks.append(freezing)
        gc.set_threshold(_YOUNG, _MIDDLE, _RECENT)
        try:
            async with trio.open_nursery() as nursery:
                search = CycleSearch(freezing)
                nursery.start_soon(search.run, name="cycle search")
                yield search
                nursery.cancel_scope.cancel()
        finally:
            gc.callbacks.remove(freezing)
            gc.set_threshold(*before)
            gc.unfreeze()


class _Freezing:
    """A callback of the collector: what lives when all that is not frozen was walked is frozen."""

    def __init__(self) -> None:
        self.is_held = False

    def __call__(self, phase: str, details: Mapping[str, int]) -> None:
        if phase == "stop" and details["generation"] == _EVERYTHING and not self.is_held:
            gc.freeze()


class CycleSearch:
    """Finds quiet moments to walk all objects in, and walks when it is asked to."""

    def __init__(self, freezing: "_Freezing | None" = None) -> None:
        """A search that walks everything once. Args: `freezing` is the callback that is in force."""
        self._freezing = freezing or _Freezing()
        self._walked_at = trio.current_time()
        self._pace = Pace()
        _collect_all()

    # --- while memory is short ----------------------------------------------------------------

    @property
    def is_pressed(self) -> bool:
        """Whether memory is short."""
        return self._freezing.is_held

    def press(self, *, is_short: bool) -> None:
        """Have nothing frozen and the recent part walked by `walk_recent` alone from now on, or all as it was again."""
        if is_short == self._freezing.is_held:
            return
        self._freezing.is_held = is_short
        if is_short:
            gc.set_threshold(_YOUNG, _MIDDLE, _NEVER)
            gc.collect()
            gc.freeze()
        else:
            gc.set_threshold(_YOUNG, _MIDDLE, _RECENT)
            _collect_all()

    @property
    def newcomers(self) -> int:
        """How many objects more have come to live than died since the last walk, about: the collector counts them in steps."""
        latest, young, middle = gc.get_count()
        return latest + _YOUNG * (young + (_MIDDLE + 1) * middle)

    def walk_recent(self) -> int:
        """Free dead cycles among what is not frozen; how many objects that freed."""
        began = thread_time()
        found = gc.collect()
        if thread_time() - began > _LONG_WALK and len(gc.get_objects(_EVERYTHING)) > _MANY_RECENT:
            gc.freeze()
        return found

    def walk_all(self) -> int:
        """Free every dead cycle; how many objects that freed. A pause of 0.1 ms for each thousand objects."""
        self._walked_at = trio.current_time()
        return _walk_all()

    # --- when it is not -----------------------------------------------------------------------

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
            self.walk_all()


def _collect_all() -> int:
    """Free every dead cycle, and have what lives frozen; how many objects that freed.

    CPython walks the recent part only when it is a quarter of what lived after the last walk of everything. That counted what is
    frozen now, so with a large heap the recent part would grow large. The second walk finds next to nothing, and that counts.
    """
    found = gc.collect()
    gc.freeze()
    gc.collect()
    return found


def _walk_all() -> int:
    """Free every dead cycle, and have what lives frozen; how many objects that freed."""
    began = perf_counter()
    gc.unfreeze()
    found = _collect_all()
    log.debug("cycles_walked", found=found, took_ms=round((perf_counter() - began) * 1_000, 1))
    return found
