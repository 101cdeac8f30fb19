"""A board that nobody has open comes up from its log: a few hundred ops, no checkpoint."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from benchmarks.gate import drawings
from benchmarks.gate.wire import BOARD
from benchmarks.gate.works import Staged
from whiteboard.ids import ClientId
from whiteboard.protocol.codec import encode_body
from whiteboard.rooms.replica import Replica
from whiteboard.storage.memory import open_memory
from whiteboard.storage.ports import NewOp


@asynccontextmanager
async def _open(ops: int) -> AsyncIterator[Callable[[], Awaitable[int]]]:
    asked = drawings.requests(drawings.drawing(b"ada", ops // 3))
    new = [
        NewOp(one.op_id, drawings.AT_MS, one.stamp.lamport, encode_body(one, drawings.AT_MS, request.content))
        for one, request in zip(drawings.accepted(asked), asked, strict=True)
    ]
    async with open_memory() as storage:
        for start in range(0, len(new), 16):
            batch = new[start : start + 16]
            await storage.op_log.append(BOARD, batch, epoch="e", claims={ClientId("ada"): b"k" * 32})

        async def turn() -> int:
            replica = Replica(storage, BOARD, "e")
            await replica.load()
            assert replica.board.seq == len(new), replica.board.seq
            return 0

        yield turn


WORK = Staged(900, 30, _open)
