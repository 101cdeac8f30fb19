import sqlite3
from importlib import resources
from pathlib import Path

import pytest
import trio

from whiteboard.errors import StartupError
from whiteboard.ids import BoardId, ClientId, ElementId, OpId, SessionId
from whiteboard.storage.metadata import Metadata, Role, UserId
from whiteboard.storage.migration_files import Migration, in_order
from whiteboard.storage.ports import BoardInfo, Checkpoint, ClientRecord, Head, Receipt
from whiteboard.storage.sqlite import open_sqlite
from whiteboard.storage.sqlite.directory import DATABASE_NAME
from whiteboard.storage.sqlite.migrate import migrate, shipped
from whiteboard.testing.storage_samples import ADA, AT, BOARD, BOB, EPOCH, OTHER, key, op, ops, read_all, seqs

FIXTURES = Path(__file__).parent / "fixtures"

CHAIN = [
    Migration(1, "0001_people.sql", "CREATE TABLE people (name TEXT); INSERT INTO people VALUES ('Ada');"),
    Migration(2, "0002_age.sql", "ALTER TABLE people ADD COLUMN age INTEGER NOT NULL DEFAULT 0;"),
    Migration(3, "0003_born.sql", "UPDATE people SET age = 36;\n-- no semicolon at the end\nSELECT 1"),
]


def in_memory() -> sqlite3.Connection:
    """An empty database."""
    return sqlite3.connect(":memory:", isolation_level=None)


def version(connection: sqlite3.Connection) -> int:
    """How many migrations it has."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_every_older_version_is_brought_up(steps: int) -> None:
    """A database of any earlier version, with data, ends at the newest with its data kept."""
    connection = in_memory()
    migrate(connection, CHAIN[:steps])
    assert version(connection) == steps
    if steps:
        connection.execute("INSERT INTO people (name) VALUES ('Bob')")
    migrate(connection, CHAIN)
    assert version(connection) == 3
    names = [name for (name,) in connection.execute("SELECT name FROM people ORDER BY name")]
    assert names == (["Ada", "Bob"] if steps else ["Ada"])
    connection.close()


def test_a_step_that_fails_leaves_the_version_before_it() -> None:
    """A failing step is undone whole, its number too; the steps before it stay."""
    broken = Migration(3, "0003_broken.sql", "UPDATE people SET age = 36; INSERT INTO nowhere VALUES (1);")
    connection = in_memory()
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        migrate(connection, [*CHAIN[:2], broken])
    assert version(connection) == 2
    assert connection.execute("SELECT age FROM people").fetchall() == [(0,)]
    migrate(connection, CHAIN)
    assert connection.execute("SELECT age FROM people").fetchall() == [(36,)]
    connection.close()


def test_a_newer_database_is_refused() -> None:
    """A database of a later release is not touched; the text names both versions."""
    connection = in_memory()
    migrate(connection, CHAIN)
    with pytest.raises(StartupError, match=r"version 3, this release knows 2"):
        migrate(connection, CHAIN[:2])
    connection.close()


def test_another_programs_database_is_refused() -> None:
    """Tables in a database without a version are not ours."""
    connection = in_memory()
    connection.execute("CREATE TABLE theirs (x)")
    with pytest.raises(StartupError, match="another program"):
        migrate(connection, CHAIN)
    connection.close()


def test_numbers_have_no_gap(tmp_path: Path) -> None:
    """Migration files are taken in order; a missing or doubled number is an error, other files are not looked at."""
    for name in ("0002_two.sql", "0001_one.sql", "README.md"):
        (tmp_path / name).write_text(name)
    assert [it.sql for it in in_order(tmp_path.iterdir())] == ["0001_one.sql", "0002_two.sql"]
    for name in ("0004_four.sql", "0002_again.sql"):
        (tmp_path / name).write_text("")
        with pytest.raises(ValueError, match="not numbered 1 to 3"):
            in_order(tmp_path.iterdir())
        (tmp_path / name).unlink()


async def test_a_newer_data_directory_is_refused(tmp_path: Path) -> None:
    """`open_sqlite` passes the refusal on, lets the directory go and leaves the file to the byte as it was."""

    def make() -> bytes:
        connection = sqlite3.connect(tmp_path / DATABASE_NAME)
        connection.execute("PRAGMA user_version = 1000")
        connection.close()
        return (tmp_path / DATABASE_NAME).read_bytes()

    before = await trio.to_thread.run_sync(make)
    for _ in range(2):
        with pytest.raises(StartupError, match="version 1000"):
            async with open_sqlite(tmp_path):
                pass
    assert (tmp_path / DATABASE_NAME).read_bytes() == before


def test_every_version_has_a_fixture() -> None:
    """For each shipped migration there is a database of that version, filled, that must stay readable."""
    assert sorted(path.name for path in FIXTURES.glob("*.sql")) == [
        f"{migration.number:04}.sql" for migration in shipped()
    ]


def test_a_shipped_migration_is_never_edited() -> None:
    """The schema in each version's fixture is the one that the migrations up to it still make."""
    for migration in shipped():
        made, kept = in_memory(), in_memory()
        migrate(made, shipped()[: migration.number])
        kept.executescript((FIXTURES / f"{migration.number:04}.sql").read_text("utf-8"))
        schema = "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
        assert made.execute(schema).fetchall() == kept.execute(schema).fetchall()
        made.close()
        kept.close()


@pytest.mark.parametrize("migration", shipped(), ids=lambda migration: migration.name)
async def test_data_of_every_version_stays_readable(tmp_path: Path, migration: Migration) -> None:
    """A data directory that an earlier release filled opens, reads back whole and takes new ops."""
    script = (FIXTURES / f"{migration.number:04}.sql").read_text("utf-8")

    def fill() -> None:
        connection = sqlite3.connect(tmp_path / DATABASE_NAME, isolation_level=None)
        connection.executescript(script)
        connection.close()

    await trio.to_thread.run_sync(fill)
    async with open_sqlite(tmp_path) as storage:
        log = storage.op_log
        found = await read_all(log, BOARD)
        assert [(it.seq, it.op_id) for it in found] == [
            *((n, OpId(ADA, n)) for n in range(1, 7)),
            *((6 + n, OpId(BOB, counter)) for n, counter in enumerate((4, 2, 9), 1)),
            (10, OpId(ClientId("x.-_"), 1)),
        ]
        assert [it.body for it in found[:9]] == [
            op(it.op_id.client, it.op_id.counter).body for it in found[:9]
        ]
        assert found[9].body == b"\x00\xff\xfe" * 700
        assert await log.head(BOARD) == Head(10, EPOCH, 1_700_000_000_005)
        assert await log.client(BOARD, BOB) == ClientRecord(key(BOB), 9, 1)
        assert await log.seen_by(BOARD, {BOB: 4}) == 7
        assert await log.find(BOARD, [OpId(ADA, 2)]) == {
            OpId(ADA, 2): Receipt(2, 1_700_000_000_000, is_new=False)
        }
        assert await storage.snapshots.load(BOARD) == Checkpoint(9, b'{"elements":[]}')
        assert await storage.snapshots.tombstones(BOARD, [ElementId("❤")]) == {ElementId("❤"): b"gone"}
        assert await storage.boards.page(9, None) == [
            BoardInfo(BOARD, 10, 1_700_000_000_000, 1_700_000_000_005),
            BoardInfo(OTHER, 0, 1_700_000_000_000, 1_700_000_000_000),
        ]
        assert await seqs(log, BOARD, ops(ADA, [6, 7])) == [6, 11]
        await check_metadata(storage.metadata, has_some=migration.number >= 2)


async def check_metadata(metadata: Metadata, *, has_some: bool) -> None:
    """The boards are known, also those from before there were metadata; what was kept reads back."""
    boards = {one.board: one for one in await metadata.chronicle.boards(9)}
    assert boards[BOARD].created_at == AT
    if not has_some:
        assert set(boards) == {BOARD, OTHER}
        assert boards[BOARD].seen_at == AT + 5
        return
    session = await metadata.chronicle.session(SessionId("s-1"))
    assert session is not None
    assert (session.name, session.instance, session.why) == ("Ada ❤", "host:8080", "peer: 1000")
    assert boards[BoardId("gone")].deleted_at == AT + 1
    (entry,) = await metadata.chronicle.audit(9)
    assert entry.line.detail == {"why": "❤"}
    assert await metadata.people.role(BOARD, UserId("ada")) is Role.OWNER
    link = await metadata.links.find(b"d" * 32)
    assert link is not None
    assert link.expires_at == AT + 5


def test_migrations_are_shipped_as_files() -> None:
    """The SQL is in the package, where the wheel takes it from."""
    folder = resources.files("whiteboard.storage").joinpath("migrations")
    assert folder.joinpath("0001_boards.sql").is_file()
