"""Who stops reading on a busy board is let go with a code; who is only slow, pauses or is idle stays (R14)."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio
from integration.bare_socket import BareSocket, Ended, bare_socket
from integration.crew import events
from integration.polling import until
from integration.server_process import HastyServer, Json

from whiteboard.client import open_board

pytestmark = [pytest.mark.integration, pytest.mark.alone]

SLOW = 1.5
LOOKS = 0.2
HASTE = {"SLOW_CLIENT": SLOW, "LOOKOUT": LOOKS, "WS_CLOSE": 0.3}
SLACK = 5.0
"""Other work on the machine. Not so long that a missing pong could end a session."""
TRIES = 5
POINTS = [[number + 0.123456, number + 0.654321, 0.5] for number in range(500)]
"""About 11 KB of points per op."""
STROKES = 100
PAUSE_SECONDS = 0.02
SMALL_BUFFER = 4_096


@pytest.fixture(params=["memory", "sqlite"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[HastyServer]:
    """A server that does not wait long for who does not read; it ends with 0 on SIGTERM."""
    with HastyServer(tmp_path, request.param, HASTE) as running:
        yield running


async def draw(server: HastyServer, name: str, count: int | None) -> None:
    """Draw so many strokes one after the other; for ever without a number."""
    async with open_board(server.url, "b") as board:
        number = 0
        while number != count:
            await board.stroke(POINTS, element=f"{name}-{number}")
            await trio.sleep(PAUSE_SECONDS)
            number += 1


@asynccontextmanager
async def busy(server: HastyServer) -> AsyncIterator[None]:
    """Somebody draws half a megabyte a second on the board meanwhile."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(draw, server, "busy", None)
        yield
        nursery.cancel_scope.cancel()


def is_let_go(server: HastyServer) -> bool:
    """Whether somebody was, for not reading."""
    return any('"code": 4408' in line for line in events(server, "session_closed"))


async def is_as_before(server: HastyServer, before: dict[str, int]) -> bool:
    """Whether nothing more is left of anybody."""
    now = await server.counts()
    return all(now[what] <= before[what] for what in ("sessions", "leases", "tasks", "descriptors"))


async def read_to_the_end(reader: BareSocket) -> tuple[int | None, list[Json]]:
    """The close code, and the messages before it: all of them whole."""
    heard: list[Json] = []
    while True:
        try:
            heard.append(await reader.hear())
        except Ended as ended:
            return ended.code, heard


async def read_up_to(reader: BareSocket, element: str) -> None:
    """Read on until that stroke has come, in an op or in a snapshot."""
    while True:
        message = await reader.hear_kind("stroke", "snapshot")
        if element in {message.get("id"), *(one["id"] for one in message.get("elements", ()))}:
            return


@pytest.mark.parametrize("deflate", [False, True])
async def test_who_stops_reading_is_let_go_and_finds_why(server: HastyServer, *, deflate: bool) -> None:
    """Gone when SLOW_CLIENT is over, whatever was under way; it and 4408 are there whenever they read on. [SLW-2] [SLW-4]"""
    await draw(server, "first", STROKES)
    before = await server.counts()
    async with bare_socket(server.url, "b", deflate=deflate, receive_bytes=SMALL_BUFFER) as reader:
        began = trio.current_time()
        await reader.say({"type": "hello", "v": 1})
        async with busy(server):
            await until(partial(is_let_go, server))
        took = trio.current_time() - began
        print(f"\n{server.mode}: gone after {took:.2f} s")
        assert SLOW <= took <= SLOW + 2 * LOOKS + SLACK
        await trio.sleep(SLOW)
        code, heard = await read_to_the_end(reader)
        assert code == 4408
        assert [message["type"] for message in heard[:2]] == ["welcome", "snapshot"]
    await until(partial(is_as_before, server, before))


async def test_who_stops_reading_what_is_drawn_is_let_go_and_comes_back_to_all(server: HastyServer) -> None:
    """With a small buffer of ops, and then `since`: no op is lost. [SLW-1] [SLW-2]"""
    async with bare_socket(server.url, "b", receive_bytes=SMALL_BUFFER) as reader:
        await reader.enter()
        async with busy(server):
            await until(partial(is_let_go, server))
        code, heard = await read_to_the_end(reader)
        assert code == 4408
    last = max(message["seq"] for message in heard if message["type"] == "stroke")
    async with bare_socket(server.url, "b") as again:
        await again.enter(since=last)
        head = len(await server.ops("b"))
        assert last < head
        assert [(await again.hear_kind("stroke"))["seq"] for _ in range(last, head)] == [
            *range(last + 1, head + 1)
        ]


async def test_a_server_that_stops_meanwhile_leaves_it_with_the_kernel(tmp_path: Path) -> None:
    """Who reads on then finds the code all the same, and the stop does not wait for them."""
    with HastyServer(tmp_path, "memory", HASTE) as server:
        async with bare_socket(server.url, "b", receive_bytes=SMALL_BUFFER) as reader:
            await reader.enter()
            async with busy(server):
                await until(partial(is_let_go, server))
            assert await trio.to_thread.run_sync(server.stop) == 0
            assert (await read_to_the_end(reader))[0] == 4408


async def test_who_reads_slowly_pauses_or_has_nothing_to_read_stays(server: HastyServer) -> None:
    """Three of them, for several times SLOW_CLIENT; then each reads up to the newest stroke. [SLW-2]"""
    for _ in range(TRIES):
        if await they_stay(server):
            return
        await until(partial(server.has_sessions, 0))
    pytest.fail(f"in each of {TRIES} tries the machine had somebody read nothing for longer than they may")


async def they_stay(server: HastyServer) -> bool:
    """Whether that could be seen: where the machine itself had a reader pause for too long, it says nothing."""
    pauses = [0.0]

    async def read(reader: BareSocket, size: int, pause: float) -> None:
        while True:
            await reader.sip(size)
            began = trio.current_time()
            await trio.sleep(pause)
            pauses.append(trio.current_time() - began)

    small = {"receive_bytes": SMALL_BUFFER}
    async with (
        bare_socket(server.url, "b", **small) as slow,
        bare_socket(server.url, "b", **small) as pausing,
        bare_socket(server.url, "quiet", **small) as idle,
    ):
        for reader in (slow, pausing, idle):
            await reader.enter()
        async with busy(server), trio.open_nursery() as nursery:
            nursery.start_soon(read, slow, 2_048, 0.1)
            nursery.start_soon(read, pausing, 1 << 20, SLOW * 0.6)
            await trio.sleep(4 * SLOW)
            nursery.cancel_scope.cancel()
        if max(pauses) > SLOW - LOOKS:
            return False
        async with trio.open_nursery() as nursery:
            for reader in (slow, pausing):
                nursery.start_soon(read_up_to, reader, "last-0")
            await until(partial(server.has_sessions, 3))  # who has drawn goes a moment later
            await draw(server, "last", 1)
        await idle.say({"type": "ping", "ts": 1})
        assert (await idle.hear_kind("pong"))["ts"] == 1
    return True
