"""The storage contract on every adapter."""

import secrets
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager

import pytest
from contract.storage_contract import StorageContract
from contract.storage_samples import OpenStorage
from services.redis_cluster import RedisCluster, cluster_running
from services.redis_process import RedisProcess, redis_running

from whiteboard.storage.memory import open_memory
from whiteboard.storage.ports import Storage
from whiteboard.storage.redis import open_redis
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


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    """One Redis server for all tests of the module; each test has a prefix of its own."""
    with redis_running(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.mark.integration
class TestRedis(StorageContract):
    """`whiteboard.storage.redis`, on a real server."""

    @pytest.fixture
    def open_storage(self, redis_server: RedisProcess) -> OpenStorage:
        def open_new() -> AbstractAsyncContextManager[Storage]:
            return open_redis(redis_server.url, prefix=f"test-{secrets.token_hex(8)}")

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
