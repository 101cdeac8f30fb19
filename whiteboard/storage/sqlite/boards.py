"""The list of boards on SQLite, and the slow part of deleting one.

`delete` takes a board's name away, which is one small write and in force at once. The rows that are
left without a name go in slices between other commits, also after a restart.
"""

import sqlite3
from itertools import accumulate, takewhile
from typing import Final

import trio

from whiteboard import limits, timeouts
from whiteboard.errors import StorageError, StorageUnavailable
from whiteboard.ids import BoardId
from whiteboard.storage import arguments
from whiteboard.storage.ports import BoardInfo
from whiteboard.storage.sqlite.appends import Appends
from whiteboard.storage.sqlite.log_writes import create
from whiteboard.storage.sqlite.readers import Readers
from whiteboard.storage.sqlite.writer import Writer

_TABLES: Final = (
    ("ops", "seq", "ifnull(length(body), 0)"),
    ("segments", "last_seq", "length(body)"),
    ("checkpoint_parts", "rowid", "length(body)"),
    ("checkpoints", "seq", "0"),
    ("tombstones", "element", "length(body)"),
    ("clients", "client_no", "0"),
)
"""Tables with rows of boards, in the order of purging: name, key within a board, bytes beside the key."""


class SqliteBoards:
    """See `whiteboard.storage.ports.Boards`. `purge_deleted` is its task."""

    def __init__(self, writer: Writer, appends: Appends, readers: Readers) -> None:
        self._writer = writer
        self._appends = appends
        self._readers = readers
        self._has_purge = trio.Event()
        self._has_purge.set()  # a server before us may have died while purging

    async def create(self, board: BoardId, at: int, epoch: str) -> bool:
        return await self._writer.submit(lambda connection: create(connection, board, at, epoch))

    async def page(self, limit: int, after: BoardId | None) -> list[BoardInfo]:
        arguments.check_limit(limit)
        return await self._readers.run(lambda connection: _page(connection, limit, after))

    async def delete(self, board: BoardId) -> bool:
        def unname(connection: sqlite3.Connection) -> bool:
            self._appends.forget_board(board)
            return _unname(connection, board)

        try:
            return await self._writer.submit(unname)
        finally:
            self._has_purge.set()  # also when cancelled: it may have been done

    async def purge_deleted(self) -> None:
        """Purge whenever there is something, until cancelled.

        A storage that is unavailable is tried again; corrupt rows stay until the next deletion.
        """
        while True:
            await self._has_purge.wait()
            self._has_purge = trio.Event()
            try:
                while await self._readers.run(_has_deleted):
                    await self._writer.submit(purge_slice, weight=limits.PURGE_SLICE_ROWS)
            except StorageUnavailable:
                self._has_purge.set()
                await trio.sleep(timeouts.STORAGE_RETRY.seconds)
            except StorageError:
                continue  # corrupt: whoever opens a board hears of it


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
    for table in _TABLES:
        if _purge_table(connection, row[0], *table) > 0:
            return
    connection.execute("DELETE FROM boards WHERE board_no = ?", row)


def _purge_table(connection: sqlite3.Connection, board_no: int, table: str, key: str, size: str) -> int:
    """Remove rows of a board, bounded in number and bytes; how many."""
    rows = connection.execute(
        f"SELECT {size} FROM {table} WHERE board_no = ? LIMIT ?",  # noqa: S608 - constants of ours
        (board_no, limits.PURGE_SLICE_ROWS),
    )
    sizes = accumulate(bytes_ for (bytes_,) in rows)
    count = sum(1 for _ in takewhile(lambda total: total < limits.PURGE_SLICE_BYTES, sizes)) + 1
    return connection.execute(
        f"""DELETE FROM {table} WHERE board_no = ?1 AND {key} IN
            (SELECT {key} FROM {table} WHERE board_no = ?1 LIMIT ?2)""",  # noqa: S608 - constants of ours
        (board_no, count),
    ).rowcount
