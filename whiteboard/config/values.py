"""What a setting's value can be, once it has been read."""

import hmac
from enum import StrEnum
from pathlib import Path
from typing import Final, NewType
from urllib.parse import urlsplit

import attrs

from whiteboard.limits import MIB
from whiteboard.registry import shown


class Mode(StrEnum):
    """Where boards are kept."""

    MEMORY = "memory"
    SQLITE = "sqlite"
    REDIS = "redis"


PluginName = NewType("PluginName", str)
"""What an installed plugin is called: the name of its entry point."""
StorageName = Mode | PluginName
"""Where boards are kept: in a storage of ours, or in an installed one."""


@attrs.frozen
class PluginOption:
    """One option of a plugin, which alone knows what it means."""

    key: str
    """`path`, or `tokens.file`: of the permission hook `tokens`."""
    value: str

    def __str__(self) -> str:
        return f"{self.key}={self.value}"


PluginOptions = tuple[PluginOption, ...]
"""Each key once."""


@attrs.frozen
class TimeoutOverride:
    """A duration of the registry with another value."""

    name: str
    """As the registry has it: `ping-interval`."""
    seconds: float

    def __str__(self) -> str:
        return f"{self.name}={shown(self.seconds)}"


TimeoutOverrides = tuple[TimeoutOverride, ...]
"""Each name once."""


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


@attrs.frozen
class SystemdAddress:
    """Listen on the sockets that the process manager opened, systemd's or another's."""

    def __str__(self) -> str:
        return "systemd"


Address = TcpAddress | UnixAddress | SystemdAddress
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
InstanceName = NewType("InstanceName", str)
"""What one of several servers is called; letters, digits and _ . : - only."""
ConsulUrl = NewType("ConsulUrl", str)
"""`http://HOST:PORT`, `https://HOST:PORT` or `unix:///path`; no token in it."""
ServiceName = NewType("ServiceName", str)
"""A name that is also one of DNS; letters, digits and - only."""
ServiceTag = NewType("ServiceTag", str)
"""A word of Consul's list, such as `urlprefix-/wb`."""
ReachableAddress = NewType("ReachableAddress", TcpAddress)
"""Where others reach a server: with a host, and no port that is yet to be chosen."""


@attrs.frozen
class MemoryLimit:
    """How much memory a server may come to have before it does something about it."""

    size_bytes: int | None = None
    """None for no limit, or for the one that the cgroup says."""
    is_auto: bool = False
    """Whether the cgroup says it."""

    def __str__(self) -> str:
        if self.size_bytes is None:
            return "auto" if self.is_auto else "none"
        whole, rest = divmod(self.size_bytes, MIB)
        return str(self.size_bytes) if rest else f"{whole}MiB"


AUTO_LIMIT: Final = MemoryLimit(is_auto=True)
WorkerCount = NewType("WorkerCount", int)
"""1 to MAX_WORKERS."""
ONE_WORKER: Final = WorkerCount(1)
S3Bucket = NewType("S3Bucket", str)
"""3 to 63 letters, digits and . - _, as stores name buckets."""
S3Endpoint = NewType("S3Endpoint", str)
"""`https://HOST:PORT`, or `http://`, perhaps with a path, without a slash at the end."""
S3Region = NewType("S3Region", str)
"""Letters, digits and `-`, such as `eu-central-1`."""
S3Prefix = NewType("S3Prefix", str)
"""Empty, or what can begin a blob's name, without a slash at the end."""
S3AccessKey = NewType("S3AccessKey", str)
"""Names the secret key; is none itself."""
OtlpEndpoint = NewType("OtlpEndpoint", str)
"""`http://HOST:PORT` or `https://`, perhaps with a path, without a slash at the end."""
Share = NewType("Share", float)
"""From 0 to 1."""
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


@attrs.frozen
class PostgresDsn:
    """`postgresql://USER:PASSWORD@HOST:PORT/DATABASE?…`; shows itself without the password."""

    _text: str = attrs.field(repr=False)

    def reveal(self) -> str:
        """The text itself, for whoever opens it."""
        return self._text

    @property
    def has_password(self) -> bool:
        """Whether there is one in it."""
        return urlsplit(self._text).password is not None

    def __str__(self) -> str:
        scheme, _, rest = self._text.partition("://")
        account, at, place = rest.rpartition("@")
        user, colon, _ = account.partition(":")
        return f"{scheme}://{user}{colon}{'********' if colon else ''}{at}{place}"

    def __repr__(self) -> str:
        return f"PostgresDsn({str(self)!r})"
