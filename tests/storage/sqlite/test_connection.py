import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from whiteboard import limits
from whiteboard.errors import StorageCorrupt, StorageUnavailable
from whiteboard.storage.sqlite.connection import (
    begin_writing,
    open_plain,
    open_reader,
    open_writer,
    translate,
    translated,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database with one table."""
    path = tmp_path / "test.sqlite3"
    connection = open_writer(sqlite3.connect, path)
    connection.execute("CREATE TABLE t (n INTEGER PRIMARY KEY)")
    connection.close()
    return path


@pytest.fixture
def writer(path: Path) -> Iterator[sqlite3.Connection]:
    """A writing connection."""
    connection = open_writer(sqlite3.connect, path)
    yield connection
    connection.close()


def pragma(connection: sqlite3.Connection, name: str) -> object:
    """A setting of a connection."""
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def test_a_commit_is_on_the_disk(writer: sqlite3.Connection) -> None:
    """The writer keeps a WAL that is synced at each COMMIT and does not stay large. [ACK-3]"""
    assert pragma(writer, "journal_mode") == "wal"
    assert pragma(writer, "synchronous") == 2
    assert pragma(writer, "journal_size_limit") == limits.WAL_BYTES
    assert pragma(writer, "busy_timeout") == 2_000


def test_no_directory_but_its_own_is_needed(path: Path, writer: sqlite3.Connection) -> None:
    """Savepoints and sorts that do not fit into memory at once need no temporary file elsewhere."""
    reader = open_reader(sqlite3.connect, path)
    assert pragma(writer, "temp_store") == pragma(reader, "temp_store") == 2
    reader.close()


def test_what_is_deleted_is_not_written_over(writer: sqlite3.Connection) -> None:
    """A deletion costs no write per page of what was large, whatever SQLite was built with."""
    assert pragma(writer, "secure_delete") == 2


def test_a_plain_look_changes_nothing(tmp_path: Path) -> None:
    """Opening somebody else's file to see whose it is leaves it as it was, to the byte."""
    theirs = tmp_path / "theirs.sqlite3"
    connection = sqlite3.connect(theirs)
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    before = theirs.read_bytes()
    look = open_plain(sqlite3.connect, theirs)
    assert look.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (1,)
    look.close()
    assert theirs.read_bytes() == before


def test_a_reader_cannot_write(path: Path) -> None:
    """A reading connection refuses to write."""
    reader = open_reader(sqlite3.connect, path)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("INSERT INTO t VALUES (1)")
    reader.close()


def test_a_place_without_wal_is_refused() -> None:
    """Where SQLite cannot keep a WAL, acks could not be trusted: the connection is not opened."""
    with pytest.raises(StorageUnavailable, match="write-ahead log"):
        open_writer(sqlite3.connect, Path(":memory:"))


def test_a_directory_is_no_database(tmp_path: Path) -> None:
    """A file that cannot be opened is SQLite's error, for the caller to translate."""
    for opens in (open_writer, open_reader):
        with pytest.raises(sqlite3.OperationalError):
            opens(sqlite3.connect, tmp_path)


def test_translate(writer: sqlite3.Connection) -> None:
    """Each of SQLite's errors becomes a new error of the port, with SQLite's name for it."""
    writer.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(StorageCorrupt, match="SQLITE_CONSTRAINT"), translated():
        writer.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(StorageCorrupt, match="no such table"), translated():
        writer.execute("SELECT * FROM nowhere")
    writer.execute("PRAGMA max_page_count = 1")
    writer.execute("PRAGMA query_only = ON")
    with pytest.raises(StorageUnavailable, match="SQLITE_READONLY"), translated():
        writer.execute("DELETE FROM t")
    assert isinstance(translate(sqlite3.ProgrammingError("closed")), StorageUnavailable)
    ours = StorageUnavailable("no WAL")
    assert str(translate(ours)) == "no WAL"
    assert translate(ours) is not ours


def test_writers_take_turns(path: Path) -> None:
    """Beside one that begins its next transaction as soon as it has ended the last, others get in."""
    stop = threading.Event()
    began: list[int] = []

    def commit_all_the_time() -> None:
        busy = open_writer(sqlite3.connect, path)
        while not stop.is_set():
            begin_writing(busy)
            began.append(len(began))
            busy.execute("COMMIT")
        busy.close()

    neighbour = threading.Thread(target=commit_all_the_time)
    neighbour.start()
    try:
        connection = open_writer(sqlite3.connect, path)
        for number in range(50):
            begin_writing(connection)
            connection.execute("INSERT INTO t VALUES (?)", (number,))
            connection.execute("COMMIT")
        assert pragma(connection, "busy_timeout") == 2_000
        connection.close()
    finally:
        stop.set()
        neighbour.join()
    assert began


def test_a_writer_does_not_wait_for_ever(path: Path, writer: sqlite3.Connection) -> None:
    """As long as its connection says, and what it waited for keeps its transaction."""
    begin_writing(writer)
    other = open_writer(sqlite3.connect, path)
    other.execute("PRAGMA busy_timeout = 20")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        begin_writing(other)
    assert not other.in_transaction
    assert pragma(other, "busy_timeout") == 20
    writer.execute("ROLLBACK")
    begin_writing(other)
    other.execute("ROLLBACK")
    other.close()
