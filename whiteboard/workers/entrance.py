"""The front's side of a new connection: read its first head, find its board, give both to a worker.

Reading, and not only peeking: a peeked socket stays readable, so that a peer that sends its head by the byte
would have to be polled for. What was read goes along with the socket.
"""

import socket
from collections.abc import Awaitable, Callable

import trio

from whiteboard import limits, timeouts
from whiteboard.deadlines import within
from whiteboard.diagnostics import logs
from whiteboard.ids import BoardId
from whiteboard.rooms.sleeper import Sleeper
from whiteboard.transport.head_reading import read_head
from whiteboard.transport.http_answer import answer_and_close, retry_after
from whiteboard.transport.wire import Wire
from whiteboard.trust.refusals import error_body
from whiteboard.workers.routing import board_of

log = logs.get_logger()

Give = Callable[[socket.socket, bytes, BoardId | None], Awaitable[bool]]
"""Passes a connection to a worker; False when none can take it in time. The socket stays the caller's to close."""


class Entrance:
    """Gives connections to workers; `serve` is the handler for `listener.serve_connections`.

    Each has a task of its own, so nobody waits for a silent peer. At most MAX_HEADS are here at a time: for one
    more, the one that has been here longest goes, which is a silent one or finds no worker.

    Args:
        base_path: empty or `/steps` without a slash at the end.
        is_sealed: TLS is spoken: nothing can be read here, any worker will do.
    """

    def __init__(self, give: Give, *, base_path: str = "", is_sealed: bool = False) -> None:
        self._give = give
        self._base_path = base_path
        self._is_sealed = is_sealed
        self._here: dict[trio.CancelScope, None] = {}  # in order of arrival
        self._goings = Sleeper()  # until one more has gone from here

    def __len__(self) -> int:
        """Connections that no worker has yet."""
        return len(self._here)

    async def hear_out(self) -> None:
        """Return when a worker has all that came, or after LAST_HEADS: behind the last accept, who is here is served yet."""
        with within(timeouts.LAST_HEADS):
            while len(self):
                await self._goings.sleep()

    async def serve(self, sock: socket.socket) -> None:
        """Pass one connection on, or answer that it cannot be. Lets nothing out but cancellation."""
        scope = trio.CancelScope()
        self._make_room()
        self._here[scope] = None
        try:
            with scope, Wire(sock) as wire:
                await self._serve(wire)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # the peer went before it had said what it wants
        except Exception:
            log.exception("connection_failed")
        finally:
            self._here.pop(scope, None)
            self._goings.wake()

    def _make_room(self) -> None:
        if len(self._here) >= limits.MAX_HEADS:
            oldest = next(iter(self._here))
            del self._here[oldest]
            oldest.cancel()

    async def _serve(self, wire: Wire) -> None:
        data = b"" if self._is_sealed else await read_head(wire)
        if data is None or await self._give(wire.socket, data, board_of(data, self._base_path)):
            return
        if not self._is_sealed:
            body = error_body("unavailable", "No process is there for this now; try again.")
            await answer_and_close(wire, 503, body, [retry_after()])
