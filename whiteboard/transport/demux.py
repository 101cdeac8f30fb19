"""One port for all: tells each new connection's protocol and hands it on.

Owns a connection from its first byte to the hand-over: TLS, the request head within its deadline,
then a WebSocket request to the rooms' side or the connection to the HTTP server. It must not know
what either does with it. This is the edge of a connection: what goes wrong here ends that one only.
"""

import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import ExitStack

import trio

from whiteboard import timeouts
from whiteboard.deadlines import within
from whiteboard.diagnostics import logs
from whiteboard.transport.head_reading import read_head
from whiteboard.transport.http_answer import answer_and_close
from whiteboard.transport.http_head import HeadState, RequestHead, head_end, head_state, is_http2, parse_head
from whiteboard.transport.hypercorn_bridge import HttpBridge
from whiteboard.transport.pump import Pump
from whiteboard.transport.request import WebSocketRequest
from whiteboard.transport.tls import HTTP2, TlsWire
from whiteboard.transport.upgrade import Upgrade, UpgradeFault, is_websocket_upgrade, read_upgrade
from whiteboard.transport.wire import Wire
from whiteboard.trust import refusals
from whiteboard.trust.policy import Trust
from whiteboard.trust.proxies import Client
from whiteboard.trust.refusals import error_body
from whiteboard.trust.tokens import given_token

log = logs.get_logger()

OnWebSocket = Callable[[WebSocketRequest], Awaitable[object]]
"""Gets a request and with it the socket: see `request`. May serve it, or hand it to another task."""
StartNow = Callable[[WebSocketRequest], bool]
"""The same, where nothing has to be waited for; False when something has, and nothing has happened then."""

Judged = WebSocketRequest | UpgradeFault


class Demux:
    """Serves single connections; `serve` is the handler for `listener.serve_connections`."""

    def __init__(
        self,
        bridge: HttpBridge,
        on_websocket: OnWebSocket,
        *,
        base_path: str = "",
        tls: ssl.SSLContext | None = None,
        trust: Trust | None = None,
        pump: Pump | None = None,
        start_now: StartNow | None = None,
    ) -> None:
        """Args: `base_path` is empty or `/steps` without a slash at the end; `pump` reads the WebSockets."""
        self._bridge = bridge
        self._on_websocket = on_websocket
        self._start_now = start_now
        self._websocket_paths = (f"{base_path}/ws/", "/ws/")  # a proxy may strip the base path
        self._tls = tls
        self._trust = trust or Trust()
        self._pump = pump

    @property
    def is_sealed(self) -> bool:
        """Whether TLS has to be spoken before anything can be read."""
        return self._tls is not None

    async def serve(self, sock: socket.socket, begun: bytes = b"") -> None:
        """Serve one connection, to its end or to its hand-over. Lets nothing out but cancellation.

        Args: `begun` is what was read of it already; nothing, where TLS is spoken.
        """
        await self.serve_wire(TlsWire(sock, self._tls) if self._tls else Wire(sock), begun)

    async def serve_wire(
        self, wire: Wire, begun: bytes, judged: Judged | None = None, since: float | None = None
    ) -> None:
        """The same for a wire.

        Args:
            judged: what `judge` has said of a head, if it has.
            since: when the peer's time for its head began, if not now.
        """
        try:
            with ExitStack() as stack:
                stack.callback(wire.close)
                if judged is None:
                    judged = await self._find_out(wire, begun, since)
                if isinstance(judged, WebSocketRequest):
                    await self._on_websocket(judged)
                    stack.pop_all()  # the request's owner closes the wire
                elif judged is not None:
                    body = error_body(judged.code, judged.reason)
                    await answer_and_close(wire, judged.status, body, judged.headers)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # the peer went before it had said what it wants
        except Exception:
            log.exception("connection_failed")

    def serve_now(self, judged: Judged) -> bool:
        """Hand a request over if nothing has to be waited for; else False, and nothing has happened."""
        return (
            self._start_now is not None and isinstance(judged, WebSocketRequest) and self._start_now(judged)
        )

    async def _find_out(self, wire: Wire, begun: bytes, since: float | None) -> Judged | None:
        """What the peer wants of us; None when it wanted HTTP, and has been served, or has been answered."""
        if isinstance(wire, TlsWire):
            with within(timeouts.TLS_HANDSHAKE) as deadline:
                await wire.handshake()
            if deadline.cancelled_caught:
                return None
        data = b"" if wire.alpn == HTTP2 else await read_head(wire, begun, since)
        if data is None:
            return None
        if is_http2(data):
            reason = "HTTP/2 is spoken over TLS only here, by ALPN."
            await answer_and_close(wire, 505, error_body("http_version", reason))
            return None
        judged = None if wire.alpn == HTTP2 else self.judge(wire, data)
        if judged is None:
            await self._bridge.serve(wire, data)
        return judged

    def judge(self, wire: Wire, data: bytes) -> Judged | None:
        """The request for our WebSocket path in `data`, or why it cannot be one of ours; None for anything else.

        Raises trio.BrokenResourceError when the peer has gone.
        """
        end = head_end(data) or 0
        head = parse_head(data[:end]) if end and head_state(data) is HeadState.WHOLE else None
        if head is None or not is_websocket_upgrade(head):
            return None
        name = self._board_in(head.path)
        if name is None:
            return None
        client = self._trust.proxies.client(_peer(wire, head), head.headers)
        upgrade = self._judge(head, client)
        if isinstance(upgrade, UpgradeFault):
            return upgrade
        token = given_token(head.headers, head.query)
        return WebSocketRequest(name, client, upgrade, data[end:], wire, token, self._pump)

    def _judge(self, head: RequestHead, client: Client) -> Upgrade | UpgradeFault:
        """The offer of a request that may be served, or why it may not."""
        named = head.headers.get("host") or ""
        if not self._trust.hosts.allows(named):
            log.warning("host_refused", host=named, peer=str(client))
            return UpgradeFault(421, "foreign_host", refusals.foreign_host(named))
        upgrade = read_upgrade(head)
        if isinstance(upgrade, UpgradeFault) or self._trust.origins.allows(head.headers, client.host):
            return upgrade
        origin = ", ".join(head.headers.get_all("origin"))
        log.warning("origin_refused", origin=origin, host=client.host, peer=str(client))
        return UpgradeFault(403, "foreign_origin", refusals.foreign_origin(origin))

    def _board_in(self, path: str) -> str | None:
        """What follows `/ws/`, with the base path or without it; None for other paths."""
        for prefix in self._websocket_paths:
            if path.startswith(prefix):
                return path.removeprefix(prefix)
        return None


def _peer(wire: Wire, head: RequestHead) -> Client:
    """The other end of the socket, with the authority that it asked for."""
    address, port = wire.peer()
    return Client(address, port, "https" if wire.is_tls else "http", head.host)
