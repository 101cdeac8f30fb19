"""A request to open a WebSocket, not yet answered.

Owns the connection from the request's head to the answer. **Ownership**: whoever holds the request
holds the socket, and must call exactly one of `accept` (and enter it) or `refuse`. It may be handed to
another task or nursery before that; a task that was started with it and is cancelled before its first
step still runs to its first checkpoint, so entering `accept` at once is enough.
"""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from whiteboard.transport.connection import WebSocketConnection
from whiteboard.transport.handshake import open_websocket_connection
from whiteboard.transport.http_answer import HeaderList, answer_and_close
from whiteboard.transport.pump import Pump
from whiteboard.transport.upgrade import Upgrade
from whiteboard.transport.wire import Wire
from whiteboard.trust.proxies import Client


@dataclass(frozen=True, slots=True)
class WebSocketRequest:
    """A valid upgrade to `<base>/ws/<name>` by a name of ours, from an allowed origin."""

    name: str
    """What follows `/ws/` in the path, percent-decoded: the board id as the client wrote it."""
    client: Client
    """Who asks, as far as trusted proxies tell."""
    upgrade: Upgrade
    rest: bytes = field(repr=False)
    """What came right behind the head: frames that did not wait for the answer."""
    wire: Wire = field(repr=False)
    token: str | None = field(default=None, repr=False)
    """What came in the request's header or query to show who it is (CON-13)."""
    pump: Pump | None = field(default=None, repr=False)
    """What will read the socket; None where each connection does so for itself."""

    @property
    def peer(self) -> str:
        """The client's address for logs."""
        return str(self.client)

    def accept(self) -> AbstractAsyncContextManager[WebSocketConnection]:
        """Become a WebSocket: see `open_websocket_connection`. Entering raises ConnectionLost."""
        return open_websocket_connection(
            self.wire, self.upgrade, rest=self.rest, peer=self.peer, pump=self.pump
        )

    async def refuse(self, status: int, body: Mapping[str, object], headers: HeaderList = ()) -> None:
        """Answer with an HTTP error and a JSON body instead, and close. Takes at most twice LINGER.

        A peer that is gone is no error. Cancelled, the socket is closed at once.
        """
        await answer_and_close(self.wire, status, body, headers)
