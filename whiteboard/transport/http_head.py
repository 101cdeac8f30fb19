"""The head of an HTTP/1 request, as far as telling connections apart needs it. Pure.

Owns: finding the head's end, its size bound, and reading method, target and headers. It must not
know what a request means: WebSocket rules are in `upgrade`, everything else is the HTTP server's.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final
from urllib.parse import unquote

from whiteboard import limits

_METHOD_START: Final = re.compile(rb"[A-Z]")
_ENDS: Final = (b"\n\r\n", b"\n\n")
_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_HTTP2_PREFACE: Final = b"PRI "


class HeadState(Enum):
    """What a connection's first bytes are, as far as they go."""

    MORE = auto()
    """The beginning of an HTTP/1 head."""
    WHOLE = auto()
    TOO_LARGE = auto()
    OTHER = auto()
    """No HTTP/1 head: HTTP/2 with prior knowledge, or nothing that we know."""


class Headers:
    """Header fields in the order they came; names are looked up without regard to case."""

    def __init__(self, fields: Iterable[tuple[str, str]]) -> None:
        self._fields = tuple((name.lower(), value) for name, value in fields)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._fields)

    def get_all(self, name: str) -> list[str]:
        """Every value of the field, as it came."""
        name = name.lower()
        return [value for field, value in self._fields if field == name]

    def get(self, name: str) -> str | None:
        """The first value of the field."""
        return next(iter(self.get_all(name)), None)

    def elements(self, name: str) -> list[str]:
        """The comma-separated elements of all values of the field, stripped, none empty."""
        parts = ",".join(self.get_all(name)).split(",")
        return [part.strip() for part in parts if part.strip()]


@dataclass(frozen=True, slots=True)
class RequestHead:
    """A request line and its header fields, decoded as Latin-1."""

    method: str
    target: str
    version: str
    headers: Headers

    @property
    def path(self) -> str:
        """The target's path, percent-decoded."""
        return unquote(_origin_form(self.target).partition("?")[0])

    @property
    def query_string(self) -> str:
        """What follows the first question mark of the target, still encoded."""
        return _origin_form(self.target).partition("?")[2]


def _origin_form(target: str) -> str:
    """`target` without scheme and authority, should it have them (RFC 9112 section 3.2.2)."""
    scheme, separator, rest = target.partition("://")
    if not separator or scheme.lower() not in {"http", "https", "ws", "wss"}:
        return target
    return rest[rest.find("/") :] if "/" in rest else "/"


def head_end(data: bytes | bytearray) -> int | None:
    """Where the head in `data` ends, its empty line included; None when it does not yet.

    Lone line feeds count as line ends, as RFC 9112 section 2.2 allows.
    """
    ends = [at + len(mark) for mark in _ENDS if (at := data.find(mark)) >= 0]
    return min(ends, default=None)


def head_state(data: bytes | bytearray, max_bytes: int = limits.MAX_HEAD_BYTES) -> HeadState:
    """Tell what the first bytes of a connection are; `data` holds at least one."""
    if not _METHOD_START.match(data) or data.startswith(_HTTP2_PREFACE):
        return HeadState.OTHER
    end = head_end(data)
    if (len(data) if end is None else end) > max_bytes:
        return HeadState.TOO_LARGE
    return HeadState.MORE if end is None else HeadState.WHOLE


def parse_head(data: bytes | bytearray) -> RequestHead | None:
    """The request that a whole head describes, or None for what is no HTTP/1 request."""
    lines = bytes(data).decode("latin-1").replace("\r\n", "\n").rstrip("\n").split("\n")
    request_line = lines[0].split(" ")
    if len(request_line) != 3 or not request_line[2].startswith("HTTP/1."):
        return None
    fields = []
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or not _NAME.fullmatch(name):
            return None
        fields.append((name, value.strip(" \t")))
    method, target, version = request_line
    return RequestHead(method, target, version, Headers(fields))
