"""Somebody who waits for a message is told to go on without."""

import pytest
import trio
import trio.testing
from transport.peers import PAIRS, TEXT, OpenPair, client_frame

from whiteboard.errors import ConnectionLost
from whiteboard.rooms.ports import Incoming


@pytest.fixture(params=PAIRS)
def open_pair(request: pytest.FixtureRequest) -> OpenPair:
    """Opens a connection that reads for itself, and one that a pump reads."""
    opens: OpenPair = request.param
    return opens


async def test_a_nudge_ends_receive_with_nothing_and_the_next_one_waits(open_pair: OpenPair) -> None:
    """Once each; nothing is lost, and the connection goes on."""
    async with open_pair() as (connection, client):
        received: list[list[Incoming]] = []

        async def receive_twice() -> None:
            for _ in range(2):
                received.append(list(await connection.receive()))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(receive_twice)
            await trio.testing.wait_all_tasks_blocked()
            connection.nudge()
            await trio.testing.wait_all_tasks_blocked()
            assert received == [[]]
            await client.send(client_frame(TEXT, b"hi"))
        assert received == [[], [b"hi"]]
        await client.stream.aclose()


async def test_a_nudge_that_finds_nobody_waits_for_the_next(open_pair: OpenPair) -> None:
    """What has come goes first."""
    async with open_pair(client_frame(TEXT, b"early")) as (connection, client):
        connection.nudge()
        assert list(await connection.receive()) == [b"early"]
        assert list(await connection.receive()) == []
        await client.send(client_frame(TEXT, b"late"))
        assert list(await connection.receive()) == [b"late"]
        await client.stream.aclose()


async def test_a_nudge_hides_no_loss(open_pair: OpenPair) -> None:
    """Who is gone is told of, and a connection that is closed here stays so."""
    async with open_pair() as (connection, client):
        await client.stream.aclose()
        with pytest.raises(ConnectionLost):
            await connection.receive()
        connection.nudge()
        with pytest.raises(ConnectionLost):
            await connection.receive()


async def test_a_nudge_leaves_who_writes_alone(open_pair: OpenPair) -> None:
    """A peer that reads slowly is not lost for saying nothing either: all of it arrives."""
    async with open_pair(send_buffer=4096) as (connection, client):
        received: list[list[Incoming]] = []
        drained = trio.Event()

        async def receive() -> None:
            received.append(list(await connection.receive()))

        async def drain() -> None:
            await connection.drain()
            drained.set()

        text = b"x" * 60_000
        connection.push(text)
        assert connection.backlog_bytes
        async with trio.open_nursery() as nursery:
            nursery.start_soon(receive)
            nursery.start_soon(drain)
            await trio.testing.wait_all_tasks_blocked()
            connection.nudge()
            await trio.testing.wait_all_tasks_blocked()
            assert (received, drained.is_set()) == ([[]], False)
            assert await client.frame() == (TEXT, text)
        assert drained.is_set()
        await client.stream.aclose()
