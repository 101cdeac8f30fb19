"""What is needed of Hypercorn's internals, and the traps around it."""

import h2.connection
import h2.events
import pytest
import trio
import trio.testing
from transport.peers import RawClient, hello_app, serving, upgrade_head, wire_pair

from whiteboard.timeouts import HTTP_KEEP_ALIVE
from whiteboard.transport.hypercorn_bridge import HttpBridge, Receive, Scope, Send

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
        assert server.bridge.open_connections == 1


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
    assert bridge.open_connections == 0
    assert wire.is_closed


async def test_idle_connections_close_at_once_and_new_ones_are_refused() -> None:
    """The stop waits for nobody who asks for nothing."""
    bridge = HttpBridge(hello_app)
    wire, client = wire_pair()
    async with client.stream, trio.open_nursery() as nursery:
        nursery.start_soon(bridge.serve, wire, GET)
        assert (await client.answer())[0] == 200
        async with trio.open_nursery() as both:
            both.start_soon(bridge.shut_down)
            assert await client.rest() == b""
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
    assert bridge.open_connections == 0


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
        assert trio.current_time() - started == pytest.approx(HTTP_KEEP_ALIVE.seconds)
        await client.stream.aclose()


async def test_http2_with_prior_knowledge_works() -> None:
    """The preface goes to Hypercorn, which answers in HTTP/2."""
    async with serving() as server:
        client = await server.connect()
        connection = h2.connection.H2Connection()
        connection.initiate_connection()
        headers = [(":method", "GET"), (":path", "/two"), (":scheme", "http"), (":authority", "localhost")]
        connection.send_headers(1, headers, end_stream=True)
        await client.send(connection.data_to_send())
        assert (await read_http2(client.stream, connection)).startswith(b"GET /two 0")


async def read_http2(stream: trio.abc.Stream, connection: h2.connection.H2Connection) -> bytes:
    """The body of the one answer."""
    body = b""
    while True:
        for event in connection.receive_data(await stream.receive_some()):
            if isinstance(event, h2.events.DataReceived):
                body += event.data or b""
            elif isinstance(event, h2.events.StreamEnded):
                return body
        await stream.send_all(connection.data_to_send())
