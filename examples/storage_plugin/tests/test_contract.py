"""The whole contract of whiteboard's storage on files."""

from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import pytest
from whiteboard_files.adapter import open_files

from whiteboard.storage.ports import Storage
from whiteboard.testing.durability_contract import DurabilityContract
from whiteboard.testing.storage_contract import StorageContract
from whiteboard.testing.storage_samples import OpenStorage


class TestFiles(StorageContract, DurabilityContract):
    """`whiteboard_files.adapter`."""

    @pytest.fixture
    def open_storage(self, tmp_path_factory: pytest.TempPathFactory) -> OpenStorage:
        def open_new() -> AbstractAsyncContextManager[Storage]:
            return open_files(tmp_path_factory.mktemp("boards"))

        return open_new

    @pytest.fixture
    def open_place(self, tmp_path: Path) -> OpenStorage:
        return partial(open_files, tmp_path)
