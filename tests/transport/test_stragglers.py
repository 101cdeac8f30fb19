"""Goodbyes to peers that stand still: found when they read on, and never waited for."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing
from certificates import Certificate
from integration.polling import until
from transport.peers import CLOSE, KEY, PING, PONG, TEXT, RawClient, client_frame
from transport.test_tls import secured

from whiteboard import limits, timeouts
from whiteboard.errors import ConnectionLost
from whiteboard.transport.connection import WebSocketConnection
from whiteboard.transport.handshake import open_websocket_connection
from whiteboard.transport.pump import Pump, open_pump
from whiteboard.transport.stragglers import Stragglers, open_stragglers
from whiteboard.transport.tls import TlsWire, load_tls
from whiteboard.transport.upgrade import Upgrade
from whiteboard.transport.wire import Wire

GOODBYE = (4408).to_bytes(2, "big") + b"too slow"
LARGE = 300_000
SMALL_BUFFER = 4_096


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels know no virtual clock."""
    monkeypatch.setattr(timeouts, "WS_CLOSE", timeouts.Timeout("test-close", 0.2, "short rounds"))
    monkeypatch.setattr(timeouts, "STRAGGLER", timeouts.Timeout("test-straggler", 60.0, "a slow machine"))


@pytest.fixture
async def pump() -> AsyncIterator[Pump]:
    """A running pump."""
    async with open_pump() as pump:
        assert pump is not None
        yield pump
        assert pump.watched == 0


async def connect(segment: int | None = None) -> tuple[socket.socket, trio.SocketStream]:
    """Both ends of a TCP connection; the second one's buffer is small, and so may be the first one's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        if segment is not None:
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, segment)
        far = trio.socket.socket()
        far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        await far.connect(listener.getsockname())
        ours, _ = listener.accept()
    ours.setblocking(False)
    return ours, trio.SocketStream(far)


@asynccontextmanager
async def open_pair(
    pump: Pump | None, certificate: Certificate | None = None, segment: int | None = None
) -> AsyncIterator[tuple[WebSocketConnection, RawClient]]:
    """An open connection, over TLS with a certificate, and a client that has read the handshake."""
    sock, far = await connect(segment)
    client = RawClient(far)
    wire = Wire(sock)
    if certificate is not None:
        wire = TlsWire(sock, load_tls(certificate.cert, certificate.key))
        client = secured(far, certificate)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.stream.do_handshake)  # type: ignore[attr-defined]  # `secured` made it one of TLS
            await wire.handshake()
    async with open_websocket_connection(wire, Upgrade(KEY, ()), pump=pump) as connection:
        assert " 101 " in await client.head()
        yield connection, client
    await trio.aclose_forcefully(far)


async def stand_still(connection: WebSocketConnection) -> None:
    """Look, as a room does, until it has stood still for WS_CLOSE."""

    def is_long_enough() -> bool:
        return (connection.stands_still_for(trio.current_time()) or 0.0) >= timeouts.WS_CLOSE.seconds

    await until(is_long_enough)


async def gone(stragglers: Stragglers) -> None:
    """Return when nobody is left."""
    await until(lambda: not len(stragglers))


@pytest.mark.parametrize("is_secured", [False, True])
async def test_who_reads_on_finds_what_had_begun_and_the_goodbye(
    pump: Pump, certificate: Certificate, *, is_secured: bool
) -> None:
    """[R14] No reset, though the peer answers a ping first; what had not begun to leave is not sent. [SLW-2]"""
    async with open_pair(pump, certificate if is_secured else None) as (connection, client):
        await connection.ping()
        for number in range(6):
            connection.push(b"%d" % number + bytes(LARGE))
        await stand_still(connection)
        with trio.testing.assert_no_checkpoints():
            await connection.close(4408, "too slow")
        assert len(pump.stragglers) == 1
        assert await client.frame() == (PING, b"")
        await client.send(client_frame(PONG) * 100)
        frames = [await client.frame()]
        while frames[-1][0] != CLOSE:
            frames.append(await client.frame())
            await client.send(client_frame(TEXT, b"still here"))
        *texts, goodbye = frames
        assert texts == [(TEXT, b"%d" % number + bytes(LARGE)) for number in range(len(texts))]
        assert 1 <= len(texts) < 6
        assert goodbye == (CLOSE, GOODBYE)
        await client.send(client_frame(CLOSE, GOODBYE[:2]))
        await gone(pump.stragglers)
        with trio.fail_after(30):
            assert await client.rest() == b""


@pytest.mark.parametrize("segment", [None, 1_460])
async def test_all_of_it_is_with_the_kernel_when_the_socket_goes(
    pump: Pump, monkeypatch: pytest.MonkeyPatch, segment: int | None
) -> None:
    """Who only reads finds it after STRAGGLER, too, and when the server has ended: its buffer grows for that."""
    monkeypatch.setattr(timeouts, "STRAGGLER", timeouts.Timeout("test-straggler", 0.05, "short rounds"))
    async with open_pair(pump, segment=segment) as (connection, client):
        connection.push(bytes(LARGE))
        connection.push(bytes(LARGE))
        await stand_still(connection)
        await connection.close(4408, "too slow")
        assert connection.backlog_bytes == 0
        await gone(pump.stragglers)
        assert await client.frame() == (TEXT, bytes(LARGE))
        assert await client.frame() == (CLOSE, GOODBYE)
        assert await client.rest() == b""


async def test_a_violation_that_stands_still_keeps_its_own_goodbye(pump: Pump) -> None:
    """What was said first counts."""
    async with open_pair(pump) as (connection, client):
        connection.push(bytes(LARGE))
        await client.send(client_frame(TEXT, b"\xff"))
        with pytest.raises(ConnectionLost, match="1007"):
            await connection.receive()
        await stand_still(connection)
        await connection.close(1001, "")
        assert await client.frame() == (TEXT, bytes(LARGE))
        opcode, payload = await client.frame()
        assert (opcode, int.from_bytes(payload[:2], "big")) == (CLOSE, 1007)


async def test_who_never_reads_on_is_forgotten(pump: Pump, monkeypatch: pytest.MonkeyPatch) -> None:
    """After STRAGGLER the socket is closed, and nothing is kept of it here."""
    monkeypatch.setattr(timeouts, "STRAGGLER", timeouts.Timeout("test-straggler", 1.5, "short rounds"))
    async with open_pair(pump) as (connection, _client):
        connection.push(bytes(LARGE))
        await stand_still(connection)
        await connection.close(4408, "too slow")
        began = trio.current_time()
        await gone(pump.stragglers)
        assert trio.current_time() - began > timeouts.STRAGGLER.seconds / 2
        await connection.close(1000, "again, which does nothing")


async def test_the_oldest_makes_room_for_the_newest(pump: Pump, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most MAX_STRAGGLERS are kept."""
    monkeypatch.setattr(limits, "MAX_STRAGGLERS", 1)
    async with open_pair(pump) as (first, _), open_pair(pump) as (second, client):
        for connection in (first, second):
            connection.push(bytes(LARGE))
            await stand_still(connection)
            await connection.close(4408, "too slow")
            assert len(pump.stragglers) == 1
        assert await client.frame() == (TEXT, bytes(LARGE))
        assert await client.frame() == (CLOSE, GOODBYE)


async def test_one_that_fails_fails_alone() -> None:
    """And those who are left when it is over are ended."""
    ended: list[str] = []

    async def fail() -> None:
        await trio.lowlevel.checkpoint()
        raise RuntimeError("a bug")

    async def wait() -> None:
        try:
            await trio.sleep_forever()
        finally:
            ended.append("waited")

    async with open_stragglers() as stragglers:
        for part in (fail, wait):
            stragglers.see_off(part)
        await trio.testing.wait_all_tasks_blocked()
        assert len(stragglers) == 1
    assert ended == ["waited"]


async def test_without_a_pump_a_goodbye_waits_no_longer_than_usual() -> None:
    """Then nobody is there to see it off, and the socket is taken down."""
    async with open_pair(None) as (connection, _client):
        connection.push(bytes(LARGE))
        await stand_still(connection)
        began = trio.current_time()
        await connection.close(4408, "too slow")
        assert trio.current_time() - began >= timeouts.WS_CLOSE.seconds
        assert not connection.is_left
