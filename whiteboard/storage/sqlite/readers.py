"""The read side of one database: a few connections that only read. Knows no table."""

import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeVar

import trio

from whiteboard.errors import StorageUnavailable
from whiteboard.storage.blocking import run_blocking
from whiteboard.storage.sqlite.connection import translated

Result = TypeVar("Result")


class Readers:
    """Connections that take turns. Each query sees one state of the database, from begin to end."""

    def __init__(self, connections: Sequence[sqlite3.Connection]) -> None:
        self._connections = tuple(connections)
        self._idle = deque(connections)
        self._threads = trio.CapacityLimiter(len(connections))
        self._is_closed = False

    async def run(self, query: Callable[[sqlite3.Connection], Result]) -> Result:
        """What `query` returns. Raises StorageUnavailable, StorageCorrupt. Cancellation loses nothing."""
        if self._is_closed:
            raise StorageUnavailable("the storage is closed")
        return await run_blocking(self._threads, self._read, query)

    async def aclose(self) -> None:
        """Refuse new queries, wait for those that run, close the connections.

        Cancellation: the connections stay open until they are garbage.
        """
        self._is_closed = True
        for connection in self._connections:
            await self._threads.acquire_on_behalf_of(connection)
        for connection in self._connections:
            connection.close()

    def _read(self, query: Callable[[sqlite3.Connection], Result]) -> Result:
        if self._is_closed:
            raise StorageUnavailable("the storage is closed")
        connection = self._idle.pop()  # there is one: the limiter has as many tokens as there are
        try:
            with translated():
                return _in_transaction(connection, query)
        finally:
            self._idle.append(connection)


def _in_transaction(connection: sqlite3.Connection, query: Callable[[sqlite3.Connection], Result]) -> Result:
    connection.execute("BEGIN")
    try:
        return query(connection)
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
