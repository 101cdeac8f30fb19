"""How long an HTTP connection lives: as long as it is of use, and no longer than its peer takes part.

Owns the one cancel scope around everything that serves a connection. Must not know what is served.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import trio

from whiteboard import timeouts
from whiteboard.diagnostics import logs
from whiteboard.transport.wire import Wire
from whiteboard.trust.proxies import shown_peer

log = logs.get_logger()


class Lifetime:
    """One connection's. Enter `scope` around all that serves it.

    The scope ends after HTTP_KEEP_ALIVE without a request under way: whatever bytes come meanwhile, and
    whichever protocol they speak. While the server stops it ends after LINGER without one, so that the
    last bytes of an answer leave. It ends CLEANUP after the peer or we have closed.
    """

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.scope = trio.CancelScope()
        self._patience = timeouts.HTTP_KEEP_ALIVE.seconds
        self._requests = 0
        self._idle_since = trio.current_time()
        self._last = math.inf
        self._is_given_up = False
        self._renew()

    @contextmanager
    def request(self) -> Iterator[None]:
        """While the block runs, the connection is not idle."""
        self._requests += 1
        self._renew()
        try:
            yield
        finally:
            self._requests -= 1
            self._idle_since = trio.current_time()
            self._renew()

    def stop(self) -> None:
        """End with the requests under way; at once when there are none and there were none just now."""
        self._patience = timeouts.LINGER.seconds
        self._renew()

    def end_soon(self) -> None:
        """From now on the connection's tasks have CLEANUP to end."""
        self._last = min(self._last, trio.current_time() + timeouts.CLEANUP.seconds)
        self._renew()

    def give_up(self) -> None:
        """Close the wire and cancel what serves it: the peer does not take what it asked for."""
        if not self._is_given_up:
            self._is_given_up = True
            log.info("answer_unread", peer=self._peer(), seconds=timeouts.HTTP_SEND.seconds)
        self.wire.close()
        self.scope.cancel()

    def _renew(self) -> None:
        idle = math.inf if self._requests else self._idle_since + self._patience
        self.scope.deadline = min(self._last, idle)

    def _peer(self) -> str:
        try:
            return shown_peer(*self.wire.peer())
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return "gone"
