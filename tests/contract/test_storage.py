"""The storage contract on every adapter."""

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from contract.frozen_storage import open_freezing
from services.redis_cluster import RedisCluster, cluster_running
from services.redis_process import RedisProcess, redis_running

from whiteboard.storage.blob_archive import BlobArchive
from whiteboard.storage.memory import open_memory
from whiteboard.storage.memory_blobs import open_memory_blobs
from whiteboard.storage.ports import Storage
from whiteboard.storage.redis import open_redis
from whiteboard.storage.sqlite import open_sqlite
from whiteboard.testing.durability_contract import DurabilityContract
from whiteboard.testing.immediate_contract import ImmediateContract
from whiteboard.testing.storage_contract import CompactedElsewhereContract, StorageContract
from whiteboard.testing.storage_samples import OpenStorage


class TestMemory(CompactedElsewhereContract):
    """`whiteboard.storage.memory`, which compacts by itself."""

    @pytest.fixture
    def open_storage(self) -> OpenStorage:
        return open_memory


class TestMemoryAtOnce(ImmediateContract):
    """`append_now` of `whiteboard.storage.memory`."""

    @pytest.fixture
    def open_storage(self) -> OpenStorage:
        return open_memory


class TestSqlite(StorageContract, DurabilityContract):
    """`whiteboard.storage.sqlite`."""

    @pytest.fixture
    def open_place(self, tmp_path: Path) -> OpenStorage:
        return partial(open_sqlite, tmp_path)

    @pytest.fixture
    def open_storage(self, tmp_path_factory: pytest.TempPathFactory) -> OpenStorage:
        def open_new() -> AbstractAsyncContextManager[Storage]:
            return open_sqlite(tmp_path_factory.mktemp("data"))

        return open_new


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    """One Redis server for all tests of the module; each test has a prefix of its own."""
    with redis_running(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.mark.integration
class TestRedis(StorageContract, DurabilityContract):
    """`whiteboard.storage.redis`, on a real server."""

    @pytest.fixture
    def open_place(self, redis_server: RedisProcess) -> OpenStorage:
        return partial(open_redis, redis_server.url, prefix=f"test-{secrets.token_hex(8)}")

    @pytest.fixture
    def open_storage(self, redis_server: RedisProcess) -> OpenStorage:
        def open_new() -> AbstractAsyncContextManager[Storage]:
            return open_redis(redis_server.url, prefix=f"test-{secrets.token_hex(8)}")

        return open_new


@pytest.mark.integration
class TestRedisWithArchive(CompactedElsewhereContract):
    """The same, while everything is taken out of Redis before every question; the archiver compacts it first."""

    @pytest.fixture
    def open_storage(self, redis_server: RedisProcess) -> OpenStorage:
        @asynccontextmanager
        async def open_new() -> AsyncIterator[Storage]:
            prefix = f"test-{secrets.token_hex(8)}"
            async with open_memory_blobs() as blobs:
                async with open_freezing(redis_server.url, prefix, BlobArchive(blobs)) as storage:
                    yield storage

        return open_new


@pytest.fixture(scope="module")
def redis_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    """One Redis Cluster for all tests of the module; each test has a prefix of its own."""
    with cluster_running(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.mark.integration
class TestRedisCluster(StorageContract):
    """`whiteboard.storage.redis`, on a real cluster of three nodes."""

    @pytest.fixture
    def open_storage(self, redis_cluster: RedisCluster) -> OpenStorage:
        def open_new() -> AbstractAsyncContextManager[Storage]:
            return open_redis(redis_cluster.url, prefix=f"test-{secrets.token_hex(8)}")

        return open_new
