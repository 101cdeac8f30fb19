"""Text kept deflated in pieces that can be put behind one another (RFC 1951). Pure.

Each piece refers to nothing before it and ends on a byte boundary, so any pieces in any order are one
stream: what was deflated once serves every message that it is a part of.
"""

import zlib
from typing import Final

from whiteboard.limits import DEFLATE_WINDOW_BITS

LEVEL: Final = 5
"""Of what is kept and sent many times. Level 6 takes a fifth more time for 0.5 % fewer bytes, level 4 a fifth less for 7 % more."""
LEVEL_ONCE: Final = 1
"""Of what is sent for a moment only: half of the time, a sixth more bytes."""
_MEMORY: Final = 7
"""zlib's memory level. What it makes for a piece has to be cleared first: 5 µs here, 36 with its defaults."""
_LARGEST: Final = -15
"""A raw deflate stream with the largest window: what reads any other."""
_STORED_BYTES: Final = 0xFFFF
"""What one stored block holds."""


def deflate(text: bytes, level: int = LEVEL) -> bytes:
    """A piece, with the end that a sync flush leaves (RFC 7692 section 7.2.1)."""
    squeezer = zlib.compressobj(level, zlib.DEFLATED, -DEFLATE_WINDOW_BITS, _MEMORY)
    return squeezer.compress(text) + squeezer.flush(zlib.Z_SYNC_FLUSH)


def stored(text: bytes) -> bytes:
    """A piece that holds a short text as it is: for what is not worth a compressor.

    It does not end as a sync flush does; an empty one does, and so can be the end of a message.

    Raises ValueError above 65,535 bytes (RFC 1951 section 3.2.4).
    """
    size = len(text)
    if size > _STORED_BYTES:
        raise ValueError(f"{size} bytes in a stored block, at most {_STORED_BYTES}")
    return b"\x00" + size.to_bytes(2, "little") + (size ^ _STORED_BYTES).to_bytes(2, "little") + text


def inflate(pieces: bytes) -> bytes:
    """What pieces say together."""
    return zlib.decompressobj(_LARGEST).decompress(pieces)
