"""Identifiers: what they look like on the wire, and nothing else about them.

Parsers return None for what is no such id, because a bad id from the network is an expected outcome.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final, NewType

import msgspec

BoardId = NewType("BoardId", str)
SessionId = NewType("SessionId", str)
ClientId = NewType("ClientId", str)
ElementId = NewType("ElementId", str)

MAX_COUNTER: Final = 2**53 - 1
"""Highest op counter: the largest integer that every JSON reader keeps exact (RFC 8259 section 6)."""

MAX_ID_CHARS: Final = 128
"""Characters of a board id or an element id."""
RECENT_CLIENTS: Final = 4096
"""Client ids whose spelling is known to be right: those who draw at the same time. About 500 KiB."""
MAX_CLIENT_ID_CHARS: Final = 64
_MAX_OP_ID_CHARS: Final = MAX_CLIENT_ID_CHARS + len(f":{MAX_COUNTER}")

_BOARD_ID = re.compile(rf"[A-Za-z0-9_.\-]{{1,{MAX_ID_CHARS}}}")
_CLIENT_ID = re.compile(rf"[A-Za-z0-9_.\-]{{1,{MAX_CLIENT_ID_CHARS}}}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class OpId(msgspec.Struct, frozen=True, order=True, gc=False):
    """An op's name: unique for ever on its board. Counters of one client rise; gaps are allowed."""

    client: ClientId
    counter: int

    def __iter__(self) -> Iterator[Any]:
        return iter((self.client, self.counter))

    def __str__(self) -> str:
        return f"{self.client}:{self.counter}"


def parse_board_id(text: str) -> BoardId | None:
    """A board id: 1 to 128 of `A-Z a-z 0-9 _ . -`, and not a path step (`.` or `..`)."""
    if text in {".", ".."} or not _BOARD_ID.fullmatch(text):
        return None
    return BoardId(text)


def parse_client_id(text: str) -> ClientId | None:
    """A client id: 1 to 64 of `A-Z a-z 0-9 _ . -`."""
    return ClientId(text) if _CLIENT_ID.fullmatch(text) else None


_recent_client_id = lru_cache(RECENT_CLIENTS)(parse_client_id)
"""Only for texts of _MAX_OP_ID_CHARS at most. One client writes many ops, and they share one string."""


def parse_op_id(text: str) -> OpId | None:
    """An op id `<client>:<counter>` with 1 <= counter <= MAX_COUNTER and no leading zero."""
    if len(text) > _MAX_OP_ID_CHARS:
        return None
    name, _, digits = text.rpartition(":")
    client = _recent_client_id(name)
    try:
        counter = int(digits)
    except ValueError:
        return None
    if client is None or not 1 <= counter <= MAX_COUNTER or str(counter) != digits:
        return None  # `int` takes more spellings than one
    return OpId(client, counter)


def parse_element_id(text: str) -> ElementId | None:
    """An element id: 1 to 128 characters, none of them a control character or a lone surrogate."""
    if not 1 <= len(text) <= MAX_ID_CHARS or _CONTROL.search(text):
        return None
    return ElementId(text)
