"""What no proxy of the tests does: sockets that open and do half of what they should."""

import ssl
from collections.abc import Callable
from functools import partial

import pytest
import trio
import trio.testing
from certificates import Certificate
from doctor.played import HEALTHY, WELCOME, Json, Play, become_socket, converse, played, well_meant

from whiteboard import limits
from whiteboard.doctor.examination import Options, examine
from whiteboard.doctor.findings import Finding
from whiteboard.doctor.target import Target
from whiteboard.timeouts import DOCTOR_STEP, DOCTOR_WHOLE

Reply = Callable[[Json], list[Json | bytes]]


async def findings_of(play: Play) -> dict[str, Finding]:
    """What is found in a played server: the first finding of each check."""
    async with played(play) as url:
        findings = await examine(Options(Target.of(url)), lambda finding: None)
    return {finding.check: finding for finding in reversed(findings)}


def instead(kind: str, *replies: Json | bytes) -> Reply:
    """A server of ours that says something else to messages of one type."""
    return lambda message: list(replies) if message["type"] == kind else well_meant(message)


def to_large_ones(*replies: Json | bytes) -> Reply:
    """The same, to large messages only."""
    return lambda message: list(replies) if "filling" in message else well_meant(message)


FAULTS: dict[str, tuple[Reply, str, str, str]] = {
    "other-version": (instead("hello", {**WELCOME, "v": 2}), "session", "other_protocol", "has v 2"),
    "binary": (instead("hello", b"\x82\x01x"), "session", "no_welcome", "binary message"),
    "no-messages": (instead("ping"), "session", "no_welcome", "no answer to a ping message"),
    "too-large": (
        to_large_ones({"type": "error", "code": "too_large"}),
        "sizes",
        "frames_cut",
        "4096 bytes got too_large",
    ),
    "cut": (to_large_ones(b""), "sizes", "frames_cut", "without a goodbye"),
    "swallowed": (to_large_ones(), "sizes", "frames_cut", "4096 bytes"),
    "no-ack": (instead("text"), "storage", "op_not_stored", "neither acked nor refused"),
    "rejects": (
        instead("text", {"type": "reject", "code": "board_full"}),
        "storage",
        "op_not_stored",
        "board_full",
    ),
    "others-acks": (
        instead("text", {"type": "ack", "id": "other"}),
        "storage",
        "op_not_stored",
        "neither acked",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_a_session_that_does_half(name: str, autojump_clock: trio.testing.MockClock) -> None:
    """What is missing is named, in the check that it belongs to."""
    reply, check, code, seen = FAULTS[name]
    found = (await findings_of(partial(become_socket, partial(converse, reply))))[check]
    assert found.code == code
    assert seen in found.seen


async def test_pings_that_are_not_answered(autojump_clock: trio.testing.MockClock) -> None:
    """Messages get through, control frames do not: neither ours, nor the server's."""
    found = await findings_of(partial(become_socket, partial(converse, well_meant, pongs=False)))
    assert (found["session"].code, found["idle"].code) == ("no_pong", "idle_no_ping")


async def test_messages_without_end(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many and no more are read."""
    monkeypatch.setattr(limits, "MAX_DOCTOR_EVENTS", 100)
    flood = instead("hello", *[{"type": "join"}] * 200)
    found = await findings_of(partial(become_socket, partial(converse, flood)))
    assert "more than 100 messages" in found["session"].seen


@pytest.mark.parametrize(
    ("hangs", "seen"), [(False, "without an answer"), (True, f"no answer within {DOCTOR_STEP.seconds:g} s")]
)
async def test_an_upgrade_without_an_answer(
    hangs: bool, seen: str, autojump_clock: trio.testing.MockClock
) -> None:
    """Hung up on, or left waiting."""

    async def play(stream: trio.SocketStream, head: bytes) -> None:
        if b"websocket" not in head:
            await stream.send_all(HEALTHY)
        elif hangs:
            await trio.sleep_forever()

    found = (await findings_of(play))["upgrade"]
    assert found.code == "upgrade_lost"
    assert seen in found.seen


async def test_only_the_first_sockets_open(autojump_clock: trio.testing.MockClock) -> None:
    """Every later check says what it got in place of one."""
    opened: list[bytes] = []

    async def play(stream: trio.SocketStream, head: bytes) -> None:
        if b"websocket" in head and len(opened) == 3:
            await stream.send_all(b"HTTP/1.1 429 Too Many\r\nServer: guard\r\nContent-Length: 0\r\n\r\n")
            return
        opened.extend([head] if b"websocket" in head else [])
        await become_socket(partial(converse, well_meant), stream, head)

    found = await findings_of(play)
    codes = [found[check].code for check in ("upgrade", "origin", "session", "sizes", "storage", "idle")]
    assert codes == ["", "origin_blocked", *["upgrade_answered"] * 4]
    assert all(
        "429 by guard" in found[check].seen for check in ("origin", "session", "sizes", "storage", "idle")
    )


async def test_readiness_without_an_answer(autojump_clock: trio.testing.MockClock) -> None:
    """A single question that is hung up on is named."""

    async def play(stream: trio.SocketStream, head: bytes) -> None:
        if b"/readyz" not in head:
            await become_socket(partial(converse, well_meant), stream, head)

    found = (await findings_of(play))["storage"]
    assert found.code == "no_answer"
    assert found.seen.startswith("/readyz: ")


PAGES = {
    "no-script": ('<base href="/">', "no_page", "names no script"),
    "script-elsewhere": ('<base href="/"><script src="https://x/static/a.js">', "no_page", "names no script"),
    "odd-script": ('<base href="/"><script src="/static/\x01 a.js">', "no_answer", "cannot be asked for"),
    "base-that-hangs-up": ('<base href="/gone/">', "base_path_hidden", "takes itself to be at /gone/"),
}


@pytest.mark.parametrize("name", PAGES)
async def test_an_odd_page(name: str, autojump_clock: trio.testing.MockClock) -> None:
    """What it says of itself is followed no further than it can be."""
    html, code, seen = PAGES[name]

    async def play(stream: trio.SocketStream, head: bytes) -> None:
        if head.startswith(b"GET / "):
            body = html.encode()
            await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        elif not head.startswith(b"GET /gone/"):
            await become_socket(partial(converse, well_meant), stream, head)

    found = (await findings_of(play))["page"]
    assert found.code == code
    assert seen in found.seen


async def test_the_whole_has_an_end(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is slow at everything: what could not be done by then is said."""
    monkeypatch.setattr("whiteboard.timeouts.DOCTOR_WHOLE", type(DOCTOR_WHOLE)("short", 12.0, "a short test"))

    async def play(stream: trio.SocketStream, head: bytes) -> None:
        await trio.sleep(DOCTOR_STEP.seconds - 1)
        await become_socket(partial(converse, well_meant), stream, head)

    found = await findings_of(play)
    assert found["reach"].code == ""
    assert (found["idle"].code, found["idle"].seen) == ("no_answer", "not done within 12 s")


async def test_a_server_that_speaks_tls_only(certificate: Certificate) -> None:
    """Plain HTTP gets nothing at all there, a handshake tells why."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate.cert, certificate.key)

    async def serve(stream: trio.SSLStream[trio.SocketStream]) -> None:
        try:
            await stream.do_handshake()
        except trio.BrokenResourceError:
            pass
        await trio.aclose_forcefully(stream)

    async with trio.open_nursery() as nursery:
        listening = partial(trio.serve_ssl_over_tcp, serve, 0, context, host="127.0.0.1")
        listeners = await nursery.start(listening)
        port = listeners[0].transport_listener.socket.getsockname()[1]
        found = await examine(Options(Target.of(f"http://localhost:{port}")), lambda finding: None)
        nursery.cancel_scope.cancel()
    assert [(one.code, one.change) for one in found] == [("wrong_scheme", f"Use https://localhost:{port}/")]
