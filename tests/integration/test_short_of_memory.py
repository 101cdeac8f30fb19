"""A server that comes to have as much memory as it may, and less again (R42)."""

import json
import os
from http.client import HTTPConnection

import pytest
from integration.bare_socket import BareSocket, bare_socket
from integration.conftest import Serve
from integration.polling import until
from integration.server_process import Json, ServerProcess
from web.pictures_made import png

from whiteboard.diagnostics.memory.ladder import Rung
from whiteboard.limits import MIB

pytestmark = pytest.mark.integration

SOFT_LIMIT = 192 * MIB
"""A server that has just started has some 70."""
ENOUGH = 1.1
"""So far beyond the limit that no giving back ends it before it is seen."""
PICTURE_BYTES = 4 * MIB
SETTLE_SECONDS = 90.0
RUNGS = [rung.label for rung in Rung]


@pytest.fixture
def server(serve: Serve) -> ServerProcess:
    """One that keeps everything in memory, pictures too."""
    return serve("memory", "--memory-soft-limit", f"{SOFT_LIMIT // MIB}MiB")


async def memory(server: ServerProcess) -> Json:
    """What it says of its memory."""
    found: Json = (await server.fetch("/debug/tasks"))[1]["memory"]
    return found


def hang_up(server: ServerProcess, board: str) -> None:
    """Put one more picture on a board."""
    picture = png()
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request(
            "POST", f"/api/boards/{board}/assets", picture + os.urandom(PICTURE_BYTES - len(picture))
        )
        assert connection.getresponse().status == 201
    finally:
        connection.close()


async def climb(server: ServerProcess) -> list[str]:
    """Hang up pictures until nobody is let in any more; on which rungs it was seen meanwhile."""
    seen: list[str] = []
    for _ in range(2 * SOFT_LIMIT // PICTURE_BYTES):
        hang_up(server, "pictures")
        rung = (await memory(server))["rung"]
        if rung not in seen:
            seen.append(rung)
        if server.rss_bytes() > ENOUGH * SOFT_LIMIT:
            break
    await until(lambda: is_on(server, "refuse"), SETTLE_SECONDS)
    return [*(one for one in seen if one != "refuse"), "refuse"]


async def is_on(server: ServerProcess, rung: str) -> bool:
    """Whether it says so."""
    return bool((await memory(server))["rung"] == rung)


async def draw(one: BareSocket, number: int) -> Json:
    """Draw a stroke; its ack."""
    await one.say({"type": "stroke", "id": f"s{number}", "points": [[0, number]], "opId": f"c-1:{number}"})
    return await one.hear_kind("ack")


def refusal(server: ServerProcess, board: str) -> tuple[int, str | None, str]:
    """How an upgrade is answered: status, when to come back, and the code."""
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request("GET", f"/ws/{board}", headers=upgrade)
        answer = connection.getresponse()
        return answer.status, answer.headers["Retry-After"], json.loads(answer.read())["error"]["code"]
    finally:
        connection.close()


async def test_it_climbs_refuses_serves_on_and_recovers(server: ServerProcess) -> None:
    """Who is there stays and is stored, who comes is sent away, boards without people leave memory; all is counted. [HTTP-3] [HTTP-14]"""
    async with bare_socket(server.url, "left") as guest:
        await guest.enter(client="c-1")
        await draw(guest, 1)
    async with bare_socket(server.url, "b") as one:
        await one.enter(client="c-1")
        assert (await draw(one, 1))["seq"] == 1
        seen = await climb(server)
        assert [RUNGS.index(rung) for rung in seen] == sorted(RUNGS.index(rung) for rung in seen)
        await until(lambda: has_unloaded(server), SETTLE_SECONDS)
        for board in ("b", "another"):
            assert refusal(server, board) == (503, "5", "unavailable")
        status, ready = await server.fetch("/readyz")
        assert (status, ready["error"]["code"]) == (503, "not_ready")
        assert "memory is short" in ready["error"]["reason"]
        status, closed = await server.fetch("/api/boards/left")
        assert (status, closed["error"]["code"]) == (503, "unavailable")
        assert (await draw(one, 2))["seq"] == 2
        assert server.request("DELETE", "/api/boards/pictures")[0] == 204
        await until(lambda: is_on(server, "calm"), SETTLE_SECONDS)
        async with bare_socket(server.url, "b") as other:
            assert (await other.enter())["seq"] == 2
        told = await memory(server)
        assert set(told["entered"]) == set(RUNGS[1:])
        assert told["steps"]["collect_all"] >= 1
        assert told["steps"]["drop"] >= 1
        assert told["steps"]["unload"] >= 1
        assert (await server.fetch("/readyz"))[1] == {"ready": True}
    assert [op["opId"] for op in await server.ops("b")] == ["c-1:1", "c-1:2"]
    assert "memory_short" in server.log
    assert "memory_eased" in server.log


async def has_unloaded(server: ServerProcess) -> bool:
    """Whether nobody's boards are gone."""
    return (await server.counts())["boards"] == 1
