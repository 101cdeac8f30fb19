"""From a raw value, whatever source it comes from, to a setting's value, or to what is wrong with it.

Every complaint has one form: what was expected, and what was given.
"""

import ipaddress
import math
import os
import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, get_origin
from urllib.parse import parse_qsl, urlsplit

import attrs
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, override

from whiteboard import limits
from whiteboard.config.installed import PERMISSIONS, STORAGE, names_of
from whiteboard.config.sampling import BOUNDS, Environment
from whiteboard.config.settings import (
    DURATIONS_WITH_SETTINGS,
    ArchiveSettings,
    ConsulSettings,
    DebugSettings,
    LogSettings,
    MemorySettings,
    PostgresSettings,
    RedisSettings,
    S3Settings,
    SamplingSettings,
    Settings,
    TlsSettings,
    TracesSettings,
)
from whiteboard.config.values import (
    AUTO_LIMIT,
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
from whiteboard.timeouts import REGISTRY
from whiteboard.trust.hosts import ANY_HOST
from whiteboard.trust.names import MAX_PORT, parse_authority
from whiteboard.trust.origins import ANY_ORIGIN, DEFAULT_PORTS, Origin

_ENTRUSTED: Final = re.compile(r"(?P<before>://|[?&][^=&]*=)(?:[^/@]*(?=@)|(?<==)[^&']*)")
"""Where a URL has user and password, or the value of an option."""
_UNITS: Final = {"": 1, "KiB": limits.KIB, "MiB": limits.MIB, "GiB": 1024 * limits.MIB}


def got(value: object) -> str:
    """The end of a complaint: `, got 'x'`, cut to a line, without what a URL should not have had in it."""
    text, most = _ENTRUSTED.sub(r"\g<before>********", repr(value)), limits.MAX_SHOWN_VALUE_CHARS
    return f", got {text if len(text) <= most else text[: most - 3] + '...'}"


def read_path(value: object, _: object = None) -> Path:
    """A path; `~` at its start is a home directory, as in a shell. Raises ValueError."""
    text = _text(value, "a path")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise ValueError(f"expected a path below a home directory that exists{got(text)}") from None


def read_secret(value: object, _: object = None) -> Secret:
    """A token. Raises ValueError, which does not repeat it."""
    if not isinstance(value, str) or not re.fullmatch(r"[\x21-\x7e]+", value):
        raise ValueError("expected letters, digits and signs without spaces (quote it in YAML)")
    if len(value) < limits.MIN_TOKEN_CHARS:
        raise ValueError(f"expected at least {limits.MIN_TOKEN_CHARS} characters, got {len(value)}")
    return Secret(value)


def _text(value: object, expected: str) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise ValueError(f"expected {expected}{got(value)}")
    return value


def _enum(value: object, cls: type[StrEnum]) -> StrEnum:
    choices = [str(member) for member in cls]
    if not isinstance(value, str) or value.lower() not in choices:
        raise ValueError(f"expected {', '.join(choices[:-1])} or {choices[-1]}{got(value)}")
    return cls(value.lower())


def _storage(value: object, _: object = None) -> StorageName:
    """A mode of ours, in any case; else a plugin's name, exactly as it is spelled."""
    ours = [str(member) for member in Mode]
    installed = names_of(STORAGE)
    if isinstance(value, str) and value.lower() in ours:
        if value.lower() in {name.lower() for name in installed}:
            raise ValueError(f"an installed storage plugin has the name of ours, uninstall it{got(value)}")
        return Mode(value.lower())
    if isinstance(value, str) and value in installed:
        return PluginName(value)
    plugins = f" ({', '.join(installed)})" if installed else " (none is)"
    raise ValueError(f"expected {', '.join(ours)} or an installed storage plugin{plugins}{got(value)}")


def _hook(value: object, _: object = None) -> PluginName:
    installed = names_of(PERMISSIONS)
    if not isinstance(value, str) or value not in installed:
        plugins = f" ({', '.join(installed)})" if installed else " (none is)"
        raise ValueError(f"expected an installed permission hook{plugins}{got(value)}")
    return PluginName(value)


def _plugin_options(value: object, _: object = None) -> PluginOptions:
    """From a mapping, nested as deep as its keys have dots, or from a list of `key=value`."""
    if isinstance(value, Mapping):
        pairs = list(_flat(value, ""))
    elif isinstance(value, list) and all(isinstance(item, str) for item in value):
        pairs = [_split_option(item) for item in value]
    else:
        raise ValueError(f"expected a mapping of options, or a list of KEY=VALUE{got(value)}")
    if len(pairs) > limits.MAX_PLUGIN_OPTIONS:
        raise ValueError(f"expected at most {limits.MAX_PLUGIN_OPTIONS} options, got {len(pairs)}")
    keys = [key for key, _ in pairs]
    if twice := next((key for key in keys if keys.count(key) > 1), None):
        raise ValueError(f"expected each option once, got {twice} twice")
    return tuple(PluginOption(key, _option_value(key, one)) for key, one in pairs)


def _flat(values: Mapping[Any, Any], above: str) -> Iterator[tuple[str, object]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield _option_key(f"{above}{key}"), value


def _split_option(item: str) -> tuple[str, object]:
    key, equals, value = item.partition("=")
    if not equals:
        raise ValueError(f"expected KEY=VALUE{got(item)}")
    return _option_key(key), value


def _option_key(key: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,128}", key):
        raise ValueError(f"expected an option's name of at most 128 letters, digits and _ . -{got(key)}")
    return key


def _option_value(key: str, value: object) -> str:
    """Texts as they are, numbers and truth values as YAML spells them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value) if isinstance(value, str | int | float) else ""
    if not isinstance(value, str | int | float) or not text.isprintable():
        raise ValueError(f"expected a text, a number or a truth value for {key}{got(value)}")
    if len(text) > limits.MAX_PLUGIN_OPTION_CHARS:
        most = limits.MAX_PLUGIN_OPTION_CHARS
        raise ValueError(f"expected at most {most} characters for {key}, got {len(text)}")
    return text


def _timeout_overrides(value: object, _: object = None) -> TimeoutOverrides:
    """From a mapping, or from a list of `name=seconds`; all that is wrong is said at once."""
    if isinstance(value, Mapping):
        pairs = [(str(name), one) for name, one in value.items()]
    elif isinstance(value, list) and all(isinstance(item, str) and "=" in item for item in value):
        pairs = [(name.strip(), one) for name, _, one in (item.partition("=") for item in value)]
    else:
        raise ValueError(f"expected a mapping of names and seconds, or a list of NAME=SECONDS{got(value)}")
    found, faults = {}, []
    for given, one in pairs:
        name = given.replace("_", "-").lower()
        fault = f"{name} is given twice" if name in found else _name_fault(name)
        try:
            found[name] = _seconds(one)
        except ValueError as error:
            fault = fault or f"{name}: {error}"
        faults += [fault] if fault else []
    if faults:
        raise ValueError("; ".join(faults))
    return tuple(TimeoutOverride(name, seconds) for name, seconds in found.items())


def _name_fault(name: str) -> str | None:
    """Why a duration of this name cannot be overridden."""
    if name in DURATIONS_WITH_SETTINGS:
        return f"{name} has a setting of its own, {'.'.join(DURATIONS_WITH_SETTINGS[name])}"
    if name in REGISTRY:
        return None
    near = get_close_matches(name, REGISTRY, n=1)
    return f"there is no duration {name[: limits.MAX_SHOWN_VALUE_CHARS]!r}" + (
        f"; did you mean {near[0]}?" if near else ""
    )


def _address(value: object, _: object = None) -> Address:
    expected = "HOST:PORT, :PORT, unix:/path or systemd"
    text = _text(value, expected)
    if text == "systemd":
        return SystemdAddress()
    if text.startswith("unix:") and text != "unix:":
        return UnixAddress(read_path(text.removeprefix("unix:")))
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"expected brackets around an IPv6 address, as in [::1]:8080{got(text)}")
    if not re.fullmatch(r"[A-Za-z0-9_.:%-]*", host):
        raise ValueError(f"expected {expected}{got(text)}")
    if not colon or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > MAX_PORT:
        raise ValueError(f"expected {expected}{got(text)}")
    return TcpAddress(host or None, int(port))


def _redis_url(value: object, _: object = None) -> RedisUrl:
    expected = "HOST:PORT[,HOST:PORT…], redis://HOST:PORT/DB, rediss://HOST:PORT/DB or unix:/path"
    text = _text(value, expected)
    if text.startswith("unix:/") and not text.startswith("unix://"):
        text = f"unix://{text.removeprefix('unix:')}"
    elif "://" not in text:
        text = f"redis://{text}/0"
    scheme, _, rest = text.partition("://")
    if "@" in rest:
        raise ValueError("expected no user or password in it: the password is a setting of its own")
    node = r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(:[0-9]{1,5})?"
    is_url = re.fullmatch(rf"{node}(,{node})*(/[0-9]{{0,4}})?", rest)
    if not (is_url if scheme in {"redis", "rediss"} else scheme == "unix" and rest.startswith("/")):
        raise ValueError(f"expected {expected}{got(value)}")
    return RedisUrl(text)


def _postgres_dsn(value: object, _: object = None) -> PostgresDsn:
    """Complaints do not repeat it: there may be a password in it."""
    expected = "postgresql://USER@HOST:PORT/DATABASE"
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError(f"expected {expected}")
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - raises for what is no port
        names = {name.lower() for name, _ in parse_qsl(parts.query, strict_parsing=bool(parts.query))}
    except ValueError:
        raise ValueError(f"expected {expected}, with %XX for signs in names and passwords") from None
    if parts.scheme not in {"postgresql", "postgres"} or "://" not in value or parts.fragment:
        raise ValueError(f"expected {expected}")
    if names & {"password", "sslpassword"}:
        raise ValueError("expected no password behind the ?: it is a setting of its own")
    return PostgresDsn(value)


def _redis_prefix(value: object, _: object = None) -> RedisPrefix:
    text = _text(value, "a name")
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", text):
        raise ValueError(f"expected at most 64 letters, digits and _ . -{got(text)}")
    return RedisPrefix(text)


def _instance(value: object, _: object = None) -> InstanceName:
    text, most = _text(value, "a name"), limits.MAX_INSTANCE_CHARS
    if len(text) > most or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.:-]*", text):
        raise ValueError(
            f"expected at most {most} letters, digits and _ . : -, a letter or digit first{got(text)}"
        )
    return InstanceName(text)


def _consul_url(value: object, _: object = None) -> ConsulUrl:
    expected = "HOST:PORT, http://HOST:PORT, https://HOST:PORT or unix:/path"
    text = _text(value, expected)
    if text.startswith("unix:"):
        path = "/" + text.removeprefix("unix:").lstrip("/")
        if path == "/" or text[5:6] != "/":
            raise ValueError(f"expected {expected}{got(value)}")
        return ConsulUrl(f"unix://{path}")
    scheme, separator, rest = text.removesuffix("/").rpartition("://")
    if "@" in rest:
        raise ValueError("expected no user or token in it: the token is a setting of its own")
    authority = parse_authority(rest)
    if separator:
        default = DEFAULT_PORTS.get(scheme, 0)
    else:
        scheme, default = "http", _CONSUL_PORT
    if authority is None or not default or not re.fullmatch(r"[A-Za-z0-9_.:-]+", authority.name):
        raise ValueError(f"expected {expected}{got(value)}")
    return ConsulUrl(f"{scheme}://{TcpAddress(authority.name, authority.port or default)}")


_CONSUL_PORT: Final = 8500
"""Where an agent listens unless it is told otherwise."""


def _service_name(value: object, _: object = None) -> ServiceName:
    text = _text(value, "a name")
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?", text):
        raise ValueError(f"expected at most 63 letters, digits and - as in a host name{got(text)}")
    return ServiceName(text)


def _service_tag(value: object, _: object = None) -> ServiceTag:
    text, most = _text(value, "a tag"), limits.MAX_SERVICE_TAG_CHARS
    if len(text) > most or " " in text:
        raise ValueError(f"expected at most {most} characters without spaces{got(text)}")
    return ServiceTag(text)


def _reachable(value: object, _: object = None) -> ReachableAddress:
    expected = "HOST:PORT, where others reach this server"
    try:
        address = _address(value)
    except ValueError:
        raise ValueError(f"expected {expected}{got(value)}") from None
    if not isinstance(address, TcpAddress) or address.port == 0 or address.host in _NOWHERE:
        raise ValueError(f"expected {expected}{got(value)}")
    return ReachableAddress(address)


_NOWHERE: Final = frozenset({None, "0.0.0.0", "::"})  # noqa: S104 - addresses that one listens at only


def _s3_bucket(value: object, _: object = None) -> S3Bucket:
    expected = "the name of a bucket: 3 to 63 letters, digits and . - _"
    text = _text(value, expected)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]", text):
        raise ValueError(f"expected {expected}{got(text)}")
    return S3Bucket(text)


def _s3_endpoint(value: object, _: object = None) -> S3Endpoint:
    return S3Endpoint(
        _plain_url(value, "https://HOST, https://HOST:PORT or the same with http, without user or bucket")
    )


def _otlp_endpoint(value: object, _: object = None) -> OtlpEndpoint:
    return OtlpEndpoint(_plain_url(value, "http://HOST:PORT or the same with https, without user or query"))


def _plain_url(value: object, expected: str) -> str:
    text = _text(value, expected).rstrip("/")
    host = r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)"
    if not re.fullmatch(rf"https?://{host}(:[0-9]{{1,5}})?(/[A-Za-z0-9_.~-]+)*", text):
        raise ValueError(f"expected {expected}{got(value)}")
    return text


def _share(value: object, _: object = None) -> Share:
    """A number as YAML has it, or its text."""
    try:
        number = math.nan if isinstance(value, bool) else float(str(value))
    except ValueError:
        number = math.nan
    if not 0 <= number <= 1:
        raise ValueError(f"expected a number from 0 to 1{got(value)}")
    return Share(number)


def _s3_region(value: object, _: object = None) -> S3Region:
    text = _text(value, "a region such as eu-central-1")
    if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", text):
        raise ValueError(f"expected a region such as eu-central-1{got(text)}")
    return S3Region(text)


def _s3_prefix(value: object, _: object = None) -> S3Prefix:
    if value in {"", "/"}:
        return S3Prefix("")
    most = limits.MAX_S3_PREFIX_CHARS
    expected = f"a path such as boards/team, of letters, digits and _ . -, at most {most} characters"
    text = _text(value, expected).strip("/")
    steps = text.split("/")
    if len(text) > most or not all(
        re.fullmatch(r"[A-Za-z0-9_.-]+", step) and step not in {".", ".."} for step in steps
    ):
        raise ValueError(f"expected {expected}{got(value)}")
    return S3Prefix(text)


def _s3_access_key(value: object, _: object = None) -> S3AccessKey:
    expected = "an access key id: letters, digits and signs without spaces, at most 128"
    if not isinstance(value, str) or not re.fullmatch(r"[\x21-\x7e]{1,128}", value):
        raise ValueError(f"expected {expected}{got(value)}")
    return S3AccessKey(value)


def _proxy(value: object, _: object = None) -> TrustedProxy:
    expected = "an IP address, a network such as 10.0.0.0/8, or *"
    text = _text(value, expected)
    try:
        return TrustedProxy(text if text == "*" else str(ipaddress.ip_network(text, strict=False)))
    except ValueError:
        raise ValueError(f"expected {expected}{got(text)}") from None


def _base_path(value: object, _: object = None) -> BasePath:
    if value in {"", "/"}:
        return BasePath("")
    steps = _text(value, "a path such as /wb").strip("/").split("/")
    if not all(re.fullmatch(r"[A-Za-z0-9_.~-]+", step) and step not in {".", ".."} for step in steps):
        raise ValueError(f"expected a path such as /wb, of letters, digits and _ . ~ -{got(value)}")
    return BasePath("/" + "/".join(steps))


def _host(value: object, _: object = None) -> HostName:
    expected = "a host name such as draw.example.org without scheme or port, or *"
    text = _text(value, expected)
    if text == ANY_HOST:
        return HostName(text)
    bare = f"[{text}]" if text.count(":") > 1 and not text.startswith("[") else text
    authority = parse_authority(bare)
    if authority is None or authority.port is not None or bare.endswith(":") or "*" in text:
        raise ValueError(f"expected {expected}{got(value)}")
    return HostName(authority.name)


def _origin(value: object, _: object = None) -> Origin:
    expected = "an origin such as https://draw.example.org, or *"
    text = _text(value, expected)
    origin = ANY_ORIGIN if text == "*" else Origin.parse(text)
    if origin is None:
        raise ValueError(f"expected {expected}{got(value)}")
    return origin


def _seconds(value: object, _: object = None) -> float:
    try:
        seconds = float(value) if isinstance(value, int | float | str) else math.nan
    except ValueError:
        seconds = math.nan
    if isinstance(value, bool) or not 0 < seconds < math.inf:
        raise ValueError(f"expected a number of seconds above 0{got(value)}")
    return seconds


def _whole(value: object, kind: object) -> int:
    """A whole number within the bounds of its type."""
    least, most = BOUNDS[kind]
    text = str(value)
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
        raise ValueError(f"expected a whole number from {least} to {most}{got(value)}")
    return int(text)


def _worker_count(value: object, _: object = None) -> WorkerCount:
    if value == "auto":
        return WorkerCount(min(_cores(), limits.MAX_WORKERS))
    text = str(value)
    if (
        isinstance(value, bool)
        or not re.fullmatch(r"[0-9]{1,4}", text)
        or not 1 <= int(text) <= limits.MAX_WORKERS
    ):
        raise ValueError(f"expected a number from 1 to {limits.MAX_WORKERS}, or auto{got(value)}")
    return WorkerCount(int(text))


def _memory_limit(value: object, _: object = None) -> MemoryLimit:
    if value == "auto":
        return AUTO_LIMIT
    if value is None or value == "none":
        return MemoryLimit()
    least = limits.MIN_SOFT_LIMIT_BYTES
    sized = re.fullmatch(r"([0-9]{1,15}) ?([KMG]iB)?", str(value))
    size_bytes = int(sized[1]) * _UNITS[sized[2] or ""] if sized and not isinstance(value, bool) else 0
    if size_bytes < least:
        raise ValueError(
            f"expected a size such as 800MiB or 1GiB, or bytes, of {least // limits.MIB}MiB at least, or auto or none{got(value)}"
        )
    return MemoryLimit(size_bytes)


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=True, detailed_validation=True)
    hooks: list[tuple[Any, Callable[[Any, Any], Any]]] = [
        (Address, _address),
        (StorageName, _storage),
        (PluginName, _hook),
        (RedisUrl, _redis_url),
        (RedisPrefix, _redis_prefix),
        (InstanceName, _instance),
        (ConsulUrl, _consul_url),
        (ServiceName, _service_name),
        (ServiceTag, _service_tag),
        (ReachableAddress, _reachable),
        (PostgresDsn, _postgres_dsn),
        (S3Bucket, _s3_bucket),
        (S3Endpoint, _s3_endpoint),
        (OtlpEndpoint, _otlp_endpoint),
        (Share, _share),
        (S3Region, _s3_region),
        (S3Prefix, _s3_prefix),
        (S3AccessKey, _s3_access_key),
        (TrustedProxy, _proxy),
        (BasePath, _base_path),
        (HostName, _host),
        (Origin, _origin),
        (float, _seconds),
        (WorkerCount, _worker_count),
        (MemoryLimit, _memory_limit),
        *((kind, _whole) for kind in BOUNDS),
        (Secret, read_secret),
        (Path, read_path),
        *((cls, _enum) for cls in (Environment, LogFormat, LogLevel)),
    ]
    for kind, hook in hooks:
        converter.register_structure_hook(kind, hook)
    listed = converter.get_structure_hook(tuple[Any, ...])
    converter.register_structure_hook_func(_is_tuple, lambda value, kind: listed(_list(value), kind))
    converter.register_structure_hook_func(lambda kind: kind == PluginOptions, _plugin_options)
    converter.register_structure_hook_func(lambda kind: kind == TimeoutOverrides, _timeout_overrides)
    for section in (
        RedisSettings,
        ArchiveSettings,
        PostgresSettings,
        S3Settings,
        ConsulSettings,
        TlsSettings,
        DebugSettings,
        TracesSettings,
        LogSettings,
        MemorySettings,
        SamplingSettings,
        Settings,
    ):
        converter.register_structure_hook(section, _mapping_hook(section, converter))
    return converter


def _is_tuple(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"expected a list{got(value)}")
    return value


def _mapping_hook(cls: type[attrs.AttrsInstance], converter: Converter) -> Callable[[Any, Any], Any]:
    omitted: dict[str, Any] = {"config_file": override(omit=True)} if cls is Settings else {}
    structure = make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True, **omitted)

    def checked(value: Any, _: object) -> Any:
        if not isinstance(value, Mapping):
            raise ValueError(f"expected a mapping of keys{got(value)}")
        return structure(value, cls)

    return checked


_CONVERTER: Final = _converter()


def read_sampling(values: Mapping[str, Any]) -> SamplingSettings:
    """What to sample, from raw values. Raises cattrs.ClassValidationError with every fault."""
    chosen: SamplingSettings = _CONVERTER.structure(values, SamplingSettings)
    return chosen


def read_settings(values: Mapping[str, Any]) -> Settings:
    """Settings from nested raw values. Raises cattrs.ClassValidationError with every fault."""
    settings: Settings = _CONVERTER.structure(values, Settings)
    return settings
