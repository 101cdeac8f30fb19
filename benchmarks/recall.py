"""How much of what runs the call graph of the source shows: on installed Trio packages, and on recorded edges.

python benchmarks/recall.py                       # hypercorn and trio-websocket, served on loopback
python benchmarks/recall.py whiteboard edges.json # a package, and what its tests were seen to call
"""

import argparse
import importlib.util
import resource
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

import h2.config
import h2.connection
import trio
from trio_websocket import (
    ConnectionClosed,
    ConnectionRejected,
    WebSocketConnection,
    WebSocketRequest,
    open_websocket_url,
    serve_websocket,
)

from whiteboard.governance.graph.build import build
from whiteboard.governance.graph.dynamic import Recorder, SeenEdge, merge, read_edges
from whiteboard.governance.graph.model import EdgeKind, Graph
from whiteboard.governance.sources import read_folder
from whiteboard.transport.http_front import Receive, Scope, Send

INSTALLED = ("hypercorn", "trio_websocket")
LONGEST_RUN = 30.0
"""Seconds; the served conversations take one or two."""


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """An ASGI application that echoes bodies and messages, and fails when asked to."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "websocket":
        await _echo_messages(receive, send)
    else:
        await _echo_body(scope, receive, send)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return


async def _echo_messages(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return
        await send({**message, "type": "websocket.send"})


async def _echo_body(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"] == "/fail":
        raise RuntimeError("as asked")
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    headers = [(b"content-length", str(len(body)).encode())] if scope["path"] == "/sized" else []
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def talk_http1(port: int) -> None:
    """Two requests on one connection, a chunked body, a failing one, and nonsense."""
    requests = [
        b"GET /a HTTP/1.1\r\nhost: x\r\n\r\nPOST /sized HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc",
        b"POST /c HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        b"GET /fail HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"GET /old HTTP/1.0\r\n\r\n",
    ]
    for request in requests:
        stream = await trio.open_tcp_stream("127.0.0.1", port)
        async with stream:
            await stream.send_all(request)
            with trio.move_on_after(0.3):
                while await stream.receive_some():
                    pass


async def talk_http2(port: int) -> None:
    """Two streams at once, a ping, a reset and a goodbye, with prior knowledge."""
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
    connection.initiate_connection()
    stream = await trio.open_tcp_stream("127.0.0.1", port)
    head = [(":method", "POST"), (":scheme", "http"), (":authority", "x"), (":path", "/two")]
    async with stream:
        for number in (1, 3):
            connection.send_headers(number, head)
            connection.send_data(number, b"x" * 100, end_stream=True)
        connection.send_headers(5, head)
        connection.ping(b"12345678")
        await stream.send_all(connection.data_to_send())
        with trio.move_on_after(0.5):
            while data := await stream.receive_some():
                connection.receive_data(data)
                await stream.send_all(connection.data_to_send())
        connection.reset_stream(5)
        connection.close_connection()
        await stream.send_all(connection.data_to_send())


async def talk_websocket(port: int) -> None:
    """Text, bytes, a ping, a large message, and a close from either side."""
    async with open_websocket_url(f"ws://127.0.0.1:{port}/ws") as socket:
        for message in ("hello", b"bytes", "x" * 100_000):
            await socket.send_message(message)
            await socket.get_message()
        await socket.ping(b"there?")
    with trio.move_on_after(1):
        async with open_websocket_url(f"ws://127.0.0.1:{port}/ws") as socket:
            await socket.aclose(1001, "leaving")


async def _echo_socket(request: WebSocketRequest) -> None:
    socket: WebSocketConnection = await request.accept()
    try:
        while True:
            await socket.send_message(await socket.get_message())
    except ConnectionClosed:
        await socket.aclose()


async def _reject_or_echo(request: WebSocketRequest) -> None:
    if request.path == "/no":
        await request.reject(403, body=b"no")
    else:
        await _echo_socket(request)


async def _talk_to_trio_websocket(nursery: trio.Nursery) -> None:
    server = await nursery.start(partial(serve_websocket, _reject_or_echo, "127.0.0.1", 0, None))
    await talk_websocket(server.port)
    try:
        async with open_websocket_url(f"ws://127.0.0.1:{server.port}/no"):
            pass
    except ConnectionRejected as refusal:
        str(refusal)  # what an application would log


async def converse() -> None:
    """Serves with Hypercorn and with trio-websocket, and talks to both."""
    from hypercorn.config import Config  # noqa: PLC0415 - its own calls on import are to be seen
    from hypercorn.trio import serve  # noqa: PLC0415 - the same

    config = Config()
    config.bind = ["127.0.0.1:0"]
    config.accesslog = "-"
    config.errorlog = None
    stop = trio.Event()
    with trio.fail_after(LONGEST_RUN):
        async with trio.open_nursery() as nursery:
            started = partial(serve, cast(Any, application), config, shutdown_trigger=stop.wait)
            bound = await nursery.start(started)
            port = int(bound[0].rpartition(":")[2])
            await talk_http1(port)
            await talk_http2(port)
            await talk_websocket(port)
            await _talk_to_trio_websocket(nursery)
            stop.set()
            nursery.cancel_scope.deadline = trio.current_time() + 2


def folder_of(package: str) -> Path:
    """Where an installed package, or one given by its folder, lies."""
    if Path(package).is_dir():
        return Path(package)
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise SystemExit(f"there is no package {package}")
    return Path(spec.origin).parent


def report(package: str, edges: Sequence[SeenEdge], *, sample: bool) -> None:
    """Prints size, time, memory, recall and what was missed."""
    sources = read_folder(folder_of(package))
    before = time.process_time()
    graph = build(sources.files)
    took = time.process_time() - before
    merged = merge(
        graph, [edge for edge in edges if edge.caller.module.split(".")[0] == folder_of(package).name]
    )
    lines = sum(len(each.lines) for each in sources.files)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    seen = merged.confirmed + len(merged.missing)
    calls = sum(graph.call_counts.values())
    print(f"{package}: {lines} lines, {len(graph.functions)} functions, {took:.2f} s CPU, {memory} MB peak")
    print(f"  {calls} calls, {calls - len(graph.unresolved)} resolved; {len(graph.edges)} edges")
    print(
        f"  recall {merged.recall:.1%} of {seen} edges seen; without references and guesses {_strict(merged.graph, seen):.1%}"
    )
    for edge in merged.missing:
        print(
            f"  missing {edge.caller} -> {edge.callee}   {edge.site.path}:{edge.site.line} {edge.site.text[:60]}"
        )
    for each in merged.unknown:
        print(f"  unknown {each}")
    if sample:
        _print_sample(graph)


def _strict(graph: Graph, seen: int) -> float:
    sure = {
        (e.caller, e.callee)
        for e in graph.edges
        if e.origin == "both" and e.kind not in (EdgeKind.REFERENCE, EdgeKind.BY_NAME)
    }
    return len(sure) / seen if seen else 1.0


def _print_sample(graph: Graph) -> None:
    """Thirty edges within the package, evenly spread, to be checked by hand."""
    inner = [edge for edge in graph.edges if edge.callee in graph.functions]
    for edge in inner[:: max(1, len(inner) // 30)][:30]:
        print(
            f"  {edge.kind.value:9} {edge.caller} -> {edge.callee}   {edge.site.path}:{edge.site.line} {edge.site.text}"
        )


def main() -> None:
    """Measures what is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("package", nargs="?", help="the folder of a package")
    parser.add_argument("edges", nargs="*", type=Path, help="what its tests were seen to call")
    parser.add_argument("--sample", action="store_true", help="print thirty edges to check by hand")
    asked = parser.parse_args()
    if asked.package:
        report(
            asked.package, [edge for file in asked.edges for edge in read_edges(file)], sample=asked.sample
        )
        return
    recorder = Recorder({name: folder_of(name) for name in INSTALLED})
    recorder.start()
    trio.run(converse)
    recorder.stop()
    for name in INSTALLED:
        report(name, recorder.edges(), sample=asked.sample)


if __name__ == "__main__":
    main()
