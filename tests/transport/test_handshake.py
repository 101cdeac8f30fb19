"""A WebSocket as a block: how it begins and how it ends."""

import pytest
import trio
import trio.testing
from transport.peers import CLOSE, KEY, RawClient, fill, say_goodbye, wire_pair

from whiteboard import timeouts
from whiteboard.errors import ConnectionLost
from whiteboard.transport import opening
from whiteboard.transport.handshake import open_websocket_connection
from whiteboard.transport.upgrade import Upgrade


@pytest.fixture(params=["first-of-its-kind", "known"])
async def asked_before(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the library was asked for such an answer before."""
    monkeypatch.setattr(opening, "_known", {})
    if request.param == "known":
        await opening.answer_to(Upgrade(KEY, ()))


@pytest.mark.parametrize(("error", "code"), [(None, 1000), (ValueError("x"), 1011)])
async def test_leaving_the_block_closes(error: Exception | None, code: int) -> None:
    """1000 at the end of the block, 1011 on an error; no task is left."""
    tasks = trio.lowlevel.current_statistics().tasks_living
    codes: list[int] = []

    async def peer(client: RawClient) -> None:
        await client.head()
        codes.append(await say_goodbye(client))

    wire, client = wire_pair()
    async with client.stream, trio.open_nursery() as nursery:
        nursery.start_soon(peer, client)
        try:
            async with open_websocket_connection(wire, Upgrade(KEY, ())):
                if error is not None:
                    raise error
        except* ValueError:
            assert error is not None
    assert codes == [code]
    assert wire.is_closed
    assert trio.lowlevel.current_statistics().tasks_living == tasks


async def test_cancelling_the_block_closes_with_1001(autojump_clock: trio.testing.MockClock) -> None:
    """A cancelled session still says goodbye, within its bound."""
    wire, client = wire_pair()
    async with client.stream:
        with trio.CancelScope() as scope:
            async with open_websocket_connection(wire, Upgrade(KEY, ())) as connection:
                await client.head()
                scope.cancel()
                await connection.receive()
        assert await client.frame() == (CLOSE, (1001).to_bytes(2, "big"))
    assert wire.is_closed


@pytest.mark.usefixtures("asked_before")
async def test_cancelling_before_the_answer_closes_with_1001(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Who asks in the moment in which all ends is not hung up on: the answer comes, and a close frame behind it."""
    wire, client = wire_pair()
    async with client.stream:
        with trio.CancelScope() as scope:
            scope.cancel()
            async with open_websocket_connection(wire, Upgrade(KEY, ())) as connection:
                await connection.receive()
        assert (await client.head()).startswith("HTTP/1.1 101")
        assert await client.frame() == (CLOSE, (1001).to_bytes(2, "big"))
    assert wire.is_closed


@pytest.mark.usefixtures("asked_before")
async def test_cancelling_does_not_wait_for_a_peer_that_cannot_take_the_answer(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """What is cancelled ends at once, whoever asks."""
    wire, client = wire_pair(send_buffer=4096)
    fill(wire)
    started = trio.current_time()
    async with client.stream:
        with trio.CancelScope() as scope:
            scope.cancel()
            async with open_websocket_connection(wire, Upgrade(KEY, ())):
                raise AssertionError("nobody has taken the answer")
    assert trio.current_time() == started
    assert wire.is_closed


async def test_a_peer_gone_before_the_handshake_raises_connection_lost() -> None:
    """Accepting raises ConnectionLost, and the socket is closed."""
    wire, client = wire_pair()
    await client.stream.aclose()
    with pytest.raises(ConnectionLost, match="handshake"):
        async with open_websocket_connection(wire, Upgrade(KEY, ())):
            pass
    assert wire.is_closed


async def test_a_peer_that_cannot_take_the_answer_is_given_up(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """WS_HANDSHAKE bounds the one write."""
    wire, client = wire_pair(send_buffer=4096)
    fill(wire)
    started = trio.current_time()
    async with client.stream:
        with pytest.raises(ConnectionLost, match="handshake"):
            async with open_websocket_connection(wire, Upgrade(KEY, ())):
                pass
    assert trio.current_time() - started == pytest.approx(timeouts.WS_HANDSHAKE.seconds)


async def test_our_subprotocol_is_taken_if_offered() -> None:
    """whiteboard.v1 is answered when it is among the offered; it is not asked for."""
    for offered, expected in [((), None), (("a", "whiteboard.v1"), "whiteboard.v1"), (("a",), None)]:
        wire, client = wire_pair()
        async with client.stream, trio.open_nursery() as nursery:
            async with open_websocket_connection(
                wire, Upgrade(KEY, offered), peer="10.0.0.1:5"
            ) as connection:
                head = await client.head()
                assert connection.subprotocol == expected
                assert connection.peer == "10.0.0.1:5"
                assert ("sec-websocket-protocol: whiteboard.v1" in head.lower()) == (expected is not None)
                nursery.start_soon(say_goodbye, client)
