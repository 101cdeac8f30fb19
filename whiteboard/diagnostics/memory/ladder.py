"""Which rung of the memory ladder a process stands on, and what may be done there now. Pure: numbers in, a decision out.

Theory of operation
-------------------
A soft limit is nothing that the system enforces: it is where the server begins to refuse. Long before, from 80 % of it on, it takes
back what it can spare, the cheap things first. Each rung has what those below it have.

    80 %   collect   cycles are looked for among what came lately, as soon as memory grows, in a tenth of the time at most
    90 %   drop      caches and pools are emptied, and cycles are looked for among everything, as long as that is worth it
    92 %   trim      free pages go back to the system, when it is quiet: what was dropped is used again first
    95 %   unload    boards that nobody has open leave memory at once
    100 %  refuse    nobody new is let in, and free pages go back although it is not quiet

A rung is left 3 % of the limit below where it is entered, so that a process at an edge does not change its mind ten times a second.
"""

import math
from enum import IntEnum
from typing import Final

import attrs

COLLECT_SHARE: Final = 0.1
"""Of the time that passes: what Go lets its collector have, and for the same reason: without a bound a process whose live objects
come near the limit would do nothing but collect (research 2.6)."""
PAUSE_SECONDS: Final = 0.001
"""What a walk is to take: R42 allows 1.7 ms, of which a busy machine takes its part."""
MOST_STEP: Final = 0.01
"""Of the limit: growth that is worth a walk while walks are short."""
_LEAST_SCALE: Final = 1 / 64
LEAST_STEP_BYTES: Final = 256 * 1024
MOST_STEP_OBJECTS: Final = 7_000
LEAST_STEP_OBJECTS: Final = 700
"""Growth that is worth a walk when walks are long, or short. Objects count too, because bytes in use are dear to count."""
WORTH_IT: Final = 5_000
"""Objects in dead cycles: who finds fewer among everything, and gets back less than MOST_STEP, waits twice as long until it looks
there again."""
LEAVING: Final = 0.03
"""Of the limit, below where a rung is entered."""
_MOST_PATIENCE: Final = 64
"""Times AGAIN: some ten minutes, as CYCLES_ALL."""


class Rung(IntEnum):
    """How near the limit it is."""

    CALM = 0
    COLLECT = 1
    DROP = 2
    TRIM = 3
    UNLOAD = 4
    REFUSE = 5

    @property
    def label(self) -> str:
        """As figures and logs name it."""
        return self.name.lower()


ENTERED_AT: Final = {
    Rung.COLLECT: 0.80,
    Rung.DROP: 0.90,
    Rung.TRIM: 0.92,
    Rung.UNLOAD: 0.95,
    Rung.REFUSE: 1.00,
}
"""Shares of the limit."""


def next_rung(rung: Rung, share: float) -> Rung:
    """Where a process that stood on `rung` stands now that it has `share` of its limit."""
    reached = max((one for one, entered in ENTERED_AT.items() if share >= entered), default=Rung.CALM)
    if reached >= rung:
        return reached
    while rung is not Rung.CALM and share < ENTERED_AT[rung] - LEAVING:
        rung = Rung(rung - 1)
    return rung


class Allowance:
    """Time that may be spent on something: a share of the time that passes, saved up to a bound."""

    def __init__(self, share: float, most: float, now: float) -> None:
        """Args: `most` is what can be saved up, in seconds, and is there at the start; `now` is any clock's time."""
        self._share, self._most = share, most
        self._left = most
        self._asked_at = now

    def left(self, now: float) -> float:
        """Seconds; what may begin as long as there is something left. Below 0 after something that took longer."""
        self._left = min(self._most, self._left + self._share * max(0.0, now - self._asked_at))
        self._asked_at = max(now, self._asked_at)
        return self._left

    def spend(self, seconds: float) -> None:
        """So much was spent."""
        self._left -= seconds


class Pacer:
    """After how much growth to walk again: the more often, the less each walk has to free, and the shorter it is.

    What lives in the recent part is walked each time, so there is a least.
    """

    def __init__(self) -> None:
        self._scale = 1.0

    def step_bytes(self, limit_bytes: int) -> float:
        """The growth that is worth a walk."""
        return max(LEAST_STEP_BYTES, self._scale * MOST_STEP * limit_bytes)

    @property
    def step_objects(self) -> float:
        """The newcomers that are worth a walk."""
        return max(LEAST_STEP_OBJECTS, self._scale * MOST_STEP_OBJECTS)

    def note(self, seconds: float) -> None:
        """A walk took so long."""
        self._scale = (
            max(_LEAST_SCALE, self._scale / 2) if seconds > PAUSE_SECONDS else min(1.0, self._scale * 1.25)
        )


@attrs.frozen
class Reading:
    """What is known when it is decided."""

    at: float
    """`trio.current_time()`."""
    share: float
    """Of the limit."""
    is_quiet: bool
    """Whether the process hardly works."""
    has_news: bool
    """Whether enough has come to live since the last walk to be worth another."""


@attrs.frozen
class Steps:
    """What is to be done now, in this order."""

    collect_all: bool = False
    """Walk everything, what is frozen too."""
    collect: bool = False
    """Walk what came lately."""
    drop: bool = False
    trim: bool = False
    unload: bool = False


class Ladder:
    """Stands on a rung and says what to do there. Holds no memory but a few numbers."""

    def __init__(self, again: float, now: float) -> None:
        """On the ground.

        Args: `again` is how many seconds lie between two of the dear things: walking everything, dropping, trimming.
        """
        self.rung = Rung.CALM
        self._again = again
        self.allowance = Allowance(COLLECT_SHARE, COLLECT_SHARE * again, now)
        self._done_at: dict[str, float] = {}
        self._patience = 1
        # in how many times AGAIN everything is walked at most once

    def climb(self, reading: Reading) -> Steps:
        """Go where the reading puts it; what is to be done there. Whoever walks says to `allowance` how long that took."""
        self.rung = next_rung(self.rung, reading.share)
        may_walk = self.rung >= Rung.COLLECT and reading.has_news and self.allowance.left(reading.at) > 0
        walks_all = (
            may_walk and self.rung >= Rung.DROP and self._is_due("collect_all", reading.at, self._patience)
        )
        return Steps(
            collect_all=walks_all,
            collect=may_walk and not walks_all,
            drop=self.rung >= Rung.DROP and self._is_due("drop", reading.at),
            trim=self._may_trim(reading) and self._is_due("trim", reading.at),
            unload=self.rung >= Rung.UNLOAD,
        )

    def _may_trim(self, reading: Reading) -> bool:
        return self.rung is Rung.REFUSE or (self.rung >= Rung.TRIM and reading.is_quiet)

    def note_found(self, objects: int, share: float) -> None:
        """Walking everything has freed so many, which held that share of the limit: a few can hold much."""
        is_worth_it = objects >= WORTH_IT or share >= MOST_STEP
        self._patience = 1 if is_worth_it else min(2 * self._patience, _MOST_PATIENCE)

    def _is_due(self, step: str, now: float, patience: int = 1) -> bool:
        """Whether a dear thing may be done again; it is done now then."""
        if now - self._done_at.get(step, -math.inf) < self._again * patience:
            return False
        self._done_at[step] = now
        return True
