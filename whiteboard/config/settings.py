"""The settings: their names, defaults and explanations. Flags, variables and help texts follow from them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, get_args, get_origin

import attrs

from whiteboard import timeouts
from whiteboard.config.values import (
    NO_PATH,
    Address,
    BasePath,
    HostName,
    LogFormat,
    LogLevel,
    Mode,
    RedisPrefix,
    RedisUrl,
    Secret,
    TcpAddress,
    TrustedProxy,
    UnixAddress,
)
from whiteboard.trust.origins import Origin

ENV_PREFIX: Final = "WHITEBOARD_"

Keys = tuple[str, ...]
"""Where a key stands: `("log", "level")`, or `("origins", "[1]")` for a list's item."""


@attrs.frozen
class Help:
    """How a setting is explained; stands in its annotation."""

    metavar: str
    meaning: str


DEFAULT_ADDR: Final = TcpAddress("127.0.0.1", 8080)
"""This machine only: a board has no lock yet, so opening it to a network is a choice (`--addr :8080`)."""


@attrs.frozen
class TlsSettings:
    """Both files or none."""

    cert: Annotated[Path | None, Help("FILE", "certificate chain in PEM; serves HTTPS")] = None
    key: Annotated[Path | None, Help("FILE", "private key in PEM that belongs to the certificate")] = None


@attrs.frozen
class DebugSettings:
    """Who else than this machine may see the debug pages and delete boards."""

    token: Annotated[
        Secret | None, Help("TOKEN", "bearer token for /debug and for deleting boards from other machines")
    ] = None


@attrs.frozen
class LogSettings:
    """What is logged, and how."""

    format: Annotated[LogFormat, Help("auto|text|json", "text on a terminal, JSON lines otherwise")] = (
        LogFormat.AUTO
    )
    level: Annotated[LogLevel, Help("debug|info|warning|error", "least severe events to log")] = LogLevel.INFO


@attrs.frozen
class RedisSettings:
    """The Redis server or cluster of the redis mode."""

    addr: Annotated[
        RedisUrl,
        Help(
            "ADDR", "HOST:PORT, redis://HOST:PORT/DB, rediss:// or unix:/path; nodes of a cluster with commas"
        ),
    ] = RedisUrl("redis://localhost:6379/0")
    password: Annotated[Secret | None, Help("PASSWORD", "password of the Redis server's default user")] = None
    prefix: Annotated[
        RedisPrefix, Help("NAME", "begins the name of every key; one for each group of servers")
    ] = RedisPrefix("whiteboard")


@attrs.frozen
class Settings:
    """All that can be chosen. Made by `load`, or directly in tests."""

    mode: Annotated[Mode, Help("memory|sqlite|redis", "where boards are kept")] = Mode.SQLITE
    addr: Annotated[Address, Help("ADDR", "HOST:PORT, :PORT for every interface, or unix:/path")] = (
        DEFAULT_ADDR
    )
    data: Annotated[Path, Help("DIR", "data directory of the sqlite mode")] = Path("data")
    base_path: Annotated[BasePath, Help("PATH", "path under which a proxy shows us, such as /wb")] = NO_PATH
    hosts: Annotated[
        tuple[HostName, ...],
        Help("NAME", "names to answer to besides localhost, as behind a proxy; * for any"),
    ] = ()
    origins: Annotated[
        tuple[Origin, ...], Help("ORIGIN", "origins besides our own whose pages may connect; * for any")
    ] = ()
    trusted_proxies: Annotated[
        tuple[TrustedProxy, ...],
        Help("NETWORK", "addresses whose X-Forwarded-* headers are believed; * for any"),
    ] = ()
    drain_grace: Annotated[
        float, Help("SECONDS", "time for sessions to take their last frames on SIGTERM")
    ] = timeouts.DRAIN_GRACE.seconds
    redis: RedisSettings = attrs.field(factory=RedisSettings)
    tls: TlsSettings = attrs.field(factory=TlsSettings)
    debug: DebugSettings = attrs.field(factory=DebugSettings)
    log: LogSettings = attrs.field(factory=LogSettings)
    config_file: Path | None = None
    """The YAML file that was read, if any; no key of the file itself."""


@attrs.frozen
class Option:
    """One setting as flags, variables and help texts need it."""

    path: Keys
    help: Help
    default: str
    is_list: bool
    is_secret: bool
    """Has a `_FILE` form; has no flag of its own, since command lines are no secret."""

    @property
    def key(self) -> str:
        """`log.level`."""
        return ".".join(self.path)

    @property
    def variable(self) -> str:
        """`WHITEBOARD_LOG_LEVEL`."""
        return ENV_PREFIX + "_".join(self.path).upper()

    @property
    def flag(self) -> str:
        """`--log-level`."""
        return "--" + "-".join(self.path).replace("_", "-")


def _options(cls: type[attrs.AttrsInstance], parents: Keys = ()) -> Iterator[Option]:
    for field in attrs.fields(cls):
        path = (*parents, field.name)
        if get_origin(field.type) is Annotated:
            kind, help_text = get_args(field.type)
            default = field.default
            yield Option(
                path=path,
                help=help_text,
                default="" if default in (None, (), "") else str(default),
                is_list=get_origin(kind) is tuple,
                is_secret=kind == Secret | None,
            )
        elif attrs.has(field.type or object):
            yield from _options(field.type, path)


OPTIONS: Final = tuple(_options(Settings))
"""Every setting, in the order of the classes above."""


def describe(settings: Settings) -> dict[str, Any]:
    """The settings as nested plain values, keys as in a YAML file, secrets masked."""

    def plain(value: Any) -> Any:
        if attrs.has(type(value)) and not isinstance(value, Secret | TcpAddress | UnixAddress):
            return {
                field.name: plain(getattr(value, field.name))
                for field in attrs.fields(type(value))
                if field.name != "config_file"
            }
        if isinstance(value, tuple):
            return [plain(item) for item in value]
        return value if value is None or isinstance(value, float) else str(value)

    described: dict[str, Any] = plain(settings)
    return described
