"""One connection to PostgreSQL, used in a worker thread, and what its errors mean to the ports.

Owns the one table of foreign errors. Knows no table and no Trio.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import psycopg
from psycopg import conninfo
from psycopg.abc import PQGen

from whiteboard import timeouts
from whiteboard.errors import StorageCorrupt, StorageError, StorageUnavailable
from whiteboard.timeouts import Timeout

Result = TypeVar("Result")

_CORRUPT: Final = ("22", "23", "42", "XX")
"""Classes of SQLSTATE that trying again does not mend: our statements break no constraint and name what is there, so
somebody changed the schema or the data. https://www.postgresql.org/docs/15/errcodes-appendix.html"""
_MAY_PASS: Final = frozenset({"42501", "XX000"})
"""But for these: a missing privilege is given, an internal error need not come again."""


class Connection(psycopg.Connection[tuple[Any, ...]]):
    """A connection whose waits end at a deadline, whatever has become of the server.

    `statement_timeout` binds a server that works; only a deadline of our own binds one that stands still.
    """

    deadline = math.inf
    """`time.monotonic()` at which whatever runs is given up; the connection is of no use then."""

    def wait(self, gen: PQGen[Result], interval: float = 0.1, timeout: float | None = None) -> Result:
        """As psycopg's, with the deadline."""
        left = self.deadline - time.monotonic()
        if left < math.inf:
            timeout = max(left, 0.0) if timeout is None else min(timeout, max(left, 0.0))
        return super().wait(gen, interval, timeout)

    def begin(self, within: Timeout) -> None:
        """Begin a transaction that has so long. psycopg's errors pass."""
        self.deadline = time.monotonic() + within.seconds
        bound = str(within.milliseconds)
        # SET LOCAL: a pooler in between may give us another session for the next transaction
        self.execute(
            f"BEGIN; SET LOCAL statement_timeout = {bound}; SET LOCAL lock_timeout = {bound};"
            f" SET LOCAL idle_in_transaction_session_timeout = {bound}"
        )

    def commit_now(self) -> None:
        """Commit. psycopg's errors pass; the fate of the transaction is unknown then."""
        self.execute("COMMIT")


def open_connection(dsn: str, password: str | None) -> Connection:
    """A new connection. Raises StorageUnavailable, POSTGRES_CONNECT later at the latest for each host of the DSN."""
    with translated():
        given = dsn if password is None else conninfo.make_conninfo(dsn, password=password)
        return Connection.connect(
            given,
            autocommit=True,  # we write BEGIN and COMMIT ourselves
            prepare_threshold=None,  # a pooler in between may not know of prepared statements
            connect_timeout=timeouts.POSTGRES_CONNECT.whole_seconds,
            fallback_application_name="whiteboard",
        )


@contextmanager
def translated() -> Iterator[None]:
    """Raise psycopg's errors as the ports'."""
    try:
        yield
    except psycopg.Error as error:
        raise translate(error) from error


def translate(error: psycopg.Error) -> StorageError:
    """The port's error for one of psycopg's."""
    code = error.sqlstate
    lines = (error.diag.message_primary or str(error) or type(error).__name__).splitlines()
    text = f"postgres: {lines[0]} ({code or type(error).__name__})"
    if code is not None and code.startswith(_CORRUPT) and code not in _MAY_PASS:
        return StorageCorrupt(text)
    return StorageUnavailable(text)
