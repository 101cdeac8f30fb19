"""People come to a board of two hundred strokes, are welcomed and sent it, and go."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import trio

from benchmarks.gate import drawings
from benchmarks.gate.wire import join, open_rooms
from benchmarks.gate.works import Staged

_STROKES = 200


@asynccontextmanager
async def _open(joins: int) -> AsyncIterator[Callable[[], Awaitable[int]]]:
    async with open_rooms() as hub:
        ada = await join(hub, "ada")
        for text in drawings.drawing(b"ada", _STROKES):
            ada.say(text)
            hub.tick.beat()
        await trio.sleep(1)

        async def turn() -> int:
            sent = 0
            for _ in range(joins):
                guest = await join(hub, "guest")
                guest.hang_up()
                await guest.wait_closed()
                sent += guest.sent_bytes
            return sent

        yield turn


WORK = Staged(8, 2, _open)
