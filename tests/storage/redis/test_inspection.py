"""What is said of a Redis that may lose boards, and of one that is too old."""

from collections.abc import Callable, Sequence
from functools import partial

import pytest
import trio
from integration.polling import until
from services.redis_process import redis_running
from structlog.testing import capture_logs
from structlog.typing import EventDict

from whiteboard.errors import StorageUnavailable
from whiteboard.storage.redis import open_redis

pytestmark = pytest.mark.integration

WARNINGS = {"redis_keeps_nothing", "redis_keeps_late", "redis_evicts"}


@pytest.mark.parametrize(
    ("options", "warnings"),
    [
        ((), set()),
        (("--appendonly", "no"), {"redis_keeps_nothing"}),
        (("--appendfsync", "everysec"), {"redis_keeps_late"}),
        (
            ("--maxmemory-policy", "allkeys-lru", "--appendonly", "no"),
            {"redis_keeps_nothing", "redis_evicts"},
        ),
    ],
)
async def test_risky_settings_are_warned_of_once(
    tmp_path_factory: pytest.TempPathFactory, options: Sequence[str], warnings: set[str]
) -> None:
    """Each setting with which ops or boards can be lost is named in the log at the start."""
    with redis_running(tmp_path_factory.mktemp("redis"), *options) as redis, capture_logs() as events:
        async with open_redis(redis.url) as storage:
            await storage.probe()
            await until(partial(has_looked, redis.order))
            for name in warnings:
                await until(partial(is_told, events, name))
        told = [event["event"] for event in events if event["event"] in WARNINGS]
    assert sorted(told) == sorted(warnings)


def has_looked(order: Callable[..., bytes]) -> bool:
    """Whether settings have been asked for and answered."""
    return b"cmdstat_config|get:calls=1" in order("INFO", "commandstats")


async def test_settings_that_are_not_told_are_no_fault(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where CONFIG is not allowed, as managed services have it, boards are served and nothing is warned of."""
    options = ("--rename-command", "CONFIG", "hidden", "--appendonly", "no")
    with redis_running(tmp_path_factory.mktemp("redis"), *options) as redis, capture_logs() as events:
        async with open_redis(redis.url) as storage:
            await storage.probe()
            await until(partial(is_told, events, "redis_settings_unknown"))
    assert not [event for event in events if event["event"] in WARNINGS]


def is_told(events: list[EventDict], name: str) -> bool:
    """Whether an event is in the log."""
    return any(event["event"] == name for event in events)


async def test_a_redis_that_is_too_old_is_named() -> None:
    """Every call says which version there is and which is needed."""
    async with trio.open_nursery() as nursery:
        (listener,) = await nursery.start(partial(trio.serve_tcp, pretend_to_be_old, 0, host="127.0.0.1"))
        port = listener.socket.getsockname()[1]
        async with open_redis(f"redis://127.0.0.1:{port}/0") as storage:
            with pytest.raises(StorageUnavailable, match=rf"127.0.0.1:{port} is 6\.2\.14: 7\.0 or later"):
                await storage.probe()
        nursery.cancel_scope.cancel()


async def pretend_to_be_old(stream: trio.SocketStream) -> None:
    """Greet as Redis 6.2 does."""
    hello = b"%3\r\n$7\r\nversion\r\n$6\r\n6.2.14\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:1\r\n"
    async for _ in stream:
        await stream.send_all(hello)
