"""`/healthz` and `/readyz`."""

import httpx2
import pytest
import structlog
import trio
import trio.testing
from web.stand_ins import Site, error

from whiteboard import __version__, timeouts
from whiteboard.errors import StorageUnavailable
from whiteboard.web.readiness import Readiness


@pytest.fixture
def client(site: Site) -> httpx2.AsyncClient:
    """One app for many requests: it remembers its probes."""
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(site.app()), base_url="http://localhost")


async def test_alive_whatever_happens(site: Site) -> None:
    """A full disk or a drain is no reason to be killed. [HTTP-3]"""
    site.rooms.not_ready = ["draining"]
    site.probe.fault = StorageUnavailable("disk full")

    assert (await site.get("/healthz")).json() == {"alive": True, "version": __version__}
    assert site.probe.count == 0


async def test_ready(client: httpx2.AsyncClient) -> None:
    """Nothing is wrong. [HTTP-3]"""
    answer = await client.get("/readyz")

    assert (answer.status_code, answer.json()) == (200, {"ready": True})


async def test_every_reason_is_told(site: Site, client: httpx2.AsyncClient) -> None:
    """Draining and a failing store, both; not what the store said, which may name files. [HTTP-3]"""
    site.rooms.not_ready = ["draining"]
    site.probe.fault = StorageUnavailable("/secret: disk full")
    answer = await client.get("/readyz")

    assert error(answer) == (503, "not_ready")
    assert answer.json()["error"]["reason"] == "draining; storage does not take writes"
    assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize("clock", [trio.testing.MockClock(autojump_threshold=0)])
async def test_a_probe_serves_for_a_while_and_readiness_recovers(
    site: Site, client: httpx2.AsyncClient, clock: trio.testing.MockClock
) -> None:
    """One write per STORAGE_RETRY, however many ask; recovery is seen at the next one."""
    site.probe.fault = StorageUnavailable("disk full")
    assert [(await client.get("/readyz")).status_code for _ in range(3)] == [503] * 3
    assert site.probe.count == 1
    site.probe.fault = None
    await trio.sleep(timeouts.STORAGE_RETRY.seconds)

    assert [(await client.get("/readyz")).status_code for _ in range(3)] == [200] * 3
    assert site.probe.count == 2


async def test_a_hanging_store_is_not_ready(
    site: Site, client: httpx2.AsyncClient, autojump_clock: trio.testing.MockClock
) -> None:
    """The answer comes within the second that supervisors give, to everybody who asks meanwhile."""
    site.probe.hangs = True
    statuses = []

    async def ask() -> None:
        statuses.append((await client.get("/readyz")).status_code)

    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(ask)

    assert statuses == [503] * 5
    assert trio.current_time() - began == pytest.approx(timeouts.READY_PROBE.seconds)
    assert site.probe.count == 1


async def test_only_changes_are_logged(site: Site, autojump_clock: trio.testing.MockClock) -> None:
    """Supervisors ask every few seconds; the log says when it began and when it ended."""
    with structlog.testing.capture_logs() as events:
        readiness = Readiness(site.services())
        for not_ready in ([], ["draining"], ["draining"], [], []):
            site.rooms.not_ready = not_ready
            await readiness.readyz(None)  # type: ignore[arg-type]

    assert [event["event"] for event in events] == ["readiness_lost", "readiness_regained"]
    assert events[0]["storage"] is None


async def test_the_log_says_what_is_wrong_with_storage(site: Site) -> None:
    """And where, which whoever asks /readyz is not told."""
    site.probe.fault = StorageUnavailable("Redis at redis.internal:6379: connection refused")
    with structlog.testing.capture_logs() as events:
        await Readiness(site.services()).readyz(None)  # type: ignore[arg-type]
    assert [event["storage"] for event in events if event["event"] == "readiness_lost"] == [
        "Redis at redis.internal:6379: connection refused"
    ]
