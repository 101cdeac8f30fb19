"""The list of boards on SQLite, and the slow part of deleting one.

`delete` takes a board's name away, which is one small write and in force at once. The rows that are
left without a name go in slices between other commits, also after a restart.
"""

import sqlite3
from typing import Final

import trio

from whiteboard import limits, timeouts
from whiteboard.errors import StorageError
from whiteboard.ids import BoardId
from whiteboard.storage import arguments
from whiteboard.storage.ports import BoardInfo
from whiteboard.storage.sqlite.log_writes import create
from whiteboard.storage.sqlite.readers import Readers
from whiteboard.storage.sqlite.writer import Writer

_LARGE_ROWS: Final = 64
"""Rows at a time of tables whose rows are segments and checkpoints."""

_PURGES: Final = (
    (
        """DELETE FROM ops WHERE board_no = ?1 AND seq IN
           (SELECT seq FROM ops WHERE board_no = ?1 ORDER BY seq LIMIT ?2)""",
        limits.PURGE_SLICE_ROWS,
    ),
    (
        """DELETE FROM segments WHERE board_no = ?1 AND last_seq IN
           (SELECT last_seq FROM segments WHERE board_no = ?1 LIMIT ?2)""",
        _LARGE_ROWS,
    ),
    (
        """DELETE FROM checkpoints WHERE board_no = ?1 AND seq IN
           (SELECT seq FROM checkpoints WHERE board_no = ?1 LIMIT ?2)""",
        _LARGE_ROWS,
    ),
    (
        """DELETE FROM tombstones WHERE board_no = ?1 AND element IN
           (SELECT element FROM tombstones WHERE board_no = ?1 LIMIT ?2)""",
        limits.PURGE_SLICE_ROWS,
    ),
    (
        """DELETE FROM clients WHERE client_no IN
           (SELECT client_no FROM clients WHERE board_no = ?1 LIMIT ?2)""",
        limits.PURGE_SLICE_ROWS,
    ),
)


class SqliteBoards:
    """See `whiteboard.storage.ports.Boards`. `purge_deleted` is its task."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers
        self._has_purge = trio.Event()
        self._has_purge.set()  # a server before us may have died while purging

    async def create(self, board: BoardId, at: int, epoch: str) -> bool:
        return await self._writer.submit(lambda connection: create(connection, board, at, epoch))

    async def page(self, limit: int, after: BoardId | None) -> list[BoardInfo]:
        arguments.check_limit(limit)
        return await self._readers.run(lambda connection: _page(connection, limit, after))

    async def delete(self, board: BoardId) -> bool:
        try:
            return await self._writer.submit(lambda connection: _unname(connection, board))
        finally:
            self._has_purge.set()  # also when cancelled: it may have been done

    async def purge_deleted(self) -> None:
        """Purge whenever there is something, until cancelled; storage faults are tried again later."""
        while True:
            await self._has_purge.wait()
            self._has_purge = trio.Event()
            try:
                while await self._readers.run(_has_deleted):
                    await self._writer.submit(purge_slice, weight=limits.PURGE_SLICE_ROWS)
            except StorageError:
                self._has_purge.set()
                await trio.sleep(timeouts.STORAGE_RETRY.seconds)


def _page(connection: sqlite3.Connection, limit: int, after: BoardId | None) -> list[BoardInfo]:
    rows = connection.execute(
        "SELECT board, seq, created_at, updated_at FROM boards WHERE board > ? ORDER BY board LIMIT ?",
        (after or "", limit),
    )
    return [BoardInfo(*row) for row in rows]


def _unname(connection: sqlite3.Connection, board: BoardId) -> bool:
    return connection.execute("UPDATE boards SET board = NULL WHERE board = ?", (board,)).rowcount == 1


def _has_deleted(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM boards WHERE board IS NULL LIMIT 1").fetchone() is not None


def purge_slice(connection: sqlite3.Connection) -> None:
    """Remove some rows of a board without a name; with the last ones, the board itself."""
    row = connection.execute("SELECT board_no FROM boards WHERE board IS NULL LIMIT 1").fetchone()
    if row is None:
        return
    for statement, limit in _PURGES:
        if connection.execute(statement, (*row, limit)).rowcount > 0:
            return
    connection.execute("DELETE FROM boards WHERE board_no = ?", row)
