"""Spans of a real server at a collector that speaks OTLP/HTTP (R55, R60)."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from integration.bare_socket import bare_socket
from integration.server_process import ServerProcess
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

pytestmark = pytest.mark.integration


@contextmanager
def collector() -> Iterator[tuple[str, list[ExportTraceServiceRequest]]]:
    """One that keeps what it gets: its URL and the requests."""
    got: list[ExportTraceServiceRequest] = []

    class Take(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            assert self.path == "/v1/traces"
            got.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Take)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def spans_of(requests: list[ExportTraceServiceRequest]) -> list[tuple[str, dict[str, Any], list[str]]]:
    """Name, attributes and events of each."""
    return [
        (
            span.name,
            {one.key: _plain(one.value) for one in span.attributes},
            [event.name for event in span.events],
        )
        for request in requests
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def _plain(value: Any) -> Any:
    return getattr(value, value.WhichOneof("value"))


async def test_sessions_and_commits_are_spans(tmp_path: Path) -> None:
    """Each with its board and the version of all durations in force; those that are left leave with the server."""
    with collector() as (url, got), ServerProcess(tmp_path, "sqlite", "--traces-endpoint", url) as server:
        async with bare_socket(server.url, "b") as one:
            await one.enter()
            await one.say({"type": "note", "id": "n", "x": 1})
            await one.hear_kind("ack")
        _, told = await server.fetch("/debug/timeouts")
        assert server.stop() == 0
        found = spans_of(got)
    sessions = [(attributes, events) for name, attributes, events in found if name == "session"]
    commits = [attributes for name, attributes, _ in found if name == "commit"]
    assert [(attributes["board"], events) for attributes, events in sessions] == [("b", ["closed"])]
    assert [(commit["board"], commit["ops"], commit["durable"]) for commit in commits] == [("b", 1, "disk")]
    assert {one["timeout_config_version"] for one in (sessions[0][0], *commits)} == {
        told["timeout_config_version"]
    }
    assert commits[0]["timeout.name"] == "commit"
    resource = {one.key: _plain(one.value) for one in got[0].resource_spans[0].resource.attributes}
    assert resource["service.name"] == "whiteboard"
    assert resource["service.instance.id"].endswith(f":{server.port}")


async def test_a_collector_that_is_away_keeps_nobody(tmp_path: Path) -> None:
    """People draw, and the server ends as it should."""
    with ServerProcess(tmp_path, "memory", "--traces-endpoint", "http://127.0.0.1:9") as server:
        async with bare_socket(server.url, "b") as one:
            await one.enter()
            await one.say({"type": "note", "id": "n", "x": 1})
            await one.hear_kind("ack")
