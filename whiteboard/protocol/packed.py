"""Messages that are kept deflated, so that many sessions share the work (RFC 7692). Pure.

Each piece is deflated alone and ends on a byte boundary, so pieces can be put behind one another and
read as one stream: a message may consist of pieces that were deflated at other times for other messages.
"""

from collections.abc import Iterable
from typing import Final

from whiteboard.core import pieces as core_pieces
from whiteboard.core.ops import Json

LEVEL: Final = core_pieces.LEVEL
"""Of what is kept; a frame that is sent once takes 1."""
deflate = core_pieces.deflate
inflate = core_pieces.inflate
_END: Final = b"\x00\x00\xff\xff"
"""What a sync flush ends with (RFC 7692 section 7.2.1)."""


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
