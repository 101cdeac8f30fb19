"""Scenarios of those who call a server over loopback: the client library and the doctor; the server is played."""

import math
from functools import partial
from urllib.request import build_opener

import msgspec
import trio
import trio.testing
from client.scripted_server import Caller, scripted_server
from doctor.played import WELCOME, Json, become_socket, converse, played
from timeouts.scenarios.book import ALMOST, SURELY, SURELY_NOT, is_about, is_about_ten, scenario
from top.test_asking import STATUS
from trio_websocket import WebSocketRequest, serve_websocket
from wsproto.connection import Connection, ConnectionType
from wsproto.events import Ping

from whiteboard import limits, timeouts
from whiteboard.bundle.contents import PARTS
from whiteboard.bundle.gathering import Source, ask_in_time
from whiteboard.client import open_board
from whiteboard.client.wire import open_wire
from whiteboard.doctor import command
from whiteboard.doctor.certificates import Sight, judge_tls
from whiteboard.doctor.examination import Options, examine
from whiteboard.doctor.exchange import ask
from whiteboard.doctor.findings import Mark
from whiteboard.doctor.line import Way
from whiteboard.doctor.session import look_at_idle
from whiteboard.doctor.target import Target
from whiteboard.errors import ConfigError, ConnectionLost, OpUnanswered
from whiteboard.timeouts import Timeout
from whiteboard.top.asking import NoStatus
from whiteboard.top.asking import ask as ask_status
from whiteboard.top.place import Place
from whiteboard.top.watching import say_again

LOOPBACK = 0.02
"""Seconds of the machine's clock in which what goes over loopback arrives."""
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@scenario("a slow upgrade", late="gave up", settle=LOOPBACK)
async def a_slow_upgrade(entry: Timeout) -> str:
    """A server accepts a client's socket just in time; later the client tries again."""

    async def serve(request: WebSocketRequest) -> None:
        await trio.sleep(ALMOST * entry.default)
        await (await request.accept()).aclose()

    end = "open"
    async with trio.open_nursery() as nursery:
        server = await nursery.start(partial(serve_websocket, serve, "127.0.0.1", 0, None))
        try:
            async with open_wire(f"http://127.0.0.1:{server.port}", "b"):
                pass
        except ConnectionLost:
            end = "gave up"
        nursery.cancel_scope.cancel()
    return end


@scenario("an op that is never answered", settle=LOOPBACK)
async def an_op_that_is_never_answered(entry: Timeout) -> str:
    """It was complained of, so it is sent again, alone, a few times, and given up at last: two looks for each time."""

    async def pass_over(caller: Caller) -> None:
        await caller.let_in()
        await caller.hear()
        await caller.say({"type": "error", "code": "bad_json", "reason": "?"})
        await caller.stay()

    timeouts.PING_INTERVAL.seconds, timeouts.DEAD_PEER.seconds = (
        entry.default,
        10 * entry.default,
    )  # few events
    async with scripted_server(pass_over) as url, open_board(url, "b") as board:
        began = trio.current_time()
        try:
            await board.delete("s1")
        except OpUnanswered:
            rounds = 2 * limits.MAX_CLIENT_STRIKES
            return f"given up in time: {is_about((trio.current_time() - began) / rounds, entry)}"
    return "answered"


async def _answer_after(seconds: float, stream: trio.SocketStream, _: bytes) -> None:
    await trio.sleep(seconds)
    await stream.send_all(OK)


@scenario("a slow answer to the doctor", late="no answer", settle=LOOPBACK)
async def a_slow_answer_to_the_doctor(entry: Timeout) -> str:
    """It comes just in time; later there is none."""
    async with played(partial(_answer_after, ALMOST * entry.default)) as url:
        try:
            return f"{(await ask(Way(Target.of(url)), '/healthz')).status}"
        except ConnectionLost:
            return "no answer"


@scenario("a slow answer to top", late="no answer", settle=LOOPBACK)
async def a_slow_answer_to_top(entry: Timeout) -> str:
    """It comes just in time; later the server counts as away."""
    async with played(partial(_answer_after, ALMOST * entry.default)) as url:
        try:
            await ask_status(Place.of(url))
        except NoStatus as error:
            return "no answer" if "no answer" in str(error) else "answered"
    return "answered"


@scenario("a part of a bundle that trickles", late="no whole answer", settle=LOOPBACK)
async def a_part_of_a_bundle_that_trickles(entry: Timeout) -> str:
    """It is kept when its last byte comes just in time, however seldom one came before; later it is told as missing."""
    clock = trio.lowlevel.current_clock()
    assert isinstance(clock, trio.testing.MockClock)

    async def trickle(stream: trio.SocketStream, __: bytes) -> None:
        clock.autojump_threshold = LOOPBACK
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
        for _ in b"0123456789":
            await trio.sleep(ALMOST * entry.default / 10)
            await stream.send_all(b"x")
        clock.autojump_threshold = math.inf

    clock.autojump_threshold = math.inf  # a thread asks, which the clock does not see at work
    async with played(trickle) as url:
        answer = await ask_in_time(build_opener(), Source(url.rstrip("/")), PARTS[0], 1)
    return "no whole answer" if "no whole answer" in answer.fault else answer.body.decode()


@scenario("top looks again", settle=LOOPBACK)
async def top_looks_again(entry: Timeout) -> str:
    """About ten times in ten times as long, whatever it is told."""
    said: list[str] = []

    async def answer(stream: trio.SocketStream, _: bytes) -> None:
        body = msgspec.json.encode(STATUS)
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    async with played(answer) as url:
        with trio.move_on_after(10 * entry.default):
            await say_again(Place.of(url), said.append)
    return is_about_ten(len(said))


@scenario("a long examination", late="not done", settle=LOOPBACK)
async def a_long_examination(entry: Timeout) -> str:
    """Whatever a single step may take, all of it ends just in time, or is told as not done."""
    timeouts.DOCTOR_STEP.seconds = 10 * entry.default

    async with played(partial(_answer_after, ALMOST * entry.default)) as url:
        findings = await examine(Options(Target.of(url)), lambda _: None)
    assert any(finding.mark is not Mark.GOOD for finding in findings), "nothing of whiteboard is there"
    return "not done" if any("not done" in finding.seen for finding in findings) else "done"


@scenario("a late ping on an idle socket", late="no ping", settle=LOOPBACK)
async def a_late_ping_on_an_idle_socket(entry: Timeout) -> str:
    """It comes within the margin that a bad link gets; later the doctor finds that none came."""
    interval = float(WELCOME["heartbeat"]["ping"])  # type: ignore[index]  # a dictionary of any JSON

    async def talk(stream: trio.SocketStream, head: bytes) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_ping_after, interval + ALMOST * entry.default, stream)
            await converse(_only_welcome, stream, head)
            nursery.cancel_scope.cancel()

    async with played(partial(become_socket, talk)) as url:
        (finding,) = await look_at_idle(Way(Target.of(url)), "b", None)
    return "no ping" if "no ping" in finding.seen else finding.mark.value


def _only_welcome(message: Json) -> list[Json | bytes]:
    return [WELCOME] if message["type"] == "hello" else []


async def _ping_after(seconds: float, stream: trio.SocketStream) -> None:
    await trio.sleep(seconds)
    await stream.send_all(Connection(ConnectionType.SERVER).send(Ping()))


@scenario("a long wait is asked for")
async def a_long_wait_is_asked_for(entry: Timeout) -> str:
    """The doctor takes three quarters of the longest, and refuses five quarters."""
    ends = []
    for share in (SURELY_NOT, SURELY):
        try:
            ends.append(f"{command._seconds(share * entry.default) / entry.default:g}")
        except ConfigError:
            ends.append("refused")
    return ", ".join(ends)


@scenario("a certificate ends")
async def a_certificate_ends(entry: Timeout) -> str:
    """One of 90 days is well before five quarters of the time, and not after three quarters."""
    certificate = {"notBefore": "Jan  1 00:00:00 2026 GMT", "notAfter": "Apr  1 00:00:00 2026 GMT"}
    ends_at, way = 1_775_001_600.0, Way(Target.of("https://draw.example.org"))
    found = [
        judge_tls(way, Sight(certificate), ends_at - share * entry.default) for share in (SURELY, SURELY_NOT)
    ]
    return ", ".join(finding.mark.value for (finding,) in found)
