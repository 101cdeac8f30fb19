"""Metadata on PostgreSQL: the shared statements, in its words."""

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Final, TypeVar

from whiteboard.storage.postgres.connection import Connection
from whiteboard.storage.postgres.pool import Pool
from whiteboard.storage.sql.door import Row, Sql, Values

Result = TypeVar("Result")

_NAMED: Final = re.compile(r":([a-z_]+)")


class PostgresDoor:
    """See `whiteboard.storage.sql.door.Door`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def read(self, work: Callable[[Sql], Result]) -> Result:
        return await self._pool.run(lambda connection: work(_Statements(connection)))

    async def write(self, work: Callable[[Sql], Result], *, rows: int = 1) -> Result:  # noqa: ARG002
        return await self._pool.run(lambda connection: work(_Statements(connection)))


class _Statements:
    """See `whiteboard.storage.sql.door.Sql`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rows(self, statement: str, values: Values) -> list[Row]:
        return self._connection.execute(_in_its_words(statement), values).fetchall()

    def count(self, statement: str, values: Values) -> int:
        return self._connection.execute(_in_its_words(statement), values).rowcount

    def batch(self, statements: Iterable[tuple[str, Values]]) -> None:
        with self._connection.pipeline():
            for statement, values in statements:
                self._connection.execute(_in_its_words(statement), values)


@cache
def _in_its_words(statement: str) -> str:
    """A statement of ours with `%(name)s` for `:name`."""
    return _NAMED.sub(r"%(\1)s", statement)
