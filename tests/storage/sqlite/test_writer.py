import math
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest
import trio
import trio.testing
from storage.sqlite.faults import Gate, connecting

from whiteboard import limits, timeouts
from whiteboard.errors import StorageUnavailable
from whiteboard.ids import BoardId, ClientId, OpId
from whiteboard.storage.ports import NewOp, Storage
from whiteboard.storage.sqlite import open_sqlite
from whiteboard.storage.sqlite.appends import Appends
from whiteboard.storage.sqlite.connection import open_writer
from whiteboard.storage.sqlite.pace import Pace
from whiteboard.storage.sqlite.writer import Writer
from whiteboard.storage.wakeups import Wakeups
from whiteboard.testing.storage_samples import ADA, BOARD, BOB, append, ops, read_all, seqs


async def arrived(gate: Gate) -> None:
    """Return when a COMMIT stands at the gate."""
    await trio.to_thread.run_sync(gate.arrived.wait)


async def shut_with_one_commit(gate: Gate, nursery: trio.Nursery, storage: Storage) -> None:
    """Shut the gate and let one append wait at it."""
    gate.shut()
    nursery.start_soon(append, storage.op_log, BOARD, ops(ClientId("first"), [1]))
    await arrived(gate)


async def test_what_arrives_during_a_commit_is_committed_together(tmp_path: Path) -> None:
    """Fifty appends that come while one commit runs take one more commit."""
    gate = Gate()
    async with open_sqlite(tmp_path, connect=connecting(gate)) as storage:
        async with trio.open_nursery() as nursery:
            await shut_with_one_commit(gate, nursery, storage)
            before = gate.commits
            for n in range(50):
                nursery.start_soon(append, storage.op_log, BOARD, ops(ClientId(f"c{n}"), [1, 2]))
            await trio.testing.wait_all_tasks_blocked()
            gate.open()
        assert gate.commits == before + 1
        assert len(await read_all(storage.op_log, BOARD)) == 101


async def test_one_transaction_takes_a_bounded_number_of_ops(tmp_path: Path) -> None:
    """Large appends that wait are spread over several commits."""
    gate = Gate()
    half = range(1, limits.MAX_COMMIT_OPS // 2 + 1)
    async with open_sqlite(tmp_path, connect=connecting(gate)) as storage:
        async with trio.open_nursery() as nursery:
            await shut_with_one_commit(gate, nursery, storage)
            before = gate.commits
            for n in range(6):
                nursery.start_soon(append, storage.op_log, BOARD, ops(ClientId(f"c{n}"), half))
            await trio.testing.wait_all_tasks_blocked()
            gate.open()
        assert gate.commits == before + 3


async def test_a_caller_that_leaves_does_not_take_its_write_along(tmp_path: Path) -> None:
    """An append whose caller was cancelled is stored when its commit is through."""
    gate = Gate()
    async with open_sqlite(tmp_path, connect=connecting(gate)) as storage:
        gate.shut()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(append, storage.op_log, BOARD, ops(ADA, [1]))
            nursery.start_soon(append, storage.op_log, BOARD, ops(BOB, [1]))
            await arrived(gate)
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
        gate.open()
        assert await seqs(storage.op_log, BOARD, ops(ClientId("cyd"), [1])) == [3]
        assert set(await storage.op_log.find(BOARD, [OpId(ADA, 1), OpId(BOB, 1)])) == {
            OpId(ADA, 1),
            OpId(BOB, 1),
        }


async def test_the_queue_is_bounded(tmp_path: Path) -> None:
    """Past MAX_WRITE_JOBS a write waits outside the queue: cancelled there, it is not done."""
    gate = Gate()
    async with open_sqlite(tmp_path, connect=connecting(gate)) as storage:
        async with trio.open_nursery() as nursery:
            await shut_with_one_commit(gate, nursery, storage)
            for n in range(limits.MAX_WRITE_JOBS):
                nursery.start_soon(storage.boards.create, BoardId(f"b{n}"), 0, "e")
            await trio.testing.wait_all_tasks_blocked()
            with trio.move_on_after(0) as scope:
                await storage.boards.create(BoardId("one-too-many"), 0, "e")
            assert scope.cancelled_caught
            gate.open()
        assert await storage.op_log.head(BoardId("one-too-many")) is None
        assert await storage.op_log.head(BoardId(f"b{limits.MAX_WRITE_JOBS - 1}")) is not None


async def hang(gate: Gate, seconds: float, clock: trio.testing.MockClock) -> None:
    """Open the gate after so much virtual time, as a disk that answers late."""
    clock.autojump_threshold = 0
    await trio.sleep(seconds)
    clock.autojump_threshold = math.inf
    gate.open()


async def shut_down_with_a_queue(
    directory: Path,
    gate: Gate,
    nursery: trio.Nursery,
    write: Callable[[Storage, ClientId], Awaitable[None]],
    has_begun: trio.Event,
) -> None:
    """Cancel a storage while Ada's write is being committed and Bob's is queued; the nursery outlives it."""
    with trio.CancelScope() as shutdown:
        async with open_sqlite(directory, connect=connecting(gate)) as storage:
            gate.shut()
            nursery.start_soon(write, storage, ADA)
            await arrived(gate)
            nursery.start_soon(write, storage, BOB)
            await trio.testing.wait_all_tasks_blocked()
            has_begun.set()
            shutdown.cancel()


@pytest.mark.usefixtures("unpaced")
@pytest.mark.parametrize(
    ("disk_seconds", "stored", "refused"),
    [
        (timeouts.STORAGE_CLOSE.seconds / 2, [ADA, BOB], []),
        (timeouts.STORAGE_CLOSE.seconds * 2, [ADA], [BOB]),
    ],
)
async def test_closing_finishes_what_is_queued_within_its_deadline(
    tmp_path: Path,
    autojump_clock: trio.testing.MockClock,
    disk_seconds: float,
    stored: list[ClientId],
    refused: list[ClientId],
) -> None:
    """Queued writes are stored if the disk answers within STORAGE_CLOSE; a running commit always is."""
    gate = Gate()
    found: list[ClientId] = []

    async def write(storage: Storage, client: ClientId) -> None:
        try:
            await append(storage.op_log, BOARD, ops(client, [1]))
        except StorageUnavailable:
            found.append(client)

    autojump_clock.autojump_threshold = math.inf
    async with trio.open_nursery() as nursery:
        has_begun = trio.Event()
        nursery.start_soon(shut_down_with_a_queue, tmp_path, gate, nursery, write, has_begun)
        await has_begun.wait()
        nursery.start_soon(hang, gate, disk_seconds, autojump_clock)
    assert found == refused
    async with open_sqlite(tmp_path) as storage:
        assert [it.op_id.client for it in await read_all(storage.op_log, BOARD)] == stored


async def close_behind_a_write(
    directory: Path, nursery: trio.Nursery, write: Callable[[Storage], Awaitable[None]]
) -> None:
    """Close a storage while somebody writes, whom the nursery waits for."""
    async with open_sqlite(directory) as storage:
        nursery.start_soon(write, storage)
        await trio.testing.wait_all_tasks_blocked()


async def test_a_write_that_rests_when_the_deadline_comes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, autojump_clock: trio.testing.MockClock
) -> None:
    """It is out of the queue and in no transaction yet; its caller hears of it all the same."""
    autojump_clock.autojump_threshold = 0.05  # threads open and close the files
    monkeypatch.setattr(Pace, "rest", lambda *_: 2 * timeouts.STORAGE_CLOSE.seconds)
    refused = trio.Event()

    async def write(storage: Storage) -> None:
        with pytest.raises(StorageUnavailable):
            await append(storage.op_log, BOARD, ops(ADA, [1]))
        refused.set()

    async with trio.open_nursery() as nursery:
        await close_behind_a_write(tmp_path, nursery, write)
        with trio.fail_after(1):
            await refused.wait()


async def test_a_broken_job_fails_alone(tmp_path: Path) -> None:
    """What a job raises reaches its caller; what it wrote is undone; the writer goes on."""
    path = tmp_path / "test.sqlite3"
    connection = await trio.to_thread.run_sync(open_writer, sqlite3.connect, path)
    connection.execute("CREATE TABLE t (n INTEGER)")
    writer = Writer(lambda: open_writer(sqlite3.connect, path), Wakeups(), connection, Appends())

    def write(connection: sqlite3.Connection) -> int:
        connection.execute("INSERT INTO t VALUES (1)")
        return 1

    def break_down(connection: sqlite3.Connection) -> int:
        connection.execute("INSERT INTO t VALUES (100)")
        raise KeyError("a bug")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(writer.run)
        nursery.start_soon(writer.submit, write)
        with pytest.raises(KeyError):
            await writer.submit(break_down)
        assert await writer.submit(write) == 1
        await writer.aclose()
    assert connection.execute("SELECT sum(n) FROM t").fetchone() == (2,)
    writer.close_connection()


async def test_an_append_that_cannot_be_written_fails_alone(tmp_path: Path) -> None:
    """An append that SQLite cannot even be given spoils nothing for those it was to be committed with."""
    gate = Gate()
    refused: list[type[BaseException]] = []
    monstrous = NewOp(OpId(ADA, 1), 0, 2**70, b"{}")

    async def write(storage: Storage) -> None:
        try:
            await append(storage.op_log, BOARD, [monstrous, *ops(ADA, [2])])
        except OverflowError as error:
            refused.append(type(error))

    async with open_sqlite(tmp_path, connect=connecting(gate)) as storage:
        async with trio.open_nursery() as nursery:
            await shut_with_one_commit(gate, nursery, storage)
            nursery.start_soon(append, storage.op_log, BOARD, ops(BOB, [1]))
            nursery.start_soon(write, storage)
            nursery.start_soon(append, storage.op_log, BOARD, ops(BOB, [2]))
            await trio.testing.wait_all_tasks_blocked()
            gate.open()
        assert refused == [OverflowError]
        assert [it.op_id.client for it in await read_all(storage.op_log, BOARD)] == ["first", BOB, BOB]
        assert await storage.op_log.client(BOARD, ADA) is None


async def test_a_connection_that_cannot_roll_back_is_replaced(tmp_path: Path) -> None:
    """After a failed COMMIT and a failed ROLLBACK the next write has a new connection."""
    broken: list[sqlite3.Connection] = []
    writers: set[int] = set()

    def fail(connection: sqlite3.Connection, sql: str) -> None:
        if sql == "BEGIN IMMEDIATE":
            writers.add(id(connection))
        if sql == "COMMIT" and is_armed and not broken:
            broken.append(connection)
            raise sqlite3.OperationalError("disk I/O error")
        if sql == "ROLLBACK" and connection in broken:
            raise sqlite3.OperationalError("disk I/O error")

    is_armed = False
    async with open_sqlite(tmp_path, connect=connecting(fail)) as storage:
        assert await seqs(storage.op_log, BOARD, ops(ADA, [1])) == [1]
        is_armed = True
        with pytest.raises(StorageUnavailable):
            await append(storage.op_log, BOARD, ops(ADA, [2]))
        assert await seqs(storage.op_log, BOARD, ops(ADA, [3, 2, 1])) == [2, 3, 1]
        assert len(writers) == 2


async def test_a_write_that_does_not_fit_fails_alone(tmp_path: Path) -> None:
    """Of two appends in one transaction, the one that fills the disk is refused, the other is stored."""
    gate = Gate()

    def limited(connection: sqlite3.Connection, sql: str) -> None:
        if sql == "BEGIN IMMEDIATE":
            sqlite3.Connection.execute(connection, "PRAGMA max_page_count = 200").fetchall()
        gate(connection, sql)

    outcome: dict[str, str] = {}

    async def write(storage: Storage, new: Sequence[NewOp]) -> None:
        client = new[0].op_id.client
        try:
            await append(storage.op_log, BOARD, new)
            outcome[client] = "stored"
        except StorageUnavailable:
            outcome[client] = "refused"

    async with open_sqlite(tmp_path, connect=connecting(limited)) as storage:
        async with trio.open_nursery() as nursery:
            await shut_with_one_commit(gate, nursery, storage)
            large = NewOp(OpId(BOB, 1), 0, 1, b"x" * 2_000_000)
            for new in ([large], ops(ADA, [1])):
                nursery.start_soon(write, storage, new)
            await trio.testing.wait_all_tasks_blocked()
            gate.open()
        assert outcome == {"ada": "stored", "bob": "refused"}
        assert len(await read_all(storage.op_log, BOARD)) == 2
