"""What the storage contract appends and asks for, and where it does so. Knows the ports only."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

import trio
import trio.testing

from whiteboard.ids import BoardId, ClientId, ElementId, OpId
from whiteboard.storage.ports import NewOp, OpLog, Receipt, Storage, StoredOp

OpenStorage = Callable[[], AbstractAsyncContextManager[Storage]]
"""Opens a storage: for `StorageContract` a new, empty place each time, for `DurabilityContract` the same one."""

BOARD = BoardId("board")
OTHER = BoardId("other")
ADA = ClientId("ada")
BOB = ClientId("bob")
EPOCH = "epoch-1"
AT = 1_700_000_000_000


def key(client: ClientId) -> bytes:
    """The key digest that these tests claim a client with."""
    return f"key of {client}".encode().ljust(32, b".")


def op(client: ClientId, counter: int, *, at: int = AT, lamport: int = 1, body: bytes = b"") -> NewOp:
    """An op whose body tells its op id, unless given."""
    return NewOp(OpId(client, counter), at, lamport, body or f'{{"opId":"{client}:{counter}"}}'.encode())


def ops(client: ClientId, counters: Sequence[int]) -> list[NewOp]:
    """One op for each counter."""
    return [op(client, counter) for counter in counters]


async def append(log: OpLog, board: BoardId, new: Sequence[NewOp], *, epoch: str = EPOCH) -> list[Receipt]:
    """Append with the right claims."""
    return await log.append(
        board, new, epoch=epoch, claims={it.op_id.client: key(it.op_id.client) for it in new}
    )


async def seqs(log: OpLog, board: BoardId, new: Sequence[NewOp]) -> list[int]:
    """Append and give the seqs."""
    return [receipt.seq for receipt in await append(log, board, new)]


async def read_all(log: OpLog, board: BoardId, *, page: int = 1_000) -> list[StoredOp]:
    """The whole log, as a caller should read it: until an answer is empty."""
    found: list[StoredOp] = []
    while more := await log.read(board, found[-1].seq if found else 0, page):
        found += more
    return found


def as_stored(new: Sequence[NewOp], first: int = 1) -> list[StoredOp]:
    """What the log should hold for these ops."""
    return [StoredOp(seq, it.op_id, it.at, it.body) for seq, it in enumerate(new, first)]


async def assert_unknown(storage: Storage, board: BoardId) -> None:
    """Every question about a board that nobody created has an empty answer."""
    log = storage.op_log
    assert await log.head(board) is None
    assert await log.read(board, 0, 10) == []
    assert await log.find(board, [OpId(ADA, 1)]) == {}
    assert await log.seen_by(board, {ADA: 5}) == 0
    assert await log.client(board, ADA) is None
    assert await log.compact(board, 10, 10) == 0
    assert await storage.snapshots.load(board) is None
    assert await storage.snapshots.tombstones(board, [ElementId("e")]) == {}
    assert not await storage.snapshots.has_tombstones(board)
    assert not await storage.boards.delete(board)


async def cancel_after(checkpoints: int, scope: trio.CancelScope) -> None:
    """Cancel a scope when other tasks have had so many turns."""
    for _ in range(checkpoints):
        await trio.lowlevel.checkpoint()
    scope.cancel()


async def hold_open(
    open_storage: OpenStorage, *, task_status: trio.TaskStatus[Storage] = trio.TASK_STATUS_IGNORED
) -> None:
    """Keep a storage open until cancelled: it is closed as at a shutdown."""
    async with open_storage() as storage:
        task_status.started(storage)
        await trio.sleep_forever()
