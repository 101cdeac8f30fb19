"""What the server and the process that draws say to each other, over its standard input and output.

A frame is the lengths of head and body, four bytes each with the highest first, then both: the head is MessagePack, the
body bytes as they are, so that a large board is copied no more than needed. Every frame of the server's is answered.
"""

from typing import Any, Final

import msgspec

from whiteboard.config import LogFormat, LogLevel
from whiteboard.render.asked import Picture, Wish

PREFIX_BYTES: Final = 8


class Outfit(msgspec.Struct, frozen=True):
    """What the process is started with, as JSON in its one argument."""

    form: LogFormat
    level: LogLevel
    durations: dict[str, float]
    """In force instead of the registry's own."""


class Draw(msgspec.Struct, tag="draw", frozen=True):
    """Draw this; the body is the board's view."""

    wish: Wish


class Give(msgspec.Struct, tag="give", frozen=True):
    """Pictures of the board, one behind the other in the body; those that are not here are not to be had."""

    assets: list[tuple[str, str, int]]
    """Name, media type and length."""


class Wanted(msgspec.Struct, tag="wanted", frozen=True):
    """These pictures of the board are wanted first."""

    assets: list[str]


class Drawn(msgspec.Struct, tag="drawn", frozen=True):
    """Here it is, in the body."""

    seq: int
    is_whole: bool
    statistics: dict[str, Any]


class Failed(msgspec.Struct, tag="failed", frozen=True):
    """It cannot be drawn."""

    why: str
    """`too_large`, `not_installed`, `not_drawn`, or `fault`: it would fail again."""
    reason: str
    statistics: dict[str, Any]


Ask = Draw | Give
Answer = Wanted | Drawn | Failed
decode_ask: Final = msgspec.msgpack.Decoder(Ask).decode
decode_answer: Final = msgspec.msgpack.Decoder(Answer).decode
_encode: Final = msgspec.msgpack.encode


def frame_of(said: Ask | Answer, body: bytes = b"") -> tuple[bytes, bytes]:
    """Lengths and head, and the body, to be sent one behind the other."""
    head = _encode(said)
    return len(head).to_bytes(4, "big") + len(body).to_bytes(4, "big") + head, body


def lengths(prefix: bytes) -> tuple[int, int]:
    """Of head and body."""
    return int.from_bytes(prefix[:4], "big"), int.from_bytes(prefix[4:], "big")


def picture_of(drawn: Drawn, body: bytes) -> Picture:
    """A picture as it came."""
    return Picture(body, drawn.seq, is_whole=drawn.is_whole)
