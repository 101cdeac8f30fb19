"""Short HTTP/1.1 answers of our own, for connections that never reach the HTTP server.

Owns their one shape: JSON `{"error":{"code","reason"}}`, no caching, and the connection closed behind.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

import msgspec
import trio

from whiteboard.timeouts import LINGER
from whiteboard.transport.wire import Wire, close_gently

HeaderList = Sequence[tuple[str, str]]


def error_body(code: str, reason: str) -> dict[str, object]:
    """The one shape of errors over HTTP."""
    return {"error": {"code": code, "reason": reason}}


def http_answer(status: int, body: Mapping[str, object], headers: HeaderList = ()) -> bytes:
    """A whole answer with a JSON body, after which the connection closes."""
    content = msgspec.json.encode(body)
    fields = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(content))),
        ("Cache-Control", "no-store"),
        ("Connection", "close"),
        *headers,
    ]
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        *(f"{name}: {value}" for name, value in fields),
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + content


async def answer_and_close(
    wire: Wire, status: int, body: Mapping[str, object], headers: HeaderList = ()
) -> None:
    """Send an answer within LINGER and close the wire, gently so that the answer arrives.

    A peer that is gone is no error. Cancelled, the wire is closed at once.
    """
    with wire:
        try:
            with trio.move_on_after(LINGER.seconds):
                await wire.send_all(http_answer(status, body, headers))
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return
        await close_gently(wire)
