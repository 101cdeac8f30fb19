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
from whiteboard.composition.doors import start_session, start_session_now, trust_of
from whiteboard.composition.neighbours import membership_of, place_of
from whiteboard.composition.stores import blobs_of, open_postgres_of
from whiteboard.config import (
    ConsulSettings,
    ConsulUrl,
    HostName,
    InstanceName,
    Mode,
    PostgresDsn,
    S3Settings,
    Settings,
    TcpAddress,
    TrustedProxy,
    UnixAddress,
)
from whiteboard.config.values import S3Bucket, S3Endpoint
from whiteboard.errors import StartupError
from whiteboard.serve import _announce
from whiteboard.transport.addresses import open_listening
from whiteboard.transport.request import WebSocketRequest
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
    async with open_stage() as stage, serving(partial(start_session, stage.hub)) as server:
        status, _, error = await knock(server.port, f"/ws/{board}")
        assert (status, error) == (404, "no_such_board")
        assert stage.hub.statistics().boards == 0


async def test_a_draining_server_takes_no_upgrade() -> None:
    """503 with the time to come back. [HTTP-14] [DRN-2]"""
    async with open_stage() as stage, serving(partial(start_session, stage.hub)) as server:
        await stage.hub.drain()
        status, head, error = await knock(server.port, "/ws/b")
        assert (status, error) == (503, "unavailable")
        assert "retry-after: 5" in head


async def test_a_full_server_takes_no_upgrade(monkeypatch: pytest.MonkeyPatch) -> None:
    """503 as well: another time there may be room. [HTTP-14]"""
    monkeypatch.setattr(limits, "MAX_SESSIONS", 0)
    async with open_stage() as stage, serving(partial(start_session, stage.hub)) as server:
        status, head, error = await knock(server.port, "/ws/b")
        assert (status, error) == (503, "unavailable")
        assert "retry-after: 5" in head


async def test_a_board_of_another_process_takes_no_upgrade() -> None:
    """However a connection came here: no second room of a board is opened. [HTTP-14]"""
    async with open_stage() as stage:
        start = partial(start_session, stage.hub, owns=lambda board: board != "b")
        async with serving(start) as server:
            status, head, error = await knock(server.port, "/ws/b")
            assert (status, error) == (503, "unavailable")
            assert "retry-after: 5" in head
        assert stage.hub.statistics().boards == 0


async def test_a_session_is_started_at_once_where_nothing_stands_against_it() -> None:
    """Else not at all, and the way that can wait or refuse has it. [CON-1]"""
    told: list[bool] = []

    async with open_stage() as stage:

        async def start(request: WebSocketRequest) -> None:
            told.append(start_session_now(stage.hub, request, owns=lambda board: board != "other"))
            if not told[-1]:
                await start_session(stage.hub, request)

        async with serving(start) as server:
            for board in ("b", "b", "other"):
                client = await server.connect()
                await client.send(upgrade_head(f"/ws/{board}"))
                assert " 101 " in await client.head()
            assert (await knock(server.port, "/ws/a%20b"))[0] == 404
            assert told == [False, True, False, False]
            assert stage.hub.statistics().boards == 2


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


def test_where_consul_finds_it_is_a_name_of_its_own() -> None:
    """So that a check gets in, whatever names are listed; without Consul nothing is added. [CLU-1] [HTTP-16]"""
    settings = Settings(addr=TcpAddress(None, 8080), hosts=(HostName("draw.example"),))
    assert not trust_of(settings, local_port=None).hosts.allows("10.0.0.7:8080")
    found_at = TcpAddress("10.0.0.7", 8080)
    assert trust_of(settings, local_port=None, found_at=found_at).hosts.allows("10.0.0.7:8080")


async def test_a_server_without_consul_is_alone() -> None:
    """It knows its own name, made of the machine's and the port, and imports no client of Consul. [CLU-2]"""
    with open_listening(TcpAddress("127.0.0.1", 0)) as listening:
        async with membership_of((asked := Settings(mode=Mode.MEMORY)), place_of(asked, listening)) as member:
            own = member.view().own
        assert isinstance(listening.address, TcpAddress)
        assert own.name.endswith(f":{listening.address.port}")
        assert own.address == str(listening.address)
        assert own.tags == ("memory",)
        named = membership_of((asked := Settings(instance=InstanceName("box"))), place_of(asked, listening))
        async with named as member:
            assert member.view().own.name == "box"


def test_what_consul_needs_is_said_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address for others, and the library that comes with the extra."""
    consul = ConsulSettings(addr=ConsulUrl("http://127.0.0.1:1"))
    unix = UnixAddress(tmp_path / "s")
    with (
        open_listening(unix) as listening,
        pytest.raises(StartupError, match=r"consul\.advertise has to say"),
    ):
        membership_of((asked := Settings(addr=unix, consul=consul)), place_of(asked, listening))
    monkeypatch.setitem(sys.modules, "httpx2", None)
    for name in [name for name in sys.modules if name.startswith("whiteboard.cluster.consul")]:
        monkeypatch.delitem(sys.modules, name)
    with open_listening(TcpAddress("127.0.0.1", 0)) as listening:
        with pytest.raises(StartupError, match=r"consul\.addr needs httpx2: pip install '\.\[cluster\]'"):
            membership_of((asked := Settings(consul=consul)), place_of(asked, listening))


def test_a_dsn_without_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names the extra that has it."""
    monkeypatch.setitem(sys.modules, "whiteboard.storage.postgres", None)
    with pytest.raises(StartupError, match=r"pip install '\.\[cluster\]'"):
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


@pytest.mark.parametrize(
    ("mode", "has_store"), [(Mode.MEMORY, True), (Mode.SQLITE, True), (Mode.REDIS, False)]
)
async def test_each_mode_has_a_place_for_pictures_but_the_one_of_several_servers(
    mode: Mode, has_store: bool, tmp_path: Path
) -> None:
    """In memory, below the data directory; several servers would each have their own, so they need a bucket. [HTTP-23]"""
    async with blobs_of(Settings(mode=mode, data=tmp_path)) as blobs:
        assert (blobs is not None) == has_store
        if blobs is not None:
            await blobs.put("a", b"1")
    assert (tmp_path / "blobs" / "a").exists() == (mode is Mode.SQLITE)


async def test_a_bucket_is_the_place_in_every_mode(tmp_path: Path) -> None:
    """Nothing is made in the data directory then; the store need not be there yet."""
    s3 = S3Settings(bucket=S3Bucket("boards"), endpoint=S3Endpoint("http://127.0.0.1:1"))
    for mode in Mode:
        async with blobs_of(Settings(mode=mode, data=tmp_path, s3=s3)) as blobs:
            assert blobs is not None
    assert list(tmp_path.iterdir()) == []


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to install."""
    for name in [name for name in sys.modules if name.startswith(("obstore", "whiteboard.storage.s3"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(StartupError, match=r"s3\.bucket needs obstore: pip install '\.\[cluster\]'"):
        blobs_of(Settings(s3=S3Settings(bucket=S3Bucket("boards"))))
