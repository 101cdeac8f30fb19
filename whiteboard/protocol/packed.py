"""Messages that are kept deflated, so that many sessions share the work (RFC 7692). Pure.

Each piece is deflated alone and ends on a byte boundary, so pieces can be put behind one another and
read as one stream: a message may consist of pieces that were deflated at other times for other messages.
"""

import zlib
from collections.abc import Iterable
from typing import Final

from whiteboard.core.ops import Json

LEVEL: Final = 6
"""Of what is kept; a frame that is sent once takes 1."""
_RAW: Final = -15
"""A raw deflate stream with the largest window."""
_END: Final = b"\x00\x00\xff\xff"
"""What a sync flush ends with (RFC 7692 section 7.2.1)."""


def deflate(text: Json, level: int = LEVEL) -> bytes:
    """A piece: deflate blocks that refer to nothing before them and end on a byte boundary, with the flush's end."""
    squeezer = zlib.compressobj(level, zlib.DEFLATED, _RAW)
    return squeezer.compress(text) + squeezer.flush(zlib.Z_SYNC_FLUSH)


def inflate(pieces: bytes) -> Json:
    """What pieces say together."""
    return zlib.decompressobj(_RAW).decompress(pieces)


class Packed:
    """A message in both forms: deflated for sessions that agreed on that, plain for the others.

    Made of either one; the other is computed when it is first asked for. The plain form of a message
    that came deflated is not kept.
    """

    __slots__ = ("_level", "_payload", "_text")

    def __init__(self, text: Json | None, pieces: bytes = b"", level: int = LEVEL) -> None:
        self._text = text
        self._payload = pieces.removesuffix(_END)
        self._level = level

    @staticmethod
    def of_pieces(pieces: Iterable[bytes]) -> "Packed":
        """A message of deflated pieces."""
        return Packed(None, b"".join(pieces))

    @property
    def text(self) -> Json:
        """The message."""
        return self._text if self._text is not None else inflate(self._payload + _END)

    @property
    def payload(self) -> bytes:
        """A permessage-deflate payload without context, the flush's end taken off."""
        if not self._payload and self._text is not None:
            self._payload = deflate(self._text, self._level).removesuffix(_END)
        return self._payload
