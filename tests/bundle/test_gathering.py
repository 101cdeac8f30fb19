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


def saying(answer: bytes) -> Play:
    """A server that says this, whatever it is asked."""

    async def play(stream: trio.SocketStream, _: bytes) -> None:
        await stream.send_all(answer)

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
    assert [(one.status, one.fault) for one in answers] == [(302, "302 Found")] * 2
    assert heads == []


async def test_what_does_not_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """At MAX_BUNDLE_PART_BYTES; what has come is kept, and said to be not all."""
    monkeypatch.setattr(limits, "MAX_BUNDLE_PART_BYTES", 100_000)

    async def pour(stream: trio.SocketStream, _: bytes) -> None:
        await stream.send_all(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            await stream.send_all(b"x" * 10_000)

    async with played(pour) as url:
        answers = await gathered(url)
    assert [(len(one.body), one.fault) for one in answers] == [(100_000, "cut at 100000 bytes")] * 2


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
        assert [one.body for one in await gathered(url)] == [b"{}", b"{}"]


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
    ],
)
async def test_a_fault_is_in_the_servers_words(said: bytes, fault: str, is_missing: bool) -> None:
    """Without what they would do to a terminal; what is refused, or came in part, is missing."""
    async with played(saying(b"HTTP/1.1 " + said.replace(b"\x1b", b"\\u001b"))) as url:
        (*_, answer) = await gathered(url)
    assert (answer.fault, answer.is_missing) == (fault, is_missing)


async def test_a_server_that_stands_still_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """After DOCTOR_STEP for one that is silent: it is none."""
    monkeypatch.setattr(timeouts.DOCTOR_STEP, "seconds", 0.05)

    async with played(partial(_stand_still)) as url:
        with pytest.raises(NoServer, match="timed out"):
            await gathered(url)


async def _stand_still(_: trio.SocketStream, __: bytes) -> None:
    await trio.sleep_forever()
