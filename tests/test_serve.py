"""Where the parts of the server meet: an upgrade becomes a session, or an HTTP error."""

import json
from functools import partial

import pytest
import trio
from rooms.conftest import open_stage
from transport.peers import serving, upgrade_head

from whiteboard import limits
from whiteboard.serve import _start_session


async def knock(server_port: int, path: str) -> tuple[int, str, str]:
    """The answer to an upgrade: status, head in lower case, code of the error."""
    async with await trio.open_tcp_stream("127.0.0.1", server_port) as stream:
        await stream.send_all(upgrade_head(path))
        data = b"".join([part async for part in stream])
    head, _, body = data.partition(b"\r\n\r\n")
    error = json.loads(body)["error"]
    assert set(error) == {"code", "reason"}
    return int(head.split()[1]), head.decode().lower(), error["code"]


@pytest.mark.parametrize("board", ["", ".", "..", "a%20b", "a/b", "x" * 129, "%E7%94%BB"])
async def test_a_malformed_board_id_is_refused_before_the_upgrade(board: str) -> None:
    """404 with the reason, and no room is opened. [CON-2] [HTTP-14]"""
    async with open_stage() as stage, serving(partial(_start_session, stage.hub)) as server:
        status, _, error = await knock(server.port, f"/ws/{board}")
        assert (status, error) == (404, "no_such_board")
        assert stage.hub.statistics().boards == 0


async def test_a_draining_server_takes_no_upgrade() -> None:
    """503 with the time to come back. [HTTP-14] [DRN-2]"""
    async with open_stage() as stage, serving(partial(_start_session, stage.hub)) as server:
        await stage.hub.drain()
        status, head, error = await knock(server.port, "/ws/b")
        assert (status, error) == (503, "unavailable")
        assert "retry-after: 5" in head


async def test_a_full_server_takes_no_upgrade(monkeypatch: pytest.MonkeyPatch) -> None:
    """503 as well: another time there may be room. [HTTP-14]"""
    monkeypatch.setattr(limits, "MAX_SESSIONS", 0)
    async with open_stage() as stage, serving(partial(_start_session, stage.hub)) as server:
        status, head, error = await knock(server.port, "/ws/b")
        assert (status, error) == (503, "unavailable")
        assert "retry-after: 5" in head
