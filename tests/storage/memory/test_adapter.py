from whiteboard.storage.memory import open_memory
from whiteboard.storage.ports import Durability
from whiteboard.testing.storage_samples import ADA, BOARD, append, ops


async def test_receipts_are_worth_memory() -> None:
    """The log says that it does not outlive the process, and each place is its own."""
    async with open_memory() as one, open_memory() as two:
        assert one.op_log.durability is Durability.MEMORY
        await append(one.op_log, BOARD, ops(ADA, [1]))
        assert await two.op_log.head(BOARD) is None
