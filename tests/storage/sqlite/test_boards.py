import sqlite3
from pathlib import Path

import pytest
import trio
import trio.testing
from storage.sqlite.faults import Gate, WriterSwitch, connecting

from whiteboard import limits
from whiteboard.errors import StorageUnavailable
from whiteboard.ids import ElementId
from whiteboard.storage.ports import Checkpoint, Storage
from whiteboard.storage.sqlite import open_sqlite
from whiteboard.storage.sqlite.directory import DATABASE_NAME
from whiteboard.testing.storage_samples import ADA, BOARD, EPOCH, OTHER, append, op, ops, read_all

TABLES = ("boards", "clients", "ops", "segments", "checkpoints", "checkpoint_parts", "tombstones")


def count_rows(directory: Path) -> dict[str, int]:
    """How many rows each table has."""
    connection = sqlite3.connect(directory / DATABASE_NAME)
    try:
        return {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES}
    finally:
        connection.close()


async def wait_for_rows(storage: Storage, directory: Path, expected: dict[str, int]) -> None:
    """Return when the tables have that many rows; each probe is one more write beside the purge."""
    for _ in range(2_000):
        await storage.probe()
        if await trio.to_thread.run_sync(count_rows, directory) == expected:
            return
    raise AssertionError("the purge did not end")


async def fill(storage: Storage) -> None:
    """Two boards with something in every table."""
    for board in (BOARD, OTHER):
        for start in range(1, 3 * limits.PURGE_SLICE_ROWS, 2_000):
            await append(storage.op_log, board, ops(ADA, range(start, start + 2_000)))
        while await storage.op_log.compact(board, 5_000, 512):
            pass
        gone = {ElementId(f"e{n}"): b"gone" for n in range(10)}
        await storage.snapshots.save(board, Checkpoint(7, b"seven"), gone, epoch=EPOCH)


async def test_a_deleted_board_leaves_no_row(tmp_path: Path) -> None:
    """After a delete the board's rows go in slices, and the other board's stay."""
    async with open_sqlite(tmp_path) as storage:
        await fill(storage)
        rows = await trio.to_thread.run_sync(count_rows, tmp_path)
        await storage.boards.delete(BOARD)
        await wait_for_rows(storage, tmp_path, {table: rows[table] // 2 for table in TABLES})
        assert len(await read_all(storage.op_log, OTHER)) == 3 * 2_000


async def test_a_purge_goes_on_after_a_restart(tmp_path: Path) -> None:
    """A server that died while purging leaves rows that the next one removes."""
    async with open_sqlite(tmp_path) as storage:
        await fill(storage)
    half = {
        table: count // 2 for table, count in (await trio.to_thread.run_sync(count_rows, tmp_path)).items()
    }

    def unname() -> None:
        connection = sqlite3.connect(tmp_path / DATABASE_NAME, isolation_level=None)
        connection.execute("UPDATE boards SET board = NULL WHERE board = ?", (BOARD,))
        connection.close()

    await trio.to_thread.run_sync(unname)
    async with open_sqlite(tmp_path) as storage:
        await wait_for_rows(storage, tmp_path, half)


async def test_a_purge_is_bounded_in_bytes(tmp_path: Path) -> None:
    """Large ops go a few at a time, so that others' commits do not wait for them."""
    gate = Gate()
    async with open_sqlite(tmp_path, connect=connecting(gate)) as storage:
        body = b"x" * limits.MIB
        for start in (1, 9):
            await append(storage.op_log, BOARD, [op(ADA, n, body=body) for n in range(start, start + 8)])
        before = gate.commits
        await storage.boards.delete(BOARD)
        await wait_for_rows(storage, tmp_path, dict.fromkeys(TABLES, 0))
        assert gate.commits - before >= 16 * limits.MIB // limits.PURGE_SLICE_BYTES


async def test_a_purge_outlives_a_full_disk(tmp_path: Path, autojump_clock: trio.testing.MockClock) -> None:
    """A purge that fails is tried again until it succeeds."""
    switch = WriterSwitch()
    async with open_sqlite(tmp_path, connect=connecting(switch)) as storage:
        await append(storage.op_log, BOARD, ops(ADA, [1]))
        await storage.boards.delete(BOARD)
        switch.run("PRAGMA query_only = ON")
        with pytest.raises(StorageUnavailable):
            await storage.probe()
        await trio.sleep(5)
        assert (await trio.to_thread.run_sync(count_rows, tmp_path))["boards"] == 1
        switch.run("PRAGMA query_only = OFF")
        await wait_for_rows(storage, tmp_path, dict.fromkeys(TABLES, 0))


@pytest.mark.parametrize("name", ["a%b", "A.b-c_d"])
async def test_page_starts_strictly_above(tmp_path: Path, name: str) -> None:
    """`after` need not be the id of a board that is there."""
    async with open_sqlite(tmp_path) as storage:
        await storage.boards.create(BOARD, 1, EPOCH)
        assert [it.board for it in await storage.boards.page(5, type(BOARD)("boarc"))] == [BOARD]
        assert await storage.boards.page(5, BOARD) == []
