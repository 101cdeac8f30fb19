"""TLS for pages and sockets, and certificates that cannot be used."""

import ssl
import subprocess
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path

import h2.connection
import h2.events
import pytest
import trio
import trio.testing
from certificates import Certificate
from h2.settings import SettingCodes
from transport.peers import (
    CLOSE,
    KEY,
    PING,
    PONG,
    TEXT,
    RawClient,
    Served,
    client_frame,
    hello_app,
    serving,
    tcp_pair,
    upgrade_head,
)

from whiteboard import timeouts
from whiteboard.errors import StartupError
from whiteboard.protocol.packed import Packed, unpack
from whiteboard.rooms.ports import Incoming
from whiteboard.transport.connection import WebSocketConnection
from whiteboard.transport.demux import Demux
from whiteboard.transport.handshake import open_websocket_connection
from whiteboard.transport.http_front import Receive, Scope, Send
from whiteboard.transport.hypercorn_bridge import HttpBridge
from whiteboard.transport.pump import open_pump
from whiteboard.transport.tls import TlsWire, load_tls
from whiteboard.transport.upgrade import Upgrade

GET = b"GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n"


def secured(stream: trio.abc.Stream, certificate: Certificate, alpn: str = "http/1.1") -> RawClient:
    """A client that trusts the certificate."""
    context = ssl.create_default_context(cafile=certificate.cert)
    context.set_alpn_protocols([alpn])
    tls = trio.SSLStream(stream, context, server_hostname="localhost", https_compatible=True)
    return RawClient(tls)


async def connect(server: Served, certificate: Certificate, alpn: str = "http/1.1") -> RawClient:
    """The same, connected."""
    return secured((await server.connect()).stream, certificate, alpn)


async def test_pages_and_sockets_over_tls(certificate: Certificate) -> None:
    """Https and wss on one port, with messages larger than a record."""
    async with serving(tls=load_tls(certificate.cert, certificate.key)) as server:
        client = await connect(server, certificate)
        await client.send(GET)
        status, _, body = await client.answer()
        assert status == 200
        assert b" https " in body
        client = await connect(server, certificate)
        await client.send(upgrade_head(Origin="https://localhost") + client_frame(TEXT, b"early"))
        assert " 101 " in await client.head()
        assert await client.frame() == (TEXT, b"early")
        for payload in (b"x", bytes(300_000)):
            await client.send(client_frame(PING, b"p") + client_frame(TEXT, payload))
            assert await client.frame() == (PONG, b"p")
            assert await client.frame() == (TEXT, payload)
        await client.send(client_frame(CLOSE, b"\x03\xe8"))
        assert await client.frame() == (CLOSE, b"\x03\xe8")
        assert await client.rest() == b""


async def test_http2_over_tls_offers_no_websockets(certificate: Certificate) -> None:
    """ALPN h2 reaches Hypercorn; the setting that would lead browsers astray is not there."""
    async with serving(tls=load_tls(certificate.cert, certificate.key)) as server:
        client = await connect(server, certificate, "h2")
        connection = h2.connection.H2Connection()
        connection.initiate_connection()
        headers = [(":method", "GET"), (":path", "/two"), (":scheme", "https"), (":authority", "localhost")]
        connection.send_headers(1, headers, end_stream=True)
        await client.send(connection.data_to_send())
        body, is_ended = b"", False
        while not is_ended:
            for event in connection.receive_data(await client.stream.receive_some()):
                if isinstance(event, h2.events.DataReceived):
                    body += event.data or b""
                is_ended = is_ended or isinstance(event, h2.events.StreamEnded)
            await client.send(connection.data_to_send())
        assert body.startswith(b"GET /two 0 https")
        assert not connection.remote_settings.get(SettingCodes.ENABLE_CONNECT_PROTOCOL)
        await client.stream.aclose()


class Http2:
    """A client's side of HTTP/2 with a connection that was accepted."""

    def __init__(self, client: RawClient) -> None:
        self.client = client
        self.state = h2.connection.H2Connection()
        self.state.initiate_connection()

    async def ask(self, stream: int, method: str = "GET") -> None:
        headers = [(":method", method), (":path", "/"), (":scheme", "https"), (":authority", "localhost")]
        self.state.send_headers(stream, headers, end_stream=method == "GET")
        await self.flush()

    async def flush(self) -> None:
        await self.client.send(self.state.data_to_send())

    async def read_to_end(self) -> None:
        """Until the server closes, taking everything but opening no window."""
        await self.client.rest()


async def say_nothing(_: Http2) -> None:
    """Not even the preface."""
    await trio.lowlevel.checkpoint()


async def say_preface(peer: Http2) -> None:
    """No request."""
    await peer.flush()


async def ask_once(peer: Http2) -> None:
    """One request, answered."""
    await peer.ask(1)


async def ask_and_reset(peer: Http2) -> None:
    """A request that its client takes back, as a browser does that leaves the page."""
    await peer.ask(1)
    peer.state.reset_stream(1)
    await peer.flush()


@pytest.mark.parametrize("speak", [say_nothing, say_preface, ask_once, ask_and_reset])
async def test_an_idle_http2_connection_is_closed(
    speak: Callable[[Http2], Awaitable[None]],
    certificate: Certificate,
    autojump_clock: trio.testing.MockClock,
) -> None:
    """After the keep-alive, whatever was said before."""
    plain, far = await tcp_pair()
    demux = Demux(HttpBridge(hello_app), no_app, tls=load_tls(certificate.cert, certificate.key))
    async with far.stream:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(demux.serve, plain.socket)
            peer = Http2(secured(far.stream, certificate, "h2"))
            await peer.client.stream.do_handshake()  # type: ignore[attr-defined]
            await speak(peer)
            await peer.read_to_end()
            elapsed = trio.current_time()
    assert elapsed == pytest.approx(timeouts.HTTP_KEEP_ALIVE.seconds, abs=0.5)


async def large_app(scope: Scope, receive: Receive, send: Send) -> None:
    """More than a window of HTTP/2."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": bytes(1_000_000)})


async def test_an_http2_reader_that_opens_no_window_is_given_up(
    certificate: Certificate, autojump_clock: trio.testing.MockClock
) -> None:
    """Flow control holds an answer up as a full socket does; HTTP_SEND counts for both."""
    plain, far = await tcp_pair()
    demux = Demux(HttpBridge(large_app), no_app, tls=load_tls(certificate.cert, certificate.key))
    async with far.stream:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(demux.serve, plain.socket)
            peer = Http2(secured(far.stream, certificate, "h2"))
            await peer.client.stream.do_handshake()  # type: ignore[attr-defined]
            await peer.ask(1)
            await peer.read_to_end()
            elapsed = trio.current_time()
    assert elapsed == pytest.approx(timeouts.HTTP_SEND.seconds, abs=0.5)


async def test_push_over_tls_never_waits_and_drains(certificate: Certificate) -> None:
    """Backlog counts plain and encrypted bytes; all arrives in order, from a slow reader too."""
    plain, far = await tcp_pair()
    wire = TlsWire(plain.socket, load_tls(certificate.cert, certificate.key))
    client = secured(far.stream, certificate)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(client.stream.do_handshake)  # type: ignore[attr-defined]  # `secured` made it one of TLS
        await wire.handshake()
    assert wire.alpn == "http/1.1"
    messages = [b"%d:" % number + bytes(40_000) for number in range(300)]
    async with open_websocket_connection(wire, Upgrade(KEY, ())) as connection:
        await client.head()
        for message in messages:
            connection.push(message)
        assert connection.backlog_bytes > 1_000_000
        async with trio.open_nursery() as nursery:
            nursery.start_soon(connection.drain)
            for message in messages:
                assert await client.frame() == (TEXT, message)
        assert connection.backlog_bytes == 0
        await client.stream.aclose()


async def test_a_burst_over_tls_arrives_whole(certificate: Certificate) -> None:
    """Message by message, in order, also where the kernel takes a part of it."""
    plain, far = await tcp_pair()
    wire = TlsWire(plain.socket, load_tls(certificate.cert, certificate.key))
    client = secured(far.stream, certificate)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(client.stream.do_handshake)  # type: ignore[attr-defined]  # `secured` made it one of TLS
        await wire.handshake()
    texts = [b"%d:" % number + bytes(20_000) for number in range(300)]
    waiting = deque(Packed(text, level=0) for text in texts)
    async with open_websocket_connection(wire, Upgrade(KEY, (), "permessage-deflate")) as connection:
        await client.head()
        while waiting:
            connection.push_some(waiting, 100)
        assert connection.backlog_bytes > 0
        async with trio.open_nursery() as nursery:
            nursery.start_soon(connection.drain)
            for text in texts:
                assert unpack((await client.frame())[1], len(text)) == text
        assert connection.backlog_bytes == 0
        await client.stream.aclose()


@pytest.mark.parametrize("takes", [True, False])
async def test_all_that_a_record_holds_is_read_by_the_pump(certificate: Certificate, takes: bool) -> None:
    """Decrypted bytes wait where no socket tells of them; what comes behind them in a later packet does too."""
    plain, far = await tcp_pair()
    wire = TlsWire(plain.socket, load_tls(certificate.cert, certificate.key))
    client = secured(far.stream, certificate)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(client.stream.do_handshake)  # type: ignore[attr-defined]  # `secured` made it one of TLS
        await wire.handshake()
    taken: list[Incoming] = []

    def take(message: Incoming) -> bool:
        if takes:
            taken.append(message)
        return takes

    async def receive(connection: WebSocketConnection) -> None:
        while True:
            taken.extend(await connection.receive())

    messages = [b"%d:" % number + bytes(3_000) for number in range(40)]
    async with (
        open_pump() as pump,
        open_websocket_connection(wire, Upgrade(KEY, ()), pump=pump) as connection,
    ):
        await client.head()
        connection.listen(take)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(receive, connection)
            for data in (messages[:30], messages[30:]):
                await client.send(b"".join(client_frame(TEXT, message) for message in data))
                await trio.testing.wait_all_tasks_blocked(0.01)
            nursery.cancel_scope.cancel()
        assert taken == messages
        await client.stream.aclose()


@pytest.mark.parametrize("first", [GET, b"\x16\x03\x01\x00\x05hello"])
async def test_a_peer_that_speaks_no_tls_is_dropped(certificate: Certificate, first: bytes) -> None:
    """Plain HTTP or garbage on the TLS port ends that connection and logs nothing."""
    async with serving(tls=load_tls(certificate.cert, certificate.key)) as server:
        client = await server.connect()
        await client.send(first)
        assert not (await client.rest()).startswith(b"HTTP")


async def test_a_silent_handshake_has_a_deadline(
    certificate: Certificate, autojump_clock: trio.testing.MockClock
) -> None:
    """TLS_HANDSHAKE, then the socket is closed."""
    plain, far = await tcp_pair()
    demux = Demux(HttpBridge(no_app), no_app, tls=load_tls(certificate.cert, certificate.key))
    started = trio.current_time()
    await demux.serve(plain.socket)
    assert trio.current_time() - started == pytest.approx(timeouts.TLS_HANDSHAKE.seconds)
    assert await far.rest() == b""
    await far.stream.aclose()


async def no_app(*_: object) -> None:
    """Is never called."""


async def test_a_cut_without_close_notify_is_an_end(certificate: Certificate) -> None:
    """Cut off in TLS's middle: the end of the stream, like on plain TCP."""
    plain, far = await tcp_pair()
    wire = TlsWire(plain.socket, load_tls(certificate.cert, certificate.key))
    client = secured(far.stream, certificate)
    with wire:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.stream.do_handshake)  # type: ignore[attr-defined]  # `secured` made it one of TLS
            await wire.handshake()
        await client.send(b"last words")
        await far.stream.send_eof()  # type: ignore[attr-defined]
        assert await wire.receive() == b"last words"
        assert await wire.receive() == b""
        await far.stream.aclose()


def test_a_bad_certificate_is_named(certificate: Certificate, tmp_path: Path) -> None:
    """Missing, no PEM, a key of another certificate, an encrypted key: each a sentence with the file."""
    missing, empty, other = tmp_path / "missing.pem", tmp_path / "empty.pem", tmp_path / "other.pem"
    locked = tmp_path / "locked.pem"
    empty.write_text("nothing")
    make_key = ["openssl", "genpkey", "-algorithm", "ed25519", "-out"]
    subprocess.run([*make_key, str(other)], check=True, capture_output=True)
    lock = [
        "openssl",
        "pkey",
        "-in",
        str(certificate.key),
        "-aes256",
        "-passout",
        "pass:x",
        "-out",
        str(locked),
    ]
    subprocess.run(lock, check=True, capture_output=True)
    with pytest.raises(
        StartupError, match=r"^cannot read the TLS certificate .*missing.pem: No such file.*--tls-cert"
    ):
        load_tls(missing, certificate.key)
    with pytest.raises(StartupError, match=r"^cannot read the TLS key .*missing.pem.*--tls-key"):
        load_tls(certificate.cert, missing)
    with pytest.raises(StartupError, match=r"^cannot use the TLS certificate in .*empty.pem"):
        load_tls(empty, certificate.key)
    for key in (other, locked):
        with pytest.raises(StartupError, match=f"and .*{key.name}"):
            load_tls(certificate.cert, key)


def test_one_file_may_hold_both(certificate: Certificate, tmp_path: Path) -> None:
    """Certificate and key in one PEM file."""
    both = tmp_path / "both.pem"
    both.write_text(certificate.cert.read_text() + certificate.key.read_text())
    assert load_tls(both).minimum_version is ssl.TLSVersion.TLSv1_2
