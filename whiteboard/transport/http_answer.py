"""Short HTTP/1.1 answers of our own, for connections that never reach the HTTP server.

Owns what they have in common: a JSON body, no caching, and the connection closed behind.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

import msgspec
import trio

from whiteboard import timeouts
from whiteboard.deadlines import within
from whiteboard.transport.wire import Wire, close_gently

HeaderList = Sequence[tuple[str, str]]


def retry_after() -> tuple[str, str]:
    """The header of a 503: when to come back (RFC 9110 section 10.2.3)."""
    return "Retry-After", str(timeouts.COME_BACK.whole_seconds)


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
            with within(timeouts.LINGER):
                await wire.send_all(http_answer(status, body, headers))
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return
        await close_gently(wire)
