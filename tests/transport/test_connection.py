"""A WebSocket connection over real sockets: order, loss, slowness, goodbyes."""

import socket
import struct
from collections.abc import Awaitable, Callable

import pytest
import trio
import trio.testing
import wsproto
from hypothesis import given, settings
from hypothesis import strategies as st
from transport.peers import (
    BINARY,
    CLOSE,
    KEY,
    PAIRS,
    PING,
    PONG,
    TEXT,
    OpenPair,
    client_frame,
    say_goodbye,
    tcp_pair,
    wire_pair,
)
from wsproto.extensions import PerMessageDeflate

from whiteboard import limits, timeouts
from whiteboard.errors import ConnectionLost
from whiteboard.protocol.packed import Packed
from whiteboard.rooms.ports import BINARY_MESSAGE, Connection, Incoming, Oversize
from whiteboard.transport.connection import WebSocketConnection
from whiteboard.transport.handshake import open_websocket_connection
from whiteboard.transport.http_head import parse_head
from whiteboard.transport.upgrade import Upgrade, read_upgrade


@pytest.fixture(params=PAIRS)
def open_pair(request: pytest.FixtureRequest) -> OpenPair:
    """Opens a connection that reads for itself, and one that a pump reads."""
    opens: OpenPair = request.param
    return opens


async def receive(connection: WebSocketConnection, count: int) -> list[Incoming]:
    """The next `count` messages."""
    found: list[Incoming] = []
    while len(found) < count:
        found += await connection.receive()
    return found


def as_port(connection: WebSocketConnection) -> Connection:
    """Mypy shows here that the class has what the port asks for."""
    return connection


async def test_messages_arrive_in_order_with_pings_and_fragments_between(open_pair: OpenPair) -> None:
    """Text in one frame, in fragments, binary and too large: one order, pings answered between."""
    async with open_pair() as (connection, client):
        large = bytes(limits.MAX_FRAME_BYTES + 1)
        frames = [
            client_frame(TEXT, b"one"),
            client_frame(PING, b"p1"),
            client_frame(TEXT, b"tw", fin=False),
            client_frame(PING, b"p2"),
            client_frame(0, b"o"),
            client_frame(BINARY, b"\0"),
            client_frame(TEXT, large),
            client_frame(PONG, b"unasked"),
            client_frame(TEXT, "ünf".encode()),
        ]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.send, b"".join(frames))
            found = await receive(connection, 5)
        assert found == [b"one", b"two", BINARY_MESSAGE, Oversize(len(large)), "ünf".encode()]
        assert [await client.frame(), await client.frame()] == [(PONG, b"p1"), (PONG, b"p2")]
        await client.stream.aclose()


async def test_frames_behind_the_head_in_one_packet_are_not_lost(open_pair: OpenPair) -> None:
    """A client that does not wait for the handshake's answer is served at once."""
    rest = client_frame(TEXT, b"early") + client_frame(TEXT, b"split")[:4]
    async with open_pair(rest) as (connection, client):
        assert await connection.receive() == [b"early"]
        await client.send(client_frame(TEXT, b"split")[4:])
        assert await connection.receive() == [b"split"]
        await client.stream.aclose()


async def test_byte_by_byte_frames_arrive(open_pair: OpenPair) -> None:
    """The smallest packets make no difference."""
    async with open_pair() as (connection, client):
        for byte in client_frame(TEXT, b"slow") + client_frame(PING, b"x") + client_frame(TEXT, bytes(200)):
            await client.send(bytes((byte,)))
        assert await receive(connection, 2) == [b"slow", bytes(200)]
        assert await client.frame() == (PONG, b"x")
        await client.stream.aclose()


async def test_all_that_the_socket_holds_comes_in_one_go(open_pair: OpenPair) -> None:
    """A burst of small ops is one call."""
    async with open_pair() as (connection, client):
        await client.send(client_frame(TEXT, b"op") * 500)
        assert await connection.receive() == [b"op"] * 500
        await client.stream.aclose()


@pytest.mark.parametrize("pair", PAIRS)
@settings(max_examples=20)
@given(cuts=st.lists(st.integers(1, 60), max_size=30))
async def test_cancelled_receives_lose_nothing(pair: OpenPair, cuts: list[int]) -> None:
    """However often a receive is cancelled, all messages come, once and in order."""
    messages = [b"message %d" % number for number in range(20)]
    data = b"".join(client_frame(TEXT, message) for message in messages)
    found: list[Incoming] = []
    async with pair() as (connection, client):
        for cut in [*cuts, len(data)]:
            if data:
                await client.send(data[:cut])
                data = data[cut:]
            with trio.move_on_after(0):
                found += await connection.receive()
        while len(found) < len(messages):
            found += await connection.receive()
        await client.stream.aclose()
    assert found == messages


async def test_held_messages_leave_with_the_next_one_in_one_send(open_pair: OpenPair) -> None:
    """In order: held, then pushed; `release` sends them alone, and a goodbye does not leave them behind."""
    async with open_pair() as (connection, client):
        connection.hold(b"ack 1")
        connection.hold(b"ack 2")
        connection.push(b"ops")
        arrived = await client.stream.receive_some()
        assert arrived == b"\x81\x05ack 1\x81\x05ack 2\x81\x03ops"
        connection.hold(b"alone")
        connection.release()
        connection.release()
        assert await client.frame() == (TEXT, b"alone")
        connection.hold(b"last")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(connection.close, 1000, "")
            assert await client.frame() == (TEXT, b"last")
            assert await say_goodbye(client) == 1000
        connection.hold(b"late: does nothing")


async def test_what_is_held_is_bounded_and_large_messages_are_not_copied(open_pair: OpenPair) -> None:
    """Above the size of one send they leave by themselves."""
    async with open_pair() as (connection, client):
        large = bytes(limits.SEND_BYTES + 1)
        connection.hold(b"small")
        connection.push(large)
        assert await client.frame() == (TEXT, b"small")
        assert await client.frame() == (TEXT, large)
        connection.hold(large)
        assert await client.frame() == (TEXT, large)
        await client.stream.aclose()


async def test_push_sends_at_once_and_close_shakes_hands(open_pair: OpenPair) -> None:
    """A pushed message is a text frame; close carries code and reason and waits for the answer."""
    async with open_pair() as (connection, client):
        connection.push(b'{"a":1}')
        assert connection.backlog_bytes == 0
        assert await client.frame() == (TEXT, b'{"a":1}')
        await connection.ping()
        assert await client.frame() == (PING, b"")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(connection.close, 4503, "draining")
            assert await client.frame() == (CLOSE, b"\x11\x97draining")
            await trio.testing.wait_all_tasks_blocked()
            await client.send(client_frame(TEXT, b"crossing") + client_frame(CLOSE, b"\x11\x97"))
        assert await client.rest() == b""
        await connection.close(1000, "again: does nothing")
        connection.push(b"late: does nothing")
        with pytest.raises(ConnectionLost, match="closed here"):
            await connection.receive()


@pytest.mark.parametrize(("payload", "code"), [(b"\x0f\xa1bye", 4001), (b"", None)])
async def test_the_peers_goodbye_ends_receive_with_its_code(
    open_pair: OpenPair, payload: bytes, code: int | None
) -> None:
    """Messages before it come first; the goodbye is answered once; the socket is closed then."""
    async with open_pair() as (connection, client):
        await client.send(client_frame(TEXT, b"last") + client_frame(CLOSE, payload))
        assert await connection.receive() == [b"last"]
        with pytest.raises(ConnectionLost) as caught:
            await connection.receive()
        assert caught.value.code == code
        await connection.close(1000, "")
        assert (await client.frame())[0] == CLOSE
        assert await client.rest() == b""


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (client_frame(TEXT, b"x", mask=None), 1002),
        (b"\xf1" + client_frame(TEXT, b"x")[1:], 1002),
        (client_frame(7, b"x"), 1002),
        (client_frame(CLOSE, b"\x01\x00"), 1002),
        (client_frame(TEXT, bytes(limits.MAX_MESSAGE_BYTES + 1))[:2_000], 1009),
    ],
)
async def test_a_violation_is_said_properly(open_pair: OpenPair, data: bytes, code: int) -> None:
    """The messages before it come, then the connection is lost; the peer reads why. [CON-9]"""
    async with open_pair() as (connection, client):
        await client.send(client_frame(TEXT, b"fine") + data)
        assert await connection.receive() == [b"fine"]
        with pytest.raises(ConnectionLost, match=str(code)):
            await receive(connection, 1)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(connection.close, 1000, "")
            opcode, payload = await client.frame()
            assert (opcode, int.from_bytes(payload[:2], "big")) == (CLOSE, code)
            assert await client.rest() == b""
            await client.stream.aclose()


async def test_an_end_without_goodbye_and_a_reset_lose_the_connection(open_pair: OpenPair) -> None:
    """FIN and RST both end receive; closing then takes no time and says nothing."""
    async with open_pair() as (connection, client):
        await client.stream.aclose()
        with pytest.raises(ConnectionLost, match="without a goodbye") as caught:
            await connection.receive()
        assert caught.value.code is None
        await connection.close(1000, "")


async def test_a_reset_while_waiting_loses_the_connection() -> None:
    """A peer that resets ends receive, drain and push without harm."""
    wire, client = await tcp_pair()
    async with open_websocket_connection(wire, Upgrade(KEY, ())) as connection:
        await client.head()
        client.stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # type: ignore[attr-defined]
        await client.stream.aclose()
        with pytest.raises(ConnectionLost, match="reset"):
            await connection.receive()
        connection.push(b"to nobody")
        with pytest.raises(ConnectionLost):
            await connection.drain()


async def test_a_slow_reader_makes_a_backlog_that_drains(open_pair: OpenPair) -> None:
    """Push never waits; the queue is counted, drained by drain alone, in order and whole."""
    async with open_pair(send_buffer=4096) as (connection, client):
        messages = [b"%d:" % number + bytes(3_000) for number in range(200)]
        for message in messages:
            connection.push(message)
        backlog = connection.backlog_bytes
        assert 500_000 < backlog <= 200 * 3_010
        await connection.wait_backlog()
        with trio.move_on_after(0):
            await connection.drain()
        assert connection.backlog_bytes == backlog
        stuck = trio.current_time() + 60
        assert (connection.stands_still_for(stuck) or 0.0) > 59
        async with trio.open_nursery() as nursery:
            nursery.start_soon(connection.drain)
            for message in messages:
                assert await client.frame() == (TEXT, message)
        assert connection.backlog_bytes == 0
        assert connection.stands_still_for(stuck) is None
        connection.push(b"direct again")
        assert await client.frame() == (TEXT, b"direct again")
        await client.stream.aclose()


async def test_a_reset_under_a_backlog_ends_drain() -> None:
    """The queue is dropped with the socket."""
    wire, client = await tcp_pair()
    async with open_websocket_connection(wire, Upgrade(KEY, ())) as connection:
        await client.head()
        for _ in range(200):
            connection.push(bytes(100_000))
        assert connection.backlog_bytes > 0
        async with trio.open_nursery() as nursery:
            nursery.start_soon(expect_reset, connection)
            await trio.testing.wait_all_tasks_blocked()
            await client.stream.aclose()
        assert connection.backlog_bytes == 0


async def expect_reset(connection: WebSocketConnection) -> None:
    """Drain, and be told that the peer has gone."""
    with pytest.raises(ConnectionLost, match="reset"):
        await connection.drain()


async def test_wait_backlog_sleeps_when_the_peer_is_gone(open_pair: OpenPair) -> None:
    """A lost connection has nothing to drain: whoever waits for that in a loop must not spin."""
    async with open_pair() as (connection, client), trio.open_nursery() as nursery:
        returned = trio.Event()

        async def broadcaster() -> None:
            await connection.wait_backlog()
            returned.set()

        await client.stream.aclose()
        with pytest.raises(ConnectionLost):
            await connection.receive()
        nursery.start_soon(broadcaster)
        await trio.testing.wait_all_tasks_blocked()
        assert not returned.is_set()
        nursery.cancel_scope.cancel()


async def test_wait_backlog_wakes_the_one_who_drains(open_pair: OpenPair) -> None:
    """It sleeps while all goes out directly, and wakes with the first byte that is left."""
    async with open_pair(send_buffer=4096) as (connection, client):
        woken = trio.Event()

        async def broadcaster() -> None:
            await connection.wait_backlog()
            woken.set()
            await connection.drain()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(broadcaster)
            connection.push(b"small")
            await trio.testing.wait_all_tasks_blocked()
            assert not woken.is_set()
            connection.push(bytes(200_000))
            await woken.wait()
            assert await client.frame() == (TEXT, b"small")
            assert await client.frame() == (TEXT, bytes(200_000))
        await client.stream.aclose()


async def test_a_peer_that_pings_and_never_reads_does_not_grow_the_queue(open_pair: OpenPair) -> None:
    """Past the bound only the newest ping is answered, once the backlog has gone."""
    async with open_pair(send_buffer=4096) as (connection, client):
        connection.push(bytes(limits.MAX_PONG_BACKLOG_BYTES + 200_000))
        backlog = connection.backlog_bytes
        with trio.move_on_after(60) as deadline:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(connection.receive)
                for number in range(2_000):
                    await client.send(client_frame(PING, b"%d" % number))
                await trio.testing.wait_all_tasks_blocked()
                nursery.cancel_scope.cancel()
        assert not deadline.cancelled_caught
        assert connection.backlog_bytes == backlog
        async with trio.open_nursery() as nursery:
            nursery.start_soon(connection.drain)
            assert (await client.frame())[0] == TEXT
            assert await client.frame() == (PONG, b"1999")
        await client.stream.aclose()


async def test_any_bytes_are_a_sign_of_life(
    open_pair: OpenPair, autojump_clock: trio.testing.MockClock
) -> None:
    """last_heard moves with a pong or half a frame. [HBT-1]"""
    async with open_pair() as (connection, client):
        for data in (client_frame(PONG), client_frame(TEXT, b"abc")[:3]):
            await trio.sleep(10)
            await client.send(data)
            with trio.move_on_after(1):
                await connection.receive()
            assert trio.current_time() - connection.last_heard <= 1
        await client.stream.aclose()


async def test_close_takes_an_unread_queue_down_by_force(
    open_pair: OpenPair, autojump_clock: trio.testing.MockClock
) -> None:
    """A peer that reads nothing keeps nobody longer than WS_CLOSE; waiting tasks are told."""
    async with open_pair(send_buffer=4096) as (connection, _client):
        connection.push(bytes(1_000_000))
        async with trio.open_nursery() as nursery:
            for waiting in (connection.receive, connection.drain):
                nursery.start_soon(expect_lost, waiting)
            await trio.testing.wait_all_tasks_blocked()
            started = trio.current_time()
            await connection.close(4408, "too slow")
        assert trio.current_time() - started == pytest.approx(timeouts.WS_CLOSE.seconds)
        assert connection.backlog_bytes == 0


async def expect_lost(waiting: Callable[[], Awaitable[object]]) -> None:
    """Wait, and be told that the connection was closed here."""
    with pytest.raises(ConnectionLost, match="closed here"):
        await waiting()


async def test_a_silent_peer_is_not_waited_for(
    open_pair: OpenPair, autojump_clock: trio.testing.MockClock
) -> None:
    """The close handshake has its deadline, also for the second who closes."""
    async with open_pair() as (connection, client):
        started = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(connection.close, 1001, "x" * 200)
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(connection.close, 4000, "second")
        assert trio.current_time() - started == pytest.approx(timeouts.WS_CLOSE.seconds)
        assert await client.frame() == (CLOSE, b"\x03\xe9" + b"x" * 123)


@pytest.mark.parametrize("code", [1000, 1012, 1013, 1014, 4000])
async def test_a_peers_close_is_answered(open_pair: OpenPair, code: int) -> None:
    """With its own code; the session is told what the peer said. [CLS-1]"""
    async with open_pair() as (connection, client):
        await client.send(client_frame(CLOSE, code.to_bytes(2, "big") + b"bye"))
        with pytest.raises(ConnectionLost) as lost:
            await connection.receive()
        assert lost.value.code == code
        async with trio.open_nursery() as nursery:
            nursery.start_soon(connection.close, 1001, "")
            opcode, payload = await client.frame()
            assert opcode == CLOSE
            assert payload == code.to_bytes(2, "big")
            assert await client.rest() == b""
            await client.stream.aclose()


async def test_text_that_is_not_utf8_ends_the_connection_with_1007(open_pair: OpenPair) -> None:
    """What came before it is handed over; the code says what was wrong. [CON-17]"""
    async with open_pair() as (connection, client):
        await client.send(client_frame(TEXT, b"good") + client_frame(TEXT, b"\xff"))
        assert await connection.receive() == [b"good"]
        with pytest.raises(ConnectionLost, match="1007"):
            await connection.receive()
        opcode, payload = await client.frame()
        assert (opcode, payload[:2]) == (CLOSE, (1007).to_bytes(2, "big"))
        await client.stream.aclose()


async def test_a_close_after_the_backlog_sends_the_backlog_first(open_pair: OpenPair) -> None:
    """What was pushed before the goodbye arrives before it."""
    async with open_pair(send_buffer=4096) as (connection, client):
        connection.push(bytes(100_000))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(connection.close, 1000, "done")
            assert await client.frame() == (TEXT, bytes(100_000))
            assert await say_goodbye(client) == 1000


async def test_pings_during_the_close_handshake_do_no_harm(open_pair: OpenPair) -> None:
    """A ping that crosses our goodbye is not answered and breaks nothing."""
    async with open_pair() as (connection, client):
        await client.send(client_frame(PING, b"a") * 50)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(connection.close, 1000, "")
            await client.send(client_frame(PING, b"b") * 50)
            assert await say_goodbye(client) == 1000


async def test_a_library_that_knows_deflate_speaks_it_both_ways() -> None:
    """The library offers it; ops go out deflated once for all, answers plain, and what it sends is understood. [CON-19]"""
    library = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
    offer = wsproto.events.Request(host="x", target="/ws/b", extensions=[PerMessageDeflate()])
    asked = parse_head(library.send(offer))
    assert asked is not None
    upgrade = read_upgrade(asked)
    assert isinstance(upgrade, Upgrade)
    wire, client = wire_pair()
    async with client.stream, open_websocket_connection(wire, upgrade) as connection:
        ops, plain = Packed(b'[{"type":"op"},' * 50), Packed(b"all the same")
        for message in (b"answer", ops, plain, ops):
            connection.push(message)
        said: list[str] = []
        while len(said) < 4:
            library.receive_data(bytes(await client.stream.receive_some()))
            said += [
                event.data for event in library.events() if isinstance(event, wsproto.events.TextMessage)
            ]
        assert said == ["answer", ops.text.decode(), "all the same", ops.text.decode()]
        texts = ["x" * 500, "é" * 100_000]
        async with trio.open_nursery() as nursery:
            sent = b"".join(library.send(wsproto.events.TextMessage(text)) for text in texts)
            assert len(sent) < 5_000
            nursery.start_soon(client.send, sent)
            assert await receive(connection, 2) == [text.encode() for text in texts]
        await client.stream.aclose()


async def test_a_packed_message_is_text_for_who_did_not_agree(open_pair: OpenPair) -> None:
    """And so is everything else. [CON-19]"""
    async with open_pair() as (connection, client):
        connection.push(Packed(b"ops " * 100))
        assert await client.frame() == (TEXT, b"ops " * 100)
        await client.stream.aclose()
