"""What stands between the HTTP server and the app: who asks, by which name, and how fast they read.

An ASGI app around the app, one for each connection. Knows no route and no library. What it changes in a
request: an absolute target becomes a path and a Host, an IPv4 client of a socket for both kinds is one,
and what a trusted proxy says of the client, the scheme and the Host takes the place of the proxy's own.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import unquote

import msgspec
import trio

from whiteboard import limits, timeouts
from whiteboard.deadlines import within
from whiteboard.diagnostics import logs
from whiteboard.transport.http_head import split_target
from whiteboard.transport.http_lifetime import Lifetime
from whiteboard.trust import refusals
from whiteboard.trust.headers import Headers
from whiteboard.trust.names import plain_address
from whiteboard.trust.policy import Trust
from whiteboard.trust.proxies import Client
from whiteboard.trust.refusals import error_body

log = logs.get_logger()

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]
RawHeaders = list[tuple[bytes, bytes]]

_VERSIONS = frozenset({"1.0", "1.1", "2"})


class Front:
    """The app as the HTTP server sees it, for one connection."""

    def __init__(self, app: AsgiApp, life: Lifetime, trust: Trust, websocket_paths: tuple[str, ...]) -> None:
        """Args: `app` gets `http` scopes only; WebSockets come by another way and are refused here."""
        self._app = app
        self._life = life
        self._trust = trust
        self._websocket_paths = websocket_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._life.request():
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["http_version"] not in _VERSIONS:  # HTTP/2's preface, behind a request of HTTP/1.1
            reason = "This connection speaks HTTP/1.1."
            await _answer(scope, send, 505, error_body("http_version", reason))
            return
        headers = _headers(scope)
        named = headers.get("host") or ""
        host = _take_target_apart(scope, named)
        client = self._client(scope, headers, host)
        if not self._trust.hosts.allows(named):
            log.warning("host_refused", host=named, peer=str(client))
            await _answer(scope, send, 421, error_body("foreign_host", refusals.foreign_host(named)))
        elif scope["type"] == "websocket":
            await self._refuse_websocket(scope, send)
        else:
            _tell(scope, client, host)
            await self._app(scope, receive, self._cut(send))

    def _client(self, scope: Scope, headers: Headers, host: str) -> Client:
        address, port = scope["client"] or ("", 0)
        peer = Client(plain_address(address), port, scope["scheme"], host)
        return self._trust.proxies.client(peer, headers)

    def _cut(self, send: Send) -> Send:
        """`send`, with bodies in pieces of SEND_BYTES; a reader that is too slow for one is given up."""

        async def send_pieces(message: Message) -> None:
            body, size = message.get("body", b""), limits.SEND_BYTES
            if len(body) <= size:
                await self._send(send, message)
                return
            ends, goes_on = memoryview(body), message.get("more_body", False)
            for at in range(0, len(body), size):
                more = goes_on or at + size < len(body)
                await self._send(send, {**message, "body": bytes(ends[at : at + size]), "more_body": more})

        return send_pieces

    async def _send(self, send: Send, piece: Message) -> None:
        with within(timeouts.HTTP_SEND) as patience:
            await send(piece)
        if patience.cancelled_caught:
            self._life.give_up()
            await trio.lowlevel.checkpoint()  # that cancelled us too

    async def _refuse_websocket(self, scope: Scope, send: Send) -> None:
        if not scope["path"].startswith(self._websocket_paths):
            body = error_body("not_found", "There is no WebSocket at this address.")
            await _answer(scope, send, 404, body)
            return
        body = error_body("upgrade_required", "Open a WebSocket on a connection of its own.")
        await _answer(scope, send, 426, body, [(b"upgrade", b"websocket")])


async def _answer(
    scope: Scope, send: Send, status: int, body: dict[str, object], extra: RawHeaders | None = None
) -> None:
    """An answer of our own, after which HTTP/1 closes the connection.

    Not so for a version that it does not know: h11 would take the bytes behind for a breach, and cut us off.
    """
    content = msgspec.json.encode(body)
    headers = [
        (b"content-type", b"application/json"),
        (b"cache-control", b"no-store"),
        (b"content-length", b"%d" % len(content)),
        *(extra or []),
    ]
    if scope["http_version"].startswith("1"):
        headers.append((b"connection", b"upgrade, close" if extra else b"close"))
    kind = "websocket.http.response" if scope["type"] == "websocket" else "http.response"
    await send({"type": f"{kind}.start", "status": status, "headers": headers})
    await send({"type": f"{kind}.body", "body": content})


def _headers(scope: Scope) -> Headers:
    return Headers((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])


def _take_target_apart(scope: Scope, host: str) -> str:
    """Who is asked for: `GET http://x/y` is a request for /y with Host x (RFC 9112 section 3.2.2)."""
    authority, path = split_target(scope["raw_path"].decode("ascii"))
    if authority is None:
        return host
    scope["raw_path"], scope["path"] = path.encode("ascii"), unquote(path)
    _replace_host(scope, authority)
    return authority


def _tell(scope: Scope, client: Client, host: str) -> None:
    """Give the app the client as far as it is known."""
    scope["client"] = (client.address, client.port) if client.address else None
    scope["scheme"] = client.scheme
    if client.host != host:
        _replace_host(scope, client.host)


def _replace_host(scope: Scope, host: str) -> None:
    others = [(name, value) for name, value in scope["headers"] if name.lower() != b"host"]
    scope["headers"] = [(b"host", host.encode("latin-1")), *others]
