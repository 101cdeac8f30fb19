"""Connections to PostgreSQL that die, stall and come back."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import psycopg
import pytest
import trio
from integration.polling import until
from services.postgres_process import PostgresProcess

from whiteboard import limits
from whiteboard.errors import StorageConflict, StorageCorrupt, StorageUnavailable
from whiteboard.storage.postgres.connection import Connection, translate
from whiteboard.storage.postgres.pool import Pool
from whiteboard.timeouts import Timeout

pytestmark = pytest.mark.integration

SHORT = Timeout("test-short", 0.3, "a test does not wait")


@asynccontextmanager
async def open_pool(dsn: str) -> AsyncIterator[Pool]:
    """A pool of a database without tables."""
    pool = Pool(dsn, None, [])
    try:
        yield pool
    finally:
        with trio.CancelScope(shield=True):
            await pool.aclose()


def count(sql: Connection) -> int:
    """How many lines the test's table has."""
    row = sql.execute("SELECT count(*) FROM lines").fetchone()
    assert row is not None
    return int(row[0])


def slow(statement: str, begun: trio.Event) -> Callable[[Connection], None]:
    """Work that says when its thread has it."""

    def work(sql: Connection) -> None:
        trio.from_thread.run_sync(begun.set)
        sql.execute(statement)

    return work


async def test_work_is_one_transaction(postgres: PostgresProcess) -> None:
    """What raises leaves nothing behind, and the connection goes on."""

    def conflict(sql: Connection) -> None:
        sql.execute("INSERT INTO lines VALUES (1)")
        raise StorageConflict("no")

    async with open_pool(postgres.new_database()) as pool:
        await pool.run(lambda sql: sql.execute("CREATE TABLE lines (n integer CHECK (n > 0))"))
        with pytest.raises(StorageConflict):
            await pool.run(conflict)
        with pytest.raises(StorageCorrupt, match="violates check"):
            await pool.run(lambda sql: sql.execute("INSERT INTO lines VALUES (1), (0)"))
        with pytest.raises(StorageCorrupt, match="nowhere"):
            await pool.run(lambda sql: sql.execute("SELECT * FROM nowhere"))
        assert await pool.run(count) == 0
        sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        assert await pool.run(lambda sql: sql.execute(sessions).fetchone()) == (1,)


async def test_connections_are_bounded(postgres: PostgresProcess) -> None:
    """However many tasks ask, PostgreSQL sees POSTGRES_CONNECTIONS; they take turns."""
    sessions = "SELECT count(*), pg_sleep(0.02) FROM pg_stat_activity WHERE datname = current_database()"
    seen: list[int] = []

    async def ask(pool: Pool) -> None:
        row = await pool.run(lambda sql: sql.execute(sessions).fetchone())
        assert row is not None
        seen.append(row[0])

    async with open_pool(postgres.new_database()) as pool, trio.open_nursery() as nursery:
        for _ in range(5 * limits.POSTGRES_CONNECTIONS):
            nursery.start_soon(ask, pool)
    assert len(seen) == 5 * limits.POSTGRES_CONNECTIONS
    assert max(seen) <= limits.POSTGRES_CONNECTIONS


async def test_a_restart_is_not_noticed_between_two_calls(postgres: PostgresProcess) -> None:
    """Idle connections that died are replaced before the work; while it is away, calls say so at once."""
    async with open_pool(postgres.new_database()) as pool:
        await pool.run(lambda sql: sql.execute("CREATE TABLE lines (n integer)"))
        async with trio.open_nursery() as nursery:
            for _ in range(limits.POSTGRES_CONNECTIONS):
                nursery.start_soon(pool.run, lambda sql: sql.execute("SELECT pg_sleep(0.05)"))
        for end in (postgres.stop, postgres.kill):
            await trio.to_thread.run_sync(end)
            for _ in range(2):
                with pytest.raises(StorageUnavailable, match="postgres"):
                    await pool.run(count)
            await trio.to_thread.run_sync(postgres.start)
            assert await pool.run(count) == 0


async def test_a_server_that_stands_still_holds_up_nobody_for_long(postgres: PostgresProcess) -> None:
    """At work, before it, and with no connection yet: each call ends, the event loop turns meanwhile."""
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await trio.sleep(0.01)
            turns += 1

    async with open_pool(postgres.new_database()) as pool, open_pool(postgres.dsn()) as fresh:
        await pool.run(lambda sql: sql.execute("CREATE TABLE lines (n integer)"))

        def stall(sql: Connection) -> None:
            postgres.stall()
            count(sql)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(turn)
            began = time.monotonic()
            try:
                with pytest.raises(StorageUnavailable):
                    await pool.run(stall, within=SHORT)
                with pytest.raises(StorageUnavailable):
                    await pool.run(count, within=SHORT)
                with pytest.raises(StorageUnavailable):
                    await fresh.run(count, within=SHORT)
            finally:
                postgres.go_on()
            assert time.monotonic() - began < 20
            nursery.cancel_scope.cancel()
        assert turns > 20
        assert await pool.run(count) == 0


async def test_a_statement_that_takes_too_long_is_ended_by_the_server(postgres: PostgresProcess) -> None:
    """So is one that waits for a lock; nothing of it goes on in PostgreSQL."""
    sleeping = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(99)' AND state = 'active'"

    async def is_over(pool: Pool) -> bool:
        return await pool.run(lambda sql: sql.execute(sleeping).fetchone()) == (0,)

    async with open_pool(postgres.new_database()) as pool:
        with pytest.raises(StorageUnavailable):
            await pool.run(lambda sql: sql.execute("SELECT pg_sleep(99)"), within=SHORT)
        await until(lambda: is_over(pool))


async def test_cancelled_work_is_waited_for(postgres: PostgresProcess) -> None:
    """A thread never outlives its caller; what it had begun is committed."""
    async with open_pool(postgres.new_database()) as pool:
        await pool.run(lambda sql: sql.execute("CREATE TABLE lines (n integer)"))
        async with trio.open_nursery() as nursery:
            begun = trio.Event()
            nursery.start_soon(pool.run, slow("INSERT INTO lines SELECT 1 FROM pg_sleep(0.2)", begun))
            await begun.wait()
            nursery.cancel_scope.cancel()
        assert await pool.run(count) == 1


async def test_a_closed_pool_takes_nothing(postgres: PostgresProcess) -> None:
    """It waits for what runs, then PostgreSQL has no session of it."""
    dsn = postgres.new_database()
    async with open_pool(dsn) as pool, trio.open_nursery() as nursery:
        begun = trio.Event()
        nursery.start_soon(pool.run, slow("CREATE TABLE lines AS SELECT 1 FROM pg_sleep(0.2)", begun))
        await begun.wait()
        await pool.aclose()
        with pytest.raises(StorageUnavailable, match="closed"):
            await pool.run(count)
    assert postgres.execute("SELECT count(*) FROM lines", dsn) == [(1,)]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (psycopg.errors.AdminShutdown(), StorageUnavailable),
        (psycopg.errors.TooManyConnections(), StorageUnavailable),
        (psycopg.errors.DiskFull(), StorageUnavailable),
        (psycopg.errors.ReadOnlySqlTransaction(), StorageUnavailable),
        (psycopg.errors.SerializationFailure(), StorageUnavailable),
        (psycopg.errors.InsufficientPrivilege(), StorageUnavailable),
        (psycopg.errors.InternalError_(), StorageUnavailable),
        (psycopg.OperationalError("connection refused\nis it running?"), StorageUnavailable),
        (psycopg.InterfaceError("the connection is closed"), StorageUnavailable),
        (psycopg.errors.UndefinedTable(), StorageCorrupt),
        (psycopg.errors.CheckViolation(), StorageCorrupt),
        (psycopg.errors.DataCorrupted(), StorageCorrupt),
        (psycopg.errors.InvalidTextRepresentation(), StorageCorrupt),
    ],
)
def test_what_its_errors_mean(error: psycopg.Error, kind: type[Exception]) -> None:
    """Each becomes one of the ports', in one line that names its code."""
    translated = translate(error)
    assert type(translated) is kind
    assert "\n" not in str(translated)
    assert (error.sqlstate or type(error).__name__) in str(translated)
