"""The contract of blobs on every adapter."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager

import pytest
from services.s3_process import BUCKET, REGION, s3_running

from whiteboard.storage.blobs import Blobs
from whiteboard.storage.files import open_files
from whiteboard.storage.memory_blobs import open_memory_blobs
from whiteboard.storage.s3 import open_s3
from whiteboard.testing.blobs_contract import BlobsContract, OpenBlobs

pytestmark = pytest.mark.long_steps(reason="what has as many bytes as a blob may takes their time")


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


OpenAt = Callable[[str], AbstractAsyncContextManager[Blobs]]
"""A bucket, below a prefix."""


@pytest.fixture(scope="module")
def open_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenAt]:
    """One S3 server for all tests of the module: our own, or the one that S3_ENDPOINT names.

    That one is asked for the bucket S3_BUCKET in S3_REGION, with the credentials of the usual AWS_ variables.
    """
    if endpoint := os.environ.get("S3_ENDPOINT"):
        bucket, region = os.environ["S3_BUCKET"], os.environ.get("S3_REGION")
        yield lambda prefix: open_s3(bucket, endpoint=endpoint, region=region, prefix=prefix)
        return
    with s3_running(tmp_path_factory.mktemp("s3")) as own:
        yield lambda prefix: open_s3(
            BUCKET,
            endpoint=own.endpoint,
            region=REGION,
            prefix=prefix,
            access_key=own.access_key,
            secret_key=own.secret_key,
        )


@pytest.mark.integration
class TestS3(BlobsContract):
    """`whiteboard.storage.s3`, on a server that stores and verifies signatures."""

    @pytest.fixture
    def open_blobs(self, open_at: OpenAt) -> OpenBlobs:
        return lambda: open_at(f"test/{secrets.token_hex(8)}")
