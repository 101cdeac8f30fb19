"""Metadata beside the boards, in the same database: written by the one writer, read by the readers."""

import sqlite3
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from whiteboard.storage.sql.door import Row, Sql, Values
from whiteboard.storage.sqlite.readers import Readers
from whiteboard.storage.sqlite.writer import Writer

Result = TypeVar("Result")


class SqliteDoor:
    """See `whiteboard.storage.sql.door.Door`."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers

    async def read(self, work: Callable[[Sql], Result]) -> Result:
        return await self._readers.run(lambda connection: work(_Statements(connection)))

    async def write(self, work: Callable[[Sql], Result], *, rows: int = 1) -> Result:
        return await self._writer.submit(lambda connection: work(_Statements(connection)), weight=rows)


class _Statements:
    """See `whiteboard.storage.sql.door.Sql`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        connection.create_function("now_ms", 0, _now_ms)
        self._connection = connection

    def rows(self, statement: str, values: Values) -> list[Row]:
        return self._connection.execute(statement, values).fetchall()

    def count(self, statement: str, values: Values) -> int:
        return self._connection.execute(statement, values).rowcount

    def batch(self, statements: Iterable[tuple[str, Values]]) -> None:
        for statement, values in statements:
            self._connection.execute(statement, values)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
