"""The HTTP side of the real server: one port, one base path, sockets and pages."""

import json

import pytest
import trio
from integration.bare_socket import Ended, bare_socket
from integration.conftest import Serve
from integration.server_process import Json, ServerProcess

pytestmark = pytest.mark.integration

UPGRADE = {
    "Host": "localhost",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


async def knock(server: ServerProcess, path: str, **changes: str) -> tuple[int, Json]:
    """What the server says to an upgrade request: status and error."""
    fields = UPGRADE | {name.replace("_", "-"): value for name, value in changes.items()}
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    async with await trio.open_tcp_stream("127.0.0.1", server.port) as stream:
        await stream.send_all("\r\n".join(lines).encode())
        data = b"".join([part async for part in stream])
    head, _, body = data.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["error"]


async def test_one_port_serves_everything_under_the_base_path(serve: Serve) -> None:
    """API, health and sockets; an upgrade that is none of ours gets an error. [HTTP-1] [HTTP-14] [CON-2]"""
    server = serve("memory", "--base-path", "/wb")
    async with bare_socket(f"{server.url}/wb", "b") as one:
        await one.enter()
        await one.say({"type": "note", "id": "n", "x": 1})
        await one.hear_kind("ack")
    for path in ("/wb/healthz", "/wb/readyz", "/wb/api/boards", "/wb/asyncapi.json"):
        assert (await server.fetch(path))[0] == 200
    _, board = await server.fetch("/wb/api/boards/b")
    assert [element["id"] for element in board["elements"]] == ["n"]
    for path in ("/wb/ws/a%20b", "/wb/ws/..", "/wb/ws/", "/wb/elsewhere"):
        status, error = await knock(server, path)
        assert (status, set(error)) == (404, {"code", "reason"})
    status, error = await knock(server, "/wb/ws/b", Origin="https://evil.example")
    assert (status, set(error)) == (403, {"code", "reason"})
    status, error = await knock(server, "/wb/ws/b", Sec_WebSocket_Version="8")
    assert (status, set(error)) == (426, {"code", "reason"})


async def test_deleting_a_board_ends_its_sessions(serve: Serve) -> None:
    """204, 4404 for who is on it, 404 for who asks for it. [HTTP-6] [HTTP-12]"""
    server = serve("memory")
    async with bare_socket(server.url, "b") as one:
        await one.enter()
        await one.say({"type": "note", "id": "n", "x": 1})
        await one.hear_kind("ack")
        status, _ = await trio.to_thread.run_sync(server.request, "DELETE", "/api/boards/b")
        assert status == 204
        with pytest.raises(Ended) as ended:
            await one.hear_kind("never")
        assert ended.value.code == 4404
    status, body = await server.fetch("/api/boards/b")
    assert (status, body["error"]["code"]) == (404, "no_such_board")
