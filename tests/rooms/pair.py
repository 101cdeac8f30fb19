"""Two servers in one process, on one storage and one bus."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio
from rooms.conftest import Stage, open_stage
from rooms.faulty import TappedStorage

from whiteboard.ids import BoardId
from whiteboard.storage.memory import open_memory


class LocalBus:
    """A bus within one process; `is_lossy` lets everything get lost."""

    def __init__(self) -> None:
        self._ears: dict[BoardId, list[trio.MemorySendChannel[bytes]]] = {}
        self.is_lossy = False

    async def tell(self, board: BoardId, text: bytes) -> None:
        await trio.lowlevel.checkpoint()
        for ear in () if self.is_lossy else self._ears.get(board, ()):
            ear.send_nowait(text)

    @asynccontextmanager
    async def listen(self, board: BoardId) -> AsyncIterator[trio.MemoryReceiveChannel[bytes]]:
        into, heard = trio.open_memory_channel[bytes](1_000)
        ears = self._ears.setdefault(board, [])
        ears.append(into)
        try:
            yield heard
        finally:
            ears.remove(into)


class Pair:
    """Two servers that share everything."""

    def __init__(self, one: Stage, other: Stage, bus: LocalBus, agreed: dict[BoardId, str]) -> None:
        self.one = one
        self.other = other
        self.bus = bus
        self.agreed = agreed


@asynccontextmanager
async def open_pair() -> AsyncIterator[Pair]:
    """Both on one memory storage."""
    bus = LocalBus()
    agreed: dict[BoardId, str] = {}

    async def agree(board: BoardId, epoch: str) -> str:
        await trio.lowlevel.checkpoint()
        return agreed.setdefault(board, epoch)

    async with open_memory() as memory:
        storages = [TappedStorage(memory) for _ in range(2)]
        for storage in storages:
            storage.bus = bus
            storage.op_log.is_shared = True
            storage.op_log.agree = agree
        async with open_stage(storages[0]) as one, open_stage(storages[1]) as other:
            yield Pair(one, other, bus, agreed)
