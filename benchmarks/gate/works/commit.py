"""Eight people draw at once on storage that has to be waited for: ops are gathered, stored and acked in groups."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import trio

from benchmarks.gate import drawings
from benchmarks.gate.wire import Wire, join, open_rooms
from benchmarks.gate.works import Staged
from whiteboard.storage.memory import open_memory
from whiteboard.storage.ports import OpLog, Storage

_PEOPLE = 8


class _WaitingLog:
    """An op log that cannot append at once."""

    def __init__(self, log: OpLog) -> None:
        self._log = log

    def __getattr__(self, name: str) -> Any:
        if name == "append_now":
            raise AttributeError(name)
        return getattr(self._log, name)


class _WaitingStorage:
    """Memory storage, as one on a disk is seen."""

    def __init__(self, storage: Storage) -> None:
        self.op_log: Any = _WaitingLog(storage.op_log)
        self._storage = storage

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)


async def _person(wire: Wire, name: bytes) -> None:
    """Draw the stroke that is moved about."""
    wire.mark, wire.marked = b'"type":"ack"', 0
    wire.say(drawings.stroke(name, 1, 0))
    await wire.wait_marked(1)


@asynccontextmanager
async def _open(ops: int) -> AsyncIterator[Callable[[], Awaitable[int]]]:
    names = [b"person-%d" % n for n in range(_PEOPLE)]
    async with open_memory() as memory:
        storage: Any = _WaitingStorage(memory)
        async with open_rooms(storage) as hub:
            wires = [await join(hub, name.decode()) for name in names]
            for wire, name in zip(wires, names, strict=True):
                await _person(wire, name)
            await trio.sleep(1)
            counter = 1

            async def turn() -> int:
                nonlocal counter
                before = sum(wire.sent_bytes for wire in wires)
                for _ in range(ops // _PEOPLE):
                    counter += 1
                    for wire, name in zip(wires, names, strict=True):
                        wire.say(drawings.move(name, counter, 0))
                for wire in wires:
                    await wire.wait_marked(counter)
                await trio.sleep(1)  # of the virtual clock: what is flushed later
                return sum(wire.sent_bytes for wire in wires) - before

            yield turn


WORK = Staged(12 * _PEOPLE, 2 * _PEOPLE, _open)
