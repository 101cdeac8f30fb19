"""Many messages in one send: whole, in order, as few at a time as memory asks for."""

from collections import deque

import pytest
import trio
from transport.peers import CLOSE, TEXT, RawClient, client_frame, open_pair

from whiteboard import limits
from whiteboard.protocol.packed import Packed, unpack

DEFLATE = "permessage-deflate"


def texts(count: int, size_bytes: int = 100) -> list[bytes]:
    """Messages that are all different."""
    return [b"%d:" % number + b"x" * size_bytes for number in range(count)]


def packed(of: list[bytes]) -> deque[Packed]:
    """The same, as parts of a snapshot are kept; they stay as large as they are."""
    return deque(Packed(text, level=0) for text in of)


async def expect_all(client: RawClient, expected: list[bytes]) -> None:
    """Read deflated messages."""
    for text in expected:
        opcode, payload = await client.frame()
        assert (opcode, unpack(payload, len(text))) == (TEXT, text)


async def test_messages_of_one_burst_leave_in_one_send_behind_what_is_held() -> None:
    """No more than were asked for; the others stay where they are."""
    async with open_pair(deflate=DEFLATE) as (connection, client):
        connection.hold(b"welcome")
        waiting = packed(texts(5))
        connection.push_some(waiting, 3)
        assert len(waiting) == 2
        client.buffer = bytes(await client.stream.receive_some(100_000))
        assert await client.frame() == (TEXT, b"welcome")
        await expect_all(client, texts(3))
        assert client.buffer == b""
        connection.push_some(waiting, 3)
        await expect_all(client, texts(5)[3:])
        assert not waiting
        await client.stream.aclose()


async def test_a_burst_is_bounded_in_bytes_but_for_its_first_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many as fit, one at least."""
    monkeypatch.setattr(limits, "BURST_BYTES", 2_500)
    async with open_pair(deflate=DEFLATE) as (connection, client):
        waiting = packed(texts(5, 1_000) + texts(2, 5_000))
        taken = []
        while waiting:
            before = len(waiting)
            connection.push_some(waiting, 100)
            taken.append(before - len(waiting))
        assert taken == [2, 2, 1, 1, 1]
        await expect_all(client, texts(5, 1_000) + texts(2, 5_000))
        await client.stream.aclose()


async def test_who_reads_no_deflate_gets_one_message_at_a_time() -> None:
    """Its frames are made for it alone: what waits for it is memory of its own."""
    async with open_pair() as (connection, client):
        waiting = packed(texts(2))
        connection.push_some(waiting, 100)
        assert len(waiting) == 1
        assert await client.frame() == (TEXT, texts(2)[0])
        await client.stream.aclose()


async def test_what_a_slow_reader_does_not_take_of_a_burst_is_queued() -> None:
    """From the very byte on; what comes later waits behind it."""
    async with open_pair(send_buffer=4096, deflate=DEFLATE) as (connection, client):
        expected = texts(40, 3_000)
        waiting = packed(expected)
        connection.push_some(waiting, 20)
        assert 30_000 < connection.backlog_bytes < 20 * 3_020
        before = connection.backlog_bytes
        connection.push_some(waiting, 20)
        assert connection.backlog_bytes > before + 20 * 3_000
        async with trio.open_nursery() as nursery:
            nursery.start_soon(connection.drain)
            await expect_all(client, expected)
        assert connection.backlog_bytes == 0
        await client.stream.aclose()


async def test_nothing_follows_a_lost_connection_or_a_goodbye() -> None:
    """Messages are taken all the same, so that nobody waits for their end."""
    async with open_pair(deflate=DEFLATE) as (connection, client):
        waiting = packed(texts(3))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(connection.close, 1000, "")
            assert (await client.frame())[0] == CLOSE
            connection.push_some(waiting, 2)
            await client.send(client_frame(CLOSE, b"\x03\xe8"))
        connection.push_some(waiting, 2)
        assert len(waiting) < 3
        assert await client.rest() == b""


async def test_a_reset_during_a_burst_is_no_fault() -> None:
    """`receive` tells of it, as after any push."""
    async with open_pair(deflate=DEFLATE) as (connection, client):
        await trio.aclose_forcefully(client.stream)
        for _ in range(3):
            connection.push_some(packed(texts(2)), 2)
        assert connection.backlog_bytes == 0
