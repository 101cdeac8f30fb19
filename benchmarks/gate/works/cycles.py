"""Things that come and go, after which the process has to be as it was before: where leaks are looked for."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import trio

from benchmarks.gate import drawings
from benchmarks.gate.wire import BOARD, join, open_rooms
from benchmarks.gate.works import Staged
from whiteboard.ids import BoardId


@asynccontextmanager
async def _open_sessions(_: int) -> AsyncIterator[Callable[[], Awaitable[int]]]:
    """Three people come to a board that stays open, move a stroke, point at things and go."""
    async with open_rooms() as hub:
        host = await join(hub, "ada")
        host.say(drawings.stroke(b"ada", 1, 0))
        counter = 1

        async def turn() -> int:
            nonlocal counter
            counter += 1
            guests = [await join(hub, f"guest-{n}") for n in range(3)]
            for guest in guests:
                guest.say(b'{"type":"cursor","x":1.25,"y":2}')
            host.say(drawings.move(b"ada", counter, 0))
            hub.tick.beat()
            await trio.sleep(1)
            for guest in guests:
                guest.hang_up()
                await guest.wait_closed()
            await trio.sleep(1)
            return 0

        yield turn


@asynccontextmanager
async def _open_servers(_: int) -> AsyncIterator[Callable[[], Awaitable[int]]]:
    """Rooms and storage are opened, two boards are drawn on, one is deleted, and all is closed."""

    async def turn() -> int:
        other = BoardId("other")
        async with open_rooms() as hub:
            for board in (BOARD, other):
                guest = await join(hub, "ada", board)
                for text in drawings.drawing(b"ada", 5):
                    guest.say(text)
                hub.tick.beat()
            await hub.delete(other)
            await trio.sleep(1)
            await hub.drain()
        return 0

    yield turn


SESSIONS = Staged(1, 1, _open_sessions)
SERVERS = Staged(1, 1, _open_servers)
