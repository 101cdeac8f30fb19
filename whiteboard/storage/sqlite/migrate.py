"""Schema versions: numbered SQL files, applied in order, each in one transaction with its number.

`PRAGMA user_version` says how many of them a database has. Knows no table.
"""

import sqlite3
from collections.abc import Sequence
from importlib import resources

from whiteboard.errors import StartupError
from whiteboard.storage.migration_files import Migration, in_order


def shipped() -> list[Migration]:
    """The migrations of this release, from 1."""
    return in_order(resources.files("whiteboard.storage").joinpath("migrations").iterdir())


def migrate(connection: sqlite3.Connection, chain: Sequence[Migration]) -> None:
    """Bring a database to the newest version.

    A step that fails leaves the database at the version before it. Raises as `check_version`;
    SQLite's errors pass.
    """
    for migration in chain[check_version(connection, chain) :]:
        _apply(connection, migration)


def check_version(connection: sqlite3.Connection, chain: Sequence[Migration]) -> int:
    """How many of the migrations a database has.

    Raises StartupError when it is newer than this release, or is some other program's; SQLite's errors pass.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(chain):
        raise StartupError(
            f"the database has schema version {version}, this release knows {len(chain)}; "
            "run the release that wrote it, or a newer one"
        )
    if version == 0 and connection.execute("SELECT 1 FROM sqlite_schema").fetchone():
        raise StartupError("the database file belongs to another program; choose another directory")
    return int(version)


def _apply(connection: sqlite3.Connection, migration: Migration) -> None:
    number = migration.number
    script = f"BEGIN IMMEDIATE;\n{migration.sql}\n;PRAGMA user_version = {number};\nCOMMIT;"
    try:
        connection.executescript(script)
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
