"""One question to the server and its answer: HTTP/1.1 on a connection of its own, bounded in size and time."""

import ssl
from collections.abc import Mapping
from typing import Any, Final

import h11
import msgspec
import trio

from whiteboard import limits, timeouts
from whiteboard.deadlines import within
from whiteboard.errors import WhiteboardError
from whiteboard.top.place import Place
from whiteboard.top.shape import read_status
from whiteboard.top.words import printable

_READ_BYTES: Final = 32 * 1024
_PATH: Final = "/debug/status"
_MOST_WORDS: Final = 200
Status = Mapping[str, Any]
"""As `/debug/status` gives it (docs/spec/http.md)."""


class _Error(msgspec.Struct):
    reason: str


class _Refusal(msgspec.Struct):
    """As the server says no (docs/spec/http.md)."""

    error: _Error


class NoStatus(WhiteboardError):
    """The server does not say how it is doing; the text says why."""


async def ask(place: Place) -> Status:
    """How the server is doing now.

    Raises NoStatus when it is not there, does not take us for its operator, or has not answered within TOP_ANSWER. Cancelled,
    the connection is closed.
    """
    with within(timeouts.TOP_ANSWER):
        try:
            async with await _connected(place) as stream:
                return _read(*await _exchanged(stream, place))
        except (OSError, trio.BrokenResourceError, trio.ClosedResourceError, ssl.SSLError) as error:
            raise NoStatus(_plain(error)) from error
        except h11.ProtocolError as error:
            raise NoStatus(f"it does not speak HTTP: {error}") from error
    raise NoStatus(f"no answer within {timeouts.TOP_ANSWER.seconds:g} s")


async def _connected(place: Place) -> trio.abc.Stream:
    if place.tls is None:
        return await trio.open_tcp_stream(place.host, place.port)
    return await trio.open_ssl_over_tcp_stream(
        place.host, place.port, ssl_context=place.tls, https_compatible=True
    )


async def _exchanged(stream: trio.abc.Stream, place: Place) -> tuple[int, bytes]:
    """Status and body."""
    http = h11.Connection(h11.CLIENT)
    headers = [("Host", place.authority), ("User-Agent", "whiteboard-top"), ("Connection", "close")]
    if place.token is not None:
        headers.append(("Authorization", f"Bearer {place.token}"))
    head = http.send(h11.Request(method="GET", target=place.base + _PATH, headers=headers)) or b""
    await stream.send_all(head + (http.send(h11.EndOfMessage()) or b""))
    status, body = 0, bytearray()
    while not isinstance(event := await _next(http, stream), h11.EndOfMessage | h11.ConnectionClosed):
        if isinstance(event, h11.Response):
            status = event.status_code
        elif isinstance(event, h11.Data):
            body += event.data
        if len(body) > limits.MAX_STATUS_BYTES:
            raise NoStatus(f"an answer of more than {limits.MAX_STATUS_BYTES} bytes")
    return status, bytes(body)


async def _next(http: h11.Connection, stream: trio.abc.Stream) -> object:
    while (event := http.next_event()) is h11.NEED_DATA:
        http.receive_data(bytes(await stream.receive_some(_READ_BYTES)))
    return event


def _read(status: int, body: bytes) -> Status:
    if status == 200:
        try:
            return read_status(body)
        except ValueError as error:  # msgspec's and bad UTF-8 are such
            raise NoStatus(f"200, and no status of a whiteboard of our version: {_shown(error)}") from error
    try:
        reason = msgspec.json.decode(body, type=_Refusal).error.reason
    except (ValueError, RecursionError):
        raise NoStatus(f"{status}, and no whiteboard's; is the URL that of its front page?") from None
    raise NoStatus(f"{status} {_shown(reason)}")


def _shown(text: object) -> str:
    """Of a server's words what fits a line, and does nothing to a terminal."""
    return printable(text, _MOST_WORDS)


def _plain(error: BaseException) -> str:
    """The reason alone; Trio's error for several addresses has it further down."""
    if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
        reason = getattr(error, "reason", None) or getattr(error.__cause__, "reason", None)
        return f"TLS: {str(reason).replace('_', ' ').lower()}"
    cause: BaseException | None = error
    while cause is not None and not getattr(cause, "strerror", None):
        inner = cause.__cause__
        cause = inner.exceptions[0] if isinstance(inner, BaseExceptionGroup) else inner
    return str(getattr(cause, "strerror", None) or str(error) or "the connection broke").lower()
