"""Pictures by their first bytes: of what type, and how large. Pure; decodes nothing.

What an upload or its file name says does not count: a browser shows what the bytes are. Drawings in SVG are no pictures
here: they are programs that a browser runs (SVG 2 chapter 16), and an address of ours would run them as ours.
"""

from dataclasses import dataclass
from typing import Final

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_GIF: Final = (b"GIF87a", b"GIF89a")
_MAX_MARKERS: Final = 1_000
"""Of a JPEG before its size comes: metadata in pieces of 64 KiB take some hundreds."""
_NO_SIZES: Final = frozenset({0xC4, 0xC8, 0xCC})
"""Of the markers C0 to CF those that begin no frame (ITU-T T.81 table B.1)."""
_BARE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a length behind."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What the head of a picture says."""

    media_type: str
    width: int
    """Pixels, at least 1."""
    height: int
    """Pixels, at least 1."""


def look_at(body: bytes) -> Picture | None:
    """The type and the size of a PNG, JPEG, GIF or WebP; None for anything else, and where the size is not to be had."""
    for media_type, size in (
        ("image/png", _png_size),
        ("image/jpeg", _jpeg_size),
        ("image/gif", _gif_size),
        ("image/webp", _webp_size),
    ):
        found = size(body)
        if found is not None and min(found) > 0:
            return Picture(media_type, *found)
    return None


def _big(body: bytes, at: int, count: int) -> int:
    return int.from_bytes(body[at : at + count], "big")


def _little(body: bytes, at: int, count: int) -> int:
    return int.from_bytes(body[at : at + count], "little")


def _png_size(body: bytes) -> tuple[int, int] | None:
    """The first chunk has it (PNG section 11.2.2)."""
    if not body.startswith(_PNG) or body[12:16] != b"IHDR" or len(body) < 24:
        return None
    return _big(body, 16, 4), _big(body, 20, 4)


def _gif_size(body: bytes) -> tuple[int, int] | None:
    if not body.startswith(_GIF) or len(body) < 10:
        return None
    return _little(body, 6, 2), _little(body, 8, 2)


def _webp_size(body: bytes) -> tuple[int, int] | None:
    """The first chunk has it, in one of three ways (RFC 9649 section 2)."""
    if body[:4] != b"RIFF" or body[8:12] != b"WEBP" or len(body) < 30:
        return None
    match body[12:16]:
        case b"VP8X":
            return _little(body, 24, 3) + 1, _little(body, 27, 3) + 1
        case b"VP8L" if body[20] == 0x2F:
            bits = _little(body, 21, 4)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 " if body[23:26] == b"\x9d\x01\x2a":
            return _little(body, 26, 2) & 0x3FFF, _little(body, 28, 2) & 0x3FFF
    return None


def _jpeg_size(body: bytes) -> tuple[int, int] | None:
    """The first frame's header has it, behind segments with metadata (ITU-T T.81 section B.2)."""
    if not body.startswith(b"\xff\xd8\xff"):
        return None
    at = 2
    for _ in range(_MAX_MARKERS):
        if at + 9 > len(body) or body[at] != 0xFF:
            return None
        marker = body[at + 1]
        if marker == 0xFF:  # a byte of filling
            at += 1
        elif marker in _BARE:
            at += 2
        elif 0xC0 <= marker <= 0xCF and marker not in _NO_SIZES:
            return _big(body, at + 7, 2), _big(body, at + 5, 2)
        else:
            at += 2 + max(_big(body, at + 2, 2), 2)
    return None
