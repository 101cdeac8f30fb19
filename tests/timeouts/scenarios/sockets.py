"""Scenarios with real sockets: handshakes, goodbyes, answers that are read slowly, and those who read and accept them."""

import errno
import socket
import ssl
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import structlog
import trio
import trio.testing
from certificates import make_certificate
from timeouts.scenarios.book import ALMOST, SURELY, SURELY_NOT, is_about_ten, later, scenario
from transport.peers import KEY, RawClient, fill, hello_app, open_pair, say_goodbye, wire_pair

from whiteboard import limits, timeouts
from whiteboard.diagnostics.supervisor import Supervisor
from whiteboard.errors import ConnectionLost
from whiteboard.timeouts import Timeout
from whiteboard.transport.demux import Demux
from whiteboard.transport.handshake import open_websocket_connection
from whiteboard.transport.http_front import Receive, Scope, Send
from whiteboard.transport.http_lifetime import Lifetime
from whiteboard.transport.hypercorn_bridge import HttpBridge
from whiteboard.transport.listener import accept_connections
from whiteboard.transport.pump import Pump, open_pump
from whiteboard.transport.tls import load_tls
from whiteboard.transport.upgrade import Upgrade

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@scenario("a window that opens late", late="given up")
async def a_window_that_opens_late(entry: Timeout) -> str:
    """A peer takes the answer to its upgrade just in time; later the socket is closed."""
    wire, client = wire_pair(send_buffer=4096)
    fill(wire)
    end = "open"
    async with client.stream, trio.open_nursery() as nursery:
        nursery.start_soon(_read_all_after, ALMOST * entry.default, client)
        try:
            async with open_websocket_connection(wire, Upgrade(KEY, ())):
                pass
        except ConnectionLost:
            end = "given up"
    return end


async def _read_all_after(seconds: float, client: RawClient) -> None:
    await trio.sleep(seconds)
    await client.rest()


@scenario("a goodbye is answered late", late="cut")
async def a_goodbye_is_answered_late(entry: Timeout) -> str:
    """The peer answers our close frame just in time; later its socket is closed under it."""
    ends: list[str] = []

    async def answer(client: RawClient) -> None:
        await trio.sleep(ALMOST * entry.default)
        try:
            ends.append(f"parted with {await say_goodbye(client)}")
        except trio.BrokenResourceError:
            ends.append("cut")

    async with open_pair() as (connection, client), trio.open_nursery() as nursery:
        nursery.start_soon(answer, client)
        await connection.close(1000, "")
    return ends[0]


@cache
def _both_contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's, and that of a client who trusts it."""
    with TemporaryDirectory() as folder:
        made = make_certificate(Path(folder))
        return load_tls(made.cert, made.key), ssl.create_default_context(cafile=made.cert)


@scenario("a slow handshake of TLS", late="closed")
async def a_slow_handshake_of_tls(entry: Timeout) -> str:
    """It begins just in time, and a page is served; later the connection is closed."""
    server, trusting = _both_contexts()
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    stream = trio.SocketStream(trio.socket.from_stdlib_socket(theirs))
    async with trio.open_nursery() as nursery:
        demux = Demux(HttpBridge(hello_app), _serve_no_websocket, tls=server)
        nursery.start_soon(demux.serve, ours)
        await trio.sleep(ALMOST * entry.default)
        client = RawClient(
            trio.SSLStream(stream, trusting, server_hostname="localhost", https_compatible=True)
        )
        async with client.stream:
            try:
                await client.send(GET)
                status, _, _ = await client.answer()
                end = f"answered with {status}"
            except trio.BrokenResourceError:
                end = "closed"
    return end


async def _serve_no_websocket(_: object) -> None:
    raise AssertionError("nobody asked for one")


@scenario("a slow reader", late="given up")
async def a_slow_reader(entry: Timeout) -> str:
    """It takes each piece of a long answer just in time; later the answer is given up."""
    size = 4 * limits.SEND_BYTES

    async def long_app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", str(size).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": bytes(size)})

    wire, client = wire_pair(send_buffer=4096)
    end = "read all"
    async with client.stream, trio.open_nursery() as nursery:
        nursery.start_soon(HttpBridge(long_app).serve, wire, GET)
        await client.head()
        try:
            for _ in range(4):
                await trio.sleep(ALMOST * entry.default)
                await client.exactly(limits.SEND_BYTES)
        except (EOFError, trio.BrokenResourceError):
            end = "given up"
    return end


@scenario("what serves a peer that has gone", late="cut off")
async def what_serves_a_peer_that_has_gone(entry: Timeout) -> str:
    """It ends just in time; later it is cancelled."""
    wire, client = wire_pair()
    async with client.stream:
        with wire:
            life = Lifetime(wire)
            with life.scope, life.request():
                life.end_soon()
                await trio.sleep(ALMOST * entry.default)
            return "cut off" if life.scope.cancelled_caught else "ended"


class Door:
    """A listener on which somebody waits; while it `is_out` of descriptors nobody can be let in."""

    def __init__(self) -> None:
        self._here, self._there = socket.socketpair()
        self._here.setblocking(False)
        self.is_out = False
        self.tries = 0

    def fileno(self) -> int:
        return self._here.fileno()

    def knock(self) -> None:
        self._there.send(b"x")

    def accept(self) -> tuple[socket.socket, object]:
        self.tries += 1
        if self.is_out:
            raise OSError(errno.EMFILE, "too many open files")
        self._here.recv(1)  # whoever waited has gone
        raise BlockingIOError

    def close(self) -> None:
        self._here.close()
        self._there.close()


async def _with_door(visit: Callable[[Door], Any]) -> None:
    door: Any = Door()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(accept_connections, [door], _let_nobody_in)
        await trio.testing.wait_all_tasks_blocked()
        await visit(door)
        nursery.cancel_scope.cancel()
    door.close()


def _let_nobody_in(_: socket.socket) -> None:
    raise AssertionError("nobody came")


@scenario("descriptors run out")
async def descriptors_run_out(entry: Timeout) -> str:
    """Who waits is let in soon after there are some again; until then it is tried often enough, and no more."""
    tries: list[int] = []

    async def visit(door: Door) -> None:
        door.is_out = True
        door.knock()
        await trio.sleep(10 * entry.default)
        tries.append(door.tries)

    await _with_door(visit)
    return is_about_ten(tries[0])


@scenario("descriptors run out again and again")
async def descriptors_run_out_again_and_again(entry: Timeout) -> str:
    """One line in the log while it flickers, another one when it had been well for a while."""
    lines: list[int] = []

    async def visit(door: Door) -> None:
        for well_for in (0.0, SURELY_NOT, SURELY):
            await trio.sleep(well_for * entry.default)
            door.is_out = True
            door.knock()
            await trio.sleep(timeouts.ACCEPT_BACKOFF.seconds / 2)
            door.is_out = False
            lines.append(len(logged))
            await trio.sleep(timeouts.ACCEPT_BACKOFF.seconds)

    with structlog.testing.capture_logs() as logged:
        await _with_door(visit)
    return f"lines: {lines}"


@scenario("a manager that stands still", late="not told")
async def a_manager_that_stands_still(entry: Timeout) -> str:
    """Its queue is full; it reads on just in time to hear that we are ready, or never hears it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.setblocking(False)
        manager.bind("")  # an abstract name of the kernel's choice
        address = manager.getsockname()
        while _send_one(address):
            pass
        async with trio.open_nursery() as nursery:
            nursery.start_soon(later, ALMOST * entry.default, partial(_heard, manager))
            await Supervisor(f"@{address[1:].decode()}").ready("here")
        return "told" if any(one.startswith(b"READY=1") for one in _heard(manager)) else "not told"


def _send_one(address: bytes) -> bool:
    """Whether another sender's datagram still has room."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        try:
            sock.sendto(b"x", address)
        except BlockingIOError:
            return False
    return True


def _heard(manager: socket.socket) -> list[bytes]:
    found = []
    try:
        while True:
            found.append(manager.recv(4096))
    except BlockingIOError:
        return found


class Tap:
    """A socket that always has more, of which reading takes its time."""

    def __init__(self, pump: Pump, turns: list["Tap"], seconds: float) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.theirs.send(b"x")
        self._pump, self._turns, self._seconds = pump, turns, seconds
        pump.watch(self.ours.fileno(), self)

    def read_now(self, now: float) -> bool:
        self._turns.append(self)
        clock = trio.lowlevel.current_clock()
        assert isinstance(clock, trio.testing.MockClock)
        clock.jump(self._seconds)
        return False

    def part_now(self) -> None:
        raise AssertionError("it has not left")

    def close(self) -> None:
        self._pump.leave(self.ours.fileno())
        self.ours.close()
        self.theirs.close()


@scenario("many sockets are ready")
async def many_sockets_are_ready(entry: Timeout) -> str:
    """About as many are read in one pass as fit into its time, and then others have their turn."""
    turns: list[Tap] = []
    passes: list[int] = []
    passed = trio.Event()

    def note() -> float:
        passes.append(len(turns))
        passed.set()
        return 0.0

    async with open_pump() as pump:
        assert pump is not None
        taps = [Tap(pump, turns, entry.default / 10) for _ in range(50)]
        pump.after_pass = note
        await passed.wait()
        for tap in taps:
            tap.close()
    return is_about_ten(passes[0])


@scenario("what is read would only wait")
async def what_is_read_would_only_wait(entry: Timeout) -> str:
    """A socket that is ready all the time is read after a nap, as long as that is early enough."""
    turns: list[Tap] = []
    async with open_pump() as pump:
        assert pump is not None
        pump.after_pass = lambda: 1.0
        tap = Tap(pump, turns, 0.0)
        await trio.sleep(10 * entry.default)
        count = len(turns)
        tap.close()
    return is_about_ten(count)
