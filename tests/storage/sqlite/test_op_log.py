from pathlib import Path

import pytest
import trio
import trio.testing

from whiteboard.storage.ports import Durability
from whiteboard.storage.sqlite import open_sqlite
from whiteboard.testing.storage_samples import ADA, BOARD, append, as_stored, ops, read_all


async def test_receipts_are_worth_disk(tmp_path: Path) -> None:
    """What this log has acked survives a restart. [ACK-3]"""
    async with open_sqlite(tmp_path) as storage:
        assert storage.op_log.durability is Durability.DISK
        await append(storage.op_log, BOARD, ops(ADA, [1, 2, 3]))
        await storage.op_log.compact(BOARD, 2, 2)
    async with open_sqlite(tmp_path) as storage:
        assert await read_all(storage.op_log, BOARD) == as_stored(ops(ADA, [1, 2, 3]))


@pytest.mark.usefixtures("unpaced")
async def test_an_append_wakes_the_tail_at_once(tmp_path: Path, mock_clock: trio.testing.MockClock) -> None:
    """Within the process no time has to pass: with the clock stopped, each append wakes who waits."""
    async with open_sqlite(tmp_path) as storage:
        for counter in range(1, 4):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(storage.op_log.wait_beyond, BOARD, counter - 1)
                await trio.testing.wait_all_tasks_blocked()
                await append(storage.op_log, BOARD, ops(ADA, [counter]))
