"""How long an HTTP connection lives."""

from collections.abc import Awaitable, Callable

import pytest
import structlog
import trio
import trio.testing
from transport.peers import wire_pair

from whiteboard import timeouts
from whiteboard.transport.http_lifetime import Lifetime

KEEP_ALIVE, LINGER, CLEANUP = (
    timeouts.HTTP_KEEP_ALIVE.seconds,
    timeouts.LINGER.seconds,
    timeouts.CLEANUP.seconds,
)


async def do_nothing(_: Lifetime) -> None:
    """No request at all."""
    await trio.lowlevel.checkpoint()


async def serve_long(life: Lifetime) -> None:
    """Two requests at a time, as in HTTP/2, for longer than the keep-alive."""
    with life.request(), life.request():
        await trio.sleep(100)


async def serve_long_while_stopping(life: Lifetime) -> None:
    """The stop comes in the middle of a request."""
    with life.request():
        life.stop()
        await trio.sleep(100)


async def stop_after_a_while(life: Lifetime) -> None:
    """The stop finds it idle."""
    await trio.sleep(5)
    life.stop()


async def stop_right_after_an_answer(life: Lifetime) -> None:
    """Its last bytes may be on their way."""
    await trio.sleep(5)
    with life.request():
        await trio.sleep(1)
    life.stop()


async def serve_after_the_end(life: Lifetime) -> None:
    """The peer is gone, and the app does not notice."""
    life.end_soon()
    await trio.sleep(1)
    life.end_soon()
    with life.request():
        await trio.sleep(100)


@pytest.mark.parametrize(
    ("lives", "seconds"),
    [
        (do_nothing, KEEP_ALIVE),
        (serve_long, 100 + KEEP_ALIVE),
        (serve_long_while_stopping, 100 + LINGER),
        (stop_after_a_while, 5),
        (stop_right_after_an_answer, 6 + LINGER),
        (serve_after_the_end, CLEANUP),
    ],
)
async def test_a_connection_ends_when_it_is_of_no_use(
    lives: Callable[[Lifetime], Awaitable[None]], seconds: float, autojump_clock: trio.testing.MockClock
) -> None:
    """Idle for the keep-alive; while stopping, LINGER after its last request; CLEANUP after its end."""
    wire, client = wire_pair()
    async with client.stream:
        with wire:
            life = Lifetime(wire)
            with life.scope:
                await lives(life)
                await trio.sleep_forever()
            assert trio.current_time() == pytest.approx(seconds)


async def test_giving_up_closes_and_cancels_and_is_logged_once() -> None:
    """Whoever notices first that the peer does not read."""
    wire, client = wire_pair()
    life = Lifetime(wire)
    with structlog.testing.capture_logs() as events:
        async with client.stream:
            with life.scope:
                life.give_up()
                life.give_up()
                await trio.sleep_forever()
    assert wire.is_closed
    assert [(event["event"], event["peer"]) for event in events] == [("answer_unread", "unix")]


async def test_a_wire_that_is_gone_names_nobody() -> None:
    """The event is logged all the same."""
    wire, client = wire_pair()
    wire.close()
    await client.stream.aclose()
    with structlog.testing.capture_logs() as events:
        Lifetime(wire).give_up()
    assert events[0]["peer"] == "gone"
