"""A WebSocket client of a few lines, as somebody would write it who read the RFC only.

It can say what a well-behaved library refuses to say, and vanish in every way that a peer can.
"""

import json
import os
import socket
import struct
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self
from urllib.parse import urlsplit

import trio

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10

Json = dict[str, Any]
_PACKED = 0x40
_DEFLATE = (
    "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n"
)


class Ended(Exception):
    """The server closed the connection; `code` is that of its close frame, if it sent one."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"close code {code}")
        self.code = code


class BareSocket:
    """One upgraded connection."""

    def __init__(self, stream: trio.SocketStream, left: bytes) -> None:
        self._stream = stream
        self._buffer = bytearray(left)
        self._messages: list[Json] = []

    @classmethod
    async def open(
        cls, url: str, board: str, *, deflate: bool = False, receive_bytes: int | None = None
    ) -> Self:
        """Connect and upgrade; no hello is said. The kernel keeps `receive_bytes`, if they are given, and about as many more."""
        parts = urlsplit(url)
        stream = await _connected(parts.hostname, parts.port, receive_bytes)
        try:
            await stream.send_all(
                f"GET {parts.path}/ws/{board} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
                f"Upgrade: websocket\r\nConnection: Upgrade\r\n{_DEFLATE if deflate else ''}"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
            )
            return cls(stream, await _upgraded(stream))
        except BaseException:
            await trio.aclose_forcefully(stream)
            raise

    # --- saying -------------------------------------------------------------------------------

    async def say(self, message: object) -> None:
        """Send a JSON value in a text frame."""
        await self.send_frame(TEXT, json.dumps(message).encode())

    async def send_frame(self, opcode: int, payload: bytes, *, fin: bool = True) -> None:
        """Send one masked frame (RFC 6455 section 5.2)."""
        await self.send_raw(frame(opcode, payload, fin=fin))

    async def send_raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        await self._stream.send_all(data)

    # --- hearing ------------------------------------------------------------------------------

    async def hear(self) -> Json:
        """The next message, batches taken apart; pings are answered. Raises Ended."""
        while not self._messages:
            opcode, payload = await self._next_frame()
            if opcode == TEXT:
                content = json.loads(payload)
                self._messages = content if isinstance(content, list) else [content]
            elif opcode == PING:
                await self.send_frame(PONG, payload)
            elif opcode == CLOSE:
                raise Ended(struct.unpack(">H", payload[:2])[0] if payload else None)
        return self._messages.pop(0)

    async def hear_kind(self, *kinds: str) -> Json:
        """The next message of one of these types; others are passed over. Raises Ended."""
        while True:
            message = await self.hear()
            if message["type"] in kinds:
                return message

    async def enter(self, **hello: Any) -> Json:
        """Say hello and hear the welcome and the first part of a snapshot; the welcome."""
        await self.say({"type": "hello", "v": 1, **hello})
        welcome = await self.hear_kind("welcome")
        if "since" not in hello:
            await self.hear_kind("snapshot")
        return welcome

    async def _next_frame(self) -> tuple[int, bytes]:
        first, second = await self._take(2)
        assert not second & 0x80, "a server does not mask"
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack(">H", await self._take(2))
        elif size == 127:
            (size,) = struct.unpack(">Q", await self._take(8))
        assert first & 0x80, "our server does not fragment"
        payload = await self._take(size)
        if first & _PACKED:
            payload = zlib.decompress(payload + b"\x00\x00\xff\xff\x03\x00", -zlib.MAX_WBITS)
        return first & 0x0F, payload

    async def sip(self, size: int) -> None:
        """Read at most `size` bytes, and keep them for `hear`."""
        self._buffer += await self._stream.receive_some(size)

    async def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            try:
                data = await self._stream.receive_some(1 << 16)
            except trio.BrokenResourceError:
                data = b""
            if not data:
                raise Ended(None)
            self._buffer += data
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    # --- leaving ------------------------------------------------------------------------------

    async def close(self, code: int = 1000) -> None:
        """Say goodbye, hear the server's goodbye, close."""
        await self.send_frame(CLOSE, struct.pack(">H", code))
        try:
            while True:
                await self.hear()
        except Ended:
            await self._stream.aclose()

    async def hang_up(self) -> None:
        """Close the TCP connection without a close frame (FIN)."""
        await self._stream.aclose()

    async def reset(self) -> None:
        """Tear the TCP connection down (RST)."""
        self._stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await self._stream.aclose()


async def _connected(host: str | None, port: int | None, receive_bytes: int | None) -> trio.SocketStream:
    sock = trio.socket.socket()
    if receive_bytes is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    await sock.connect((host, port))
    return trio.SocketStream(sock)


async def _upgraded(stream: trio.SocketStream) -> bytes:
    """Read the answer to the upgrade; what came behind it."""
    head = b""
    while b"\r\n\r\n" not in head:
        more = await stream.receive_some()
        assert more, f"the server hung up during the upgrade: {head!r}"
        head += more
    head, _, left = head.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101"), head
    return left


@asynccontextmanager
async def bare_socket(url: str, board: str, **how: Any) -> AsyncIterator[BareSocket]:
    """A bare socket that hangs up at the end of the block, if it is still open."""
    one = await BareSocket.open(url, board, **how)
    try:
        yield one
    finally:
        await trio.aclose_forcefully(one._stream)


def frame(opcode: int, payload: bytes, *, fin: bool = True, masked: bool = True, rsv: int = 0) -> bytes:
    """A WebSocket frame (RFC 6455 section 5.2), well formed or not."""
    first = (0x80 if fin else 0) | (rsv << 4) | opcode
    size = len(payload)
    if size < 126:
        length = struct.pack(">B", size | (0x80 if masked else 0))
    elif size < 1 << 16:
        length = struct.pack(">BH", 126 | (0x80 if masked else 0), size)
    else:
        length = struct.pack(">BQ", 127 | (0x80 if masked else 0), size)
    if not masked:
        return bytes([first]) + length + payload
    mask = os.urandom(4)
    body = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
    return bytes([first]) + length + mask + body
