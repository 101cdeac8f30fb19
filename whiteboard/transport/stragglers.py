"""Connections that have been ended while their peers stood still: each waits a while for its peer to read on.

Owns who they are, how many and for how long. Knows nothing of what they say.

A goodbye cannot pass a window that is shut. Were the socket closed over it, the kernel would keep what is under way, but reset
the connection at the first byte from a peer that reads on, and it answers pings before it comes to the goodbye. So
somebody has to hold the socket and read what comes; the session, its place and its people need not wait for that.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import trio

from whiteboard import limits, timeouts
from whiteboard.diagnostics import logs

log = logs.get_logger()


class Stragglers:
    """Runs their partings, as children of a nursery, the newest MAX_STRAGGLERS of them."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery
        self._partings: dict[trio.CancelScope, None] = {}  # in order of arrival

    def __len__(self) -> int:
        return len(self._partings)

    def see_off(self, part: Callable[[], Awaitable[object]]) -> None:
        """Run `part` for at most STRAGGLER. It owns a socket, and closes it also when it is cancelled at once."""
        if len(self._partings) >= limits.MAX_STRAGGLERS:
            self._forget(next(iter(self._partings)))
        parting = trio.CancelScope(deadline=trio.current_time() + timeouts.STRAGGLER.seconds)
        self._partings[parting] = None
        self._nursery.start_soon(self._run, parting, part, name="straggler")

    def _forget(self, parting: trio.CancelScope) -> None:
        self._partings.pop(parting, None)
        parting.cancel()

    async def _run(self, parting: trio.CancelScope, part: Callable[[], Awaitable[object]]) -> None:
        """The parting's edge: what goes wrong ends it alone."""
        try:
            with parting:
                await part()
        except Exception:
            log.exception("straggler_failed")
        finally:
            self._forget(parting)


@asynccontextmanager
async def open_stragglers() -> AsyncIterator[Stragglers]:
    """Stragglers and the nursery that is theirs; who is left when the block ends is cancelled."""
    async with trio.open_nursery() as nursery:
        yield Stragglers(nursery)
        nursery.cancel_scope.cancel()
