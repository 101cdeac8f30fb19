"""One draws, forty look on: an op goes from its bytes to the log and into all their sockets at once."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import trio

from benchmarks.gate import drawings
from benchmarks.gate.wire import join, open_rooms
from benchmarks.gate.works import Staged

_ONLOOKERS = 40


@asynccontextmanager
async def _open(ops: int) -> AsyncIterator[Callable[[], Awaitable[int]]]:
    async with open_rooms() as hub:
        ada = await join(hub, "ada")
        wires = [ada, *[await join(hub, f"onlooker-{n}") for n in range(_ONLOOKERS)]]
        ada.say(drawings.stroke(b"ada", 1, 0))
        hub.tick.beat()
        await trio.sleep(1)
        counter = 1

        async def turn() -> int:
            nonlocal counter
            before = sum(wire.sent_bytes for wire in wires)
            for _ in range(ops):
                counter += 1
                ada.say(drawings.move(b"ada", counter, 0))
                hub.tick.beat()
            await trio.lowlevel.checkpoint()
            return sum(wire.sent_bytes for wire in wires) - before

        yield turn


WORK = Staged(50, 8, _open)
