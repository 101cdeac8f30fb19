"""The archive contract on PostgreSQL, with the bodies in it and with the bodies elsewhere."""

import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
import trio
from services.postgres_process import PostgresProcess, postgres_running
from services.s3_process import BUCKET, REGION, S3Process, s3_running

from whiteboard.errors import StorageCorrupt, StorageUnavailable
from whiteboard.storage import blobs
from whiteboard.storage.archive import Archive, PieceKind
from whiteboard.storage.blob_archive import BlobArchive
from whiteboard.storage.blobs import BlobInfo, Blobs
from whiteboard.storage.memory_blobs import open_memory_blobs
from whiteboard.storage.postgres import PostgresArchive, open_postgres
from whiteboard.storage.postgres.archive import body_name
from whiteboard.storage.s3 import open_s3
from whiteboard.testing.archive_contract import BOARD, EPOCH, ArchiveContract, OpenArchive, piece_of

pytestmark = pytest.mark.integration


class DictBlobs:
    """Blobs in a dict; can fail. See `whiteboard.storage.blobs.Blobs`."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.is_away = False
        self.did: list[str] = []

    async def put(self, name: str, body: bytes) -> None:
        blobs.check_name(name)
        await self._enter("put")
        self.kept[name] = body

    async def get(self, name: str) -> bytes | None:
        await self._enter("get")
        return self.kept.get(name)

    async def size(self, name: str) -> int | None:
        await self._enter("size")
        return len(self.kept[name]) if name in self.kept else None

    async def page(self, prefix: str, limit: int, after: str | None = None) -> Sequence[BlobInfo]:
        await self._enter("page")
        names = sorted(name for name in self.kept if name.startswith(prefix) and name > (after or ""))
        return [BlobInfo(name, len(self.kept[name])) for name in names[:limit]]

    async def delete(self, name: str) -> None:
        await self._enter("delete")
        self.kept.pop(name, None)

    async def probe(self) -> None:
        await self._enter("probe")

    async def _enter(self, what: str) -> None:
        await trio.lowlevel.checkpoint()
        if self.is_away:
            raise StorageUnavailable("the blobs are away")
        self.did.append(what)


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresProcess]:
    """One PostgreSQL server for all tests of the module; each test has a database of its own."""
    with postgres_running() as running:
        yield running


class TestBlobs(ArchiveContract):
    """`BlobArchive`, whose names are its index."""

    @pytest.fixture
    def open_archive(self) -> OpenArchive:
        @asynccontextmanager
        async def open_new() -> AsyncIterator[Archive]:
            async with open_memory_blobs() as blobs:
                yield BlobArchive(blobs)

        return open_new


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Process]:
    """One S3 server for all tests of the module; each test has a prefix of its own."""
    with s3_running(tmp_path_factory.mktemp("s3")) as running:
        yield running


def bucket(s3: S3Process) -> AbstractAsyncContextManager[Blobs]:
    """An empty place in it."""
    return open_s3(
        BUCKET,
        endpoint=s3.endpoint,
        region=REGION,
        prefix=secrets.token_hex(8),
        access_key=s3.access_key,
        secret_key=s3.secret_key,
    )


@pytest.mark.integration
class TestS3(ArchiveContract):
    """`BlobArchive` in a bucket."""

    @pytest.fixture
    def open_archive(self, s3: S3Process) -> OpenArchive:
        @asynccontextmanager
        async def open_new() -> AsyncIterator[Archive]:
            async with bucket(s3) as blobs:
                yield BlobArchive(blobs)

        return open_new


class TestPostgres(ArchiveContract):
    """`PostgresArchive` with the bodies in its rows."""

    @pytest.fixture
    def open_archive(self, postgres: PostgresProcess) -> OpenArchive:
        @asynccontextmanager
        async def open_new() -> AsyncIterator[Archive]:
            async with open_postgres(postgres.new_database()) as opened:
                yield PostgresArchive(opened.pool)

        return open_new


class TestPostgresWithBodiesElsewhere(ArchiveContract):
    """`PostgresArchive` with the bodies in a store of blobs."""

    @pytest.fixture
    def open_archive(self, postgres: PostgresProcess) -> OpenArchive:
        @asynccontextmanager
        async def open_new() -> AsyncIterator[Archive]:
            bodies = DictBlobs()
            async with open_postgres(postgres.new_database()) as opened:
                yield PostgresArchive(opened.pool, bodies)
            bodies.is_away = True

        return open_new


async def test_a_row_comes_after_its_blob_and_goes_before_it(postgres: PostgresProcess) -> None:
    """Blobs that are away leave no row without bytes; a row that is gone has its blob gone next, or at `forget`."""
    bodies = DictBlobs()
    piece = piece_of(b"body", 7)
    async with open_postgres(postgres.new_database()) as opened:
        archive = PostgresArchive(opened.pool, bodies)
        bodies.is_away = True
        with pytest.raises(StorageUnavailable):
            await archive.put(piece, b"body")
        with pytest.raises(StorageUnavailable):
            await archive.probe()
        assert await archive.newest(BOARD, EPOCH, PieceKind.CHECKPOINT) is None
        bodies.is_away = False
        await archive.put(piece, b"body")
        assert bodies.kept == {body_name(piece): b"body"}
        bodies.is_away = True
        with pytest.raises(StorageUnavailable):
            await archive.delete(piece)
        assert await archive.newest(BOARD, EPOCH, PieceKind.CHECKPOINT) is None
        bodies.is_away = False
        assert len(bodies.kept) == 1
        await archive.forget(BOARD, EPOCH)
        assert bodies.kept == {}


async def test_a_replaced_piece_leaves_no_blob(postgres: PostgresProcess) -> None:
    """The old bytes go once the row tells of the new ones; the same bytes again stay."""
    bodies = DictBlobs()
    async with open_postgres(postgres.new_database()) as opened:
        archive = PostgresArchive(opened.pool, bodies)
        for body in (b"one", b"two", b"two"):
            await archive.put(piece_of(body, 7), body)
            assert bodies.kept == {body_name(piece_of(body, 7)): body}
        assert postgres.execute("SELECT body FROM pieces", opened.pool.dsn) == [(None,)]


async def test_damage_is_noticed(postgres: PostgresProcess) -> None:
    """Bytes that do not match their checksum are never given, wherever they are kept."""
    bodies = DictBlobs()
    piece = piece_of(b"body", 7)
    async with open_postgres(postgres.new_database()) as opened:
        inside, outside = PostgresArchive(opened.pool), PostgresArchive(opened.pool, bodies)
        await inside.put(piece, b"body")
        postgres.execute("UPDATE pieces SET body = 'bodY'", opened.pool.dsn)
        with pytest.raises(StorageCorrupt, match="damaged"):
            await inside.get(piece)
        await outside.put(piece, b"body")
        bodies.kept[body_name(piece)] = b"bod"
        with pytest.raises(StorageCorrupt, match="damaged"):
            await outside.get(piece)


def test_the_longest_name_of_a_blob() -> None:
    """It is one that blobs may have."""
    blobs.check_name(body_name(piece_of(b"", 2**53 - 1, board=type(BOARD)("x" * 128), epoch="e" * 64)))
