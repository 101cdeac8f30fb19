"""Connections until they have said what they want: no task each, and the same answers as with one."""

import re
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import structlog
import trio
import trio.testing
from certificates import Certificate
from hypothesis import given, settings
from hypothesis import strategies as st
from transport.peers import KEY, TEXT, RawClient, client_frame, echo, hello_app, upgrade_head

from whiteboard import limits, timeouts
from whiteboard.transport.demux import Demux
from whiteboard.transport.doorstep import Begin, Doorstep
from whiteboard.transport.hypercorn_bridge import HttpBridge
from whiteboard.transport.pump import Pump, open_pump
from whiteboard.transport.request import WebSocketRequest
from whiteboard.transport.tls import load_tls
from whiteboard.trust.hosts import HostPolicy
from whiteboard.trust.origins import Origin, OriginPolicy
from whiteboard.trust.policy import Trust

GET = b"GET /page HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
STRICT = Trust(
    hosts=HostPolicy.of([], local_port=8080),
    origins=OriginPolicy.of([Origin("https", "other.example", 443)]),
)
"""A server on loopback, which lets in the pages of one other origin."""


@dataclass
class Place:
    """A doorstep, and what came over it."""

    doorstep: Doorstep
    nursery: trio.Nursery
    pump: Pump
    requests: list[WebSocketRequest] = field(default_factory=list)
    """Those that were served without a task."""
    clients: list[RawClient] = field(default_factory=list)

    def connect(self, begun: bytes = b"", said: bytes = b"") -> RawClient:
        """A client whose connection was just accepted, and perhaps read from; it may have `said` more."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.send(said)
        self.doorstep.take(ours, begun)
        client = RawClient(trio.SocketStream(trio.socket.from_stdlib_socket(theirs)))
        self.clients.append(client)
        return client


@asynccontextmanager
async def open_place(
    start_now: Callable[[WebSocketRequest], bool] | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Place]:
    """A doorstep in use. Requests are noted, unless `start_now` has other plans."""

    async def accept(_: Begin, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        task_status.started()
        await trio.sleep_forever()

    def note(request: WebSocketRequest) -> bool:
        place.requests.append(request)
        return True

    async with open_pump() as pump:
        assert pump is not None
        demux = Demux(HttpBridge(hello_app), echo, tls=tls, start_now=start_now or note)
        async with trio.open_nursery() as connections, trio.open_nursery() as accepting:
            place = Place(Doorstep(demux, pump), connections, pump)
            await accepting.start(place.doorstep.serve, accept, connections)
            await trio.testing.wait_all_tasks_blocked()
            try:
                yield place
            finally:
                with trio.CancelScope(shield=True):
                    for client in place.clients:
                        await trio.aclose_forcefully(client.stream)
            accepting.cancel_scope.cancel()
            connections.cancel_scope.cancel()
        assert pump.watched == len(place.doorstep) == 0
    for request in place.requests:
        request.wire.close()


async def test_who_says_nothing_costs_no_task_and_goes_in_time(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Without an answer, because browsers open connections ahead of need."""
    async with open_place() as place:
        tasks = trio.lowlevel.current_statistics().tasks_living
        clients = [place.connect() for _ in range(20)]
        began = trio.current_time()
        await trio.testing.wait_all_tasks_blocked()
        assert trio.lowlevel.current_statistics().tasks_living == tasks
        assert len(place.doorstep) == 20
        for client in clients:
            assert await client.rest() == b""
        assert trio.current_time() - began == pytest.approx(timeouts.REQUEST_HEAD.seconds)
        assert len(place.doorstep) == 0


async def test_who_has_spoken_in_time_is_heard_though_the_server_was_not_there(
    mock_clock: trio.testing.MockClock,
) -> None:
    """A process that was stopped for longer than that finds clocks and sockets due in the same instant."""
    async with open_place() as place:
        for _ in range(3 * limits.PUMP_NEWCOMERS):
            place.connect(said=upgrade_head())
        mock_clock.jump(timeouts.REQUEST_HEAD.seconds)
        await trio.testing.wait_all_tasks_blocked()
        assert len(place.requests) == 3 * limits.PUMP_NEWCOMERS
        assert len(place.doorstep) == 0


async def test_a_plain_upgrade_is_served_in_the_readers_turn() -> None:
    """With all that it has said, frames behind its head included; no task is begun for it. [CON-1]"""
    async with open_place() as place:
        tasks = trio.lowlevel.current_statistics().tasks_living
        client = place.connect()
        await client.send(upgrade_head("/ws/b%201?token=t", Sec_WebSocket_Protocol="whiteboard.v1") + b"rest")
        await trio.testing.wait_all_tasks_blocked()
        assert trio.lowlevel.current_statistics().tasks_living == tasks
        (request,) = place.requests
        assert (request.name, request.token, request.rest) == ("b 1", "t", b"rest")
        assert request.upgrade.chosen_subprotocol == "whiteboard.v1"
        await client.stream.aclose()


async def test_what_cannot_be_served_at_once_has_a_task() -> None:
    """An upgrade that has to wait, HTTP, and half a head."""
    async with open_place(lambda _: False) as place:
        client = place.connect()
        await client.send(upgrade_head() + client_frame(TEXT, b"hi"))
        assert " 101 " in await client.head()
        assert await client.frame() == (TEXT, b"hi")
        await client.stream.aclose()
        client = place.connect()
        await client.send(GET)
        assert (await client.answer())[0] == 200
        client = place.connect()
        await client.send(GET[:20])
        await trio.testing.wait_all_tasks_blocked()
        await client.send(GET[20:])
        assert (await client.answer())[0] == 200


async def test_the_time_for_a_head_counts_from_the_accept(autojump_clock: trio.testing.MockClock) -> None:
    """Whoever reads it: a peer that begins late has less left."""
    async with open_place() as place:
        client = place.connect()
        began = trio.current_time()
        await trio.sleep(timeouts.REQUEST_HEAD.seconds - 1)
        await client.send(b"GET / HT")
        assert (await client.answer())[0] == 408
        assert trio.current_time() - began == pytest.approx(timeouts.REQUEST_HEAD.seconds)


async def test_a_head_that_the_front_has_read_is_served_at_once() -> None:
    """A worker is given the socket and the head together."""
    async with open_place() as place:
        place.connect(upgrade_head())
        assert len(place.requests) == 1
        client = place.connect(GET[:20])
        await client.send(GET[20:])
        assert (await client.answer())[0] == 200


@pytest.mark.parametrize("is_reset", [False, True])
async def test_who_goes_before_a_word_leaves_nothing(is_reset: bool) -> None:
    """Nor does who goes in the middle of it; nothing is logged."""
    with structlog.testing.capture_logs() as events:
        async with open_place() as place:
            for said in (b"", b"GET", upgrade_head()):
                client = place.connect()
                if is_reset:
                    await client.send(b"x")  # unread when it closes: a reset
                await client.send(said)
                await client.stream.aclose()
            await trio.testing.wait_all_tasks_blocked()
            assert len(place.doorstep) == 0
    assert events == []


async def test_the_end_of_the_server_closes_who_waits() -> None:
    """Whether they were waiting for a word or for its rest."""
    async with open_place() as place:
        clients = [place.connect() for _ in range(3)]
        await clients[0].send(b"GET")
        await trio.testing.wait_all_tasks_blocked()
        place.nursery.cancel_scope.cancel()
        with trio.CancelScope(shield=True):
            for client in clients:
                assert await client.rest() == b""
            await trio.lowlevel.checkpoint()


async def test_the_last_ones_are_heard_out(autojump_clock: trio.testing.MockClock) -> None:
    """Until nobody is left, or LAST_HEADS are over: who says nothing holds nobody up for longer."""
    async with open_place() as place:
        await place.doorstep.hear_out()
        assert trio.current_time() == 0
        late, silent = place.connect(), place.connect()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(place.doorstep.hear_out)
            await trio.sleep(timeouts.LAST_HEADS.seconds / 2)
            await late.stream.send_all(GET)
            assert (await late.rest()).startswith(b"HTTP/1.1 200 ")
        assert trio.current_time() == pytest.approx(timeouts.LAST_HEADS.seconds, abs=0.1)
        assert len(place.doorstep) == 1
        await trio.aclose_forcefully(silent.stream)
        await place.doorstep.hear_out()
        assert len(place.doorstep) == 0


async def test_a_fault_ends_its_connection_only() -> None:
    """It is logged; the pump goes on, and so does who is served next. [CLS-3]"""
    faults = [ValueError("broken")]

    def fragile(_: WebSocketRequest) -> bool:
        if faults:
            raise faults.pop()
        return False

    with structlog.testing.capture_logs() as events:
        async with open_place(fragile) as place:
            client = place.connect()
            await client.send(upgrade_head())
            assert await client.rest() == b""
            client = place.connect()
            await client.send(upgrade_head())
            assert " 101 " in await client.head()
    assert [event["event"] for event in events] == ["connection_failed"]


async def test_a_socket_that_cannot_be_watched_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system has a bound on that, too; who accepts goes on."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "no space left on device")

    with structlog.testing.capture_logs() as events:
        async with open_place() as place:
            monkeypatch.setattr(place.pump, "watch", refuse)
            assert await place.connect().rest() == b""
            monkeypatch.undo()
            client = place.connect()
            await client.send(GET)
            assert (await client.answer())[0] == 200
    assert [event["event"] for event in events] == ["connection_failed"]


async def test_tls_is_spoken_by_a_task(certificate: Certificate) -> None:
    """From the first byte on, since nothing can be read before."""
    async with open_place(tls=load_tls(certificate.cert, certificate.key)) as place:
        context = ssl.create_default_context(cafile=certificate.cert)
        plain = place.connect()
        assert len(place.doorstep) == 0
        client = RawClient(
            trio.SSLStream(plain.stream, context, server_hostname="localhost", https_compatible=True)
        )
        await client.send(GET)
        assert (await client.answer())[0] == 200


# --- the same answers as with a task each ---------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """What became of a connection."""

    status: int | None
    """Of the answer; 101 for an upgrade that was accepted, None when there was no answer."""
    body: bytes
    request: tuple[object, ...] | None
    """What the rooms' side was told."""


def told(answer: bytes, requests: list[WebSocketRequest]) -> Told:
    """The same in one form."""
    if requests:
        (one,) = requests
        request = (one.name, one.upgrade, one.token, one.rest, one.client)
        return Told(101, b"", request)
    if not answer:
        return Told(None, b"", None)
    body = re.sub(
        rb"date: [^\r]*\r\n", b"", answer.partition(b"\r\n\r\n")[2]
    )  # where a second answer follows
    return Told(int(answer.split()[1]), body, None)


async def ask(chunks: list[bytes], *, at_doorstep: bool) -> Told:
    """Say something in pieces, each of which is read before the next."""
    requests: list[WebSocketRequest] = []

    def start_now(request: WebSocketRequest) -> bool:
        requests.append(request)
        request.wire.close()
        return True

    async def start(request: WebSocketRequest) -> None:
        start_now(request)

    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    client = RawClient(trio.SocketStream(trio.socket.from_stdlib_socket(theirs)))
    async with open_pump() as pump, trio.open_nursery() as nursery:
        demux = Demux(HttpBridge(hello_app), start, trust=STRICT, start_now=start_now)
        doorstep = Doorstep(demux, pump if at_doorstep else None)

        async def accept(
            begin: Begin, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
        ) -> None:
            task_status.started()
            begin(ours, b"")

        await nursery.start(doorstep.serve, accept, nursery)
        nursery.start_soon(say, client, chunks)
        answer = await client.rest()
        await client.stream.aclose()
        nursery.cancel_scope.cancel()
    return told(answer, requests)


async def say(client: RawClient, chunks: list[bytes]) -> None:
    """Send pieces with pauses, until the other end closes; one that waits for more gets no more."""
    assert isinstance(client.stream, trio.SocketStream)
    try:
        for chunk in chunks:
            await trio.testing.wait_all_tasks_blocked()
            await client.send(chunk)
        await trio.sleep(60)
        await client.stream.send_eof()
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        pass


def changed(old: bytes, new: bytes) -> bytes:
    """A browser's upgrade with something else in it."""
    head = upgrade_head()
    assert old in head
    return head.replace(old, new, 1)


SMUGGLED = b"GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n"
HANDSHAKES = [
    (upgrade_head(), 101),
    (upgrade_head().replace(b"\r\n", b"\n"), 101),
    (upgrade_head() + client_frame(TEXT, b"early") * 3, 101),
    (upgrade_head() + SMUGGLED, 101),
    (changed(b"Upgrade: websocket", b"uPGRADE:WebSocket"), 101),
    (changed(b"Upgrade: websocket", b"Upgrade: h2c, websocket"), 101),
    (changed(b"keep-alive, Upgrade", b"UPGRADE"), 101),
    (changed(b"GET /ws/b ", b"GET http://localhost/ws/b "), 101),
    (upgrade_head(Content_Length="0"), 101),
    (upgrade_head(Origin="https://other.example"), 101),
    (upgrade_head(Origin="http://localhost"), 101),
    (upgrade_head(Sec_WebSocket_Extensions="permessage-deflate; client_max_window_bits"), 101),
    (upgrade_head(Sec_WebSocket_Extensions="permessage-deflate; nonsense=1, ;;"), 101),
    (upgrade_head(Cookie="x" * 8_000), 101),
    # keys
    (upgrade_head(Sec_WebSocket_Key=f"{KEY}\r\nSec-WebSocket-Key: {KEY}"), 400),
    (changed(b"Sec-WebSocket-Key: " + KEY.encode(), b"Sec-WebSocket-Key:"), 400),
    (changed(b"Sec-WebSocket-Key", b"Sec-WebSocket-Kez"), 400),
    (upgrade_head(Sec_WebSocket_Key=f"{KEY},{KEY}"), 400),
    (upgrade_head(Sec_WebSocket_Key=KEY[:-4]), 400),
    # versions
    (upgrade_head(Sec_WebSocket_Version="8"), 426),
    (upgrade_head(Sec_WebSocket_Version="13, 8"), 426),
    (upgrade_head(Sec_WebSocket_Version=""), 426),
    (changed(b"HTTP/1.1", b"HTTP/1.0"), 400),
    # bodies, and two readings of where one ends
    (upgrade_head(Content_Length="5") + b"hello", 400),
    (upgrade_head(Transfer_Encoding="chunked") + b"0\r\n\r\n", 400),
    (upgrade_head(Transfer_Encoding="chunked", Content_Length="4") + SMUGGLED, 400),
    (upgrade_head(Content_Length="0\r\nContent-Length: 40") + SMUGGLED, 101),
    (changed(b"Host:", b"Content-Length : 40\r\nHost:") + SMUGGLED, 400),
    # lines that a proxy may read otherwise
    (changed(b"Host: localhost", b"Host: localhost\r\n folded"), 426),
    (changed(b"Host:", b"X: a\r\n\tb\r\nHost:"), 426),
    (changed(b"Host:", b": empty\r\nHost:"), 400),
    (changed(b"GET /ws/b HTTP", b"GET  /ws/b HTTP"), 400),
    (changed(b"GET", b"get"), 426),
    # who asks, and for whom
    (upgrade_head(Host=""), 400),
    (upgrade_head(Host="localhost\r\nHost: localhost"), 400),
    (upgrade_head(Host="evil.example:8080"), 421),
    (upgrade_head(Host="evil.example:8080", X_Forwarded_Host="localhost"), 421),
    (upgrade_head(Host="LOCALHOST.:8080"), 101),
    (upgrade_head(Origin="http://evil.example"), 403),
    (upgrade_head(Origin="null"), 403),
    (upgrade_head(Origin="http://localhost\r\nOrigin: http://localhost"), 403),
    # something else
    (upgrade_head("/elsewhere"), 404),
    (changed(b"GET", b"POST"), 200),
    (upgrade_head(Cookie="x" * limits.MAX_HEAD_BYTES), 431),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    (b"\x16\x03\x01\x02\x00", 400),
    (b"\r\n" + upgrade_head(), 400),
    (GET, 200),
    (GET[:30], 408),
    (upgrade_head()[:-2], 408),
]


@pytest.mark.parametrize(("data", "status"), HANDSHAKES)
@pytest.mark.parametrize("at_doorstep", [False, True])
async def test_every_handshake_has_its_answer(
    autojump_clock: trio.testing.MockClock, data: bytes, status: int, at_doorstep: bool
) -> None:
    """In one piece and in several. [CON-1] [CON-14] [HTTP-14] [HTTP-16]"""
    whole = await ask([data], at_doorstep=at_doorstep)
    assert whole.status == status
    for size in (1, 97):
        if len(data) // size < 1_000:
            pieces = [data[at : at + size] for at in range(0, len(data), size)]
            assert (await ask(pieces, at_doorstep=at_doorstep)).status == status


def heads() -> st.SearchStrategy[bytes]:
    """Heads that are nearly right: lines left out, repeated, in another order, in other cases, with other ends."""
    lines = [
        b"Host: localhost",
        b"Host: evil.example:8080",
        b"Upgrade: websocket",
        b"Upgrade: h2c",
        b"Connection: Upgrade",
        b"Connection: close",
        b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Version: 8",
        b"Sec-WebSocket-Key: " + KEY.encode(),
        b"Sec-WebSocket-Key: x",
        b"Sec-WebSocket-Protocol: whiteboard.v1",
        b"Sec-WebSocket-Extensions: permessage-deflate",
        b"Origin: http://localhost",
        b"Origin: http://evil.example",
        b"Content-Length: 3",
        b"Transfer-Encoding: chunked",
        b" folded: line",
        b"X: \r\x00\xff",
        b"Authorization: Bearer t",
    ]
    usual = [lines[index] for index in (0, 2, 4, 6, 8)]
    request_line = st.sampled_from(
        [b"GET /ws/b HTTP/1.1"] * 6
        + [b"GET /ws/b?token=t HTTP/1.1", b"POST /ws/b HTTP/1.1", b"GET /ws/ HTTP/1.0", b"GET /x HTTP/1.1"]
    )
    more = st.lists(st.sampled_from(lines), max_size=3)
    kept = st.lists(st.booleans(), min_size=5, max_size=5)
    cased = st.sampled_from([bytes, bytes, bytes.upper, bytes.lower])
    end = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n"])

    def built(
        first: bytes, keeps: list[bool], extra: list[bytes], case: Callable[[bytes], bytes], eol: bytes
    ) -> bytes:
        fields = [line for line, is_kept in zip(usual, keeps, strict=True) if is_kept] + extra
        named = [case(name) + colon + value for name, colon, value in (one.partition(b":") for one in fields)]
        return eol.join([first, *named, b"", b""])

    return st.builds(built, request_line, kept | st.just([True] * 5), more, cased, end)


@settings(max_examples=150)
@given(head=heads(), cuts=st.lists(st.integers(1, 120), max_size=4))
def test_the_doorstep_is_no_second_opinion(head: bytes, cuts: list[int]) -> None:
    """Whatever is said, in whatever pieces: accepted or refused as by a task, and told in the same words."""
    rest, chunks = head, []
    for cut in cuts:
        chunks.append(rest[:cut])
        rest = rest[cut:]
    chunks = [chunk for chunk in [*chunks, rest] if chunk]

    async def compare() -> None:
        for said in (chunks, [head]):
            assert await ask(said, at_doorstep=True) == await ask(said, at_doorstep=False)

    trio.run(compare, clock=trio.testing.MockClock(autojump_threshold=0))
