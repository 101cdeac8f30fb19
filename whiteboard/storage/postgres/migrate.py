"""Schema versions on PostgreSQL: numbered SQL files, each applied in one transaction with a line that says so.

The table `schema_migrations` has one line for each step, with the checksum of what was run. Servers that start at once
take turns by an advisory lock. Knows no other table.
"""

from collections.abc import Sequence
from importlib import resources
from typing import Final

from whiteboard import timeouts
from whiteboard.errors import StartupError
from whiteboard.storage.migration_files import Migration, in_order
from whiteboard.storage.postgres.connection import Connection

_LOCK: Final = int.from_bytes(b"wb_meta")
"""The advisory lock's key: any number that other programs on the same database do not use."""
_TABLE: Final = """
    CREATE TABLE IF NOT EXISTS schema_migrations (
        number     integer PRIMARY KEY,
        name       text NOT NULL,
        sha256     text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    )
"""


def shipped() -> list[Migration]:
    """The migrations of this release, from 1."""
    return in_order(resources.files("whiteboard.storage.postgres").joinpath("migrations").iterdir())


def migrate(connection: Connection, chain: Sequence[Migration]) -> None:
    """Bring a database to the newest version.

    A step that fails leaves the database at the version before it. Waits for other servers that do the same.

    Raises StartupError when the database is newer than this release, or was made by other steps; psycopg's errors pass.
    """
    while _step(connection, chain):
        pass


def _step(connection: Connection, chain: Sequence[Migration]) -> bool:
    """Apply the next migration, if there is one; whether there was."""
    connection.begin(timeouts.POSTGRES_MIGRATE)
    try:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        version = check_version(connection, chain)
        if version < len(chain):
            _apply(connection, chain[version])
        connection.commit_now()
    except BaseException:
        if not connection.broken:
            connection.execute("ROLLBACK")
        raise
    return version < len(chain)


def check_version(connection: Connection, chain: Sequence[Migration]) -> int:
    """How many of the migrations a database has. Raises as `migrate` does."""
    connection.execute("SET LOCAL client_min_messages = warning")
    connection.execute(_TABLE)
    known = connection.execute(
        "SELECT number, name, sha256 FROM schema_migrations ORDER BY number"
    ).fetchall()
    if len(known) > len(chain):
        raise StartupError(
            f"the PostgreSQL database has schema version {len(known)}, this release knows {len(chain)}; "
            "run the release that wrote it, or a newer one"
        )
    for (number, name, checksum), migration in zip(known, chain, strict=False):
        if (number, checksum) != (migration.number, migration.checksum):
            raise StartupError(
                f"the PostgreSQL database was made with another migration {number:04} ({name}) than {migration.name} of "
                "this release; use a database of this program, or the release that made it"
            )
    return len(known)


def _apply(connection: Connection, migration: Migration) -> None:
    connection.execute(migration.sql)
    line = (migration.number, migration.name, migration.checksum)
    connection.execute("INSERT INTO schema_migrations (number, name, sha256) VALUES (%s, %s, %s)", line)
