"""Connections to the database file, and what SQLite's errors mean to the ports.

Owns every PRAGMA and the one table of foreign errors. Knows no table and no Trio.
"""

import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from whiteboard import limits, timeouts
from whiteboard.errors import StorageCorrupt, StorageError, StorageUnavailable

Connect = Callable[..., sqlite3.Connection]
"""`sqlite3.connect`, or what takes the same arguments."""

_CORRUPT: Final = frozenset(
    {
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_FORMAT,
        sqlite3.SQLITE_CONSTRAINT,  # our statements break none on a sound database
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_ERROR,  # no such table or column: somebody changed the schema
    }
)
"""Primary result codes that trying again does not mend. All others (full, busy, locked, read-only,
I/O error, cannot open, out of memory, interrupted, …) may pass. https://sqlite.org/rescode.html"""


def translate(error: sqlite3.Error | StorageUnavailable) -> StorageError:
    """The port's error, a new one, for one of SQLite's (or for one that `open_writer` raised)."""
    if isinstance(error, StorageUnavailable):
        return StorageUnavailable(str(error))
    code = getattr(error, "sqlite_errorcode", None)
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    kind = StorageCorrupt if code is not None and code & 0xFF in _CORRUPT else StorageUnavailable
    return kind(f"sqlite: {error} ({name})")


@contextmanager
def translated() -> Iterator[None]:
    """Raise SQLite's errors as the port's."""
    try:
        yield
    except sqlite3.Error as error:
        raise translate(error) from error


def open_writer(connect: Connect, path: Path) -> sqlite3.Connection:
    """A connection that may write: WAL, and a COMMIT that returns when the disk has it (R5)."""
    connection = open_plain(connect, path)
    try:
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise StorageUnavailable(f"{path}: this file system cannot hold a write-ahead log")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA fullfsync = ON")  # macOS; nothing elsewhere
        connection.execute(f"PRAGMA journal_size_limit = {limits.WAL_BYTES}")
        # Debian's SQLite overwrites what is deleted, page by page through the WAL: a deleted board would
        # fill a nearly full disk before it makes room.
        connection.execute("PRAGMA secure_delete = FAST")
    except BaseException:
        connection.close()
        raise
    return connection


def begin_writing(connection: sqlite3.Connection) -> None:
    """Begin a transaction that writes, within the connection's patience, beside processes that write as well.

    SQLite itself would look again after 1, 2, 5, … 100 ms: a neighbour that commits without a pause gets in each
    time. We look every WRITE_TURN, more or less.
    """
    (patience_ms,) = connection.execute("PRAGMA busy_timeout").fetchone()
    deadline = time.monotonic() + patience_ms / 1_000
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        while not _has_begun(connection, is_last=time.monotonic() >= deadline):
            time.sleep(timeouts.WRITE_TURN.seconds * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
    finally:
        connection.execute(f"PRAGMA busy_timeout = {patience_ms}")


def _has_begun(connection: sqlite3.Connection, *, is_last: bool) -> bool:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if is_last or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


def open_reader(connect: Connect, path: Path) -> sqlite3.Connection:
    """A connection that cannot write. It holds the WAL index open, so a full disk does not stop it."""
    connection = open_plain(connect, path)
    try:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def open_plain(connect: Connect, path: Path) -> sqlite3.Connection:
    """A connection that changes nothing of the file by being opened."""
    connection = connect(
        path,
        timeout=timeouts.SQLITE_BUSY.seconds,
        isolation_level=None,  # we write BEGIN and COMMIT ourselves
        check_same_thread=False,  # one thread at a time, not always the same one
    )
    connection.execute("PRAGMA trusted_schema = OFF")
    # Savepoints spill into temporary files, and there may be no other directory that we may write to.
    connection.execute("PRAGMA temp_store = MEMORY")
    return connection
