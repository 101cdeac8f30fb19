"""WebSocket bytes from the client's side: what is sent, and what has come, taken apart."""

import socket
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

TEXT: Final = 1
BINARY: Final = 2
CLOSE: Final = 8
PING: Final = 9
PONG: Final = 10
DEFLATE_OFFER: Final = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
CONNECT_SECONDS: Final = 10.0
_RSV1: Final = 0x40
_MASK_KEY: Final = b"\x37\xfa\x21\x3d"
"""That of RFC 6455 section 5.7. One for all: servers unmask by whatever key."""
_MASK: Final = _MASK_KEY * 256
_HEAD_BYTES: Final = 1 << 14
_FLUSH_END: Final = b"\x00\x00\xff\xff"


class Refused(Exception):
    """The server did not open a WebSocket."""


class Frame(NamedTuple):
    """A whole frame of a server."""

    opcode: int
    payload: bytes
    """Inflated."""


def client_frame(payload: bytes, opcode: int = TEXT, *, deflated: bool = False) -> bytes:
    """A masked frame."""
    if deflated:
        squeezer = zlib.compressobj(1, zlib.DEFLATED, -15)
        payload = (squeezer.compress(payload) + squeezer.flush(zlib.Z_SYNC_FLUSH)).removesuffix(_FLUSH_END)
    size = len(payload)
    if size < 126:
        length = bytes((0x80 | size,))
    elif size < 1 << 16:
        length = b"\xfe" + size.to_bytes(2, "big")
    else:
        length = b"\xff" + size.to_bytes(8, "big")
    first = 0x80 | opcode | (_RSV1 if deflated else 0)
    return bytes((first,)) + length + _MASK_KEY + _masked(payload)


def _masked(payload: bytes) -> bytes:
    size = len(payload)
    key = _MASK[:size] if size <= len(_MASK) else (_MASK_KEY * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(key, "little")).to_bytes(size, "little")


def inflate(payload: bytes) -> bytes:
    """A permessage-deflate payload without context takeover, as it was before."""
    return zlib.decompressobj(-15).decompress(payload + _FLUSH_END)


def frame_end(data: bytes | bytearray, at: int, end: int) -> tuple[int, int] | None:
    """Where the payload of the frame at `at` begins and ends, if all of it is before `end`."""
    if end - at < 2:
        return None
    size, start = data[at + 1], at + 2
    if size == 126:
        start = at + 4
        size = data[at + 2] << 8 | data[at + 3] if start <= end else 0
    elif size == 127:
        start = at + 10
        size = int.from_bytes(data[at + 2 : start], "big")
    return (start, start + size) if start + size <= end and start <= end else None


def frames_in(data: bytearray) -> Iterator[Frame]:
    """Whole frames; what they took is cut off `data` at the end."""
    at = 0
    while (bounds := frame_end(data, at, len(data))) is not None:
        first, (start, stop) = data[at], bounds
        payload = bytes(data[start:stop])
        yield Frame(first & 0x0F, inflate(payload) if first & _RSV1 else payload)
        at = stop
    del data[:at]


def open_socket(port: int, path: str, *, offers_deflate: bool = False) -> tuple[socket.socket, bool, bytes]:
    """A non-blocking socket after the upgrade, whether frames may be deflated, and what came behind the head.

    Raises Refused when the server refuses or does not answer within CONNECT_SECONDS.
    """
    opened = socket.create_connection(("127.0.0.1", port), timeout=CONNECT_SECONDS)
    try:
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        extension = f"Sec-WebSocket-Extensions: {DEFLATE_OFFER}\r\n" if offers_deflate else ""
        opened.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            f"Sec-WebSocket-Version: 13\r\n{extension}\r\n".encode()
        )
        head = b""
        while b"\r\n\r\n" not in head:
            if not (more := opened.recv(_HEAD_BYTES)):
                raise Refused(f"hung up during the upgrade to {path}: {head[:200]!r}")
            head += more
    except OSError as error:
        opened.close()
        raise Refused(f"upgrade to {path}: {error}") from error
    except Refused:
        opened.close()
        raise
    head, _, rest = head.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 101"):
        opened.close()
        raise Refused(f"upgrade to {path}: {head[:200]!r}")
    opened.setblocking(False)
    return opened, b"permessage-deflate" in head.lower(), rest
