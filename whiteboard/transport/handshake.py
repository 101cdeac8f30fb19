"""A WebSocket as a block: the answer to its upgrade on entering, a goodbye on leaving.

Owns the beginning and the end of a connection; what is between is the connection's.
"""

from types import TracebackType

import trio

from whiteboard import limits, timeouts
from whiteboard.deadlines import within
from whiteboard.errors import ConnectionLost
from whiteboard.protocol import close_codes
from whiteboard.transport import frames
from whiteboard.transport.connection import WebSocketConnection
from whiteboard.transport.opening import answer_to
from whiteboard.transport.pump import Pump
from whiteboard.transport.upgrade import Upgrade
from whiteboard.transport.wire import Wire


def open_websocket_connection(
    wire: Wire, upgrade: Upgrade, *, rest: bytes = b"", peer: str = "", pump: Pump | None = None
) -> "Opening":
    """Accept an upgrade on entering and give the open connection; on exit its socket is closed and no task is left.

    The exit closes with 1000, with 1001 when cancelled and with 1011 on an error, unless the body has
    closed already.

    Args:
        wire: owned from here on; once entered, it is closed whatever happens.
        rest: the bytes that followed the request head.
        pump: reads the socket; without one `receive` does.

    Entering raises ConnectionLost when the peer goes before the handshake is done, or takes longer than
    WS_HANDSHAKE for it.
    """
    return Opening(wire, upgrade, rest, peer, pump)


class Opening:
    """What `open_websocket_connection` gives. A generator, with its frame, would stay on a session's stack as long as it lives."""

    __slots__ = ("_connection", "_peer", "_pump", "_rest", "_upgrade", "_wire")

    def __init__(self, wire: Wire, upgrade: Upgrade, rest: bytes, peer: str, pump: Pump | None) -> None:
        self._wire = wire
        self._upgrade: Upgrade | None = upgrade
        self._rest = rest
        self._peer = peer
        self._pump = pump
        self._connection: WebSocketConnection

    async def __aenter__(self) -> WebSocketConnection:
        """Shake hands."""
        upgrade, rest = self._upgrade, self._rest
        self._upgrade, self._rest = None, b""
        if upgrade is None:
            raise RuntimeError("an upgrade can be accepted once")
        is_open = False
        self._wire.limit_unsent(limits.MAX_UNSENT_BYTES)
        try:
            await _shake_hands(self._wire, upgrade)
            is_open = True
        finally:
            if not is_open:
                self._wire.close()
        self._connection = WebSocketConnection(self._wire, upgrade, self._peer, self._pump)
        self._connection.begin(rest)
        return self._connection

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Say goodbye."""
        try:
            with within(timeouts.CLEANUP, shield=True):
                await self._connection.close(_exit_code(error), "")  # noqa: ASYNC102 - `within` is shielded and ends
        finally:
            if not self._connection.is_left:
                self._wire.close()


async def _shake_hands(wire: Wire, upgrade: Upgrade) -> None:
    """Answer the upgrade within WS_HANDSHAKE. Raises ConnectionLost.

    Waits for nothing when the answer is known and the socket takes it, as nearly all do. Cancellation ends no more than the
    wait for a peer that takes nothing: who asks while a room ends is let in, and told why it ends in the close frame.
    """
    try:
        rest = await answer_to(upgrade)
        rest = rest[wire.send_nowait(rest) :]
        if not rest and wire.flush_nowait():
            return
        with within(timeouts.WS_HANDSHAKE):
            await wire.send_all(rest)
            return
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        pass
    raise ConnectionLost("the peer went during the WebSocket handshake")


def _exit_code(error: BaseException | None) -> int:
    if error is None:
        return frames.NORMAL
    cause = close_codes.INTERNAL_ERROR if isinstance(error, Exception) else close_codes.GOING_AWAY
    return cause.code
