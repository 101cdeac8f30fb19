"""Pictures of boards at the real server, with what really draws them."""

import os
import signal
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import trio
from browser.picture import pixels
from integration.children import children_of, command_of
from integration.conftest import Serve
from integration.crew import is_alive
from integration.polling import until
from integration.server_process import ServerProcess
from web.pictures_made import png

from whiteboard.client import open_board

pytestmark = pytest.mark.integration
AT = "/api/boards/b"
RED, BLUE = (224, 49, 49), (25, 113, 194)


def ask(
    server: ServerProcess, path: str, method: str = "GET", body: bytes = b"", tag: str = ""
) -> tuple[int, bytes, Mapping[str, str]]:
    """Status, body and headers of an answer."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request(method, path, body, {"If-None-Match": tag})
        answer = connection.getresponse()
        return answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}
    finally:
        connection.close()


def colors(body: bytes) -> set[tuple[int, int, int]]:
    """All that are in a PNG."""
    return {pixel for row in pixels(body) for pixel in row}


def drawing_pids(server: ServerProcess) -> list[int]:
    """The processes that draw for a server."""
    return [pid for pid in children_of(server.pid) if "whiteboard.render.worker" in command_of(pid)]


async def test_a_board_is_seen_from_outside(shared_server: ServerProcess) -> None:
    """Strokes, and pictures that people put on it; new strokes in the next one. [PIC-1] [PIC-2] [PIC-3] [PIC-4]"""
    _, told, _ = ask(shared_server, f"{AT}/assets", "POST", png(8, 6, BLUE))
    asset = told.decode().partition('"asset":"')[2][:64]
    async with open_board(shared_server.url, "b") as board:
        await board.send({"type": "image", "id": "i", "x": 0, "y": 100, "w": 80, "h": 60, "asset": asset})
        status, body, headers = await trio.to_thread.run_sync(ask, shared_server, f"{AT}/thumbnail.png")
        assert (status, headers["content-type"]) == (200, "image/png")
        assert BLUE in colors(body)
        assert RED not in colors(body)
        await board.stroke([(0, 0, 0.5), (200, 30, 0.5)], color="#e03131", width=20)
    again = ask(shared_server, f"{AT}/thumbnail.png", tag=headers["etag"])
    assert again[0] == 200
    assert {RED, BLUE} <= colors(again[1])
    assert ask(shared_server, f"{AT}/thumbnail.png", tag=again[2]["etag"])[0] == 304
    assert {RED, BLUE} <= colors(ask(shared_server, f"{AT}/export.png?scale=0.5")[1])
    root = ET.fromstring(ask(shared_server, f"{AT}/export.svg")[1])
    assert [child.tag.rpartition("}")[2] for child in root] == ["rect", "image", "path"]


async def test_what_draws_may_die(shared_server: ServerProcess) -> None:
    """The server does not notice until somebody asks; then there is another one. [PIC-6]"""
    ask(shared_server, "/api/boards", "POST", b'{"board":"c"}')
    assert ask(shared_server, "/api/boards/c/export.png")[0] == 200
    (pid,) = drawing_pids(shared_server)
    os.kill(pid, signal.SIGKILL)
    await until(lambda: not is_alive(pid))
    assert ask(shared_server, "/api/boards/c/export.png")[0] == 200
    assert pid not in drawing_pids(shared_server)


async def test_a_server_that_ends_takes_what_draws_along(serve: Serve) -> None:
    """Killed, too: its input ends."""
    server = serve("memory")
    ask(server, "/api/boards", "POST", b'{"board":"c"}')
    assert ask(server, "/api/boards/c/export.svg")[0] == 200
    (pid,) = drawing_pids(server)
    server.kill()
    await until(lambda: not Path(f"/proc/{pid}").exists())
    server.start()
