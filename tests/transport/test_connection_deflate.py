"""Deflated messages that grow a thousandfold: one at a time, whoever reads."""

import pytest
import trio
import trio.testing
from transport.peers import CLOSE, PAIRS, TEXT, OpenPair, client_frame

from whiteboard import limits, timeouts
from whiteboard.errors import ConnectionLost
from whiteboard.protocol.packed import Packed
from whiteboard.rooms.ports import Incoming


@pytest.fixture(params=PAIRS)
def open_pair(request: pytest.FixtureRequest) -> OpenPair:
    """Opens a connection that reads for itself, and one that a pump reads."""
    opens: OpenPair = request.param
    return opens


def bomb(text: bytes) -> bytes:
    """A message as a client sends it that deflates."""
    frame = client_frame(TEXT, Packed(text).payload)
    return bytes((frame[0] | 0x40,)) + frame[1:]


@pytest.mark.parametrize("is_early", [False, True])
async def test_messages_that_grow_are_not_all_inflated_at_once(open_pair: OpenPair, is_early: bool) -> None:
    """One is kept at a time, however many one read has brought; all come, in order, and the goodbye too. [CON-22]"""
    texts = [b"%d" % number + b" " * (limits.MAX_FRAME_BYTES - 1) for number in range(6)]
    data = b"".join(map(bomb, texts)) + client_frame(CLOSE, b"\x03\xe8")
    async with open_pair(data if is_early else b"", deflate="permessage-deflate") as (connection, client):
        if not is_early:
            await client.send(data)
        assert [await connection.receive() for _ in texts] == [[text] for text in texts]
        with pytest.raises(ConnectionLost) as lost:
            await connection.receive()
        assert lost.value.code == 1000
        await client.stream.aclose()


async def test_a_taker_has_messages_that_grow_in_turns(open_pair: OpenPair) -> None:
    """Others have theirs between them."""
    turns: list[Incoming] = []
    done = trio.Event()

    def take(message: Incoming) -> bool:
        turns.append(message)
        if turns.count(message) == 3:
            done.set()
        return True

    async def other() -> None:
        while True:
            await trio.lowlevel.checkpoint()
            turns.append(b"other")

    async with (
        open_pair(deflate="permessage-deflate") as (connection, client),
        trio.open_nursery() as nursery,
    ):
        connection.listen(take)
        nursery.start_soon(connection.receive)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(other)
        large = b"{}".ljust(limits.MAX_FRAME_BYTES)
        await client.send(bomb(large) * 3)
        await done.wait()
        assert b"other" in turns[turns.index(large) + 1 : -1]
        nursery.cancel_scope.cancel()


async def test_a_goodbye_behind_messages_that_grow_is_heard(
    open_pair: OpenPair, autojump_clock: trio.testing.MockClock
) -> None:
    """Who closes does not wait for bytes that have come already."""
    async with open_pair(deflate="permessage-deflate") as (connection, client):
        await client.send(bomb(bytes(limits.MAX_FRAME_BYTES)) * 5 + client_frame(CLOSE, b"\x03\xe8"))
        started = trio.current_time()
        await connection.close(1000, "")
        assert trio.current_time() - started < timeouts.WS_CLOSE.seconds
