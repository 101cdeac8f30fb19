from whiteboard import limits
from whiteboard.storage.memory import open_memory
from whiteboard.storage.ports import Durability
from whiteboard.testing.storage_samples import ADA, BOARD, append, as_stored, op, ops, read_all


async def test_receipts_are_worth_memory() -> None:
    """The log says that it does not outlive the process, and each place is its own."""
    async with open_memory() as one, open_memory() as two:
        assert one.op_log.durability is Durability.MEMORY
        await append(one.op_log, BOARD, ops(ADA, [1]))
        assert await two.op_log.head(BOARD) is None


async def test_compaction_moves_what_it_is_asked_to() -> None:
    """Below what is packed without asking, `compact` moves slices of `limit` up to a seq, and leaves fewer than `least`."""
    async with open_memory() as storage:
        log = storage.op_log
        await append(log, BOARD, ops(ADA, range(1, 11)))
        assert await log.compact(BOARD, 8, 99, least=9) == 0
        assert [await log.compact(BOARD, 8, 3) for _ in range(4)] == [3, 3, 2, 0]
        assert await log.compact(BOARD, 5, 99) == 0
        assert await read_all(log, BOARD) == as_stored(ops(ADA, range(1, 11)))


async def test_a_long_history_reads_in_bounded_pages() -> None:
    """What was packed as it came reads like fresh ops, a page at a time, across segments and up to the newest."""
    new = [op(ADA, n, body=bytes([n % 250]) * 40_000) for n in range(1, 301)]
    async with open_memory() as storage:
        for start in range(0, 300, 50):
            await append(storage.op_log, BOARD, new[start : start + 50])
        first = await storage.op_log.read(BOARD, 0, 1_000)
        assert len(first) == limits.MAX_READ_BYTES // (40_000 + limits.OP_OVERHEAD_BYTES)
        assert await read_all(storage.op_log, BOARD) == as_stored(new)
