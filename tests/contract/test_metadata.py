"""The metadata contract on every adapter."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from services.postgres_process import PostgresProcess, postgres_running

from whiteboard.storage.memory_metadata import open_memory_metadata
from whiteboard.storage.metadata import Metadata
from whiteboard.storage.postgres import open_postgres
from whiteboard.storage.sqlite import open_sqlite
from whiteboard.testing.metadata_contract import MetadataContract, OpenMetadata, metadata_of


class TestMemory(MetadataContract):
    """`whiteboard.storage.memory_metadata`."""

    @pytest.fixture
    def open_metadata(self) -> OpenMetadata:
        return open_memory_metadata


class TestSqlite(MetadataContract):
    """`whiteboard.storage.sqlite`."""

    @pytest.fixture
    def open_metadata(self, tmp_path_factory: pytest.TempPathFactory) -> OpenMetadata:
        def open_new() -> AbstractAsyncContextManager[Metadata]:
            return metadata_of(open_sqlite(tmp_path_factory.mktemp("data")))

        return open_new


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresProcess]:
    """One PostgreSQL server for all tests of the module; each test has a database of its own."""
    with postgres_running() as running:
        yield running


@pytest.mark.integration
class TestPostgres(MetadataContract):
    """`whiteboard.storage.postgres`, on a real server."""

    @pytest.fixture
    def open_metadata(self, postgres: PostgresProcess) -> OpenMetadata:
        @asynccontextmanager
        async def open_new() -> AsyncIterator[Metadata]:
            async with open_postgres(postgres.new_database()) as opened:
                yield opened.metadata

        return open_new
