"""The bounded buffer between a connection and whoever reads the events.

Policy (nothing grows without bound, nothing is lost in silence): cursors coalesce to the newest
per session; when the rest outgrows its bytes, the oldest events go and the reader is told how many
by one `Skipped`. The connection never waits for the reader, because acks and heartbeats share it.
"""

from collections import deque
from typing import Final

import trio

from whiteboard.client.events import Cursors, Event, OpEvent, Skipped

EVENT_OVERHEAD_BYTES: Final = 256
"""What an event costs besides its own bytes, so that many tiny ones are bounded too."""


class Feed:
    """Events in order, at most `max_bytes` of them. One reader at a time gets each event."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._events: deque[tuple[Event, int]] = deque()
        self._bytes = 0
        self._skipped = 0
        self._skipped_since: int | None = None
        self._is_closed = False
        self._changed = trio.Event()

    def push(self, event: Event, size_bytes: int = 0) -> None:
        """Add an event; never blocks. `size_bytes` is what it took on the wire."""
        if isinstance(event, Cursors) and self._events:
            event = self._coalesce(event)
        cost = size_bytes + EVENT_OVERHEAD_BYTES
        self._events.append((event, cost))
        self._bytes += cost
        while self._bytes > self._max_bytes and len(self._events) > 1:
            self._drop_oldest()
        self._wake()

    def close(self) -> None:
        """No event follows; the reader gets what is here and then the end."""
        self._is_closed = True
        self._wake()

    async def receive(self) -> Event:
        """The next event.

        Raises trio.EndOfChannel at the end. Cancellation loses nothing.
        """
        await trio.lowlevel.checkpoint()
        while not self._events and not self._skipped:
            if self._is_closed:
                raise trio.EndOfChannel
            await self._changed.wait()
        if self._skipped:
            return self._take_skipped()
        event, cost = self._events.popleft()
        self._bytes -= cost
        return event

    def _coalesce(self, cursors: Cursors) -> Cursors:
        last, cost = self._events[-1]
        if not isinstance(last, Cursors):
            return cursors
        self._events.pop()
        self._bytes -= cost
        newest = {str(entry.get("session")): entry for entry in (*last.cursors, *cursors.cursors)}
        return Cursors(cursors=list(newest.values()))

    def _drop_oldest(self) -> None:
        event, cost = self._events.popleft()
        self._bytes -= cost
        self._skipped += 1
        if isinstance(event, OpEvent) and self._skipped_since is None:
            self._skipped_since = event.seq - 1

    def _take_skipped(self) -> Skipped:
        skipped = Skipped(count=self._skipped, since=self._skipped_since)
        self._skipped, self._skipped_since = 0, None
        return skipped

    def _wake(self) -> None:
        self._changed.set()
        self._changed = trio.Event()
