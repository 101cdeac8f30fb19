"""Waking those who tail a board's log. Owns who waits for what; knows no storage.

A ring says "look again", not what is there to see: a waiter subscribes, looks, and only then sleeps,
so that a ring between its look and its sleep is not lost.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import trio

from whiteboard.ids import BoardId


class _Waiter:
    __slots__ = ("event",)

    def __init__(self) -> None:
        self.event = trio.Event()


class Listener:
    """One task's subscription to one board."""

    def __init__(self, waiter: _Waiter) -> None:
        self._waiter = waiter

    async def wait(self) -> None:
        """Return at once when rung since the subscription or the last `wait`, else at the next ring."""
        await self._waiter.event.wait()
        self._waiter.event = trio.Event()


class Wakeups:
    """Who waits for which board."""

    def __init__(self) -> None:
        self._waiters: dict[BoardId, set[_Waiter]] = {}
        self._somebody = trio.Event()

    @contextmanager
    def listen(self, board: BoardId) -> Iterator[Listener]:
        """Subscribe to a board's rings for the length of the block."""
        waiter = _Waiter()
        self._waiters.setdefault(board, set()).add(waiter)
        self._somebody.set()
        try:
            yield Listener(waiter)
        finally:
            waiters = self._waiters[board]
            waiters.remove(waiter)
            if not waiters:
                del self._waiters[board]
            if not self._waiters:
                self._somebody = trio.Event()

    def ring(self, board: BoardId) -> None:
        """Wake those who wait for this board."""
        for waiter in self._waiters.get(board, ()):
            waiter.event.set()

    def ring_all(self) -> None:
        """Wake everybody."""
        for waiters in self._waiters.values():
            for waiter in waiters:
                waiter.event.set()

    async def wait_for_listener(self) -> None:
        """Return while somebody listens, at once or when the first one comes."""
        await self._somebody.wait()
