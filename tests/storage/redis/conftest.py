"""A Redis and blobs for tests of the archive."""

from collections.abc import AsyncIterator, Iterator

import pytest
from services.redis_process import RedisProcess, redis_running

from whiteboard.storage.blobs import Blobs
from whiteboard.storage.memory_blobs import open_memory_blobs


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    """One Redis for all tests here."""
    with redis_running(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis(running: RedisProcess) -> RedisProcess:
    """It, empty."""
    running.ask("FLUSHALL")
    return running


@pytest.fixture
async def blobs() -> AsyncIterator[Blobs]:
    """Where the archive's pieces are."""
    async with open_memory_blobs() as opened:
        yield opened
