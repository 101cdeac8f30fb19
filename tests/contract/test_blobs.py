"""The contract of blobs on every adapter."""

import secrets
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager

import pytest
from services.s3_process import BUCKET, REGION, S3Process, s3_running

from whiteboard.storage.blobs import Blobs
from whiteboard.storage.files import open_files
from whiteboard.storage.memory_blobs import open_memory_blobs
from whiteboard.storage.s3 import open_s3
from whiteboard.testing.blobs_contract import BlobsContract, OpenBlobs


class TestMemory(BlobsContract):
    """`whiteboard.storage.memory_blobs`."""

    @pytest.fixture
    def open_blobs(self) -> OpenBlobs:
        return open_memory_blobs


class TestFiles(BlobsContract):
    """`whiteboard.storage.files`."""

    @pytest.fixture
    def open_blobs(self, tmp_path_factory: pytest.TempPathFactory) -> OpenBlobs:
        def open_new() -> AbstractAsyncContextManager[Blobs]:
            return open_files(tmp_path_factory.mktemp("blobs"))

        return open_new


@pytest.fixture(scope="module")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Process]:
    """One S3 server for all tests of the module; each test has a prefix of its own."""
    with s3_running(tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.mark.integration
class TestS3(BlobsContract):
    """`whiteboard.storage.s3`, on a server that stores and verifies signatures."""

    @pytest.fixture
    def open_blobs(self, s3_server: S3Process) -> OpenBlobs:
        def open_new() -> AbstractAsyncContextManager[Blobs]:
            return open_s3(
                BUCKET,
                endpoint=s3_server.endpoint,
                region=REGION,
                prefix=f"test/{secrets.token_hex(8)}",
                access_key=s3_server.access_key,
                secret_key=s3_server.secret_key,
            )

        return open_new
