"""HTTP over a wire, by Hypercorn's Trio server for one connection.

Owns everything that touches Hypercorn. `TCPServer`, `WorkerContext` and `wrap_app` can be imported but
are documented nowhere, so the version is pinned and this is the one module that uses them;
`tests/transport/test_hypercorn_bridge.py` holds them to what is needed here. Traps that it deals with:

- Lifespan is left out: an app that returns from it at once crashes the start, and a cancelled parent
  never runs the shutdown. The composition root starts and stops what the app needs.
- Sends are shielded from cancellation: a client that stops reading would hold up the stop for ever, and
  its answer would stay in memory as long. So answers are cut into pieces, each of which has to leave
  within HTTP_SEND, and at the stop all wires that are known here are closed by force.
- An app that answers without reading a large body leaves the reading task waiting for ever: a
  connection's tasks get CLEANUP to end once it is closed.
- Its idle timer is not told of everything: it outlives an idle connection that the client has closed,
  and is off for good behind an HTTP/2 preface, an upgrade to h2c and a stream that the client resets.
  It is switched off; `_Lifetime` counts the requests that the app serves, whatever the protocol.
- It speaks HTTP/2 without TLS to whoever asks for it. No browser does, so it is not offered: there is
  one protocol less to defend on the plain port.
- An upgrade that comes as a later request on a kept-alive connection arrives as ASGI `websocket`:
  426, and the client comes back on a new connection.
- Over HTTP/2 it advertises WebSockets (RFC 8441), and browsers that see that use nothing else: the
  setting is taken back, so that they open a connection of their own.
"""

import logging
from typing import Any, cast

import trio
from h2.settings import SettingCodes
from hypercorn.config import Config
from hypercorn.protocol import ProtocolWrapper
from hypercorn.protocol.h2 import H2Protocol
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.utils import wrap_app

from whiteboard import limits, timeouts
from whiteboard.deadlines import within
from whiteboard.transport.http_answer import answer_and_close, retry_after
from whiteboard.transport.http_front import AsgiApp, Front
from whiteboard.transport.http_lifetime import Lifetime
from whiteboard.transport.tls import HTTP2
from whiteboard.transport.wire import Wire, close_gently
from whiteboard.trust.policy import Trust
from whiteboard.trust.refusals import error_body


class HttpBridge:
    """Serves an ASGI app on connections that were accepted elsewhere."""

    def __init__(self, app: AsgiApp, *, base_path: str = "", trust: Trust | None = None) -> None:
        """Args: `app` gets `http` scopes only; see `http_front` for what is changed in them."""
        self._app = app
        self._websocket_paths = (f"{base_path}/ws/", "/ws/")
        self._trust = trust or Trust()
        self._config = _config()
        self._context = WorkerContext(None)
        self._open: set[Lifetime] = set()
        self._is_stopping = False
        self._all_closed = trio.Event()

    async def serve(self, wire: Wire, head: bytes) -> None:
        """Serve requests on `wire` until either side closes it. `head` was read from it already.

        Owns the wire and closes it. Cancelled, it may still wait for a send to a client that reads
        slowly, until that has taken HTTP_SEND or `shut_down` closes the wire.
        """
        if self._is_stopping:
            body = error_body("unavailable", "The server is stopping; try again.")
            await answer_and_close(wire, 503, body, [retry_after()])
            return
        life = Lifetime(wire)
        self._open.add(life)
        try:
            with wire:
                with life.scope:
                    await self._serve(life, head)
                await close_gently(wire)
        finally:
            self._forget(life)

    def _forget(self, life: Lifetime) -> None:
        self._open.discard(life)
        if self._is_stopping and not self._open:
            self._all_closed.set()

    async def _serve(self, life: Lifetime, head: bytes) -> None:
        front = Front(self._app, life, self._trust, self._websocket_paths)
        app = wrap_app(cast(Any, front), 0, "asgi")
        stream = (_TlsHttpStream if life.wire.is_tls else _HttpStream)(life, head)
        await _ConnectionServer(app, self._config, self._context, {}, cast(Any, stream)).run()

    async def shut_down(self) -> None:
        """End idle connections now and the others with their answer; take no new ones.

        The caller sets the deadline: when it comes, what is still open is closed by force. Called in a
        scope that is cancelled already, it does that at once.
        """
        self._is_stopping = True
        try:
            await self._context.terminated.set()
            for life in self._open:
                life.stop()
            if self._open:
                await self._all_closed.wait()
        finally:
            for life in self._open:
                life.wire.close()


def _config() -> Config:
    config = Config()
    config.accesslog = None
    config.errorlog = logging.getLogger("hypercorn.error")
    config.include_server_header = False
    config.h11_max_incomplete_size = limits.MAX_HEAD_BYTES
    return config


class _ConnectionServer(TCPServer):
    """Hypercorn's server of one connection, held to the protocol that it began with."""

    async def _idle_timeout(self) -> None:
        await trio.lowlevel.checkpoint()  # `Lifetime` does it

    @property
    def protocol(self) -> ProtocolWrapper:
        return self._protocol

    @protocol.setter
    def protocol(self, wrapper: ProtocolWrapper) -> None:
        # Set once by `run`, before the first byte is read or sent.
        spoken = wrapper.protocol
        if isinstance(spoken, H2Protocol):
            del spoken.connection.local_settings[SettingCodes.ENABLE_CONNECT_PROTOCOL]
        elif isinstance(spoken, H11Protocol):
            spoken._check_protocol = _remain  # type: ignore[method-assign]  # noqa: SLF001
        self._protocol = wrapper


async def _remain(event: object) -> None:  # noqa: ARG001 - its name is Hypercorn's
    """What Hypercorn does with a request that wants HTTP/2 on a connection for HTTP/1: nothing."""
    await trio.lowlevel.checkpoint()


class _HttpStream(trio.abc.HalfCloseableStream):
    """A wire as the stream that Hypercorn wants; bytes read before come first."""

    def __init__(self, life: Lifetime, head: bytes) -> None:
        self._life = life
        self._wire = life.wire
        self._head = head
        self._is_closing = False
        self.socket = life.wire.socket

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
                self._life.end_soon()
        return data

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send a piece of at most SEND_BYTES and its framing within HTTP_SEND, or give the peer up.

        Runs inside Hypercorn's shield, so no other deadline reaches it.
        """
        with within(timeouts.HTTP_SEND) as patience:
            await self._wire.send_all(bytes(data))
        if patience.cancelled_caught:
            self._life.give_up()
            raise trio.BrokenResourceError("the peer does not take its answer")

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
        self._life.end_soon()
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
