"""The smallest whole pictures of each type, and their heads at any size."""

import struct
import zlib

PNG = b"\x89PNG\r\n\x1a\n"


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int = 3, height: int = 2, color: tuple[int, int, int] = (255, 0, 0)) -> bytes:
    """A whole PNG of one colour."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = (b"\x00" + bytes(color) * width) * height
    return PNG + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def png_head(width: int, height: int) -> bytes:
    """What a PNG of this size begins with; there is nothing behind it."""
    return PNG + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))


def gif(width: int = 3, height: int = 2) -> bytes:
    """A GIF's head."""
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\x00\x00\x00;"


def jpeg(width: int = 3, height: int = 2, *before: bytes) -> bytes:
    """A JPEG's head, with segments before its frame."""
    frame = b"\xff\xc0\x00\x0b\x08" + struct.pack(">HH", height, width) + b"\x01\x01\x11\x00"
    return b"\xff\xd8\xff\xe0\x00\x04JF" + b"".join(before) + frame + b"\xff\xd9"


def webp(kind: str, width: int = 3, height: int = 2) -> bytes:
    """A WebP's head: `VP8 `, `VP8L` or `VP8X`."""
    if kind == "VP8X":
        body = b"\x00" * 4 + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    elif kind == "VP8L":
        body = b"\x2f" + ((width - 1) | (height - 1) << 14).to_bytes(4, "little") + b"\x00" * 8
    else:
        body = b"\x00\x00\x00\x9d\x01\x2a" + struct.pack("<HH", width, height) + b"\x00" * 4
    chunk = kind.encode() + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk
