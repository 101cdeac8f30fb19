"""Disks that are full, locked, read-only or damaged: what callers see, and that it heals."""

import sqlite3
from pathlib import Path

import pytest
import trio
from storage.sqlite.faults import WriterSwitch, connecting

from whiteboard.errors import StartupError, StorageCorrupt, StorageUnavailable
from whiteboard.storage.sqlite import open_sqlite
from whiteboard.storage.sqlite.directory import DATABASE_NAME
from whiteboard.testing.storage_samples import ADA, BOARD, append, as_stored, op, ops, read_all, seqs


@pytest.mark.parametrize(
    ("breaks", "heals"),
    [
        ("PRAGMA max_page_count = 1", "PRAGMA max_page_count = 4294967294"),
        ("PRAGMA query_only = ON", "PRAGMA query_only = OFF"),
    ],
    ids=["disk full", "read-only"],
)
async def test_a_disk_that_cannot_be_written(tmp_path: Path, breaks: str, heals: str) -> None:
    """Writes are refused as retryable, boards stay readable, and writes go on once the disk does."""
    switch = WriterSwitch()
    large = [op(ADA, 2, body=b"x" * 200_000)]
    async with open_sqlite(tmp_path, connect=connecting(switch)) as storage:
        await append(storage.op_log, BOARD, ops(ADA, [1]))
        switch.run(breaks)
        for _ in range(3):
            with pytest.raises(StorageUnavailable):
                await append(storage.op_log, BOARD, large)
            assert await read_all(storage.op_log, BOARD) == as_stored(ops(ADA, [1]))
        switch.run(heals)
        assert await seqs(storage.op_log, BOARD, large) == [2]
        await storage.probe()


async def test_the_probe_notices_a_read_only_disk(tmp_path: Path) -> None:
    """`probe` really writes: it raises while nothing can be written, and passes again after."""
    switch = WriterSwitch()
    async with open_sqlite(tmp_path, connect=connecting(switch)) as storage:
        await storage.probe()
        switch.run("PRAGMA query_only = ON")
        with pytest.raises(StorageUnavailable):
            await storage.probe()
        switch.run("PRAGMA query_only = OFF")
        await storage.probe()


async def test_a_locked_database(tmp_path: Path) -> None:
    """While another program holds the write lock, writes are refused after the busy timeout; reads work."""
    connect = connecting(lambda connection, sql: None, timeout=0)
    async with open_sqlite(tmp_path, connect=connect) as storage:
        await append(storage.op_log, BOARD, ops(ADA, [1]))
        other = await trio.to_thread.run_sync(
            lambda: sqlite3.connect(tmp_path / DATABASE_NAME, isolation_level=None, check_same_thread=False)
        )
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageUnavailable, match="locked"):
            await append(storage.op_log, BOARD, ops(ADA, [2]))
        assert await read_all(storage.op_log, BOARD) == as_stored(ops(ADA, [1]))
        other.execute("ROLLBACK")
        other.close()
        assert await seqs(storage.op_log, BOARD, ops(ADA, [2])) == [2]


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    """A data directory whose database is something else is refused with its path."""
    (tmp_path / DATABASE_NAME).write_bytes(b"this is no database, but long enough to be looked at" * 30)
    with pytest.raises(StartupError, match=DATABASE_NAME):
        async with open_sqlite(tmp_path):
            pass


async def damage(directory: Path, statement: str) -> None:
    """Change a closed database behind the adapter's back."""

    def run() -> None:
        connection = sqlite3.connect(directory / DATABASE_NAME, isolation_level=None)
        assert connection.execute(statement).rowcount > 0
        connection.close()

    await trio.to_thread.run_sync(run)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE segments SET body = substr(body, 1, length(body) - 5)",
        "UPDATE segments SET last_seq = 10 WHERE last_seq = 8",
        "DELETE FROM segments",
        "DELETE FROM segments WHERE first_seq = 1",
        "DELETE FROM segments WHERE last_seq = 8",
    ],
)
async def test_a_damaged_segment(tmp_path: Path, statement: str) -> None:
    """A segment that is damaged, misnumbered or missing makes its ops StorageCorrupt, not others."""
    async with open_sqlite(tmp_path) as storage:
        await append(storage.op_log, BOARD, ops(ADA, range(1, 13)))
        assert [await storage.op_log.compact(BOARD, 8, 4) for _ in range(2)] == [4, 4]
    await damage(tmp_path, statement)
    async with open_sqlite(tmp_path) as storage:
        with pytest.raises(StorageCorrupt):
            await storage.op_log.read(BOARD, 0, 99)
        assert [it.seq for it in await storage.op_log.read(BOARD, 10, 99)] == [11, 12]
        assert await seqs(storage.op_log, BOARD, ops(ADA, [13])) == [13]


async def test_a_lost_body(tmp_path: Path) -> None:
    """A fresh op without its body cannot be compacted away unnoticed."""
    async with open_sqlite(tmp_path) as storage:
        await append(storage.op_log, BOARD, ops(ADA, [1, 2]))
    await damage(tmp_path, "UPDATE ops SET body = NULL WHERE seq = 2")
    async with open_sqlite(tmp_path) as storage:
        with pytest.raises(StorageCorrupt):
            await storage.op_log.compact(BOARD, 2, 2)
        with pytest.raises(StorageCorrupt):
            await storage.op_log.read(BOARD, 0, 9)


async def test_a_head_that_lost_count(tmp_path: Path) -> None:
    """A board row that is behind its ops is corrupt: no second op gets a seq that was given."""
    async with open_sqlite(tmp_path) as storage:
        await append(storage.op_log, BOARD, ops(ADA, [1, 2]))
    await damage(tmp_path, "UPDATE boards SET seq = 1")
    async with open_sqlite(tmp_path) as storage:
        with pytest.raises(StorageCorrupt):
            await append(storage.op_log, BOARD, ops(ADA, [3]))
