"""The head of an HTTP/1 request, as far as telling connections apart needs it. Pure.

Owns: finding the head's end, its size bound, and reading method, target and headers. It must not
know what a request means: WebSocket rules are in `upgrade`, everything else is the HTTP server's.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final
from urllib.parse import unquote

from whiteboard import limits
from whiteboard.trust.headers import Headers

_METHOD_START: Final = re.compile(rb"[A-Z]")
_ENDS: Final = (b"\n\r\n", b"\n\n")
_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_SCHEMES: Final = frozenset({"http", "https", "ws", "wss"})


class HeadState(Enum):
    """What a connection's first bytes are, as far as they go."""

    MORE = auto()
    """The beginning of an HTTP/1 head."""
    WHOLE = auto()
    TOO_LARGE = auto()
    OTHER = auto()
    """No HTTP head at all."""


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
        return unquote(split_target(self.target)[1].partition("?")[0])

    @property
    def query(self) -> str:
        """What follows the target's `?`, percent-encoded; empty without one."""
        return split_target(self.target)[1].partition("?")[2].partition("#")[0]

    @property
    def host(self) -> str:
        """The authority that is asked for; empty when none is. A target's own counts, not Host's then."""
        authority, _ = split_target(self.target)
        return (self.headers.get("host") or "") if authority is None else authority


def split_target(target: str) -> tuple[str | None, str]:
    """Authority and origin form of a request target; None for the authority when it has none.

    Source: RFC 9112 section 3.2.2: a server must take `GET http://x/y` and ignore Host then.
    """
    scheme, separator, rest = target.partition("://")
    if not separator or scheme.lower() not in _SCHEMES:
        return None, target
    end = min((at for mark in "/?" if (at := rest.find(mark)) >= 0), default=len(rest))
    path = rest[end:]
    return rest[:end], path if path.startswith("/") else f"/{path}"


def head_end(data: bytes | bytearray) -> int | None:
    """Where the head in `data` ends, its empty line included; None when it does not yet.

    Lone line feeds count as line ends, as RFC 9112 section 2.2 allows.
    """
    ends = [at + len(mark) for mark in _ENDS if (at := data.find(mark)) >= 0]
    return min(ends, default=None)


def head_state(data: bytes | bytearray, max_bytes: int = limits.MAX_HEAD_BYTES) -> HeadState:
    """Tell what the first bytes of a connection are; `data` holds at least one."""
    if not _METHOD_START.match(data):
        return HeadState.OTHER
    end = head_end(data)
    if (len(data) if end is None else end) > max_bytes:
        return HeadState.TOO_LARGE
    return HeadState.MORE if end is None else HeadState.WHOLE


def is_http2(data: bytes) -> bool:
    """Whether a whole head is the beginning of HTTP/2's preface (RFC 9113 section 3.4)."""
    return data.startswith(b"PRI * HTTP/2.0")


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
