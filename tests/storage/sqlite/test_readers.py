import sqlite3
import threading
from pathlib import Path

import pytest
import trio
import trio.testing

from whiteboard.errors import StorageCorrupt, StorageUnavailable
from whiteboard.storage.sqlite.connection import open_reader, open_writer
from whiteboard.storage.sqlite.readers import Readers


def opened(path: Path) -> tuple[sqlite3.Connection, Readers]:
    """A writing connection to a new database, and two reading ones."""
    writer = open_writer(sqlite3.connect, path)
    writer.execute("CREATE TABLE t (n INTEGER)")
    return writer, Readers([open_reader(sqlite3.connect, path) for _ in range(2)])


def count(connection: sqlite3.Connection) -> int:
    """Rows of the table."""
    return int(connection.execute("SELECT count(*) FROM t").fetchone()[0])


async def test_a_query_sees_one_state(tmp_path: Path) -> None:
    """What is committed while a query runs is not seen by it, and is seen by the next one."""
    writer, readers = await trio.to_thread.run_sync(opened, tmp_path / "test.sqlite3")

    def count_twice(connection: sqlite3.Connection) -> list[int]:
        before = count(connection)
        writer.execute("INSERT INTO t VALUES (1)")
        return [before, count(connection)]

    assert await readers.run(count_twice) == [0, 0]
    assert await readers.run(count) == 1
    await readers.aclose()
    writer.close()


async def test_queries_run_side_by_side(tmp_path: Path) -> None:
    """As many queries at a time as there are connections; a connection serves again after a fault."""
    writer, readers = await trio.to_thread.run_sync(opened, tmp_path / "test.sqlite3")
    together = threading.Barrier(2)

    def meet(connection: sqlite3.Connection) -> None:
        together.wait()
        connection.execute("SELECT * FROM nowhere")

    async def fail() -> None:
        with pytest.raises(StorageCorrupt):
            await readers.run(meet)

    for _ in range(2):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(fail)
            nursery.start_soon(fail)
    assert await readers.run(count) == 0
    await readers.aclose()
    writer.close()


async def test_closing_waits_for_queries(tmp_path: Path) -> None:
    """A query that runs is finished; one that waits for a connection, or comes later, is refused."""
    writer, readers = await trio.to_thread.run_sync(opened, tmp_path / "test.sqlite3")
    started, release = threading.Semaphore(0), threading.Event()
    answers: list[object] = []

    def count_late(connection: sqlite3.Connection) -> int:
        started.release()
        release.wait()
        return count(connection)

    async def ask() -> None:
        try:
            answers.append(await readers.run(count_late))
        except StorageUnavailable:
            answers.append("refused")

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(ask)
        for _ in range(2):
            await trio.to_thread.run_sync(started.acquire)
        nursery.start_soon(readers.aclose)
        await trio.testing.wait_all_tasks_blocked()
        release.set()
    await ask()
    assert sorted(map(str, answers)) == ["0", "0", "refused", "refused"]
    writer.close()
