"""A WebSocket of the doctor's own: the upgrade as the other side answered it, and messages within bounds.

One task uses a socket; pings are answered while it listens. Frames are wsproto's work.
"""

import contextlib
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import quote

import msgspec
import trio
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, Pong, TextMessage
from wsproto.utilities import LocalProtocolError, generate_accept_token, generate_nonce

from whiteboard import limits, timeouts
from whiteboard.deadlines import within
from whiteboard.doctor.exchange import Answer, Exchange, json_objects, request
from whiteboard.doctor.findings import shown
from whiteboard.doctor.line import Way, open_line
from whiteboard.errors import ConnectionLost

SUBPROTOCOL: Final = "whiteboard.v1"
Json = dict[str, Any]
_READ_BYTES: Final = 32 * 1024
_NO_STATUS: Final = (1005, 1006)


class NoSocket(ConnectionLost):
    """The upgrade was answered with something else."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"an upgrade was answered with {answer.told}")
        self.answer = answer
        """What came in place of a socket."""


class Socket:
    """An open WebSocket."""

    def __init__(self, stream: trio.abc.Stream, answer: Answer, trailing: bytes) -> None:
        self._stream = stream
        self.answer = answer
        """The answer to the upgrade."""
        self.pings = 0
        """Pings of the server that were answered."""
        self._frames = Connection(ConnectionType.CLIENT, trailing_data=trailing)
        self._events = self._frames.events()
        self._heard = 0
        self._arrived: deque[Json] = deque()

    async def say(self, message: Mapping[str, Any]) -> None:
        """Send one message. Raises ConnectionLost."""
        await self._send(TextMessage(data=msgspec.json.encode(message).decode()))

    async def ping(self) -> None:
        """Send a ping and return when it is answered. Raises ConnectionLost."""
        await self._send(Ping(payload=b"doctor"))
        while not isinstance(await self._next(), Pong):
            pass

    async def hear(self, *kinds: str) -> Json:
        """The next message of one of these types; others are passed over. Raises ConnectionLost."""
        while True:
            message = await self.receive()
            if message.get("type") in kinds:
                return message

    async def receive(self) -> Json:
        """The next message, batches taken apart; empty for what is no JSON object.

        Raises ConnectionLost, with the close code when the peer gave one.
        """
        while not self._arrived:
            self._arrived.extend(json_objects(await self._text()))
        return self._arrived.popleft()

    async def _text(self) -> str:
        """The next text message, whole."""
        parts: list[str] = []
        size = 0
        while True:
            event = await self._next()
            if isinstance(event, BytesMessage):
                raise ConnectionLost("the server sent a binary message")
            if not isinstance(event, TextMessage):
                continue
            size += len(event.data)
            if size > limits.MAX_FRAME_BYTES:
                raise ConnectionLost(
                    f"the server sent a message of more than {limits.MAX_FRAME_BYTES} characters"
                )
            parts.append(event.data)
            if event.message_finished:
                return "".join(parts)

    async def aclose(self) -> None:
        """Say goodbye, within WS_CLOSE; never raises for a peer that is gone."""
        with contextlib.suppress(ConnectionLost), within(timeouts.WS_CLOSE):
            await self._send(CloseConnection(code=1000))

    async def _next(self) -> Event:
        """The next event but pings, which are answered. Raises ConnectionLost."""
        while True:
            event = await self._read()
            if isinstance(event, Ping):
                self.pings += 1
                await self._send(event.response())
            elif isinstance(event, CloseConnection):
                code = None if event.code in _NO_STATUS else int(event.code)
                raise ConnectionLost(shown(event.reason or "") or "the socket was closed", code)
            else:
                return event

    async def _read(self) -> Event:
        while (event := next(self._events, None)) is None:
            self._frames.receive_data(await self._receive())
            self._events = self._frames.events()
        self._heard += 1
        if self._heard > limits.MAX_DOCTOR_EVENTS:
            raise ConnectionLost(f"the server sent more than {limits.MAX_DOCTOR_EVENTS} messages")
        return event

    async def _receive(self) -> bytes:
        try:
            data = await self._stream.receive_some(_READ_BYTES)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            data = b""
        if not data:
            raise ConnectionLost("the connection ended without a goodbye")
        return bytes(data)

    async def _send(self, event: Event) -> None:
        try:
            await self._stream.send_all(self._frames.send(event))
        except (trio.BrokenResourceError, trio.ClosedResourceError, LocalProtocolError) as error:
            raise ConnectionLost("the connection ended without a goodbye") from error


@asynccontextmanager
async def open_socket(way: Way, board: str, *, origin: str | None = None) -> AsyncIterator[Socket | Answer]:
    """The socket of a board, or the answer of who did not open one.

    Args:
        origin: whose page asks; None for a program.

    Raises ConnectionLost when there is no answer within DOCTOR_STEP. Says goodbye at the end, also when
    cancelled, within WS_CLOSE.
    """
    key = generate_nonce()
    headers = [
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", key.decode("ascii")),
        ("Sec-WebSocket-Protocol", SUBPROTOCOL),
    ]
    if origin is not None:
        headers.append(("Origin", origin))
    head = request(way, f"/ws/{quote(board, safe='')}", headers=headers)
    async with open_line(way) as stream:
        exchange = Exchange(stream)
        answer: Answer | None = None
        with within(timeouts.DOCTOR_STEP):
            await exchange.send(head)
            answer = await exchange.answer()
        if answer is None:
            raise ConnectionLost(f"no answer within {timeouts.DOCTOR_STEP.seconds:g} s")
        if answer.status != 101 or not is_accepted(answer, key):
            yield answer
            return
        socket = Socket(stream, answer, exchange.trailing)
        try:
            yield socket
        finally:
            with trio.CancelScope(shield=True):  # aclose has its own deadline
                await socket.aclose()


@asynccontextmanager
async def open_board(way: Way, board: str) -> AsyncIterator[Socket]:
    """A program's socket of a board. Raises NoSocket, and ConnectionLost as `open_socket`."""
    async with open_socket(way, board) as got:
        if not isinstance(got, Socket):
            raise NoSocket(got)
        yield got


def is_accepted(answer: Answer, key: bytes) -> bool:
    """Whether the other side has read our key (RFC 6455 section 4.1)."""
    return answer.header("sec-websocket-accept") == generate_accept_token(key).decode("ascii")
