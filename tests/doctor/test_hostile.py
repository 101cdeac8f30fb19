"""Servers that mean the doctor harm: it ends in time, holds little, and shows nothing as it came."""

import tracemalloc
from functools import partial

import pytest
import trio
import trio.testing
from doctor.played import HEALTHY, Play, become_socket, played

from whiteboard import limits, timeouts
from whiteboard.doctor import report
from whiteboard.doctor.examination import Options, examine
from whiteboard.doctor.findings import Finding, Mark
from whiteboard.doctor.target import Target

FILLING = b"x" * 65_536


@pytest.fixture
def autojump_clock() -> trio.testing.MockClock:
    """It runs fast, too: what floods never stands still."""
    return trio.testing.MockClock(rate=5, autojump_threshold=0.05)


async def say_nothing(stream: trio.SocketStream, head: bytes) -> None:
    """Take the connection, and that is all."""
    await trio.sleep_forever()


async def hang_up(stream: trio.SocketStream, head: bytes) -> None:
    """Close at once."""


async def send_for_ever(beginning: bytes, filling: bytes, stream: trio.SocketStream, head: bytes) -> None:
    """An answer without an end."""
    await stream.send_all(beginning)
    while filling:
        await stream.send_all(filling)
    await trio.sleep_forever()


async def drip(stream: trio.SocketStream, head: bytes) -> None:
    """A byte each second, so that something always comes."""
    await stream.send_all(b"HTTP/1.1 200 OK\r\nX-")
    while True:
        await trio.sleep(1)
        await stream.send_all(b"x")


def frame(payload: bytes, opcode: int = 0x81) -> bytes:
    """A frame as servers send it."""
    if len(payload) < 126:
        return bytes((opcode, len(payload))) + payload
    return bytes((opcode, 127)) + len(payload).to_bytes(8, "big") + payload


WELCOME = b'{"type":"welcome","v":1,"heartbeat":{"ping":1e300},"limits":{"frameBytes":1e300},"durable":7}'

OVER_HTTP: dict[str, Play] = {
    "silence": say_nothing,
    "hang-up": hang_up,
    "drip": drip,
    "head-without-end": partial(send_for_ever, b"HTTP/1.1 200 OK\r\n", b"X-Filling: x\r\n"),
    "body-without-end": partial(send_for_ever, b"HTTP/1.1 200 OK\r\n\r\n", FILLING),
    "informational-without-end": partial(send_for_ever, b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "no-http": partial(send_for_ever, b"SSH-2.0-OpenSSH_9.2\r\n", b""),
    "deep-json": partial(send_for_ever, b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"[" * 100_000),
}
OVER_SOCKETS: dict[str, Play] = {
    "silence": say_nothing,
    "hang-up": hang_up,
    "one-message-without-end": partial(
        send_for_ever, b"\x01\x02no", b"\x00\x7f" + (2**20).to_bytes(8, "big") + FILLING * 16
    ),
    "messages-without-end": partial(send_for_ever, frame(WELCOME), frame(b'{"type":"join"}') * 500),
    "pings-without-end": partial(send_for_ever, frame(WELCOME), frame(b"x", 0x89) * 500),
    "huge-length": partial(send_for_ever, b"\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", FILLING),
    "deep-json": partial(send_for_ever, frame(b"[" * 100_000), b""),
    "no-utf-8": partial(send_for_ever, frame(b"\xff\xfe"), b""),
    "odd-welcome": partial(send_for_ever, frame(b'{"type":"welcome","limits":[],"heartbeat":-1}'), b""),
    "odd-frames": partial(send_for_ever, b"\xff\xff\xff", b""),
}


async def survived(play: Play) -> list[Finding]:
    """The findings about a server that plays a part, within the bounds of the doctor."""
    findings: list[Finding] = []
    tracemalloc.start()
    try:
        async with played(play) as url:
            began = trio.current_time()
            await examine(Options(Target.of(url)), findings.append)
            assert trio.current_time() - began <= timeouts.DOCTOR_WHOLE.seconds + timeouts.CLEANUP.seconds
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert held < 64 * limits.MIB
    assert all(line.isprintable() for one in findings for line in report.finding_text(one).splitlines())
    return findings


@pytest.mark.parametrize("name", OVER_HTTP)
async def test_a_server_without_manners(name: str, autojump_clock: trio.testing.MockClock) -> None:
    """However it answers, or does not, there is one bad finding and nothing else is tried."""
    (found,) = [one for one in await survived(OVER_HTTP[name]) if one.mark is Mark.BAD]
    assert found.code in {"no_http", "not_whiteboard"}


@pytest.mark.parametrize("name", OVER_SOCKETS)
async def test_a_socket_without_manners(name: str, autojump_clock: trio.testing.MockClock) -> None:
    """Healthy to look at, and then: every check ends with a finding, the session's a bad one."""
    findings = await survived(partial(become_socket, OVER_SOCKETS[name]))
    assert "session" in {one.check for one in findings if one.mark is Mark.BAD}


async def test_what_a_server_says_is_shown_without_its_control_characters(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """A terminal would obey them; what is long is cut."""
    reason = "\\u001b[2J\\u0007 away" + "x" * 5_000
    body = b'{"error":{"code":"not_ready","reason":"%s"}}' % reason.encode()

    async def answer(stream: trio.SocketStream, head: bytes) -> None:
        if b"/healthz" in head:
            await stream.send_all(HEALTHY)
        else:
            lines = b"HTTP/1.1 503 No\r\nServer: \xc2\x9b2J\r\nContent-Length: %d\r\n\r\n" % len(body)
            await stream.send_all(lines + body)

    findings = await survived(answer)
    (found,) = [one for one in findings if one.code == "cannot_store"]
    assert "\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER} away" in found.seen
    assert len(found.seen) < 200


@pytest.mark.parametrize("page", ['<base href="/é/">', '<base href="/"><script src="/static/é.js">'])
async def test_a_page_that_names_what_nobody_can_ask_for(
    page: str, autojump_clock: trio.testing.MockClock
) -> None:
    """A path that is none ends its own check only."""

    async def answer(stream: trio.SocketStream, head: bytes) -> None:
        if head.startswith(b"GET / "):
            body = page.encode()
            await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        else:
            await become_socket(say_nothing, stream, head)

    findings = await survived(answer)
    (found,) = [one for one in findings if one.check == "page"]
    assert found.mark is Mark.BAD
    assert findings[-1].check == "idle"
