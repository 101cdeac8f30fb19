"""Keeps a connection to one board: opens it, carries a conversation over it, opens the next one.

Owns when to connect and when to give up. Knows nothing of what is said beyond "a welcome came".
"""

import ssl
from dataclasses import dataclass

import trio

from whiteboard import timeouts
from whiteboard.client.backoff import FINAL_CLOSE_CODES, FINAL_HTTP_STATUSES
from whiteboard.client.conversation import Conversation
from whiteboard.client.events import Disconnected
from whiteboard.client.wire import UpgradeRefused, Wire, open_wire
from whiteboard.deadlines import within
from whiteboard.errors import ConnectionLost


@dataclass(frozen=True, slots=True)
class Place:
    """Where the board is."""

    url: str
    board: str
    ssl_context: ssl.SSLContext | None = None


async def stay(place: Place, talk: Conversation) -> None:
    """Carry the conversation until the server refuses us for good, or the first connection fails.

    Children, per connection: the reader (this task), the writer, the heartbeat watchdog and the nudge, in
    one nursery that ends with the connection; and the WebSocket's own reader.

    Cancellation: the socket gets its goodbye within WS_CLOSE; the conversation is finished.
    """
    try:
        while talk.ended is None:
            lost = await _connection(place, talk)
            talk.disconnect(_describe(lost, is_first=talk.welcome is None))
            if talk.ended is None:
                await trio.sleep(talk.backoff.next_delay())
    finally:
        talk.finish()


async def _connection(place: Place, talk: Conversation) -> ConnectionLost:
    """One connection from the upgrade to its end; how it ended."""
    try:
        async with open_wire(place.url, place.board, ssl_context=place.ssl_context) as wire:
            await _enter(wire, talk)
            began = trio.current_time()
            lost = await _exchange(wire, talk)
            if trio.current_time() - began >= timeouts.CLIENT_RETRY_CAP.seconds:
                talk.backoff.reset()
            return lost
    except ConnectionLost as error:
        return error


def _describe(lost: ConnectionLost, *, is_first: bool) -> Disconnected:
    is_refused = isinstance(lost, UpgradeRefused) and lost.status in FINAL_HTTP_STATUSES
    is_final = is_first or is_refused or lost.code in FINAL_CLOSE_CODES
    return Disconnected(reason=str(lost), code=lost.code, is_final=is_final)


async def _enter(wire: Wire, talk: Conversation) -> None:
    """Say hello and wait for the welcome."""
    with within(timeouts.CLIENT_CONNECT) as patience:
        await wire.send(talk.hello())
        while not talk.is_connected:
            talk.hear(*await wire.receive_frame())
    if patience.cancelled_caught:
        raise ConnectionLost("no welcome in time")


async def _exchange(wire: Wire, talk: Conversation) -> ConnectionLost:
    """Read, write, watch and nudge until the connection is lost; how."""
    lost = ConnectionLost(f"no sign of life for {timeouts.DEAD_PEER.seconds:g} s")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_write, wire, talk)
        nursery.start_soon(_watch, wire, nursery.cancel_scope)
        nursery.start_soon(_nudge, talk)
        try:
            await _read(wire, talk)
        except ConnectionLost as error:
            lost = error
        nursery.cancel_scope.cancel()
    return lost


async def _read(wire: Wire, talk: Conversation) -> None:
    while True:
        talk.hear(*await wire.receive_frame())


async def _write(wire: Wire, talk: Conversation) -> None:
    """The one writer of this connection: frames go out in the order in which they were posted."""
    try:
        while True:
            talk.work = trio.Event()
            while (frame := talk.next_frame()) is not None:
                await wire.send_text(frame)
            await talk.work.wait()
    except ConnectionLost:
        return  # the reader hears of it too, after what was still on its way to us


async def _nudge(talk: Conversation) -> None:
    """Have the conversation look for ops that were sent again and are not answered either."""
    while True:
        await trio.sleep(timeouts.CLIENT_ANSWER.seconds)
        talk.nudge()


async def _watch(wire: Wire, connection: trio.CancelScope) -> None:
    """Ping, and end the connection DEAD_PEER after the last bytes from the server."""
    try:
        while True:
            await trio.sleep(timeouts.PING_INTERVAL.seconds)
            with within(timeouts.DEAD_PEER, since=wire.last_heard):
                await wire.ping()
            if trio.current_time() >= wire.last_heard + timeouts.DEAD_PEER.seconds:
                connection.cancel()
                return
    except ConnectionLost:
        return  # the reader tells
