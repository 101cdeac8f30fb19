"""A socket without waiting, and closing it so that the last word arrives."""

import pytest
import trio
import trio.testing
from transport.peers import fill, tcp_pair, wire_pair

from whiteboard import timeouts
from whiteboard.transport.http_answer import answer_and_close
from whiteboard.transport.wire import close_gently
from whiteboard.trust.refusals import error_body


async def test_nothing_to_receive_and_no_room_to_send_are_told() -> None:
    """None and 0, where waiting would be needed; a peer that is gone raises."""
    wire, client = wire_pair(send_buffer=4096)
    with wire:
        assert wire.receive_nowait() is None
        fill(wire)
        assert wire.pending_bytes == 0
        await client.stream.aclose()
        with pytest.raises(trio.BrokenResourceError):
            wire.send_nowait(b"x")


async def test_the_end_of_the_stream_is_noted() -> None:
    """b"" once and for ever."""
    wire, client = wire_pair()
    with wire:
        await client.stream.aclose()
        assert await wire.receive() == b""
        assert wire.saw_eof


async def test_waiting_ends_when_the_wire_is_interrupted_or_closed() -> None:
    """An interrupted wire goes on working for its next owner; a closed one does not."""
    wire, client = wire_pair()

    async def expect_closed() -> None:
        with pytest.raises(trio.ClosedResourceError):
            await wire.wait_readable()

    async with client.stream:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(expect_closed)
            await trio.testing.wait_all_tasks_blocked()
            wire.interrupt()
        await client.send(b"on")
        assert await wire.receive() == b"on"
        async with trio.open_nursery() as nursery:
            nursery.start_soon(expect_closed)
            await trio.testing.wait_all_tasks_blocked()
            wire.close()
        wire.close()
        wire.interrupt()
        await expect_closed()
        with pytest.raises(trio.ClosedResourceError):
            await wire.wait_writable()


async def test_a_gentle_close_lets_the_last_word_arrive() -> None:
    """A peer that is still sending reads the answer, not a reset."""
    wire, client = await tcp_pair()
    await client.send(bytes(100_000))
    async with client.stream, trio.open_nursery() as nursery:
        nursery.start_soon(answer_and_close, wire, 413, error_body("too_large", "too much"))
        assert b"too much" in await client.rest()
        await client.send(b"more")
        await client.stream.aclose()
    assert wire.is_closed


async def test_a_gentle_close_has_its_bound(autojump_clock: trio.testing.MockClock) -> None:
    """A peer that never ends its side is not waited for; cancelled, it closes at once."""
    for limit, elapsed in ((100.0, timeouts.LINGER.seconds), (0.0, 0.0)):
        wire, client = wire_pair()
        started = trio.current_time()
        with trio.move_on_after(limit):
            await close_gently(wire)
        assert trio.current_time() - started == pytest.approx(elapsed)
        assert wire.is_closed
        await client.stream.aclose()


async def test_an_answer_to_nobody_is_no_error() -> None:
    """The peer went before it was told."""
    wire, client = wire_pair()
    await client.stream.aclose()
    await answer_and_close(wire, 503, error_body("draining", "later"))
    assert wire.is_closed
