"""What every answer has in common: security headers, the base path, HEAD without a body.

The outermost layer of the app; knows no route.
"""

from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from whiteboard.config import BasePath
from whiteboard.trust.names import is_loopback_name, parse_authority

PAGE_POLICY: Final = (
    "default-src 'none'; "
    "script-src 'self'; "
    "style-src 'self'; "
    "img-src 'self' data: blob:; "
    "font-src 'self'; "
    "connect-src 'self'; "  # CSP 3 section 6.7.2.8: our own ws: and wss: are 'self' too
    "worker-src 'self'; "
    "manifest-src 'self'; "
    "base-uri 'self'; "
    "form-action 'self'; "
    "frame-ancestors 'self'"
)
"""What the page may load and do: its own files, its own server, pictures that it made itself."""
DATA_POLICY: Final = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""An answer that is no page loads nothing, should a browser ever show it as one."""

ALWAYS: Final = {
    "content-security-policy": DATA_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # a board's address is its key
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
}
"""What an answer has that says nothing else."""

SECURE: Final = {"cross-origin-opener-policy": "same-origin"}
"""Only where a browser takes it: over plain HTTP from another machine Chromium logs an error instead
(HTML section 7.1.3: ignored unless the origin is potentially trustworthy)."""


class Edge:
    """Wraps the app.

    A proxy may pass the base path on or strip it; both work, and so does a health check that goes
    around the proxy. The routes behind see paths without it.
    """

    def __init__(self, app: ASGIApp, base_path: BasePath) -> None:
        self._app = app
        self._base = base_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif self._base and scope["path"] == self._base:
            await _redirect(f"{self._base}/", scope, _Outgoing(scope, send))
        else:
            await self._app({**scope, "root_path": self._base}, receive, _Outgoing(scope, send))


class _Outgoing:
    """Sends an answer on, completed."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._send = send
        self._is_head = scope["method"] == "HEAD"
        self._fixed = ALWAYS | SECURE if _is_trustworthy(scope) else ALWAYS

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=list(message["headers"]))
            for name, value in self._fixed.items():
                headers.setdefault(name, value)
            message = {**message, "headers": headers.raw}
        elif message["type"] == "http.response.body" and self._is_head:
            message = {**message, "body": b""}
        await self._send(message)


def _is_trustworthy(scope: Scope) -> bool:
    """Whether the browser keeps the origin that it asked for a secure one (Secure Contexts section 3.1)."""
    host = parse_authority(Headers(scope=scope).get("host", ""))
    return scope.get("scheme") == "https" or (host is not None and is_loopback_name(host.name))


async def _redirect(target: str, scope: Scope, send: Send) -> None:
    query = scope["query_string"]
    location = target.encode("ascii") + (b"?" + query if query else b"")
    headers = [(b"location", location), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 308, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
