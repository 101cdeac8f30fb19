"""Where the parts of the server meet: an upgrade becomes a session, or an HTTP error."""

import json
import sys
from functools import partial
from pathlib import Path

import pytest
import trio
from rooms.conftest import open_stage
from transport.peers import serving, upgrade_head

from whiteboard import limits
from whiteboard.config import HostName, PostgresDsn, Settings, TcpAddress, TrustedProxy, UnixAddress
from whiteboard.errors import StartupError
from whiteboard.serve import _announce, _start_session, open_postgres_of, trust_of
from whiteboard.transport.addresses import open_listening
from whiteboard.trust.origins import Origin


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


def test_the_settings_say_whom_to_trust() -> None:
    """Proxies, origins and names, among them the one that it listens at; strict on loopback. [HTTP-16]"""
    settings = Settings(
        addr=TcpAddress("mybox", 8080),
        hosts=(HostName("draw.example"),),
        origins=(Origin("https", "b.example", 443),),
        trusted_proxies=(TrustedProxy("10.0.0.0/8"),),
    )
    trust = trust_of(settings, local_port=8080)
    assert all(trust.hosts.allows(host) for host in ("mybox:8080", "draw.example", "b.example", "localhost"))
    assert not trust.hosts.allows("evil.example")
    assert trust.proxies.trusts("10.1.2.3")
    assert trust.origins.allowed == frozenset(settings.origins)
    assert not trust_of(Settings(), local_port=8080).hosts.allows("evil.example:8080")
    assert trust_of(Settings(), local_port=None).hosts.allows("any.example")
    assert trust_of(Settings(addr=UnixAddress(Path("/s"))), local_port=None).hosts.allows("any.example")


def test_a_dsn_without_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names the extra that has it."""
    monkeypatch.setitem(sys.modules, "whiteboard.storage.postgres", None)
    with pytest.raises(StartupError, match=r"pip install 'whiteboard\[cluster\]'"):
        open_postgres_of(PostgresDsn("postgresql://ada@db/boards"), None)


@pytest.mark.parametrize(("host", "lines"), [("127.0.0.1", 1), (None, 2)])
def test_the_first_line_says_where_it_is_and_the_second_what_others_open(
    host: str | None, lines: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second one only where it listens on every interface: its own address is of no use to others."""
    with open_listening(TcpAddress(host, 0)) as listening:
        _announce(Settings(), listening)
    said = capsys.readouterr().out.splitlines()
    said = [line for line in said if "server_started" not in line]
    assert said[0].startswith("whiteboard is at http://")
    assert len(said) == lines
    assert all(line.startswith("others can open http://") for line in said[1:])
