import math
import sqlite3
from pathlib import Path

import pytest
import trio
import trio.testing
from integration.polling import until
from storage.sqlite.faults import connecting

from whiteboard.errors import StartupError, StorageUnavailable
from whiteboard.storage.sqlite import open_sqlite
from whiteboard.testing.storage_samples import ADA, BOARD, append, ops


async def test_a_start_that_fails_half_way_leaves_nothing_open(tmp_path: Path) -> None:
    """When a reading connection cannot be opened, the lock and the writing connection are let go."""

    def fail(connection: sqlite3.Connection, sql: str) -> None:
        if "sqlite_schema" in sql and "count" in sql:
            raise sqlite3.OperationalError("disk I/O error")

    with pytest.raises(StartupError, match="disk I/O error"):
        async with open_sqlite(tmp_path, connect=connecting(fail)):
            pass
    async with open_sqlite(tmp_path) as storage:
        await storage.probe()


async def test_a_probe_reads_back(tmp_path: Path) -> None:
    """A write that does not read back, as from a cache that lies, is StorageUnavailable."""

    def forget(connection: sqlite3.Connection, sql: str) -> None:
        if sql == "COMMIT":
            sqlite3.Connection.execute(connection, "UPDATE probe SET count = 0")

    async with open_sqlite(tmp_path, connect=connecting(forget)) as storage:
        with pytest.raises(StorageUnavailable, match="read back"):
            await storage.probe()


async def test_the_look_for_other_writers_outlives_a_fault(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    """A look that fails is tried again: who tails is woken by the next one."""
    looks: list[str] = []

    def fail(connection: sqlite3.Connection, sql: str) -> None:
        if sql == "PRAGMA data_version":
            looks.append(sql)
            if len(looks) < 4:
                raise sqlite3.OperationalError("disk I/O error")

    async with (
        open_sqlite(tmp_path, is_shared=True, connect=connecting(fail)) as one,
        open_sqlite(tmp_path, is_shared=True) as two,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(one.op_log.wait_beyond, BOARD, 0)
        await until(lambda: len(looks) >= 4, math.inf)
        await append(two.op_log, BOARD, ops(ADA, [1]))


async def test_nothing_is_looked_for_while_nobody_waits(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    """A storage that nobody tails does not look for other writers."""
    statements: list[str] = []
    async with open_sqlite(
        tmp_path, connect=connecting(lambda connection, sql: statements.append(sql))
    ) as storage:
        await storage.probe()
        await trio.sleep(3_600)
        assert "PRAGMA data_version" not in statements
