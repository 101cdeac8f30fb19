"""Who visits the server: a WebSocket and an HTTP request made of their bytes, so that they can end in every way.

No deadlines: whoever waits for an answer that does not come is cut short by the check around it.
"""

import contextlib
import json
import os
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import trio

from whiteboard.errors import ConnectionLost
from whiteboard.leakcheck.house import House

_TEXT: Final = 0x1
_CLOSE: Final = 0x8
_MASKED: Final = 0x80
_SHORT: Final = 126
_LONG: Final = 1 << 16
_KEY: Final = "dGhlIHNhbXBsZSBub25jZQ=="
_READ_BYTES: Final = 1 << 16
_NORMAL: Final = struct.pack(">H", 1000)
Json = dict[str, Any]


class Visitor:
    """One upgraded connection."""

    def __init__(self, stream: trio.SocketStream, left: bytes) -> None:
        self._stream = stream
        self._left = bytearray(left)
        self._heard: list[Json] = []

    async def say(self, message: Json) -> None:
        """Send a message."""
        await self._send(_TEXT, json.dumps(message).encode())

    async def hear(self, kind: str) -> Json:
        """The next message of a kind; others are passed over. Raises ConnectionLost."""
        while True:
            for place, message in enumerate(self._heard):
                if message["type"] == kind:
                    del self._heard[: place + 1]
                    return message
            self._heard = await self._messages()

    async def enter(self) -> Json:
        """Say hello; the welcome, once the board has come too."""
        await self.say({"type": "hello", "v": 1})
        welcome = await self.hear("welcome")
        await self.hear("snapshot")
        return welcome

    async def say_goodbye(self) -> None:
        """Close as RFC 6455 section 7 wants it, and hear the server's close frame."""
        await self._send(_CLOSE, _NORMAL)
        await self.wait_ended()

    async def wait_ended(self) -> None:
        """Read until the server ends it, and hang up."""
        with contextlib.suppress(ConnectionLost):
            while True:
                await self._messages()
        await self._stream.aclose()

    async def reset(self) -> None:
        """Tear the TCP connection down."""
        self._stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await self._stream.aclose()

    async def _send(self, opcode: int, payload: bytes) -> None:
        size = len(payload)
        length = bytes([size | _MASKED]) if size < _SHORT else struct.pack(">BH", _SHORT | _MASKED, size)
        mask = os.urandom(4)
        body = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
        await self._stream.send_all(bytes([0x80 | opcode]) + length + mask + body)

    async def _messages(self) -> list[Json]:
        """Those of the next frame. Raises ConnectionLost at the end."""
        first, size = await self._take(2)
        if size == _SHORT:
            (size,) = struct.unpack(">H", await self._take(2))
        elif size > _SHORT:
            (size,) = struct.unpack(">Q", await self._take(8))
        payload = await self._take(size)
        if first & 0x0F == _CLOSE:
            raise ConnectionLost("closed", struct.unpack(">H", payload[:2])[0] if payload else None)
        if first & 0x0F != _TEXT:
            return []
        content = json.loads(payload)
        return content if isinstance(content, list) else [content]

    async def _take(self, size: int) -> bytes:
        while len(self._left) < size:
            self._left += await _some(self._stream)
        taken = bytes(self._left[:size])
        del self._left[:size]
        return taken


async def _some(stream: trio.SocketStream) -> bytes:
    try:
        data = await stream.receive_some(_READ_BYTES)
    except trio.BrokenResourceError as error:
        raise ConnectionLost("the connection was reset") from error
    if not data:
        raise ConnectionLost("the connection ended")
    return bytes(data)


@asynccontextmanager
async def open_visitor(
    house: House, board: str, *, receive_bytes: int | None = None
) -> AsyncIterator[Visitor]:
    """A socket of a board; the connection is hung up at the end, if it is still open. Raises ConnectionLost, OSError.

    Args: `receive_bytes` is what the kernel keeps for somebody who does not read, and about as many more.
    """
    sock = trio.socket.socket()
    stream = trio.SocketStream(sock)
    try:
        if receive_bytes is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        await sock.connect((house.host, house.port))
        await stream.send_all(
            f"GET /ws/{board} HTTP/1.1\r\nHost: {house.host}:{house.port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {_KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        head = b""
        while b"\r\n\r\n" not in head:
            head += await _some(stream)
        head, _, left = head.partition(b"\r\n\r\n")
        if b" 101 " not in head.partition(b"\r\n")[0]:
            raise ConnectionLost(f"an upgrade was answered with {head[:60]!r}")
        yield Visitor(stream, left)
    finally:
        await trio.aclose_forcefully(stream)


async def ask(house: House, method: str, path: str, body: bytes = b"", kind: str = "application/json") -> int:
    """One HTTP request on a connection of its own; the status of its answer. Raises ConnectionLost, OSError."""
    async with await trio.open_tcp_stream(house.host, house.port) as stream:
        await stream.send_all(
            f"{method} {path} HTTP/1.1\r\nHost: {house.host}:{house.port}\r\nConnection: close\r\n"
            f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        answer = b""
        try:
            while True:
                answer += await _some(stream)
        except ConnectionLost:
            if not answer:
                raise
    return int(answer.split(b" ", 2)[1])
