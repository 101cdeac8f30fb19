"""One port: WebSockets and HTTP told apart, the slow, the large and the strange refused."""

import json
import socket
from ipaddress import ip_network
from pathlib import Path

import pytest
import structlog
import trio
import trio.testing
import trio_websocket
from transport import peers
from transport.peers import (
    TEXT,
    RawClient,
    client_frame,
    echo,
    hello_app,
    serving,
    upgrade_head,
)

from whiteboard import limits, timeouts
from whiteboard.config import UnixAddress
from whiteboard.transport.demux import Demux
from whiteboard.transport.hypercorn_bridge import HttpBridge
from whiteboard.transport.request import WebSocketRequest
from whiteboard.trust.hosts import HostPolicy
from whiteboard.trust.origins import Origin, OriginPolicy
from whiteboard.trust.policy import Trust
from whiteboard.trust.proxies import TrustedProxies

GET = b"GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(params=[False, True], ids=["tasks", "doorstep"], autouse=True)
def _receives(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads first heads: nothing else may differ."""
    monkeypatch.setattr(peers, "RECEIVES_AT_DOORSTEP", request.param)


async def test_a_library_client_and_http_share_the_port() -> None:
    """trio-websocket's client echoes; a GET beside it is answered by the app. [CON-4] [HTTP-1]"""
    async with serving() as server:
        url = f"ws://127.0.0.1:{server.port}/ws/board"
        async with trio_websocket.open_websocket_url(url, subprotocols=["whiteboard.v1"]) as client:
            assert client.subprotocol == "whiteboard.v1"
            for message in ("one", "é" * 70_000):
                await client.send_message(message)
                assert await client.get_message() == message
            await client.ping(b"hello")
            http = await server.connect()
            await http.send(GET)
            status, _, body = await http.answer()
            assert (status, body[:11]) == (200, b"GET /page 0")


async def test_the_request_tells_what_the_client_said() -> None:
    """Name, offer, peer and token, which is not shown; nothing is accepted yet. [CON-1] [CON-13]"""
    seen: list[WebSocketRequest] = []

    async def refuse(request: WebSocketRequest) -> None:
        seen.append(request)
        await request.refuse(404, {"error": {"code": "no_board", "reason": "no"}}, [("X-Extra", "1")])

    async with serving(refuse, base_path="/wb") as server:
        client = await server.connect()
        await client.send(upgrade_head("/wb/ws/b%201?token=a%2Fb&x=", Sec_WebSocket_Protocol="v0, v1"))
        status, head, body = await client.answer()
        assert (status, json.loads(body)["error"]["code"]) == (404, "no_board")
        assert "x-extra: 1" in head.lower()
        assert "connection: close" in head.lower()
        assert await client.rest() == b""
    (request,) = seen
    assert request.name == "b 1"
    assert request.upgrade.subprotocols == ("v0", "v1")
    assert request.peer.startswith("127.0.0.1:")
    assert request.wire.is_closed
    assert request.token == "a/b"
    assert "a/b" not in repr(request)


async def test_a_base_path_may_be_passed_on_or_stripped_by_the_proxy() -> None:
    """Sockets are found either way, as pages are. [CON-1] [HTTP-1]"""
    async with serving(base_path="/wb") as server:
        for path in ("/wb/ws/b", "/ws/b"):
            client = await server.connect()
            await client.send(upgrade_head(path) + client_frame(TEXT, b"hi"))
            assert " 101 " in await client.head()
            assert await client.frame() == (TEXT, b"hi")
        client = await server.connect()
        await client.send(upgrade_head("/other/ws/b"))
        assert (await client.answer())[0] == 404


async def test_a_token_disturbs_no_upgrade() -> None:
    """Given in the query or as a header, it is there for who asks, and for nobody else to mind. [CON-13]"""
    async with serving() as server:
        for head in (upgrade_head("/ws/b?token=t"), upgrade_head(Authorization="Bearer t")):
            client = await server.connect()
            await client.send(head)
            assert " 101 " in await client.head()


async def test_a_request_may_be_served_by_another_nursery() -> None:
    """The callback returns at once; the socket went with the request."""
    async with trio.open_nursery() as room:

        async def hand_over(request: WebSocketRequest) -> None:
            room.start_soon(echo, request)

        async with serving(hand_over) as server:
            client = await server.connect()
            server.clients.clear()
            await client.send(upgrade_head() + client_frame(TEXT, b"early"))
            await client.head()
            assert await client.frame() == (TEXT, b"early")
        await client.send(client_frame(TEXT, b"after the server's end"))
        assert await client.frame() == (TEXT, b"after the server's end")
        await client.stream.aclose()


async def test_a_room_cancelled_before_the_first_step_closes_the_socket() -> None:
    """A request handed to a nursery that ends is not leaked."""
    handed = trio.Event()

    async with serving() as _, trio.open_nursery() as room:

        async def hand_over(request: WebSocketRequest) -> None:
            room.start_soon(echo, request)
            room.cancel_scope.cancel()
            handed.set()

        async with serving(hand_over) as server:
            client = await server.connect()
            with trio.CancelScope(shield=True):
                await client.send(upgrade_head())
                await handed.wait()
                assert b" 101 " not in await client.rest()


async def test_a_handler_that_raises_ends_its_connection_only() -> None:
    """It is logged; the next client is served. [CLS-3]"""
    calls = 0

    async def fragile(request: WebSocketRequest) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise ValueError("broken")
        await echo(request)

    with structlog.testing.capture_logs() as events:
        async with serving(fragile) as server:
            client = await server.connect()
            await client.send(upgrade_head())
            assert await client.rest() == b""
            client = await server.connect()
            await client.send(upgrade_head() + client_frame(TEXT, b"still here"))
            await client.head()
            assert await client.frame() == (TEXT, b"still here")
    assert [event["event"] for event in events] == ["connection_failed"]


async def test_a_head_byte_by_byte_is_understood() -> None:
    """For WebSockets and for HTTP."""
    async with serving() as server:
        client = await server.connect()
        for byte in upgrade_head():
            await client.send(bytes((byte,)))
        assert " 101 " in await client.head()
        await client.stream.aclose()
        client = await server.connect()
        for byte in GET:
            await client.send(bytes((byte,)))
        assert (await client.answer())[0] == 200


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (upgrade_head(Sec_WebSocket_Version="8"), 426),
        (upgrade_head(Sec_WebSocket_Key="x"), 400),
        (upgrade_head(Origin="http://evil.example"), 403),
        (upgrade_head(Host=""), 400),
        (upgrade_head(Host="localhost\r\nHost: localhost"), 400),
        (upgrade_head(Origin="http://localhost\r\nOrigin: http://localhost"), 403),
        (upgrade_head("/elsewhere"), 404),
        (b"GET / HTTP/1.1\r\nX: " + bytes([120]) * 40_000 + b"\r\n\r\n", 431),
        (b"\x00\x01garbage\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
    ],
)
async def test_what_cannot_be_served_gets_an_answer(data: bytes, status: int) -> None:
    """A status, and the connection closed behind it. [CON-14] [HTTP-14]"""
    async with serving() as server:
        client = await server.connect()
        await client.send(data)
        got, head, body = await client.answer()
        assert got == status
        assert "close" in head.lower()
        if b"Upgrade: websocket" in data:
            assert set(json.loads(body)["error"]) == {"code", "reason"}
        if status == 426:
            assert "sec-websocket-version: 13" in head.lower()
        await client.rest()


async def test_allowed_origins_pass() -> None:
    """The page's own origin, and those of the setting. [CON-14]"""
    other = Origin("https", "other.example", 443)
    async with serving(trust=Trust(origins=OriginPolicy.of([other]))) as server:
        for origin in ("http://localhost", "https://other.example"):
            client = await server.connect()
            await client.send(upgrade_head(Origin=origin))
            assert " 101 " in await client.head()
            await client.stream.aclose()


async def test_behind_a_trusted_proxy_origin_and_peer_are_the_browsers() -> None:
    """X-Forwarded-* decide for WebSockets and for HTTP; without trust they decide nothing."""
    said = {"X_Forwarded_For": "9.9.9.9", "X_Forwarded_Proto": "https", "X_Forwarded_Host": "draw.example"}
    peers: list[str] = []

    async def note(request: WebSocketRequest) -> None:
        peers.append(request.peer)
        request.wire.close()

    loopback = Trust(proxies=TrustedProxies((ip_network("127.0.0.0/8"),)))
    async with serving(note, trust=loopback) as server:
        client = await server.connect()
        await client.send(upgrade_head(Origin="https://draw.example", **said))
        await client.rest()
        client = await server.connect()
        fields = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in said.items())
        await client.send(GET[:-2] + fields.encode() + b"\r\n")
        assert b"https ('9.9.9.9', 0) draw.example" in (await client.answer())[2]
    assert peers == ["9.9.9.9"]
    async with serving(note) as server:
        client = await server.connect()
        await client.send(upgrade_head(Origin="https://draw.example", **said))
        assert (await client.answer())[0] == 403


LOCAL = Trust(proxies=TrustedProxies((ip_network("127.0.0.0/8"),)), hosts=HostPolicy.of([], local_port=8080))
"""A server on loopback behind a proxy on the same machine, as docs/running.md has it."""


@pytest.mark.parametrize(
    "head",
    [
        upgrade_head(Host="evil.example:8080"),
        upgrade_head(
            Host="evil.example:8080", Origin="http://evil.example:8080", Sec_Fetch_Site="same-origin"
        ),
        upgrade_head(Host="evil.example:8080", X_Forwarded_Host="draw.example", X_Forwarded_For="1.2.3.4"),
        upgrade_head("http://localhost/ws/b", Host="evil.example:8080"),
        GET.replace(b"localhost", b"evil.example:8080"),
        GET.replace(b"\r\n\r\n", b"\r\nX-Forwarded-Host: localhost\r\n\r\n").replace(
            b" localhost", b" evil.example:8080", 1
        ),
        GET.replace(b"/page", b"http://localhost/page").replace(b" localhost", b" evil.example:8080"),
    ],
)
async def test_a_page_that_rebinds_its_name_is_refused(head: bytes) -> None:
    """On sockets and HTTP alike, whatever headers it adds; the answer names the setting, the log says it once. [HTTP-16]"""
    with structlog.testing.capture_logs() as events:
        async with serving(trust=LOCAL) as server:
            client = await server.connect()
            await client.send(head)
            status, _, body = await client.answer()
    assert (status, json.loads(body)["error"]["code"]) == (421, "foreign_host")
    assert "evil.example" in json.loads(body)["error"]["reason"]
    assert "the setting hosts" in json.loads(body)["error"]["reason"]
    assert [event["event"] for event in events] == ["host_refused"]


async def test_a_proxy_on_the_same_machine_passes_on_whom_it_serves() -> None:
    """With the visitor's Host and X-Forwarded-*, as docs/running.md sets them. [HTTP-16] [CON-14]"""
    said = {"X_Forwarded_For": "9.9.9.9", "X_Forwarded_Proto": "https", "X_Forwarded_Host": "draw.example"}
    async with serving(trust=LOCAL) as server:
        client = await server.connect()
        await client.send(upgrade_head(Host="draw.example", Origin="https://draw.example", **said))
        assert " 101 " in await client.head()
        for host in (b"draw.example", b"localhost", b"127.0.0.1:8080"):
            client = await server.connect()
            await client.send(GET.replace(b"localhost", host))
            assert (await client.answer())[0] == 200


async def test_an_absolute_target_is_its_path() -> None:
    """`GET http://host/page`: a server must take it, and the app sees its host (RFC 9112 section 3.2.2)."""
    async with serving(trust=LOCAL) as server:
        client = await server.connect()
        await client.send(GET.replace(b"/page", b"http://other.example:81/page?x=1") + GET)
        status, _, body = await client.answer()
        assert (status, body.startswith(b"GET /page 0 http"), body.endswith(b" other.example:81")) == (
            200,
            True,
            True,
        )
        assert (await client.answer())[2].endswith(b" localhost")
        client = await server.connect()
        await client.send(upgrade_head("http://localhost/ws/b"))
        assert " 101 " in await client.head()


async def test_a_unix_socket_serves_both(tmp_path: Path) -> None:
    """The same over unix:/path; the peer has no address."""
    async with serving(address=UnixAddress(tmp_path / "s")) as server:
        client = await server.connect()
        await client.send(upgrade_head() + client_frame(TEXT, b"hi"))
        await client.head()
        assert await client.frame() == (TEXT, b"hi")
        await client.stream.aclose()
        client = await server.connect()
        await client.send(GET)
        assert b"None localhost" in (await client.answer())[2]


async def alone(first: bytes) -> tuple[float, bytes]:
    """How long a client that sends `first` and then nothing is kept, and what it is told."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    client = RawClient(trio.SocketStream(trio.socket.from_stdlib_socket(theirs)))
    if first:
        await client.send(first)
    started = trio.current_time()
    async with client.stream, trio.open_nursery() as nursery:
        nursery.start_soon(Demux(HttpBridge(hello_app), echo).serve, ours)
        said = await client.rest()
        elapsed = trio.current_time() - started
    return elapsed, said


async def test_a_slow_head_is_answered_and_a_silent_peer_is_not(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """408 after REQUEST_HEAD for half a head; a connection opened ahead of need just closes."""
    elapsed, said = await alone(b"GET / HT")
    assert elapsed == pytest.approx(timeouts.REQUEST_HEAD.seconds)
    assert said.startswith(b"HTTP/1.1 408 ")
    elapsed, said = await alone(b"")
    assert elapsed == pytest.approx(timeouts.REQUEST_HEAD.seconds)
    assert said == b""


async def test_peers_that_come_and_go_leave_nothing() -> None:
    """FIN, RST and silence in any phase: no task, no descriptor, no log line stays."""
    with structlog.testing.capture_logs() as events:
        async with serving() as server:
            await trio.testing.wait_all_tasks_blocked()
            tasks = trio.lowlevel.current_statistics().tasks_living
            files = len(list(Path("/proc/self/fd").iterdir()))
            for number in range(120):
                client = await server.connect()
                first = (b"", b"GET ", upgrade_head(), GET, upgrade_head() + client_frame(TEXT, b"x") * 9)
                if data := first[number % 5]:
                    await client.send(data)
                if number % 2:
                    client.stream.setsockopt(  # type: ignore[attr-defined]
                        socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"
                    )
                await client.stream.aclose()
            for _ in range(100_000):
                if trio.lowlevel.current_statistics().tasks_living <= tasks:
                    break
                await trio.lowlevel.checkpoint()
            assert trio.lowlevel.current_statistics().tasks_living <= tasks
            assert len(list(Path("/proc/self/fd").iterdir())) <= files
    assert events == []


def test_a_head_fits_hypercorns_bound() -> None:
    """What we let through must not be refused behind us."""
    assert HttpBridge(hello_app)._config.h11_max_incomplete_size >= limits.MAX_HEAD_BYTES
