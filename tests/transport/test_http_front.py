"""What the app gets to see of a request, and the HTTP server of an answer."""

from typing import Any

import pytest
import trio
import trio.testing
from transport.peers import wire_pair

from whiteboard import limits, timeouts
from whiteboard.transport.http_front import Front, Message, Receive, Scope, Send
from whiteboard.transport.http_lifetime import Lifetime
from whiteboard.trust.policy import Trust
from whiteboard.trust.proxies import TrustedProxies


def scope_of(target: str, *headers: tuple[str, str], kind: str = "http", version: str = "1.1") -> Scope:
    """A request as the HTTP server hands it over."""
    return {
        "type": kind,
        "http_version": version,
        "path": target,
        "raw_path": target.encode(),
        "scheme": "http",
        "client": ("::ffff:10.0.0.1", 5000),
        "headers": [(name.encode(), value.encode()) for name, value in headers],
    }


class Asked:
    """An app that notes what it is asked and answers with `body`."""

    def __init__(self, body: bytes = b"") -> None:
        self.scopes: list[Scope] = []
        self._body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": self._body})


async def ask(app: Asked, scope: Scope, trust: Trust | None = None) -> list[Message]:
    """What goes to the HTTP server."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        await trio.lowlevel.checkpoint()
        sent.append(message)

    wire, client = wire_pair()
    async with client.stream:
        with wire:
            front = Front(app, Lifetime(wire), trust or Trust(), ("/ws/",))
            await front(scope, trio.sleep_forever, send)
    return sent


async def test_an_ipv4_client_is_one_and_an_absolute_target_a_path() -> None:
    """In whatever way they came in."""
    app = Asked()
    await ask(app, scope_of("http://Draw.example:81/a%20b", ("host", "other"), ("x-a", "1")))
    (seen,) = app.scopes
    assert (seen["client"], seen["path"], seen["raw_path"]) == (("10.0.0.1", 5000), "/a b", b"/a%20b")
    assert seen["headers"] == [(b"host", b"Draw.example:81"), (b"x-a", b"1")]


async def test_a_trusted_proxy_speaks_for_its_client() -> None:
    """Address, scheme and host are the client's; other headers stay."""
    app = Asked()
    said = {"x-forwarded-for": "9.9.9.9", "x-forwarded-proto": "https", "x-forwarded-host": "draw.example"}
    scope = scope_of("/", ("host", "inner"), *said.items())
    await ask(app, scope, Trust(proxies=TrustedProxies.of(["10.0.0.0/8"])))
    (seen,) = app.scopes
    assert (seen["client"], seen["scheme"], seen["headers"][0]) == (
        ("9.9.9.9", 0),
        "https",
        (b"host", b"draw.example"),
    )


@pytest.mark.parametrize(
    ("scope", "status"),
    [
        (scope_of("/ws/b", kind="websocket"), 426),
        (scope_of("/else", kind="websocket"), 404),
        (scope_of("/ws/b", kind="websocket", version="2"), 426),
        (scope_of("*", version="2.0"), 505),
    ],
)
async def test_what_is_not_for_the_app_is_answered_here(scope: Scope, status: int) -> None:
    """In the words of the kind that it is; only HTTP/1 has a Connection header. [HTTP-14]"""
    app = Asked()
    start, body = await ask(app, scope)
    headers: dict[Any, Any] = dict(start["headers"])
    assert app.scopes == []
    assert start["status"] == status
    assert start["type"].startswith("websocket." if scope["type"] == "websocket" else "http.")
    assert (b"connection" in headers) is (scope["http_version"] == "1.1")
    assert len(body["body"]) == int(headers[b"content-length"])


@pytest.mark.parametrize("size", [0, 1, limits.SEND_BYTES, limits.SEND_BYTES + 1, 3 * limits.SEND_BYTES])
async def test_a_body_goes_out_in_pieces(size: int) -> None:
    """Whole, in order, none above the bound, and the last one says that it is."""
    body = bytes(range(256)) * (size // 256) + bytes(size % 256)
    _, *pieces = await ask(Asked(body), scope_of("/"))
    assert b"".join(piece["body"] for piece in pieces) == body
    assert max(len(piece["body"]) for piece in pieces) <= limits.SEND_BYTES
    assert [piece.get("more_body", False) for piece in pieces] == [True] * (len(pieces) - 1) + [False]


async def test_a_piece_that_does_not_leave_ends_the_app_too(autojump_clock: trio.testing.MockClock) -> None:
    """The connection's scope is cancelled, and with it whoever makes the answer."""
    wire, client = wire_pair()
    life = Lifetime(wire)

    async def never(_: Message) -> None:
        await trio.sleep_forever()

    async with client.stream:
        with life.scope:
            await Front(Asked(), life, Trust(), ())(scope_of("/"), trio.sleep_forever, never)
    assert life.scope.cancelled_caught
    assert trio.current_time() == pytest.approx(timeouts.HTTP_SEND.seconds)
