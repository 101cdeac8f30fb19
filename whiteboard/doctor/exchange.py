"""One question and its answer over HTTP/1.1, bounded in size and time. Judges nothing."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import h11
import msgspec
import trio

from whiteboard import limits, timeouts
from whiteboard.deadlines import within
from whiteboard.doctor.findings import shown
from whiteboard.doctor.line import Header, Way, open_line
from whiteboard.errors import ConnectionLost

_READ_BYTES: Final = 32 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: tuple[Header, ...]
    """Names in lower case."""
    body: bytes = field(default=b"", repr=False)
    """At most MAX_DOCTOR_BODY_BYTES of it."""
    asked_at: float = 0.0
    """Our clock when the question went, seconds since 1970."""
    seconds: float = 0.0
    """From the question to the head of the answer."""

    def header(self, name: str) -> str:
        """The first value of a header; empty when there is none."""
        return next((value for field_name, value in self.headers if field_name == name), "")

    @property
    def json(self) -> dict[str, Any]:
        """The body as a JSON object; empty for anything else."""
        return next(iter(json_objects(self.body)), {})

    @property
    def _error(self) -> dict[str, Any]:
        error = self.json.get("error")
        return error if isinstance(error, dict) else {}

    @property
    def code(self) -> str:
        """The code of an error in the shape of HTTP-8; empty for what whiteboard did not write."""
        code = self._error.get("code")
        return code if isinstance(code, str) else ""

    @property
    def reason(self) -> str:
        """The sentence of such an error."""
        return str(self._error.get("reason", ""))

    @property
    def told(self) -> str:
        """The answer in a few words."""
        by = self.header("server")
        if self.code:
            return f"{self.status} {shown(self.code)}"
        return f"{self.status} by {shown(by, 30)}" if by else f"{self.status}"


def json_objects(text: bytes | str) -> list[dict[str, Any]]:
    """A JSON object, or those of an array; none for anything else."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    values = value if isinstance(value, list) else [value]
    return [each for each in values if isinstance(each, dict)]


async def ask(
    way: Way,
    path: str,
    *,
    method: str = "GET",
    headers: Iterable[Header] = (),
    body: bytes = b"",
    host: str | None = None,
) -> Answer:
    """The answer to one request on a connection of its own.

    Args:
        path: below the base path of the target, with a slash in front.
        host: another Host header than the target's.

    Raises ConnectionLost when none comes within DOCTOR_STEP. Cancelled, the connection is closed.
    """
    lines = [("Connection", "close"), *headers]
    if body:
        lines.append(("Content-Length", str(len(body))))
    with within(timeouts.DOCTOR_STEP):
        async with open_line(way) as stream:
            exchange = Exchange(stream)
            await exchange.send(request(way, path, method=method, headers=lines, host=host), body)
            return await exchange.answer()
    raise ConnectionLost(f"no answer within {timeouts.DOCTOR_STEP.seconds:g} s")


async def announce(way: Way, path: str, size_bytes: int) -> Answer | None:
    """What is said to a POST before its body comes, which then does not: a refusal, or 100 to go on.

    RFC 9110 section 10.1.1. None when nothing is said within DOCTOR_STEP. Raises ConnectionLost.
    """
    headers = [("Connection", "close"), ("Expect", "100-continue"), ("Content-Length", str(size_bytes))]
    with within(timeouts.DOCTOR_STEP):
        async with open_line(way) as stream:
            exchange = Exchange(stream)
            await exchange.send_head(request(way, path, method="POST", headers=headers))
            return await exchange.answer(is_final=False)
    return None


def request(
    way: Way,
    path: str,
    *,
    method: str = "GET",
    headers: Iterable[Header] = (),
    host: str | None = None,
) -> h11.Request:
    """The head of a request. Raises ConnectionLost for what is no header or path."""
    lines = [("Host", host or way.target.authority), ("User-Agent", "whiteboard-doctor"), *headers]
    if way.credentials is not None and all(name.lower() != "authorization" for name, _ in lines):
        lines.append(("Authorization", way.credentials))
    try:
        return h11.Request(method=method, target=way.target.base + path, headers=lines)
    except (h11.LocalProtocolError, UnicodeEncodeError) as error:
        raise ConnectionLost(f"this cannot be asked for: {error}") from error


class Exchange:
    """HTTP/1.1 on a stream, for one request."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=limits.MAX_HEAD_BYTES)
        self._asked_at = 0.0
        self._began = 0.0

    @property
    def trailing(self) -> bytes:
        """What came behind the answer: the first bytes of another protocol."""
        return self._http.trailing_data[0]

    async def send(self, head: h11.Request, body: bytes = b"") -> None:
        """Send the whole request. Raises ConnectionLost."""
        data = self._http.send(head) or b""
        if body:
            data += self._http.send(h11.Data(data=body)) or b""
        await self._send(data + (self._http.send(h11.EndOfMessage()) or b""))

    async def send_head(self, head: h11.Request) -> None:
        """Send the head alone. Raises ConnectionLost."""
        await self._send(self._http.send(head) or b"")

    async def _send(self, data: bytes) -> None:
        self._asked_at, self._began = time.time(), trio.current_time()
        try:
            await self._stream.send_all(data)
        except trio.BrokenResourceError:
            pass  # an answer may be there all the same: a proxy that does not take so large a body says so
        except trio.ClosedResourceError as error:
            raise ConnectionLost("the connection was closed") from error

    async def answer(self, *, is_final: bool = True) -> Answer:
        """The answer, its body up to the bound. Raises ConnectionLost.

        Args:
            is_final: whether to pass over what is said on the way to it (1xx), but for a change of protocol.
        """
        head = await self._next_head(101 if is_final else 100)
        seconds = trio.current_time() - self._began
        body = bytearray()
        while head.status_code >= 200 and len(body) < limits.MAX_DOCTOR_BODY_BYTES:
            event = await self._next_event()
            if not isinstance(event, h11.Data):
                break
            body += event.data
        return Answer(
            status=head.status_code,
            headers=tuple((name.decode("ascii"), value.decode("latin-1")) for name, value in head.headers),
            body=bytes(body[: limits.MAX_DOCTOR_BODY_BYTES]),
            asked_at=self._asked_at,
            seconds=seconds,
        )

    async def _next_head(self, least: int) -> h11.Response | h11.InformationalResponse:
        while True:
            event = await self._next_event()
            if not isinstance(event, (h11.Response, h11.InformationalResponse)):
                raise ConnectionLost(f"no HTTP: {type(event).__name__} in place of an answer")
            if isinstance(event, h11.Response) or least <= event.status_code <= 101:
                return event

    async def _next_event(self) -> object:
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                data = bytes(await self._stream.receive_some(_READ_BYTES))
                if not data and self._http.their_state is h11.SEND_RESPONSE:
                    raise ConnectionLost("the connection ended without an answer")
                self._http.receive_data(data)
        except h11.RemoteProtocolError as error:
            raise ConnectionLost(f"no HTTP: {shown(str(error))}") from error
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise ConnectionLost("the connection broke before the answer was whole") from error
        return event
