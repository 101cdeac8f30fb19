"""Messages that are kept deflated, so that many sessions share the work (RFC 7692). Pure.

Each piece is deflated alone and ends on a byte boundary, so pieces can be put behind one another and
read as one stream: a message may consist of pieces that were deflated at other times for other messages.
"""

import zlib
from collections.abc import Callable, Iterable
from typing import Final

from whiteboard.core import pieces as core_pieces
from whiteboard.core.ops import Json

LEVEL: Final = core_pieces.LEVEL
"""Of what is kept; a frame that is sent once takes 1."""
_LARGEST: Final = -15
"""A raw deflate stream with the largest window: what reads any other."""
deflate = core_pieces.deflate
inflate = core_pieces.inflate
_END: Final = b"\x00\x00\xff\xff"
"""What a sync flush ends with (RFC 7692 section 7.2.1)."""
_EMPTY: Final = b"\x00"
"""An empty message (section 7.2.3.6), and what follows a last block (section 7.2.3.4)."""


def unpack(payload: bytes, most: int) -> Json | None:
    """The message in a payload that a peer deflated without context; None for one of more than `most` bytes.

    Of that no more is inflated, whatever it would become. Raises ValueError when it does not inflate.
    """
    inflater = zlib.decompressobj(_LARGEST)
    try:
        text = inflater.decompress(payload + _END, most + 1)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if len(text) > most:
        return None
    if inflater.eof and inflater.unused_data not in {_END, _EMPTY + _END}:
        raise ValueError("bytes behind the last block")
    return text


class Packed:
    """A message in both forms: deflated for sessions that agreed on that, plain for the others.

    Made of either one; the other is computed when it is asked for. Of a message that came in pieces, which others
    hold as well, nothing is kept but those and its frame.
    """

    __slots__ = ("_framed", "_level", "_pieces", "_text")

    def __init__(self, text: Json | None, pieces: Iterable[bytes] = (), level: int = LEVEL) -> None:
        self._text = text
        self._pieces = tuple(pieces)
        self._level = level
        self._framed: bytes | None = None

    @staticmethod
    def of_pieces(pieces: Iterable[bytes]) -> "Packed":
        """A message of deflated pieces."""
        return Packed(None, pieces)

    @property
    def text(self) -> Json:
        """The message."""
        return self._text if self._text is not None else inflate(b"".join(self._pieces))

    @property
    def own_bytes(self) -> int:
        """What goes when this goes: all but the pieces, which others may hold as well."""
        return len(self._text or b"") + len(self._framed or b"")

    @property
    def payload(self) -> bytes:
        """A permessage-deflate payload without context, the flush's end taken off."""
        if not self._pieces and self._text is not None:
            self._pieces = (deflate(self._text, self._level),)
        return b"".join(self._pieces).removesuffix(_END) or _EMPTY

    def framed(self, frame: Callable[[bytes], bytes]) -> bytes:
        """What `frame` makes of the payload: made once and kept, for all who are sent it at whatever time."""
        if self._framed is None:
            self._framed = frame(self.payload)
        return self._framed
