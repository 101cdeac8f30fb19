"""The schema's versions on PostgreSQL."""

import re
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import trio
from services.postgres_process import PostgresProcess

from whiteboard.errors import StartupError, StorageUnavailable
from whiteboard.ids import BoardId, SessionId
from whiteboard.storage.archive import PieceKind
from whiteboard.storage.metadata import Role, UserId
from whiteboard.storage.migration_files import Migration
from whiteboard.storage.postgres import Postgres, PostgresArchive, open_postgres
from whiteboard.storage.postgres.connection import open_connection
from whiteboard.storage.postgres.migrate import migrate, shipped
from whiteboard.storage.postgres.pool import Pool

pytestmark = pytest.mark.integration

FIXTURES = Path(__file__).parent / "fixtures"
BOARD = BoardId("board")
AT = 1_700_000_000_000
CHECKSUMS = {
    "0001_metadata.sql": "7b7752b3019624977f001adf0494a403da247baf4e323706c502628ec8cad109",
    "0002_archive.sql": "a88411b8123075d58fb6aa86c072c65ffc8525eb8befbd7fa6a308616cc1e0eb",
}
"""A migration that has been shipped is never edited: databases would be refused."""

CHAIN = [
    Migration(1, "0001_people.sql", "CREATE TABLE people (name text); INSERT INTO people VALUES ('Ada');"),
    Migration(2, "0002_age.sql", "ALTER TABLE people ADD COLUMN age integer NOT NULL DEFAULT 0;"),
    Migration(3, "0003_born.sql", "UPDATE people SET age = 36;\n-- no semicolon at the end\nSELECT 1"),
]
BROKEN = Migration(3, "0003_broken.sql", "UPDATE people SET age = 36; INSERT INTO nowhere VALUES (1);")

Bring = Callable[[str, list[Migration]], None]


def bring(dsn: str, chain: list[Migration]) -> None:
    """Migrate a database."""
    with open_connection(dsn, None) as connection:
        migrate(connection, chain)


def version(postgres: PostgresProcess, dsn: str) -> int:
    """How many migrations a database has."""
    (((count,)),) = (postgres.execute("SELECT count(*) FROM schema_migrations", dsn),)
    assert isinstance(count[0], int)
    return count[0]


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_every_older_version_is_brought_up(postgres: PostgresProcess, steps: int) -> None:
    """A database of any earlier version, with data, ends at the newest with its data kept."""
    dsn = postgres.new_database()
    bring(dsn, CHAIN[:steps])
    if steps:
        postgres.execute("INSERT INTO people (name) VALUES ('Bob')", dsn)
    bring(dsn, CHAIN)
    bring(dsn, CHAIN)
    assert version(postgres, dsn) == 3
    names = [name for (name,) in postgres.execute("SELECT name FROM people ORDER BY name", dsn)]
    assert names == (["Ada", "Bob"] if steps else ["Ada"])


def test_a_step_that_fails_leaves_the_version_before_it(postgres: PostgresProcess) -> None:
    """A failing step is undone whole, its line too; the steps before it stay, and the lock is free."""
    dsn = postgres.new_database()
    with pytest.raises(psycopg.errors.UndefinedTable):
        bring(dsn, [*CHAIN[:2], BROKEN])
    assert version(postgres, dsn) == 2
    assert postgres.execute("SELECT age FROM people", dsn) == [(0,)]
    bring(dsn, CHAIN)
    assert postgres.execute("SELECT age FROM people", dsn) == [(36,)]


async def test_servers_that_start_at_once(postgres: PostgresProcess) -> None:
    """Each step is run once, whoever comes first."""
    dsn = postgres.new_database()
    async with trio.open_nursery() as nursery:
        for _ in range(6):
            nursery.start_soon(trio.to_thread.run_sync, bring, dsn, CHAIN)
    assert postgres.execute("SELECT name, age FROM people", dsn) == [("Ada", 36)]


def test_a_newer_database_is_refused(postgres: PostgresProcess) -> None:
    """A database of a later release is not touched; the text names both versions."""
    dsn = postgres.new_database()
    bring(dsn, CHAIN)
    with pytest.raises(StartupError, match="version 3, this release knows 2"):
        bring(dsn, CHAIN[:2])


def test_a_database_that_other_steps_made_is_refused(postgres: PostgresProcess) -> None:
    """Another program's table of migrations, or an edited file, is not gone on from."""
    dsn = postgres.new_database()
    bring(dsn, CHAIN[:1])
    with pytest.raises(StartupError, match="another migration 0001"):
        bring(dsn, [Migration(1, "0001_people.sql", "CREATE TABLE people (name text)"), *CHAIN[1:]])


async def test_a_server_refuses_a_newer_database(postgres: PostgresProcess) -> None:
    """At its start with a sentence; when PostgreSQL comes back so, every call says it."""
    dsn = postgres.new_database()
    later = [*shipped(), Migration(len(shipped()) + 1, "later.sql", "SELECT 1")]
    bring(dsn, later)
    with pytest.raises(StartupError, match="run the release that wrote it"):
        async with open_postgres(dsn):
            pass
    pool = Pool(dsn, None, shipped())
    with pytest.raises(StorageUnavailable, match="run the release that wrote it"):
        await pool.run(lambda sql: sql.execute("SELECT 1").fetchall())
    await pool.aclose()


def test_a_shipped_migration_is_never_edited() -> None:
    """Its checksum is the one that databases have."""
    assert {migration.name: migration.checksum for migration in shipped()} == CHECKSUMS


def test_every_version_has_a_fixture() -> None:
    """For each shipped migration there is data of that version, which must stay readable."""
    names = [f"{migration.number:04}.sql" for migration in shipped()]
    assert sorted(path.name for path in FIXTURES.glob("*.sql")) == names


def test_a_fixture_fills_every_table(postgres: PostgresProcess) -> None:
    """All that the version has, but for the machinery's own."""
    for migration in shipped():
        dsn = fill(postgres, migration)
        tables = postgres.execute(
            "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'", dsn
        )
        for (table,) in tables:
            assert postgres.execute(f"SELECT 1 FROM {table} LIMIT 1", dsn) == [(1,)], table


@pytest.mark.parametrize("migration", shipped(), ids=lambda migration: migration.name)
async def test_data_of_every_version_stays_readable(postgres: PostgresProcess, migration: Migration) -> None:
    """A database that an earlier release filled opens and reads back whole."""
    async with open_postgres(fill(postgres, migration)) as opened:
        await check_metadata(opened)
        newest = await PostgresArchive(opened.pool).newest(BOARD, "epoch-1", PieceKind.CHECKPOINT)
        if migration.number >= 2:
            assert newest is not None
            assert await PostgresArchive(opened.pool).get(newest) == b"body"
        else:
            assert newest is None


def fill(postgres: PostgresProcess, migration: Migration) -> str:
    """A database of that version with its fixture's data."""
    dsn = postgres.new_database()
    bring(dsn, shipped()[: migration.number])
    text = (FIXTURES / f"{migration.number:04}.sql").read_text("utf-8")
    postgres.execute(re.sub(r"^--.*$", "", text, flags=re.MULTILINE), dsn)
    return dsn


async def check_metadata(opened: Postgres) -> None:
    """What the fixtures have of it."""
    metadata = opened.metadata
    boards = {one.board: one for one in await metadata.chronicle.boards(9)}
    assert (boards[BOARD].created_at, boards[BOARD].seen_at) == (AT, AT + 5)
    assert boards[BoardId("gone")].deleted_at == AT + 1
    session = await metadata.chronicle.session(SessionId("s-1"))
    assert session is not None
    assert (session.name, session.instance, session.why) == ("Ada ❤", "host:8080", "peer: 1000")
    (entry,) = await metadata.chronicle.audit(9)
    assert entry.line.detail == {"why": "❤"}
    assert await metadata.people.role(BOARD, UserId("ada")) is Role.OWNER
    link = await metadata.links.find(b"d" * 32)
    assert link is not None
    assert link.expires_at == AT + 5
