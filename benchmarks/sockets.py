"""A client's end of a WebSocket, as cheap as Python allows: the load must not be the bottleneck.

Frames are made and taken apart by hand. The mask key is zero, which a server cannot tell from another
one and which costs us nothing; only whole frames are understood, as our server sends no others.
"""

import socket
from typing import Final

TEXT: Final = 1
CLOSE: Final = 8
PING: Final = 9
PONG: Final = 10
_ZERO_MASK: Final = bytes(4)
_RECEIVE_BYTES: Final = 1 << 18
_KERNEL_BYTES: Final = 1 << 20


def masked_frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """A client's frame (RFC 6455 section 5.2)."""
    size = len(payload)
    if size < 126:
        length = bytes((0x80 | size,))
    elif size < 1 << 16:
        length = b"\xfe" + size.to_bytes(2, "big")
    else:
        length = b"\xff" + size.to_bytes(8, "big")
    return bytes((0x80 | opcode,)) + length + _ZERO_MASK + payload


class Ended(Exception):
    """The server closed the connection."""


class Line:
    """An open WebSocket on a non-blocking socket."""

    def __init__(self, port: int, board: str) -> None:
        """Connect and upgrade; blocks. Raises Ended when the server refuses."""
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _KERNEL_BYTES)
        self._unsent = bytearray()
        self._buffer = bytearray()
        self._upgrade(port, board)
        self.socket.setblocking(False)

    def _upgrade(self, port: int, board: str) -> None:
        self.socket.sendall(
            f"GET /ws/{board} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        head = b""
        while b"\r\n\r\n" not in head:
            more = self.socket.recv(_RECEIVE_BYTES)
            if not more:
                raise Ended(f"during the upgrade: {head!r}")
            head += more
        head, _, rest = head.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101"):
            raise Ended(head.decode("latin-1"))
        self._buffer += rest

    @property
    def has_unsent(self) -> bool:
        """Whether the kernel has not taken everything yet."""
        return bool(self._unsent)

    def send(self, frames: bytes) -> None:
        """Send frames; what the kernel does not take waits for `flush`."""
        if self._unsent:
            self._unsent += frames
            return
        try:
            sent = self.socket.send(frames)
        except BlockingIOError:
            sent = 0
        self._unsent += frames[sent:]

    def flush(self) -> None:
        """Send what waits."""
        try:
            del self._unsent[: self.socket.send(self._unsent)]
        except BlockingIOError:
            return

    def receive(self) -> list[bytes]:
        """Payloads of the text frames that are here; pings are answered. Raises Ended."""
        try:
            data = self.socket.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return []
        except ConnectionError as error:
            raise Ended(str(error)) from error
        if not data:
            raise Ended("without a goodbye")
        self._buffer += data
        return self._take_frames()

    def _take_frames(self) -> list[bytes]:
        texts: list[bytes] = []
        buffer, at = self._buffer, 0
        while (bounds := _payload(buffer, at)) is not None:
            start, end = bounds
            opcode, payload, at = buffer[at] & 0x0F, bytes(buffer[start:end]), end
            if opcode == TEXT:
                texts.append(payload)
            elif opcode == PING:
                self.send(masked_frame(payload, PONG))
            elif opcode == CLOSE:
                raise Ended(f"with {int.from_bytes(payload[:2], 'big')}: {payload[2:].decode()}")
        del buffer[:at]
        return texts

    def close(self) -> None:
        """Hang up."""
        self.socket.close()


def _payload(buffer: bytearray, at: int) -> tuple[int, int] | None:
    """Where the payload of the frame at `at` begins and ends; None while it is not whole."""
    available = len(buffer) - at
    if available < 2:
        return None
    size, start = buffer[at + 1], at + 2
    if size == 126:
        size, start = int.from_bytes(buffer[at + 2 : at + 4], "big"), at + 4
    elif size == 127:
        size, start = int.from_bytes(buffer[at + 2 : at + 10], "big"), at + 10
    end = start + size
    return (start, end) if end <= len(buffer) and start <= len(buffer) else None
