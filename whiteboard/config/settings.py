"""The settings: their names, defaults and explanations. Flags, variables and help texts follow from them."""

from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Any, Final, get_args, get_origin

import attrs

from whiteboard import timeouts
from whiteboard.config.sampling import (
    RATES,
    BlockRate,
    CpuHz,
    Environment,
    MemoryFrames,
    MemoryRate,
    Rates,
    SchedInterval,
    StallMs,
)
from whiteboard.config.values import (
    AUTO_LIMIT,
    NO_PATH,
    ONE_WORKER,
    Address,
    BasePath,
    ConsulUrl,
    HostName,
    InstanceName,
    LogFormat,
    LogLevel,
    MemoryLimit,
    Mode,
    OtlpEndpoint,
    PluginName,
    PluginOption,
    PluginOptions,
    PostgresDsn,
    ReachableAddress,
    RedisPrefix,
    RedisUrl,
    S3AccessKey,
    S3Bucket,
    S3Endpoint,
    S3Prefix,
    S3Region,
    Secret,
    ServiceName,
    ServiceTag,
    Share,
    StorageName,
    SystemdAddress,
    TcpAddress,
    TimeoutOverride,
    TimeoutOverrides,
    TrustedProxy,
    UnixAddress,
    WorkerCount,
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
class MemorySettings:
    """How much memory the server may come to have."""

    soft_limit: Annotated[
        MemoryLimit,
        Help(
            "SIZE|auto|none",
            "memory above which nobody new is let in, as 800MiB; auto for 80 % of the container's",
        ),
    ] = AUTO_LIMIT


@attrs.frozen
class SamplingSettings:
    """What the server samples of itself from its start; what is not given is as `env` has it."""

    memory_rate: Annotated[
        MemoryRate | None, Help("N", "trace allocations: 0 none, 1 all, N those of one second in N")
    ] = None
    memory_frames: Annotated[
        MemoryFrames | None, Help("N", "frames of a traced allocation's stack, 1 to 50")
    ] = None
    block_rate: Annotated[
        BlockRate | None, Help("MICROSECONDS", "watch where tasks wait for so long, shorter by chance; 0 not")
    ] = None
    sched_interval: Annotated[
        SchedInterval | None, Help("SECONDS", "trace the scheduler, a log line each time; 0 not")
    ] = None
    cpu_hz: Annotated[
        CpuHz | None, Help("HZ", "samples of a CPU profile in a second of CPU time, 1 to 300")
    ] = None
    stall_ms: Annotated[
        StallMs | None, Help("MILLISECONDS", "an event loop that stands still for so long stalls; 0 never")
    ] = None


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
class ArchiveSettings:
    """When boards of the redis mode go to the bucket or PostgreSQL, if it has one of them."""

    every: Annotated[float, Help("SECONDS", "between two looks for what can leave Redis for the archive")] = (
        timeouts.ARCHIVE_ROUND.seconds
    )
    cold_after: Annotated[
        float, Help("SECONDS", "without an op, before a board leaves Redis for the archive altogether")
    ] = timeouts.ARCHIVE_COLD.seconds


@attrs.frozen
class ConsulSettings:
    """Where the server puts itself on a list, and what stands there."""

    addr: Annotated[
        ConsulUrl | None,
        Help("ADDR", "Consul agent: HOST:PORT, a URL, or unix:/path; registers there and finds others"),
    ] = None
    token: Annotated[
        Secret | None,
        Help("TOKEN", "Consul's ACL token that may write the service and read services and nodes"),
    ] = None
    service: Annotated[ServiceName, Help("NAME", "name of the service; one for each group of servers")] = (
        ServiceName("whiteboard")
    )
    advertise: Annotated[
        ReachableAddress | None,
        Help("HOST:PORT", "where others and the agent reach this server (default: from addr)"),
    ] = None
    tags: Annotated[
        tuple[ServiceTag, ...], Help("TAG", "more tags than the mode, as balancers read them")
    ] = ()


@attrs.frozen
class PostgresSettings:
    """The PostgreSQL database of the redis mode, if there is one."""

    dsn: Annotated[
        PostgresDsn | None,
        Help("DSN", "postgresql://USER@HOST:PORT/DATABASE for sessions, roles and audit of the redis mode"),
    ] = None
    password: Annotated[Secret | None, Help("PASSWORD", "password of the PostgreSQL user")] = None


@attrs.frozen
class S3Settings:
    """The store of pictures and archives; without a bucket they are files in the data directory (sqlite mode)."""

    bucket: Annotated[
        S3Bucket | None, Help("NAME", "bucket for pictures, in any S3-compatible store; else files or none")
    ] = None
    endpoint: Annotated[
        S3Endpoint | None, Help("URL", "http(s)://HOST:PORT of the store; Amazon's when not given")
    ] = None
    region: Annotated[S3Region | None, Help("NAME", "region of the bucket")] = None
    prefix: Annotated[S3Prefix, Help("PATH", "begins the name of every object, such as boards/team")] = (
        S3Prefix("")
    )
    access_key: Annotated[
        S3AccessKey | None, Help("ID", "access key id; without it AWS_ACCESS_KEY_ID and its like count")
    ] = None
    secret_key: Annotated[Secret | None, Help("KEY", "secret access key that belongs to the id")] = None


@attrs.frozen
class TracesSettings:
    """Where spans of sessions and commits are sent, if anywhere."""

    endpoint: Annotated[
        OtlpEndpoint | None,
        Help("URL", "OTLP/HTTP collector for spans of sessions and commits, such as http://localhost:4318"),
    ] = None
    share: Annotated[Share, Help("SHARE", "of all spans, from 0 to 1")] = Share(1.0)


@attrs.frozen
class Settings:
    """All that can be chosen. Made by `load`, or directly in tests."""

    mode: Annotated[
        StorageName, Help("memory|sqlite|redis|NAME", "where boards are kept; NAME is an installed plugin")
    ] = Mode.SQLITE
    env: Annotated[
        Environment, Help("dev|test|prod", "what the server is for: how much it samples of itself")
    ] = Environment.PROD
    addr: Annotated[
        Address,
        Help(
            "ADDR", "HOST:PORT, :PORT for every interface, unix:/path, or systemd for the sockets of its unit"
        ),
    ] = DEFAULT_ADDR
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
    instance: Annotated[
        InstanceName | None,
        Help("NAME", "what this server is called among others (default: HOSTNAME:PORT)"),
    ] = None
    workers: Annotated[
        WorkerCount, Help("N|auto", "processes that share the load; auto for one on each core")
    ] = ONE_WORKER
    storage_options: Annotated[
        PluginOptions,
        Help("KEY=VALUE", "options of the storage plugin that mode names; no place for secrets"),
    ] = ()
    permissions: Annotated[
        tuple[PluginName, ...], Help("NAME", "installed permission hooks to ask, in this order")
    ] = ()
    permission_options: Annotated[
        PluginOptions, Help("NAME.KEY=VALUE", "options of the permission hooks; no place for secrets")
    ] = ()
    timeouts: Annotated[
        TimeoutOverrides,
        Help("NAME=SECONDS", "other values for durations; `whiteboard timeouts list` names them"),
    ] = ()
    redis: RedisSettings = attrs.field(factory=RedisSettings)
    postgres: PostgresSettings = attrs.field(factory=PostgresSettings)
    consul: ConsulSettings = attrs.field(factory=ConsulSettings)
    archive: ArchiveSettings = attrs.field(factory=ArchiveSettings)
    s3: S3Settings = attrs.field(factory=S3Settings)
    tls: TlsSettings = attrs.field(factory=TlsSettings)
    debug: DebugSettings = attrs.field(factory=DebugSettings)
    traces: TracesSettings = attrs.field(factory=TracesSettings)
    log: LogSettings = attrs.field(factory=LogSettings)
    memory: MemorySettings = attrs.field(factory=MemorySettings)
    sampling: SamplingSettings = attrs.field(factory=SamplingSettings)
    config_file: Path | None = None
    """The YAML file that was read, if any; no key of the file itself."""

    @property
    def durations(self) -> dict[str, float]:
        """Seconds by name, for all durations that these settings say: what is to be put in force."""
        own = {
            name: float(attrgetter(".".join(path))(self)) for name, path in DURATIONS_WITH_SETTINGS.items()
        }
        return {**own, **{one.name: one.seconds for one in self.timeouts}}

    @property
    def rates(self) -> Rates:
        """What is sampled from the start: what is said, and for the rest what `env` says."""
        return rates_with(RATES[self.env], self.sampling)


def rates_with(rates: Rates, chosen: SamplingSettings) -> Rates:
    """The same, but for what is chosen."""
    given = attrs.asdict(chosen, filter=lambda _, value: value is not None)
    return attrs.evolve(rates, **given)


DURATIONS_WITH_SETTINGS: Final[dict[str, Keys]] = {
    timeouts.DRAIN_GRACE.name: ("drain_grace",),
    timeouts.ARCHIVE_ROUND.name: ("archive", "every"),
    timeouts.ARCHIVE_COLD.name: ("archive", "cold_after"),
}
"""Durations that have a setting of their own, which `timeouts` does not take."""


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
        if attrs.has(type(value)) and not isinstance(
            value,
            MemoryLimit
            | PluginOption
            | Secret
            | PostgresDsn
            | SystemdAddress
            | TcpAddress
            | TimeoutOverride
            | UnixAddress,
        ):
            return {
                field.name: plain(getattr(value, field.name))
                for field in attrs.fields(type(value))
                if field.name != "config_file"
            }
        if isinstance(value, tuple):
            return [plain(item) for item in value]
        return value if value is None or isinstance(value, int | float) else str(value)

    described: dict[str, Any] = plain(settings)
    return described
