"""What is needed of Hypercorn's internals, and the traps around it."""

import pytest
import structlog
import trio
import trio.testing
from transport.peers import RawClient, hello_app, serving, upgrade_head, wire_pair

from whiteboard import limits, timeouts
from whiteboard.transport.http_front import AsgiApp, Receive, Scope, Send
from whiteboard.transport.hypercorn_bridge import HttpBridge

GET = b"GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def test_keep_alive_pipelining_and_a_large_post() -> None:
    """Requests one after the other, two in one packet, and a body of megabytes."""
    async with serving() as server:
        client = await server.connect()
        await client.send(GET)
        assert (await client.answer())[0] == 200
        await client.send(GET + GET)
        assert [(await client.answer())[0], (await client.answer())[0]] == [200, 200]
        size = 3_000_000
        head = f"POST /up HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n"
        await client.send(head.encode() + bytes(size))
        assert (await client.answer())[2].startswith(b"POST /up 3000000")
        assert len(server.bridge._open) == 1


async def test_an_upgrade_on_a_kept_alive_connection_is_sent_to_a_new_one() -> None:
    """426 and the connection closed, for our path; 404 for another."""
    async with serving(base_path="/wb") as server:
        for path, status in (("/wb/ws/b", 426), ("/wb/other", 404)):
            client = await server.connect()
            await client.send(GET)
            await client.answer()
            await client.send(upgrade_head(path))
            got, head, body = await client.answer()
            assert got == status
            assert b'"error"' in body
            assert "close" in head.lower()
            assert await client.rest() == b""


async def one_piece_app(scope: Scope, receive: Receive, send: Send) -> None:
    """Sends a megabyte at once."""
    headers = [(b"content-length", b"1000000")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": bytes(1_000_000)})


async def large_app(scope: Scope, receive: Receive, send: Send) -> None:
    """Sends without end, and reads no body."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    while True:
        await send({"type": "http.response.body", "body": bytes(1_000_000), "more_body": True})


async def test_a_client_that_stops_reading_does_not_hold_up_the_stop(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Hypercorn shields its sends; at the deadline the socket is closed by force."""
    bridge = HttpBridge(large_app)
    wire, client = wire_pair(send_buffer=4096)
    async with client.stream, trio.open_nursery() as nursery:
        nursery.start_soon(bridge.serve, wire, GET)
        await client.head()
        started = trio.current_time()
        with trio.move_on_after(3):
            await bridge.shut_down()
        nursery.cancel_scope.cancel()
    assert trio.current_time() - started == pytest.approx(3)
    assert not bridge._open
    assert wire.is_closed


async def test_a_stop_without_time_closes_by_force_at_once(autojump_clock: trio.testing.MockClock) -> None:
    """Where the sessions have used up the grace, unread answers do not add to it."""
    bridge = HttpBridge(large_app)
    wire, client = wire_pair(send_buffer=4096)
    async with client.stream, trio.open_nursery() as nursery:
        nursery.start_soon(bridge.serve, wire, GET)
        await client.head()
        started = trio.current_time()
        with trio.CancelScope() as no_time:
            no_time.cancel()
            await bridge.shut_down()
        nursery.cancel_scope.cancel()
    assert trio.current_time() == started
    assert wire.is_closed


@pytest.mark.parametrize("app", [large_app, one_piece_app])
async def test_an_answer_that_is_not_read_is_given_up(
    app: AsgiApp, autojump_clock: trio.testing.MockClock
) -> None:
    """After HTTP_SEND without a piece taken the wire is closed, and nothing of the answer is kept. [SLW-3]"""
    bridge = HttpBridge(app)
    wire, client = wire_pair(send_buffer=4096)
    with structlog.testing.capture_logs() as events:
        async with client.stream:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(bridge.serve, wire, GET)
                await client.head()
                started = trio.current_time()
            assert trio.current_time() - started == pytest.approx(timeouts.HTTP_SEND.seconds)
    assert not bridge._open
    assert [event["event"] for event in events] == ["answer_unread"]


async def test_a_slow_reader_that_goes_on_gets_all(autojump_clock: trio.testing.MockClock) -> None:
    """Only standing still counts: an answer may take long."""
    bridge = HttpBridge(one_piece_app)
    wire, client = wire_pair(send_buffer=4096)
    async with client.stream, trio.open_nursery() as nursery:
        nursery.start_soon(bridge.serve, wire, GET)
        head = await client.head()
        left = 1_000_000
        while left:
            part = min(left, limits.SEND_BYTES)
            await trio.sleep(timeouts.HTTP_SEND.seconds * 0.9)
            await client.exactly(part)
            left -= part
        assert "content-length: 1000000" in head.lower()
        await client.stream.aclose()


async def test_idle_connections_close_at_once_and_new_ones_are_refused(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """The stop waits for nobody who asks for nothing."""
    bridge = HttpBridge(hello_app)
    wire, client = wire_pair()
    async with client.stream, trio.open_nursery() as nursery:
        nursery.start_soon(bridge.serve, wire, GET)
        assert (await client.answer())[0] == 200
        await trio.sleep(timeouts.LINGER.seconds)
        stopped = trio.current_time()
        async with trio.open_nursery() as both:
            both.start_soon(bridge.shut_down)
            assert await client.rest() == b""
            assert trio.current_time() == stopped
            await client.stream.aclose()
        wire, late = wire_pair()
        nursery.start_soon(bridge.serve, wire, GET)
        assert (await late.answer())[0] == 503
        await late.stream.aclose()


async def test_an_answer_under_way_is_finished_before_the_stop() -> None:
    """A request that came before the stop gets its answer."""
    go_on = trio.Event()

    async def slow_app(scope: Scope, receive: Receive, send: Send) -> None:
        await go_on.wait()
        await hello_app(scope, receive, send)

    bridge = HttpBridge(slow_app)
    wire, client = wire_pair()
    async with client.stream, trio.open_nursery() as nursery:
        nursery.start_soon(bridge.serve, wire, GET)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(bridge.shut_down)
        await trio.testing.wait_all_tasks_blocked()
        go_on.set()
        assert (await client.answer())[0] == 200
        assert await client.rest() == b""
        await client.stream.aclose()


async def refusing_app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers without reading the body."""
    await send({"type": "http.response.start", "status": 413, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"no"})


async def test_an_app_that_reads_no_body_leaves_no_task(autojump_clock: trio.testing.MockClock) -> None:
    """A large body that nobody wants ends with the connection."""
    bridge = HttpBridge(refusing_app)
    wire, client = wire_pair()
    async with client.stream, trio.open_nursery() as nursery:
        head = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\n"
        nursery.start_soon(bridge.serve, wire, head + bytes(1_000))
        nursery.start_soon(send_until_gone, client)
        assert (await client.answer())[0] == 413
    assert not bridge._open


async def send_until_gone(client: RawClient) -> None:
    """A client that sends all it has, whatever it is told."""
    try:
        for _ in range(1_500):
            await client.send(bytes(65_536))
    except trio.BrokenResourceError:
        pass


async def test_an_idle_connection_ends_after_the_keep_alive(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Also half of a second request's head does not keep it."""
    bridge = HttpBridge(hello_app)
    wire, client = wire_pair()
    async with client.stream, trio.open_nursery() as nursery:
        nursery.start_soon(bridge.serve, wire, GET)
        assert (await client.answer())[0] == 200
        await client.send(GET[:9])
        started = trio.current_time()
        assert await client.rest() == b""
        assert trio.current_time() - started == pytest.approx(timeouts.HTTP_KEEP_ALIVE.seconds)
        await client.stream.aclose()


@pytest.mark.parametrize("start", [b"", GET])
async def test_http2_is_not_spoken_on_the_plain_port(start: bytes) -> None:
    """A preface is answered in HTTP/1.1, with 505 and the end, at first or after a request. [HTTP-17]"""
    async with serving() as server:
        for _ in range(20):
            client = await server.connect()
            await client.send(start + b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            if start:
                assert (await client.answer())[0] == 200
            status, _, body = await client.answer()
            assert (status, b'"http_version"' in body) == (505, True)
            await client.rest()
    assert not server.bridge._open


async def test_an_upgrade_to_h2c_is_passed_over() -> None:
    """The request is answered as if it had not offered that (RFC 9110 section 7.8)."""
    async with serving() as server:
        client = await server.connect()
        offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: !!!\r\n\r\n"
        await client.send(GET[:-2] + offer)
        status, head, _ = await client.answer()
        assert status == 200
        assert "upgrade" not in head.lower()
        await client.send(GET)
        assert (await client.answer())[0] == 200


@pytest.mark.parametrize("first", [b"PRI", b"PRI * HTTP/2.0\r\n\r\n", b"\x16\x03\x01"])
async def test_no_first_bytes_keep_a_connection(first: bytes, autojump_clock: trio.testing.MockClock) -> None:
    """Whatever a peer begins with, it is gone after the keep-alive."""
    bridge = HttpBridge(hello_app)
    wire, client = wire_pair()
    async with client.stream:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bridge.serve, wire, first)
            await client.rest()
    assert trio.current_time() <= timeouts.HTTP_KEEP_ALIVE.seconds + 10
