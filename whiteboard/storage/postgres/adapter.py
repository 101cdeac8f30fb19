"""Opens a PostgreSQL database and closes it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from whiteboard import timeouts
from whiteboard.deadlines import within
from whiteboard.diagnostics import logs
from whiteboard.errors import StorageUnavailable
from whiteboard.storage.metadata import Metadata
from whiteboard.storage.postgres.metadata import PostgresDoor
from whiteboard.storage.postgres.migrate import shipped
from whiteboard.storage.postgres.pool import Pool
from whiteboard.storage.sql import SqlMetadata

log = logs.get_logger()


class Postgres:
    """A database that several servers share."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        """For archives on the same database."""
        self._metadata = SqlMetadata(PostgresDoor(pool))

    @property
    def metadata(self) -> Metadata:
        """See `whiteboard.storage.metadata`."""
        return self._metadata


@asynccontextmanager
async def open_postgres(dsn: str, *, password: str | None = None) -> AsyncIterator[Postgres]:
    """A PostgreSQL database (R31: `--postgres-dsn`), migrated to this release.

    A server that is away makes every call raise StorageUnavailable until it is back, and is migrated then; opening
    waits for it POSTGRES_CONNECT and goes on. After the block every call raises StorageUnavailable.

    Args:
        dsn: `postgresql://USER@HOST:PORT/DATABASE`, or whatever else libpq takes.
        password: in place of one in the DSN.

    Raises:
        StartupError: the database is newer than this release, or another program's; the text says what to do.
    """
    pool = Pool(dsn, password, shipped())
    try:
        try:
            await pool.prepare()
        except StorageUnavailable as error:
            log.warning("postgres_away", reason=str(error))
        yield Postgres(pool)
    finally:
        with within(timeouts.STORAGE_CLOSE, shield=True):
            await pool.aclose()
