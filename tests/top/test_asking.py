"""Asking a server how it is doing, when it is none, or not there."""

from functools import partial

import msgspec
import pytest
import trio
from doctor.played import played

from whiteboard import limits
from whiteboard.top.asking import NoStatus, ask
from whiteboard.top.place import Place

STATUS = {
    "versions": {"whiteboard": "9.9"},
    "processes": [{"worker": 0, "uptime": 1.5}, {"worker": 1, "away": True}],
    "counts": {"sessions": 3},
    "memory": {"rss": 1, "peak": 2, "limit": None},
    "boards": [{"board": "b", "sessions": 1, "queue_bytes": 0, "ops_waiting": 0, "seq": 5, "worker": 0}],
    "figures": {"whiteboard_x": {"kind": "gauge", "label": "", "values": {"": 1.5}}},
    "findings": [],
    "settings": {"addr": ":8080"},
}
"""What is shown of it, and more."""


def answering(status: int, body: bytes) -> object:
    """What a server does that says this to everybody."""

    async def play(stream: trio.SocketStream, _: bytes) -> None:
        head = b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
        await stream.send_all(head % (status, len(body)) + body)

    return play


async def test_the_status_of_a_server() -> None:
    """Asked for below the base path, with the token if there is one."""
    heads: list[bytes] = []

    async def play(stream: trio.SocketStream, head: bytes) -> None:
        heads.append(head)
        await stream.send_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + msgspec.json.encode(STATUS))

    async with played(play) as url:
        place = Place.of(f"{url}wb/")
        assert await ask(place) == STATUS
        await ask(Place(place.host, place.port, place.base, token="correct-horse"))
    assert heads[0].startswith(b"GET /wb/debug/status HTTP/1.1\r\n")
    assert b"uthorization" not in heads[0]
    assert b"uthorization: Bearer correct-horse" in heads[1]


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (
            403,
            b'{"error":{"code":"forbidden","reason":"Only from here."}}',
            "^403 Only from here[.]$",
        ),
        (403, b'{"error":{"code":"x","reason":"a\\u001b[2Jb"}}', r"^403 a[?]\[2Jb$"),
        (403, b'{"error":{"reason":5}}', "403, and no whiteboard's"),
        (404, b"<html>", "404, and no whiteboard's"),
        (500, b"[" * 5000, "500, and no whiteboard's"),
        (200, b"{}", "no status of a whiteboard"),
        (200, b'{"processes":[1]}', "no status of a whiteboard"),
        (200, msgspec.json.encode({**STATUS, "memory": {"rss": "much"}}), "rss"),
        (200, msgspec.json.encode({**STATUS, "boards": [{"board": 5}]}), "boards"),
        (200, b"\xff" + msgspec.json.encode(STATUS), "no status of a whiteboard"),
        (200, b"[" * 5000, "no status of a whiteboard"),
        (200, b"x" * (limits.MAX_STATUS_BYTES + 1), "more than"),
    ],
)
async def test_what_is_no_status(status: int, body: bytes, reason: str) -> None:
    """It is told in the server's words where it has some."""
    async with played(answering(status, body)) as url:  # type: ignore[arg-type]  # told of as an object
        with pytest.raises(NoStatus, match=reason):
            await ask(Place.of(url))


async def test_a_server_that_speaks_something_else() -> None:
    """Or says nothing at all."""

    async def play(stream: trio.SocketStream, _: bytes) -> None:
        await stream.send_all(b"SSH-2.0-x\r\n\r\n")

    async def leave(_: trio.SocketStream, __: bytes) -> None:
        await trio.lowlevel.checkpoint()

    for part in (play, leave):
        async with played(part) as url:
            with pytest.raises(NoStatus, match="HTTP"):
                await ask(Place.of(url))


async def test_nobody_is_there() -> None:
    """The system's own words."""
    async with played(answering(200, b"")) as url:  # type: ignore[arg-type]  # as above
        place = Place.of(url)
    with pytest.raises(NoStatus, match="refused"):
        await ask(place)


async def test_a_name_without_an_address() -> None:
    """`.invalid` has none anywhere (RFC 6761 section 6.4)."""
    with pytest.raises(NoStatus, match=r".+"):
        await ask(Place.of("http://nobody.invalid/"))


async def test_no_tls_where_some_is_expected() -> None:
    """As TLS calls it."""

    async def serve(stream: trio.SocketStream) -> None:
        async with stream:
            await stream.send_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            await stream.receive_some()

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
        port = listeners[0].socket.getsockname()[1]
        with pytest.raises(NoStatus, match=r"^TLS: wrong version number$"):
            await ask(Place.of(f"https://127.0.0.1:{port}/"))
        nursery.cancel_scope.cancel()
