"""Looks for leaks while the server runs: tasks that outlive their session, and ended sessions and boards that are still there.

Each is one finding, named by what leaks and not by whom it was leaked of: a fault that leaks every session is one entry with a
count. What holds an object is searched in a copy of the process, as that takes walks through all of memory (R44). A copy takes
memory for all that is written meanwhile, so there is none while that is short (R42): who has ended is looked for later then.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

import attrs
import trio
from trio.lowlevel import Task

from whiteboard import limits, timeouts
from whiteboard.diagnostics import findings, logs
from whiteboard.diagnostics.figures import FIGURES, Counter, Gauge
from whiteboard.diagnostics.leaks.departed import DEPARTED, Departed, Leaver
from whiteboard.diagnostics.leaks.holders import Holding, find_holders
from whiteboard.diagnostics.leaks.references import without_places
from whiteboard.diagnostics.leaks.stray_tasks import StrayTasks
from whiteboard.diagnostics.memory.soft_limit import SoftLimit
from whiteboard.diagnostics.profiles.forked import ChildFailed, forked, is_cpu_profiled
from whiteboard.diagnostics.profiles.sources import ProfileRefused

log = logs.get_logger()

FIGURES.declare(
    Gauge(
        "whiteboard_departed_objects",
        "Sessions and boards that have ended and are still in memory",
        lambda: len(DEPARTED),
    )
)
UNSEARCHED: Final = FIGURES.declare(
    Counter(
        "whiteboard_departed_unsearched_total",
        "Sessions and boards that ended and stayed in memory, and nobody could look who holds them",
    )
)


@asynccontextmanager
async def open_leak_watch(
    living: Iterable[Task], is_served: Callable[[str], bool], limit: SoftLimit
) -> AsyncIterator[None]:
    """Look for leaks while the block runs. Child: who looks.

    Args:
        living: gives all tasks each time that it is gone through.
        is_served: says of a session whether it lives.
        limit: says whether there is memory for a search.
    """
    async with trio.open_nursery() as nursery:
        nursery.start_soon(LeakWatch(StrayTasks(living, is_served), DEPARTED, limit).run, name="leak watch")
        yield
        nursery.cancel_scope.cancel()


class LeakWatch:
    """Notes findings of the kinds `leaked_task`, `leaked_session` and `leaked_board`."""

    def __init__(self, strays: StrayTasks, departed: Departed, limit: SoftLimit) -> None:
        self._strays = strays
        self._departed = departed
        self._limit = limit

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await trio.sleep(timeouts.LEAK_LOOK.seconds)
            await self.look()

    async def look(self) -> None:
        """Note what has leaked."""
        for stray in await self._strays.look(timeouts.LEAKED_TASK.seconds):
            findings.note("leaked_task", stray.site, stray.stack, **stray.facts())
        if self._limit.is_scarce or is_cpu_profiled():
            return
        overdue = self._departed.overdue(timeouts.LEAKED_OBJECT.seconds, limits.LEAKS_SEARCHED)
        if overdue:
            await self._note_held(overdue)

    async def _note_held(self, overdue: Sequence[Leaver]) -> None:
        """Find out who holds them. Dead cycles are nobody's fault: they go with the next walk through all objects.

        So whoever could not be searched, however often, is no finding: most that are late are such cycles.
        """
        try:
            holdings = _told(await forked(partial(_search, overdue)))
        except (ProfileRefused, ChildFailed) as failure:
            log.warning("leaks_not_searched", reason=str(failure))
            self._leave_unsearched(overdue)
            return
        found = list(zip(overdue, holdings, strict=True))
        if failed := [leaver for leaver, holding in found if isinstance(holding, str)]:
            reason = next(holding for holding in holdings if isinstance(holding, str))
            log.warning("leaks_not_searched", reason=reason)
            self._leave_unsearched(failed)
        for leaver, holding in found:
            if isinstance(holding, Holding) and holding.is_held and leaver.get() is not None:
                subject = without_places(holding.chains[0])
                findings.note(f"leaked_{leaver.kind}", subject, **_facts(leaver, holding))

    def _leave_unsearched(self, leavers: Sequence[Leaver]) -> None:
        """Look for them later, LEAK_SEARCHES times in all."""
        again = self._departed.put_back(leavers)
        given_up = [leaver.name for leaver in leavers if leaver not in again and leaver.get() is not None]
        if given_up:
            UNSEARCHED.add(len(given_up))
            log.warning("leaks_given_up", count=len(given_up), names=given_up)


def _facts(leaver: Leaver, holding: Holding) -> dict[str, Any]:
    return {
        leaver.kind: leaver.name,
        "held_by": holding.chains,
        "ended_seconds_ago": round(trio.current_time() - leaver.ended_at, 1),
    }


def _told(answer: bytes) -> list[Holding | str]:
    """Of each its holders, or why they could not be searched."""
    return [
        one if isinstance(one, str) else Holding(**{**one, "chains": tuple(one["chains"])})
        for one in json.loads(answer)
    ]


def _search(overdue: Sequence[Leaver]) -> bytes:
    return json.dumps([_holders_of(one) for one in overdue]).encode()


def _holders_of(leaver: Leaver) -> dict[str, Any] | str:
    """Or what was raised: all kinds of objects are looked at, and some raise when they are. The others are searched."""
    try:
        return attrs.asdict(find_holders(leaver.get))
    except Exception as error:  # noqa: BLE001 - not swallowed: the parent logs it
        return f"{type(error).__name__}: {error}"
