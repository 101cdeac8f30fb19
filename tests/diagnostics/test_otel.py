"""Spans at a collector that is away, or stands still, and what is said of it (R55)."""

import logging
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import structlog
import trio
from integration.polling import until

from whiteboard import timeouts
from whiteboard.diagnostics import otel, tracing
from whiteboard.diagnostics.otel import LOST, open_otel

pytestmark = pytest.mark.long_steps(
    reason="the SDK makes its exporter at the start, with TLS contexts, in some 50 ms"
)


class Moody(BaseHTTPRequestHandler):
    """A collector that takes spans or not."""

    status = 200
    stands_still = threading.Event()
    bodies: list[bytes] = []  # noqa: RUF012 - of the test that runs

    def do_POST(self) -> None:
        """Take them."""
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        if self.status == 0:
            self.stands_still.wait(30)
            return
        self.send_response(self.status)
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def collector() -> Iterator[str]:
    """Its URL."""
    Moody.status = 200
    Moody.stands_still.clear()
    Moody.bodies.clear()
    with HTTPServer(("127.0.0.1", 0), Moody) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        Moody.stands_still.set()
        server.shutdown()
        thread.join()


async def bodies(count: int) -> None:
    """Wait until so many requests have come."""
    await until(lambda: len(Moody.bodies) >= count)


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spans are sent at once."""
    monkeypatch.setattr(timeouts.TRACE_EVERY, "seconds", 0.05)


@pytest.mark.usefixtures("often")
async def test_a_collector_that_refuses_is_told_of_once(
    collector: str, caplog: pytest.LogCaptureFixture
) -> None:
    """When it begins, and when it is over, with the number of spans that were lost; not with every batch."""
    Moody.status = 400
    before = LOST.values()[""]
    with structlog.testing.capture_logs() as said, caplog.at_level(logging.WARNING, otel._LIBRARY.name):
        async with open_otel(collector, 1.0, "here"):
            for count in (1, 2, 3, 4):
                Moody.status = 200 if count == 4 else 400
                with tracing.span("commit"):
                    pass
                await bodies(count)
                await until(partial(_are_lost, before + min(count, 3)))
            await until(lambda: any(one["event"] == "traces_sent_again" for one in said))
    assert [one["lost"] for one in said if one["event"] == "traces_sent_again"] == [3]
    refusals = [record for record in caplog.records if "code: 400" in record.getMessage()]
    assert len(refusals) == 1, [record.getMessage() for record in caplog.records]
    assert otel._LIBRARY.filters == []


def _are_lost(spans: float) -> bool:
    return LOST.values()[""] >= spans


@pytest.mark.usefixtures("often")
async def test_a_fault_is_told_without_its_words(collector: str) -> None:
    """They may have what somebody wrote; kind and place are enough to find it."""
    async with open_otel(collector, 1.0, "here"):
        with pytest.raises(KeyError), tracing.span("commit"):
            raise KeyError("our secret plans")
        await bodies(1)
    assert b"KeyError" in Moody.bodies[0]
    assert b"test_otel.py" in Moody.bodies[0]
    assert b"secret plans'" not in Moody.bodies[0]


@pytest.mark.usefixtures("often")
async def test_a_collector_that_stands_still_keeps_nobody(
    collector: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It accepts and never answers: the block ends within CLEANUP all the same."""
    Moody.status = 0
    monkeypatch.setattr(timeouts.CLEANUP, "seconds", 0.2)
    async with open_otel(collector, 1.0, "here"):
        with tracing.span("commit"):
            pass
        await bodies(1)
        began = trio.current_time()
    assert trio.current_time() - began < timeouts.TRACE_EXPORT.seconds
    assert tracing.begin("session") is None
