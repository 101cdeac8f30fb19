"""The storage contract on every adapter that needs no server."""

from contextlib import AbstractAsyncContextManager

import pytest
from contract.storage_contract import StorageContract
from contract.storage_samples import OpenStorage

from whiteboard.storage.memory import open_memory
from whiteboard.storage.ports import Storage
from whiteboard.storage.sqlite import open_sqlite


class TestMemory(StorageContract):
    """`whiteboard.storage.memory`."""

    @pytest.fixture
    def open_storage(self) -> OpenStorage:
        return open_memory


class TestSqlite(StorageContract):
    """`whiteboard.storage.sqlite`."""

    @pytest.fixture
    def open_storage(self, tmp_path_factory: pytest.TempPathFactory) -> OpenStorage:
        def open_new() -> AbstractAsyncContextManager[Storage]:
            return open_sqlite(tmp_path_factory.mktemp("data"))

        return open_new
