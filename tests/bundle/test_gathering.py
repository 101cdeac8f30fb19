"""Asking a server that is in trouble, or none of ours (R55)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
import trio
from doctor.played import Play, played

from whiteboard import limits, timeouts
from whiteboard.bundle import gathering
from whiteboard.bundle.contents import PARTS
from whiteboard.bundle.gathering import Answer, NoServer, Source, gather

TWO = (PARTS[0], PARTS[2])


@pytest.fixture(autouse=True)
def few_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two are as good as all."""
    monkeypatch.setattr(gathering, "PARTS", TWO)


async def gathered(url: str, token: str | None = None) -> list[Answer]:
    """All answers, asked for as the command does it: where no event loop runs."""
    return await trio.to_thread.run_sync(lambda: list(gather(Source(url.rstrip("/"), token), 1)))


ALIVE = b'HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{"alive": true}'


def saying(answer: bytes, first: bytes = ALIVE) -> Play:
    """A server that says this, whatever it is asked, once it has said what it is."""

    async def play(stream: trio.SocketStream, head: bytes) -> None:
        await stream.send_all(first if head.startswith(b"GET /healthz ") else answer)

    return play


async def test_a_redirect_is_told_and_not_followed() -> None:
    """The token is for the address that was given."""
    heads: list[bytes] = []

    async def note(_: trio.SocketStream, head: bytes) -> None:
        heads.append(head)
        await trio.lowlevel.checkpoint()

    async with played(note) as elsewhere:
        moved = b"HTTP/1.1 302 Found\r\nLocation: " + elsewhere.encode() + b"\r\nContent-Length: 0\r\n\r\n"
        async with played(saying(moved)) as url:
            answers = await gathered(url, "correct-horse")
    assert [(one.status, one.fault) for one in answers] == [(200, ""), (302, "302 Found")]
    assert heads == []


async def test_what_does_not_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """At MAX_BUNDLE_PART_BYTES; what has come is kept, and said to be not all."""
    monkeypatch.setattr(limits, "MAX_BUNDLE_PART_BYTES", 100_000)

    async def pour(stream: trio.SocketStream, head: bytes) -> None:
        if head.startswith(b"GET /healthz "):
            await stream.send_all(ALIVE)
            return
        await stream.send_all(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            await stream.send_all(b"x" * 10_000)

    async with played(pour) as url:
        answers = await gathered(url)
    assert [(len(one.body), one.fault) for one in answers] == [(15, ""), (100_000, "cut at 100000 bytes")]


@asynccontextmanager
async def with_proxies(monkeypatch: pytest.MonkeyPatch, proxy: str) -> AsyncIterator[None]:
    """An environment as in an office."""
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, proxy)
    monkeypatch.delenv("no_proxy", raising=False)
    await trio.lowlevel.checkpoint()
    yield


async def test_no_proxy_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would get the token, and knows no server on this machine."""
    told = saying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
    async with played(told) as url, with_proxies(monkeypatch, "http://127.0.0.1:9"):
        assert [one.body for one in await gathered(url)] == [b'{"alive": true}', b"{}"]


@pytest.mark.parametrize(
    ("said", "fault", "is_missing"),
    [
        (b'403 X\r\n\r\n{"error":{"reason":"Not\x1b[2J you."}}', "403 Not?[2J you.", True),
        (b"403 X\r\n\r\n" + b"[" * 5000, "403 X", True),
        (
            b"409 \r\nContent-Type: text/plain\r\n\r\nNothing is traced.\nTurn it on.",
            "409 Nothing is traced.",
            False,
        ),
        (b"409 \r\nContent-Type: text/html\r\n\r\n<html>", "409 Conflict", False),
        (b'404 X\r\n\r\n{"error":{"reason":"There are no workers."}}', "404 There are no workers.", False),
        (b"200 OK\r\nContent-Length: 10\r\n\r\nhalf", "cut short: 6 bytes are missing", True),
        (b"302 Found\r\nContent-Length: 0\r\n\r\n", "302 Found", True),
        (b"429 X\r\n\r\n", "429 X", True),
        (b"500 X\r\n\r\n", "500 X", True),
        (b"503 X\r\n\r\n", "503 X", True),
    ],
)
async def test_a_fault_is_in_the_servers_words(said: bytes, fault: str, is_missing: bool) -> None:
    """Without what they would do to a terminal; what the server does not have is an answer, all else is missing."""
    async with played(saying(b"HTTP/1.1 " + said.replace(b"\x1b", b"\\u001b"))) as url:
        (*_, answer) = await gathered(url)
    assert (answer.fault, answer.is_missing) == (fault, is_missing)


@pytest.mark.parametrize("first", [302, 404, 502])
async def test_what_is_no_server_of_ours_is_told_at_once(first: int) -> None:
    """A path that is not the server's, a page to log in at, a proxy with nobody behind it."""
    said = b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % first
    async with played(saying(said, first=said)) as url:
        with pytest.raises(NoServer, match=rf"/healthz: {first} X"):
            await gathered(url)


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"alive": false}', b"[" * 9_000])
async def test_another_server_is_told_at_once(body: bytes) -> None:
    """One that has an answer to everything."""
    said = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    async with played(saying(said, first=said)) as url:
        with pytest.raises(NoServer, match="no whiteboard server"):
            await gathered(url)


async def test_a_server_that_is_not_ready_says_so() -> None:
    """That is what one looks for in a bundle."""
    answer = Answer(PARTS[1], 503, b"", "503 Not ready.", 0.1)
    assert (PARTS[1].path, answer.is_missing) == ("/readyz", False)


async def test_a_server_that_stands_still_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """After DOCTOR_STEP for one that is silent: it is none."""
    monkeypatch.setattr(timeouts.DOCTOR_STEP, "seconds", 0.05)

    async with played(partial(_stand_still)) as url:
        with pytest.raises(NoServer, match="timed out"):
            await gathered(url)


async def _stand_still(_: trio.SocketStream, __: bytes) -> None:
    await trio.sleep_forever()
