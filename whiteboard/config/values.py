"""What a setting's value can be, once it has been read."""

import hmac
from enum import StrEnum
from pathlib import Path
from typing import Final, NewType

import attrs


class Mode(StrEnum):
    """Where boards are kept."""

    MEMORY = "memory"
    SQLITE = "sqlite"
    REDIS = "redis"


class LogFormat(StrEnum):
    """How log lines look; AUTO is text on a terminal and JSON lines otherwise."""

    AUTO = "auto"
    TEXT = "text"
    JSON = "json"


class LogLevel(StrEnum):
    """The least severe events that are logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@attrs.frozen
class TcpAddress:
    """Listen on TCP."""

    host: str | None
    """Name or address without brackets; None is every interface."""
    port: int
    """0 to 65535; 0 lets the system choose."""

    def __str__(self) -> str:
        host = self.host or ""
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"


@attrs.frozen
class UnixAddress:
    """Listen on a Unix socket."""

    path: Path

    def __str__(self) -> str:
        return f"unix:{self.path}"


Address = TcpAddress | UnixAddress
TrustedProxy = NewType("TrustedProxy", str)
"""A network such as `10.0.0.0/8`, or `*` for any peer, Unix sockets included."""
BasePath = NewType("BasePath", str)
"""Empty, or `/one/or/more/steps` without a slash at the end."""
NO_PATH: Final = BasePath("")
RedisUrl = NewType("RedisUrl", str)
"""`redis://HOST:PORT/DB`, `rediss://…` for TLS, or `unix:///path?db=DB`; no user or password in it.

Of a Redis Cluster one node, or several: `redis://HOST:PORT,HOST:PORT/0`."""
RedisPrefix = NewType("RedisPrefix", str)
"""Begins the name of every key; letters, digits and _ . - only."""
HostName = NewType("HostName", str)
"""A name or address as `trust.names.canonical_name` spells it, or `*` for any."""


@attrs.frozen
class Secret:
    """A text that shows itself to nobody; it can be compared."""

    _text: str = attrs.field(repr=False)

    def matches(self, candidate: str) -> bool:
        """Whether `candidate` is the text; takes the same time wherever they differ."""
        return hmac.compare_digest(self._text.encode(), candidate.encode("utf-8", "replace"))

    def reveal(self) -> str:
        """The text itself, for whoever has to send it on."""
        return self._text

    def __str__(self) -> str:
        return "********"
