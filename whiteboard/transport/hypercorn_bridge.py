"""HTTP over a wire, by Hypercorn's Trio server for one connection.

Owns everything that touches Hypercorn. `TCPServer`, `WorkerContext` and `wrap_app` can be imported but
are documented nowhere, so the version is pinned and this is the one module that uses them;
`tests/transport/test_hypercorn_bridge.py` holds them to what is needed here. Traps that it deals with:

- Lifespan is left out: an app that returns from it at once crashes the start, and a cancelled parent
  never runs the shutdown. The composition root starts and stops what the app needs.
- Sends are shielded from cancellation: a client that stops reading would hold up the stop for ever.
  So all open wires are known here and closed by force.
- An app that answers without reading a large body leaves the reading task waiting for ever: a
  connection's tasks get CLEANUP to end once it is closed.
- Its idle timer outlives an idle connection that the client has closed: it is stopped then.
- An upgrade that comes as a later request on a kept-alive connection arrives as ASGI `websocket`:
  426, and the client comes back on a new connection.
- Over HTTP/2 it advertises WebSockets (RFC 8441), and browsers that see that use nothing else: the
  setting is taken back on TLS (where browsers speak HTTP/2), so that they open a connection of their own.
"""

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, cast

import msgspec
import trio
from h2.settings import SettingCodes
from hypercorn.config import Config
from hypercorn.protocol import ProtocolWrapper
from hypercorn.protocol.h2 import H2Protocol
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.utils import wrap_app

from whiteboard import limits
from whiteboard.timeouts import CLEANUP, HTTP_KEEP_ALIVE
from whiteboard.transport.http_answer import answer_and_close, error_body
from whiteboard.transport.http_head import Headers
from whiteboard.transport.proxies import MAPPED_IPV4, Client, TrustedProxies
from whiteboard.transport.tls import HTTP2
from whiteboard.transport.wire import Wire, close_gently

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]
RawHeaders = list[tuple[bytes, bytes]]

_FORWARDED_HOST: Final = b"x-forwarded-host"


class HttpBridge:
    """Serves an ASGI app on connections that were accepted elsewhere."""

    def __init__(self, app: AsgiApp, *, base_path: str = "", proxies: TrustedProxies | None = None) -> None:
        """Args: `app` gets `http` scopes only; see `_Front` for what is changed in them."""
        front = _Front(app, (f"{base_path}/ws/", "/ws/"), proxies or TrustedProxies())
        self._app = wrap_app(cast(Any, front), 0, "asgi")
        self._config = _config()
        self._context = WorkerContext(None)
        self._open: set[Wire] = set()
        self._is_stopping = False
        self._all_closed = trio.Event()

    @property
    def open_connections(self) -> int:
        """How many HTTP connections there are, idle ones included."""
        return len(self._open)

    async def serve(self, wire: Wire, head: bytes) -> None:
        """Serve requests on `wire` until either side closes it. `head` was read from it already.

        Owns the wire and closes it. Cancelled, it may still wait for a send to a client that reads
        slowly, until `shut_down` closes that wire.
        """
        if self._is_stopping:
            body = error_body("unavailable", "The server is stopping; try again.")
            await answer_and_close(wire, 503, body, [("Retry-After", "5")])
            return
        self._open.add(wire)
        try:
            with wire, trio.CancelScope() as scope:
                stream = (_TlsHttpStream if wire.is_tls else _HttpStream)(wire, head, scope)
                await _ConnectionServer(self._app, self._config, self._context, {}, cast(Any, stream)).run()
        finally:
            self._forget(wire)

    def _forget(self, wire: Wire) -> None:
        self._open.discard(wire)
        if self._is_stopping and not self._open:
            self._all_closed.set()

    async def shut_down(self) -> None:
        """End idle connections now and the others with their answer; take no new ones.

        The caller sets the deadline: when it comes, what is still open is closed by force.
        """
        self._is_stopping = True
        try:
            await self._context.terminated.set()
            if self._open:
                await self._all_closed.wait()
        finally:
            for wire in list(self._open):
                wire.close()


def _config() -> Config:
    config = Config()
    config.accesslog = None
    config.errorlog = logging.getLogger("hypercorn.error")
    config.include_server_header = False
    config.keep_alive_timeout = HTTP_KEEP_ALIVE.seconds
    config.h11_max_incomplete_size = limits.MAX_HEAD_BYTES
    return config


class _ConnectionServer(TCPServer):
    """Hypercorn's server of one connection, without WebSockets over HTTP/2."""

    _has_read_all = False

    async def _read_data(self) -> None:
        await super()._read_data()
        self._has_read_all = True
        await self.idle_task.stop()

    async def _idle_timeout(self) -> None:
        if not self._has_read_all:  # an app that ends later starts the timer once more
            await super()._idle_timeout()

    @property
    def protocol(self) -> ProtocolWrapper:
        return self._protocol

    @protocol.setter
    def protocol(self, wrapper: ProtocolWrapper) -> None:
        # Set once by `run`, before the first settings frame is sent.
        if isinstance(wrapper.protocol, H2Protocol):
            del wrapper.protocol.connection.local_settings[SettingCodes.ENABLE_CONNECT_PROTOCOL]
        self._protocol = wrapper


class _HttpStream(trio.abc.HalfCloseableStream):
    """A wire as the stream that Hypercorn wants; bytes read before come first."""

    def __init__(self, wire: Wire, head: bytes, scope: trio.CancelScope) -> None:
        self._wire = wire
        self._head = head
        self._scope = scope
        self._is_closing = False
        self.socket = wire.socket

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        if self._is_closing:
            raise trio.ClosedResourceError
        if self._head:
            await trio.lowlevel.checkpoint()
            head, self._head = self._head, b""
            return head
        data = b""
        try:
            data = await self._wire.receive(max_bytes or limits.RECEIVE_BYTES)
        finally:
            if not data:
                self._end_soon()
        return data

    def _end_soon(self) -> None:
        """From now on the connection's tasks have CLEANUP to end."""
        self._scope.deadline = min(self._scope.deadline, trio.current_time() + CLEANUP.seconds)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._wire.send_all(bytes(data))

    async def wait_send_all_might_not_block(self) -> None:
        await self._wire.wait_writable()

    async def send_eof(self) -> None:
        await trio.lowlevel.checkpoint_if_cancelled()
        if not self._wire.is_closed:
            self._wire.end_sending()

    async def aclose(self) -> None:
        """Close gently, and end the connection's tasks soon."""
        if self._is_closing:
            await trio.lowlevel.checkpoint()
            return
        self._is_closing = True
        self._end_soon()
        await close_gently(self._wire)


class _TlsHttpStream(_HttpStream):
    """The same with what Hypercorn asks of an SSLStream; the handshake is done already."""

    @property
    def transport_stream(self) -> "_TlsHttpStream":
        return self

    async def do_handshake(self) -> None:
        await trio.lowlevel.checkpoint()

    def selected_alpn_protocol(self) -> str | None:
        return HTTP2 if self._wire.alpn == HTTP2 else "http/1.1"


class _Front:
    """The ASGI app as Hypercorn sees it: WebSockets refused, trusted proxies believed.

    In a scope from a trusted proxy, `client` is the client behind it, `scheme` and the Host header
    are what that client used.
    """

    def __init__(self, app: AsgiApp, websocket_paths: tuple[str, ...], proxies: TrustedProxies) -> None:
        self._app = app
        self._websocket_paths = websocket_paths
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._refuse_websocket(scope, send)
            return
        address, port = scope["client"] or ("", 0)
        if address.startswith(MAPPED_IPV4):
            address = address.removeprefix(MAPPED_IPV4)
            scope["client"] = (address, port)
        if self._proxies.trusts(address):
            self._believe(scope, address, port)
        await self._app(scope, receive, send)

    def _believe(self, scope: Scope, address: str, port: int) -> None:
        raw: RawHeaders = list(scope["headers"])
        headers = Headers((name.decode("latin-1"), value.decode("latin-1")) for name, value in raw)
        peer = Client(address, port, scope["scheme"], headers.get("host") or "")
        client = self._proxies.client(peer, headers)
        scope["client"] = (client.address, client.port) if client.address else None
        scope["scheme"] = client.scheme
        if headers.get(_FORWARDED_HOST.decode()) is not None:
            others = [(name, value) for name, value in raw if name.lower() != b"host"]
            scope["headers"] = [(b"host", client.host.encode("latin-1")), *others]

    async def _refuse_websocket(self, scope: Scope, send: Send) -> None:
        headers: RawHeaders = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        if scope["path"].startswith(self._websocket_paths):
            status, body = 426, error_body("upgrade_required", "Open a WebSocket on a connection of its own.")
            headers.append((b"upgrade", b"websocket"))
        else:
            status, body = 404, error_body("not_found", "There is no WebSocket at this address.")
        content = msgspec.json.encode(body)
        headers.append((b"content-length", b"%d" % len(content)))
        if scope["http_version"] == "1.1":
            headers.append((b"connection", b"upgrade, close" if status == 426 else b"close"))
        await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": content})
