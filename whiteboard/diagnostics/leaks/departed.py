"""What has ended and should be gone soon: sessions, boards. Whoever ends says so, and is looked for when it is still there later.

Weak references only, made at the end of each, so that what lives pays nothing. Nearly all are gone with the next line of code,
and out of here with that. Must not know what a session is.
"""

import weakref
from collections.abc import Iterable
from functools import partial
from itertools import count
from typing import Any, Final

import attrs
import trio

from whiteboard.limits import LEAK_SEARCHES, MAX_DEPARTED


@attrs.define(eq=False)
class Leaver:
    """One that has ended."""

    kind: str
    """`session`, `board`: few."""
    name: str
    ended_at: float
    """`trio.current_time()`."""
    number: int
    get: "weakref.ref[Any]"
    """It, or None when it is gone."""
    searches: int = 0
    """How often nobody could look who holds it."""


class Departed:
    """Those that have ended and are not gone yet, at most MAX_DEPARTED; more than that are not looked for."""

    def __init__(self) -> None:
        self._leavers: dict[int, Leaver] = {}
        # by number: what is referred to need not have a hash
        self._numbers = count()

    def note(self, kind: str, name: str, thing: object) -> None:
        """It has ended just now; from here on nobody should need it. Costs a microsecond."""
        if len(self._leavers) < MAX_DEPARTED:
            number = next(self._numbers)
            # called with the reference, which `pop` takes for its default: no code of ours runs wherever the thing goes
            gone = partial(self._leavers.pop, number)
            self._leavers[number] = Leaver(kind, name, trio.current_time(), number, weakref.ref(thing, gone))

    def __len__(self) -> int:
        """How many are not gone yet."""
        return len(self._leavers)

    def overdue(self, seconds: float, most: int) -> list[Leaver]:
        """Take out some of those that ended longer ago than that, the earliest first."""
        latest = trio.current_time() - seconds
        found = [one for one in list(self._leavers.values()) if one.ended_at <= latest][:most]
        for one in found:
            self._leavers.pop(one.number, None)
        return found

    def put_back(self, leavers: Iterable[Leaver]) -> list[Leaver]:
        """Nobody could look who holds these; those that are to be looked for again, for LEAK_SEARCHES times in all."""
        again = []
        for leaver in leavers:
            leaver.searches += 1
            if leaver.searches < LEAK_SEARCHES and leaver.get() is not None:
                self._leavers[leaver.number] = leaver
                again.append(leaver)
        return again

    def clear(self) -> None:
        """Look for none of them any more."""
        self._leavers.clear()


DEPARTED: Final = Departed()
"""Those of this process."""
