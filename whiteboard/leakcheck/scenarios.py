"""What is done to the server in one cycle. Each ends with everything that it began, in its own way."""

import struct
import zlib
from collections.abc import Awaitable, Callable
from typing import Final

import attrs
import trio

from whiteboard.leakcheck.house import House
from whiteboard.leakcheck.visitor import Visitor, ask, open_visitor

Cycle = Callable[[House, int], Awaitable[None]]
"""One cycle, told which it is."""
_SMALL_WINDOW: Final = 4096
_MUCH: Final = 40
_POINTS: Final = 400
"""What somebody does not read: strokes, and points of each."""


@attrs.frozen
class Scenario:
    """A way to use the server."""

    name: str
    meaning: str
    cycle: Cycle


async def _draw(one: Visitor, element: str, points: int = 20) -> None:
    """A stroke, acked."""
    await one.say({"type": "stroke", "id": element, "points": [[x, x % 7] for x in range(points)]})
    await one.hear("ack")


async def _sessions(house: House, number: int) -> None:
    board = f"sessions-{number}"
    async with open_visitor(house, board) as ada, open_visitor(house, board) as bob:
        await ada.enter()
        await bob.enter()
        await _draw(ada, "s")
        await bob.hear("stroke")
        await bob.say({"type": "cursor", "x": 1, "y": 2})
        await ada.say_goodbye()
        await bob.say_goodbye()
    await ask(house, "DELETE", f"/api/boards/{board}")


async def _resets(house: House, number: int) -> None:
    board = f"resets-{number}"
    for is_drawing in (False, True):
        async with open_visitor(house, board) as one:
            await one.enter()
            if is_drawing:
                await one.say({"type": "stroke", "id": "s", "points": [[0, 0], [9, 9]]})
            await one.reset()
    async with open_visitor(house, board) as silent:  # no hello, and no goodbye
        await silent.reset()
    await ask(house, "DELETE", f"/api/boards/{board}")


async def _boards(house: House, number: int) -> None:
    board = f"boards-{number}"
    await ask(house, "POST", "/api/boards", f'{{"board":"{board}"}}'.encode())
    async with open_visitor(house, board) as one:
        await one.enter()
        await _draw(one, "s")
        await ask(house, "GET", f"/api/boards/{board}")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(one.wait_ended)
            await ask(house, "DELETE", f"/api/boards/{board}")  # under its feet


async def _assets(house: House, number: int) -> None:
    board = f"assets-{number}"
    await ask(house, "POST", "/api/boards", f'{{"board":"{board}"}}'.encode())
    await ask(house, "POST", f"/api/boards/{board}/assets", _picture(number), "image/png")
    await ask(house, "DELETE", f"/api/boards/{board}")


async def _requests(house: House, number: int) -> None:
    for method, path in (
        ("GET", "/"),
        ("GET", "/readyz"),
        ("GET", "/api/boards"),
        ("GET", f"/api/boards/none-{number}"),
        ("DELETE", f"/api/boards/none-{number}"),
        ("POST", "/api/boards"),
        ("GET", "/ws/no-upgrade"),
        ("PUT", "/nowhere"),
    ):
        await ask(house, method, path, b"{" if method == "POST" else b"")


async def _stalls(house: House, number: int) -> None:
    """Somebody draws more than another one's socket takes, who never reads it and is then torn down."""
    board = f"stalls-{number}"
    async with (
        open_visitor(house, board) as ada,
        open_visitor(house, board, receive_bytes=_SMALL_WINDOW) as bob,
    ):
        await ada.enter()
        await bob.enter()
        for stroke in range(_MUCH):
            await _draw(ada, f"s{stroke}", _POINTS)
        await bob.reset()
        await ada.say_goodbye()
    await ask(house, "DELETE", f"/api/boards/{board}")


def _picture(number: int) -> bytes:
    """A PNG of one pixel, another for each number."""

    def chunk(name: bytes, content: bytes) -> bytes:
        check = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixel = zlib.compress(bytes([0, *number.to_bytes(3, "big")]))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")


SCENARIOS: Final = {
    one.name: one
    for one in (
        Scenario("sessions", "two people come, draw, point and say goodbye", _sessions),
        Scenario(
            "resets", "people whose connection breaks: silent, idle, in the middle of a stroke", _resets
        ),
        Scenario("boards", "a board is made, drawn on, looked at and deleted under somebody's feet", _boards),
        Scenario("assets", "a picture is uploaded, and forgotten with its board", _assets),
        Scenario("requests", "the page, the API, and requests that are refused", _requests),
        Scenario("stalls", "somebody reads nothing while another one draws, and is torn down", _stalls),
    )
}
