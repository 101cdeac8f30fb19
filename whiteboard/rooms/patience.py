"""One clock for many who are given the same time for something, nearly all of whom do it at once.

A deadline of its own for each is a cancel scope, two operations on a heap and two KiB while it stands. Here they stand in
a line: the time is the same for all, so whoever has had most of it is in front, and one task sleeps for that one alone.
"""

from itertools import takewhile
from typing import Protocol

import trio

from whiteboard.registry import Timeout
from whiteboard.rooms.sleeper import Sleeper


class Patient(Protocol):
    """Somebody who is waited for."""

    def lose_patience(self) -> None:
        """The time is up. Called once, and never blocks or raises."""


class Patience:
    """Tells those whose time is up, as long as somebody runs it."""

    def __init__(self, given: Timeout) -> None:
        """Args: `given` is the time that each of them has."""
        self._given = given
        self._line: dict[Patient, float] = {}  # in order of arrival, each with the time at which it is up
        self._bell = Sleeper()

    def __len__(self) -> int:
        """Those who are waited for."""
        return len(self._line)

    def waiting(self) -> list[Patient]:
        """Those who are waited for, the earliest first."""
        return list(self._line)

    def wait_for(self, whom: Patient) -> None:
        """Their time begins."""
        self._line[whom] = trio.current_time() + self._given.seconds
        self._bell.wake()

    def let_go(self, whom: Patient) -> None:
        """They have done it, or are gone. Idempotent."""
        self._line.pop(whom, None)

    async def run(self) -> None:
        """Look to the clock, for ever."""
        while True:
            while not self._line:
                await self._bell.sleep()
            await trio.sleep_until(next(iter(self._line.values())))
            self._tell(trio.current_time())

    def _tell(self, now: float) -> None:
        due = takewhile(lambda entry: entry[1] <= now, self._line.items())
        for whom, _ in list(due):
            if self._line.pop(whom, None) is not None:
                whom.lose_patience()
