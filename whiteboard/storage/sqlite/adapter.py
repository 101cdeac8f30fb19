"""Opens and closes the SQLite storage: directory, connections, tasks, in this order and back."""

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import trio

from whiteboard import limits, timeouts
from whiteboard.deadlines import within
from whiteboard.errors import StartupError, StorageError, StorageUnavailable
from whiteboard.storage.blocking import run_blocking
from whiteboard.storage.metadata import Metadata
from whiteboard.storage.ports import Boards, Bus, OpLog, Snapshots
from whiteboard.storage.sql import SqlMetadata
from whiteboard.storage.sqlite.appends import Appends
from whiteboard.storage.sqlite.boards import SqliteBoards
from whiteboard.storage.sqlite.connection import (
    Connect,
    begin_writing,
    open_plain,
    open_reader,
    open_writer,
    translate,
)
from whiteboard.storage.sqlite.directory import DataDirectory
from whiteboard.storage.sqlite.metadata import SqliteDoor
from whiteboard.storage.sqlite.migrate import check_version, migrate, shipped
from whiteboard.storage.sqlite.op_log import SqliteOpLog
from whiteboard.storage.sqlite.readers import Readers
from whiteboard.storage.sqlite.snapshots import SqliteSnapshots
from whiteboard.storage.sqlite.writer import Writer
from whiteboard.storage.wakeups import Wakeups


@dataclass(frozen=True, slots=True)
class _Files:
    """What is open on the disk before the first task runs."""

    directory: DataDirectory
    connect_writer: Callable[[], sqlite3.Connection]
    writer: sqlite3.Connection
    readers: list[sqlite3.Connection]


class SqliteStorage:
    """See `whiteboard.storage.ports.Storage` and `whiteboard.storage.metadata.KeepsMetadata`."""

    def __init__(self, writer: Writer, appends: Appends, readers: Readers, wakeups: Wakeups) -> None:
        packing = trio.CapacityLimiter(1)
        self._writer = writer
        self._readers = readers
        self._op_log = SqliteOpLog(writer, appends, readers, packing, wakeups)
        self._snapshots = SqliteSnapshots(writer, readers, packing)
        self.sqlite_boards = SqliteBoards(writer, appends, readers)
        self._metadata = SqlMetadata(SqliteDoor(writer, readers))

    @property
    def op_log(self) -> OpLog:
        return self._op_log

    @property
    def snapshots(self) -> Snapshots:
        return self._snapshots

    @property
    def boards(self) -> Boards:
        return self.sqlite_boards

    @property
    def bus(self) -> Bus | None:
        return None

    @property
    def metadata(self) -> Metadata:
        return self._metadata

    async def probe(self) -> None:
        written = await self._writer.submit(_write_probe)
        if await self._readers.run(_read_probe) < written:
            raise StorageUnavailable("a probe was written and does not read back")


@asynccontextmanager
async def open_sqlite(
    directory: Path,
    *,
    connect: Connect = sqlite3.connect,
    is_shared: bool = False,
    lease: int | None = None,
) -> AsyncIterator[SqliteStorage]:
    """A storage in a directory, with the metadata of its boards, durable on disk (R2: `--mode sqlite`, R5).

    Its nursery has three tasks: the writer (group commit), the purge of deleted boards, and the look
    for other processes' appends. Leaving the block ends them: writes that are queued by then are
    finished within STORAGE_CLOSE, later calls raise StorageUnavailable. What the block raises
    comes out in an exception group, as of any nursery.

    Args:
        directory: made when missing, for this user only (0700).
        connect: opens connections; other than `sqlite3.connect` for tests of faults.
        is_shared: let other processes share the directory, if they all say so. Else a second
            server is refused.
        lease: share the directory with the processes of one server, to which `hold_directory` gave it; each board
            is one process's to write. Closed at the end.

    Raises:
        StartupError: the directory is in use, cannot be written to, is newer than this release or
            does not hold a sound database; the text says what to do.
    """
    thread = trio.CapacityLimiter(1)
    files = await run_blocking(thread, _open_files, directory, connect, is_shared, lease)
    wakeups = Wakeups()
    appends = Appends()
    writer = Writer(files.connect_writer, wakeups, files.writer, appends)
    readers = Readers(files.readers)
    storage = SqliteStorage(writer, appends, readers, wakeups)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(writer.run)
            nursery.start_soon(storage.sqlite_boards.purge_deleted)
            nursery.start_soon(_watch_other_processes, writer, wakeups)
            try:
                yield storage
            finally:
                await writer.aclose()
                nursery.cancel_scope.cancel()
    finally:
        wakeups.ring_all()
        with within(timeouts.STORAGE_CLOSE, shield=True):
            await readers.aclose()
            await run_blocking(thread, writer.close_connection)  # noqa: ASYNC102 - `within` is shielded and ends
        files.directory.close()


@contextmanager
def hold_directory(directory: Path) -> Iterator[int]:
    """Hold a directory for the processes of one server while the block runs; the `lease` that they share.

    The database is there then, sound and of this release. Blocks on the disk. Raises as `open_sqlite`.
    """
    files = _open_files(directory, sqlite3.connect)
    try:
        for connection in (files.writer, *files.readers):
            connection.close()
        yield files.directory.lock
    finally:
        files.directory.close()


def _open_files(
    directory: Path, connect: Connect, is_shared: bool = False, lease: int | None = None
) -> _Files:
    with ExitStack() as undo:
        held = undo.enter_context(closing(DataDirectory(directory, is_shared=is_shared, lease=lease)))
        try:
            with closing(open_plain(connect, held.database)) as untouched:
                check_version(untouched, shipped())
            connect_writer = partial(open_writer, connect, held.database)
            writer = undo.enter_context(closing(connect_writer()))
            migrate(writer, shipped())
            _try_to_write(writer)
            readers = [
                undo.enter_context(closing(open_reader(connect, held.database)))
                for _ in range(limits.READ_CONNECTIONS)
            ]
        except sqlite3.Error as error:
            raise StartupError(
                f"cannot open {held.database}: {translate(error)}; see that it is a database of this "
                "program, that this user may write to it, and that its disk has room"
            ) from error
        undo.pop_all()
    return _Files(held, connect_writer, writer, readers)


def _try_to_write(connection: sqlite3.Connection) -> None:
    """Raise SQLite's error now when the file may not be written to. Takes no space on the disk."""
    begin_writing(connection)
    try:
        _write_probe(connection)
    finally:
        connection.execute("ROLLBACK")


async def _watch_other_processes(writer: Writer, wakeups: Wakeups) -> None:
    """Wake those who tail when somebody else wrote; costs nothing while nobody waits."""
    while True:
        await wakeups.wait_for_listener()
        await trio.sleep(timeouts.STORAGE_TAIL.seconds)
        try:
            if await writer.saw_foreign_commit():
                wakeups.ring_all()
        except StorageError:
            continue  # the next look may succeed; who waits only waits longer


def _write_probe(connection: sqlite3.Connection) -> int:
    row = connection.execute("UPDATE probe SET count = count + 1 RETURNING count").fetchone()
    return int(row[0])


def _read_probe(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count FROM probe").fetchone()[0])
