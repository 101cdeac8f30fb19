"""The plain protocol over one WebSocket: objects out, objects in. No reconnect, no meaning.

Owns the socket of a client and all knowledge of trio-websocket. Knows nothing of ops or boards
beyond the path of the endpoint.
"""

import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import quote, urlsplit

import h11
import msgspec
import trio
from trio_websocket import ConnectionClosed, ConnectionRejected, WebSocketConnection, wrap_client_stream
from wsproto.utilities import LocalProtocolError

from whiteboard import timeouts
from whiteboard.client.events import Json
from whiteboard.deadlines import deadline, within
from whiteboard.errors import ConnectionLost
from whiteboard.limits import MAX_MESSAGE_BYTES

SUBPROTOCOL: Final = "whiteboard.v1"
_SCHEMES: Final = {"ws": False, "http": False, "wss": True, "https": True}
_READ_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a board's socket is."""

    host: str
    port: int
    path: str
    """With the base path of the server, if it has one."""
    is_tls: bool

    @classmethod
    def of(cls, url: str, board: str) -> Self:
        """The socket of `board` on the server at `url` (`http`, `https`, `ws` or `wss`).

        Raises:
            ValueError: `url` names no server.
        """
        parts = urlsplit(url)
        if parts.scheme not in _SCHEMES or parts.hostname is None:
            raise ValueError(f"{url!r} is not the URL of a server, such as http://127.0.0.1:8080")
        is_tls = _SCHEMES[parts.scheme]
        path = f"{parts.path.rstrip('/')}/ws/{quote(board, safe='')}"
        if parts.query:
            path += f"?{parts.query}"
        return cls(parts.hostname, parts.port or (443 if is_tls else 80), path, is_tls)

    @property
    def authority(self) -> str:
        """Host and port as the Host header gives them (RFC 9110 section 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.is_tls else 80) else f"{host}:{self.port}"


class UpgradeRefused(ConnectionLost):
    """The server answered the upgrade request with an HTTP status instead of a socket."""

    def __init__(self, status: int, body: bytes) -> None:
        text = body[:200].decode("utf-8", "replace")
        super().__init__(f"the server answered the upgrade with {status}: {text}")
        self.status = status
        """The HTTP status."""


class _Ears(trio.abc.Stream):
    """The socket's stream; notes when the peer was last heard, and tells when the stream ends.

    trio-websocket forgets to wake who waits for a handshake when the stream ends before it.
    """

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self.last_heard = trio.current_time()
        self.on_end: Callable[[], None] = _nothing

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        data: bytes | bytearray = b""
        try:
            data = await self._stream.receive_some(max_bytes)
        finally:
            if not data:
                self.on_end()
        self.last_heard = trio.current_time()
        return data

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        try:
            await self._stream.send_all(data)
        except trio.BrokenResourceError:
            self.on_end()
            raise

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        await self._stream.aclose()


def _nothing() -> None:
    pass


class Wire:
    """One open WebSocket. Made by `open_wire`. One task sends and one receives at a time."""

    def __init__(self, socket: WebSocketConnection, ears: _Ears) -> None:
        self._socket = socket
        self._ears = ears
        self._arrived: deque[Json] = deque()

    @property
    def last_heard(self) -> float:
        """`trio.current_time()` of the last bytes from the peer; any bytes are a sign of life."""
        return self._ears.last_heard

    async def send(self, message: Json | Sequence[Json]) -> None:
        """Send a message, or several as a batch, in one text frame.

        Raises ConnectionLost. When cancelled, a part of the frame may be out: close the wire then.
        """
        await self.send_text(msgspec.json.encode(message).decode())

    async def send_text(self, text: str) -> None:
        """Send a text frame with exactly this text. Raises ConnectionLost; cancelled as `send`."""
        await self._send(text)

    async def send_bytes(self, payload: bytes) -> None:
        """Send a binary frame, which the protocol has none of. Raises ConnectionLost."""
        await self._send(payload)

    async def receive(self) -> Json:
        """The next message, batches taken apart.

        Raises ConnectionLost when the peer is gone or does not speak JSON objects in text frames.
        Cancellation loses nothing.
        """
        while not self._arrived:
            messages, _ = await self.receive_frame()
            self._arrived.extend(messages)
        return self._arrived.popleft()

    async def receive_frame(self) -> tuple[list[Json], int]:
        """The messages of the next frame, and its size in bytes. Raises and cancels as `receive`."""
        try:
            frame = await self._socket.get_message()
        except ConnectionClosed as closed:
            raise self._lost(closed) from None
        if isinstance(frame, bytes):
            raise ConnectionLost("the server sent a binary frame")
        return _read_frame(frame), len(frame)

    async def ping(self) -> None:
        """Send a WebSocket ping and return when it is answered. Raises ConnectionLost."""
        try:
            await self._socket.ping()
        except (ConnectionClosed, LocalProtocolError) as error:
            raise self._lost(error) from None

    async def aclose(self, code: int = 1000, reason: str | None = None) -> None:
        """Say goodbye and close the socket, by force after WS_CLOSE. Idempotent."""
        with within(timeouts.WS_CLOSE):
            await self._socket.aclose(code, reason)

    async def _send(self, payload: str | bytes) -> None:
        try:
            await self._socket.send_message(payload)
        except (ConnectionClosed, LocalProtocolError) as error:
            raise self._lost(error) from None

    def _lost(self, error: Exception) -> ConnectionLost:
        closed = self._socket.closed
        if closed is None:
            return ConnectionLost(str(error))
        code = None if closed.code == 1006 else int(closed.code)
        return ConnectionLost(closed.reason or "the connection was closed", code)


@asynccontextmanager
async def open_wire(
    url: str,
    board: str,
    *,
    headers: Iterable[tuple[str, str]] = (),
    ssl_context: ssl.SSLContext | None = None,
) -> AsyncIterator[Wire]:
    """A WebSocket on a board's endpoint, closed with 1000 on the way out.

    Args:
        url: the server, with its base path and, if wanted, a query such as `?token=…`.
        headers: further headers of the upgrade request.
        ssl_context: for `https` and `wss`; the default context when None.

    Raises:
        UpgradeRefused: the server answered with a status instead of a socket.
        ConnectionLost: no connection within CLIENT_CONNECT.
        ValueError: `url` names no server.

    Children of its nursery: the shelter of trio-websocket's reader, ended on the way out. What the
    body raises comes out as it is. When cancelled, the peer still gets its goodbye, within WS_CLOSE.
    """
    endpoint = Endpoint.of(url, board)
    failure: BaseException | None = None
    ears = _Ears(await _connect(endpoint, ssl_context))
    try:
        async with trio.open_nursery() as nursery:
            shelter: trio.Nursery = await nursery.start(_shelter)
            try:
                wire = Wire(await _upgrade(shelter, ears, endpoint, headers), ears)
                try:
                    yield wire
                finally:
                    with trio.CancelScope(shield=True):  # aclose has its own deadline
                        await wire.aclose()
            finally:
                shelter.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        failure = _plain(group)  # raised below, where it keeps its own cause and context
    finally:
        await trio.aclose_forcefully(ears)
    if failure is not None:
        raise failure


async def _shelter(*, task_status: trio.TaskStatus[trio.Nursery]) -> None:
    """Host the reader out of reach of cancellation: a goodbye needs it to hear the answer."""
    with trio.CancelScope(shield=True):
        async with trio.open_nursery() as nursery:
            task_status.started(nursery)
            await trio.sleep_forever()


async def _connect(endpoint: Endpoint, ssl_context: ssl.SSLContext | None) -> trio.abc.Stream:
    try:
        with deadline(timeouts.CLIENT_CONNECT):
            if not endpoint.is_tls:
                return await trio.open_tcp_stream(endpoint.host, endpoint.port)
            stream = await trio.open_ssl_over_tcp_stream(
                endpoint.host, endpoint.port, ssl_context=ssl_context, https_compatible=True
            )
            return await _shake_hands(stream)
    except (OSError, trio.TooSlowError, trio.BrokenResourceError) as error:
        cause = error.__cause__ or error
        raise ConnectionLost(f"cannot connect to {endpoint.authority}: {cause}") from error


async def _shake_hands(
    stream: trio.SSLStream[trio.SocketStream],
) -> trio.SSLStream[trio.SocketStream]:
    """Do the TLS handshake now, so that a bad certificate is told as such."""
    try:
        await stream.do_handshake()
    except BaseException:
        await trio.aclose_forcefully(stream)
        raise
    return stream


async def _upgrade(
    nursery: trio.Nursery, ears: _Ears, endpoint: Endpoint, headers: Iterable[tuple[str, str]]
) -> WebSocketConnection:
    with within(timeouts.CLIENT_CONNECT) as scope:
        ears.on_end = scope.cancel
        socket = await wrap_client_stream(
            nursery,
            ears,  # type: ignore[arg-type]  # any stream works: it only sends and receives
            endpoint.authority,
            endpoint.path,
            subprotocols=[SUBPROTOCOL],
            extra_headers=[(name.encode(), value.encode()) for name, value in headers],
            max_message_size=MAX_MESSAGE_BYTES,
            receive_buffer_size=_READ_BYTES,
        )
        ears.on_end = _nothing
        return socket
    raise ConnectionLost(f"{endpoint.authority} ended the connection before the upgrade")


def _read_frame(frame: str) -> list[Json]:
    try:
        content: Any = msgspec.json.decode(frame)
    except msgspec.DecodeError as error:
        raise ConnectionLost(f"the server sent a frame that is not JSON: {error}") from None
    messages = content if isinstance(content, list) else [content]
    if not all(isinstance(message, dict) for message in messages):
        raise ConnectionLost("the server sent a message that is no object")
    return messages


def _plain(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """What the nursery's group is about, with a refused upgrade in our own words."""
    error = alone(group)
    if isinstance(error, ConnectionRejected):
        return UpgradeRefused(error.status_code, error.body or b"")
    if isinstance(error, (LocalProtocolError, h11.ProtocolError)):
        return ConnectionLost(f"the peer does not speak WebSocket, or stopped to: {error}")
    return error


def alone(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The only exception in a nursery's group, or the group when there are several."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
