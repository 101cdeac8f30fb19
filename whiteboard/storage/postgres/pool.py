"""A few connections to one PostgreSQL server, opened when they are needed and replaced when they die. Knows no table.

The door to worker threads: as many threads as there may be connections, each with a connection of its own while it works.
"""

import time
from collections import deque
from collections.abc import Callable
from typing import TypeVar

import psycopg
import trio

from whiteboard import limits, timeouts
from whiteboard.errors import StartupError, StorageUnavailable
from whiteboard.storage.blocking import run_blocking
from whiteboard.storage.migration_files import Migration
from whiteboard.storage.postgres.connection import Connection, open_connection, translated
from whiteboard.storage.postgres.migrate import migrate
from whiteboard.timeouts import Timeout

Result = TypeVar("Result")


class Pool:
    """Runs work in transactions.

    Args:
        chain: migrations that the database gets before the first work.
    """

    def __init__(self, dsn: str, password: str | None, chain: list[Migration]) -> None:
        self.dsn = dsn
        """As it was given."""
        self._password = password
        self._chain = chain
        self._threads = trio.CapacityLimiter(limits.POSTGRES_CONNECTIONS)
        self._idle: deque[Connection] = deque()
        self._is_migrated = False
        self._is_closed = False

    async def run(
        self, work: Callable[[Connection], Result], *, within: Timeout = timeouts.POSTGRES_ANSWER
    ) -> Result:
        """What `work` returns, once it is committed; what it raises undoes it.

        A connection that died while nobody used it is replaced; one that dies at work is not asked again, as its
        work may have been done.

        Raises: StorageUnavailable, StorageCorrupt, and what `work` raises.

        Cancellation: before the thread starts nothing was run. After that the thread is waited for, at most `within`
        and POSTGRES_CONNECT.
        """
        self._check_open()
        return await run_blocking(self._threads, self._run, work, within)

    async def prepare(self) -> None:
        """Connect and migrate now. Raises StorageUnavailable, and StartupError as `migrate` does."""
        await run_blocking(self._threads, self._open_first)

    async def aclose(self) -> None:
        """Refuse new work, wait for what runs, close the connections. Once more does nothing.

        Cancellation: the connections stay open until they are garbage.
        """
        if self._is_closed:
            return
        self._is_closed = True
        places = [object() for _ in range(limits.POSTGRES_CONNECTIONS)]
        for place in places:
            await self._threads.acquire_on_behalf_of(place)
        while self._idle:
            self._idle.pop().close()

    def _check_open(self) -> None:
        if self._is_closed:
            raise StorageUnavailable("the storage is closed")

    # --- in worker threads ----------------------------------------------------------------------

    def _open_first(self) -> None:
        self._idle.append(self._open())

    def _run(self, work: Callable[[Connection], Result], within: Timeout) -> Result:
        self._check_open()
        connection = self._begin(within)
        try:
            with translated():
                result = work(connection)
                connection.commit_now()
        except BaseException:
            self._undo(connection)
            raise
        self._idle.append(connection)
        return result

    def _begin(self, within: Timeout) -> Connection:
        """A connection with a transaction begun."""
        until = time.monotonic() + within.seconds
        while (connection := self._take_idle()) is not None:
            try:
                connection.begin(within)
                return connection
            except psycopg.Error:
                connection.close()  # it died while nobody used it
                if time.monotonic() >= until:
                    raise StorageUnavailable(f"postgres: no answer for {within.seconds:g} s") from None
        try:
            connection = self._open()
        except StartupError as error:
            raise StorageUnavailable(str(error)) from error
        with translated():
            connection.begin(within)
        return connection

    def _take_idle(self) -> Connection | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _open(self) -> Connection:
        connection = open_connection(self.dsn, self._password)
        try:
            if not self._is_migrated:
                with translated():
                    migrate(connection, self._chain)
                self._is_migrated = True
        except BaseException:
            connection.close()
            raise
        return connection

    def _undo(self, connection: Connection) -> None:
        """End a failed transaction; a connection that cannot even do that is closed."""
        try:
            connection.execute("ROLLBACK")
        except psycopg.Error:
            connection.close()
        else:
            self._idle.append(connection)
