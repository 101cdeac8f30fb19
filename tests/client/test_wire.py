"""The plain protocol over one WebSocket."""

import ssl

import pytest
import trio
from client.scripted_server import Caller, scripted_server
from trio.testing import MockClock
from trio_websocket import WebSocketRequest, serve_websocket

from whiteboard.client.wire import Endpoint, UpgradeRefused, open_wire
from whiteboard.errors import ConnectionLost


@pytest.mark.parametrize(
    ("url", "authority", "path"),
    [
        ("http://h:8080", "h:8080", "/ws/b"),
        ("http://h", "h", "/ws/b"),
        ("https://h/base/", "h", "/base/ws/b"),
        ("wss://h:444/x/y", "h:444", "/x/y/ws/b"),
        ("ws://[::1]:81/?token=t", "[::1]:81", "/ws/b?token=t"),
    ],
)
def test_endpoint_of_a_board(url: str, authority: str, path: str) -> None:
    """The socket is at `<base>/ws/{board}` of the server, with its query."""
    endpoint = Endpoint.of(url, "b")
    assert (endpoint.authority, endpoint.path) == (authority, path)
    assert endpoint.is_tls == url.startswith(("https", "wss"))


def test_board_id_is_quoted() -> None:
    """A board id that is none stays one path segment, for the server to refuse."""
    assert Endpoint.of("http://h", "../a b?").path == "/ws/..%2Fa%20b%3F"


@pytest.mark.parametrize("url", ["", "h:80", "ftp://h", "http://"])
def test_no_url_of_a_server(url: str) -> None:
    """What names no server is a ValueError."""
    with pytest.raises(ValueError, match="not the URL of a server"):
        Endpoint.of(url, "b")


async def test_messages_go_both_ways_and_batches_are_taken_apart() -> None:
    """What is sent is heard; messages of a batch come one by one."""
    heard = []

    async def script(caller: Caller) -> None:
        for _ in range(3):
            heard.append(await caller.hear())
        await caller.say({"n": 1}, {"n": 2})
        await caller.socket.send_message('{"n":3}')
        await caller.stay()

    async with scripted_server(script) as url, open_wire(url, "b") as wire:
        await wire.send({"a": 1})
        await wire.send([{"a": 2}, {"a": 3}])
        assert [(await wire.receive())["n"] for _ in range(3)] == [1, 2, 3]
    assert heard == [{"a": 1}, {"a": 2}, {"a": 3}]


async def test_text_and_bytes_go_out_as_they_are() -> None:
    """A test can send what is no JSON, and binary frames."""
    heard: list[str | bytes] = []

    async def script(caller: Caller) -> None:
        for _ in range(2):
            heard.append(await caller.socket.get_message())
        await caller.stay()

    async with scripted_server(script) as url, open_wire(url, "b") as wire:
        await wire.send_text("{no")
        await wire.send_bytes(b"\x00")
        await wire.ping()
    assert heard == ["{no", b"\x00"]


async def test_close_code_of_the_server_is_told() -> None:
    """After the server's goodbye, receiving and sending raise with its code and reason."""

    async def script(caller: Caller) -> None:
        await caller.socket.aclose(4404, "no such board")

    async with scripted_server(script) as url, open_wire(url, "b") as wire:
        with pytest.raises(ConnectionLost, match="no such board") as caught:
            await wire.receive()
        assert caught.value.code == 4404
        with pytest.raises(ConnectionLost):
            await wire.send({})
        with pytest.raises(ConnectionLost):
            await wire.ping()


async def test_end_without_goodbye_has_no_code() -> None:
    """A connection that just ends raises ConnectionLost without a code."""
    async with scripted_server(Caller.drop) as url, open_wire(url, "b") as wire:
        with pytest.raises(ConnectionLost) as caught:
            await wire.receive()
        assert caught.value.code is None


@pytest.mark.parametrize("frame", ["{", "[1]", "7", b"{}"])
async def test_what_is_not_the_protocol_ends_the_wire(frame: str | bytes) -> None:
    """Frames that are not JSON objects in text raise ConnectionLost."""

    async def script(caller: Caller) -> None:
        await caller.socket.send_message(frame)
        await caller.stay()

    async with scripted_server(script) as url, open_wire(url, "b") as wire:
        with pytest.raises(ConnectionLost, match="the server sent a"):
            await wire.receive()


@pytest.mark.parametrize("body", [None, b'{"error":{"code":"no_such_board"}}'])
async def test_refused_upgrade_tells_the_status(body: bytes | None) -> None:
    """An HTTP answer instead of a socket is told with its status and body."""

    async def refuse(request: WebSocketRequest) -> None:
        await request.reject(404, body=body)

    async with trio.open_nursery() as nursery:
        server = await nursery.start(serve_websocket, refuse, "127.0.0.1", 0, None)
        with pytest.raises(UpgradeRefused, match="404") as caught:
            async with open_wire(f"http://127.0.0.1:{server.port}", "b"):
                raise AssertionError("not reached")
        assert caught.value.status == 404
        assert ("no_such_board" in str(caught.value)) == bool(body)
        nursery.cancel_scope.cancel()


async def serve_one(listener: trio.SocketListener, answer: bytes) -> None:
    """Take one connection, say this, and close it."""
    stream = await listener.accept()
    async with stream:
        await stream.send_all(answer)


@pytest.mark.parametrize("answer", [b"", b"220 mail ready\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"])
async def test_server_that_ends_before_the_upgrade_is_noticed_at_once(
    answer: bytes, autojump_clock: MockClock
) -> None:
    """A peer that hangs up during the upgrade is told at once, not after the connect deadline."""
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listener, trio.open_nursery() as nursery:
        nursery.start_soon(serve_one, listener, answer)
        url = f"http://127.0.0.1:{listener.socket.getsockname()[1]}"
        began = trio.current_time()
        with pytest.raises(ConnectionLost):
            async with open_wire(url, "b"):
                raise AssertionError("not reached")
        assert trio.current_time() - began < 1


async def test_server_that_never_answers_is_given_up(autojump_clock: MockClock) -> None:
    """A peer that takes the connection and stays silent is given up after CLIENT_CONNECT."""
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listener:
        url = f"http://127.0.0.1:{listener.socket.getsockname()[1]}"
        with pytest.raises(ConnectionLost, match="before the upgrade"):
            async with open_wire(url, "b"):
                raise AssertionError("not reached")


async def test_tls_with_a_peer_that_has_none() -> None:
    """A TLS handshake that fails is told as such, and its socket is closed."""
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listener, trio.open_nursery() as nursery:
        nursery.start_soon(serve_one, listener, b"HTTP/1.1 400 plain\r\n\r\n")
        url = f"https://127.0.0.1:{listener.socket.getsockname()[1]}"
        with pytest.raises(ConnectionLost, match="cannot connect to"):
            async with open_wire(url, "b", ssl_context=ssl.create_default_context()):
                raise AssertionError("not reached")


async def test_goodbye_is_not_waited_for_longer_than_its_deadline(autojump_clock: MockClock) -> None:
    """A server that does not answer the close frame is left after WS_CLOSE."""

    async def deaf(caller: Caller) -> None:
        await caller.hear()
        caller.socket._stream.receive_some = forever  # type: ignore[method-assign]  # a server that hears nothing
        await trio.sleep_forever()

    async def forever(max_bytes: int | None = None) -> bytes:
        await trio.sleep_forever()
        raise AssertionError

    async with scripted_server(deaf) as url:
        began = trio.current_time()
        async with open_wire(url, "b") as wire:
            await wire.send({})
            await wire.send({})
        assert trio.current_time() - began < 2


async def test_what_the_body_raises_comes_out_alone() -> None:
    """An exception of the block is no exception group."""
    async with scripted_server(Caller.stay) as url:
        with pytest.raises(LookupError, match="mine"):
            async with open_wire(url, "b"):
                raise LookupError("mine")


async def test_any_bytes_are_a_sign_of_life(autojump_clock: MockClock) -> None:
    """`last_heard` moves with everything that arrives."""

    async def script(caller: Caller) -> None:
        await trio.sleep(7)
        await caller.socket.ping()
        await caller.stay()

    async with scripted_server(script) as url, open_wire(url, "b") as wire:
        began = wire.last_heard
        with trio.move_on_after(8):
            await wire.receive()
        assert wire.last_heard - began == pytest.approx(7, abs=0.5)
