"""From a raw value, whatever source it comes from, to a setting's value, or to what is wrong with it.

Every complaint has one form: what was expected, and what was given.
"""

import ipaddress
import math
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, get_origin

import attrs
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, override

from whiteboard import limits
from whiteboard.config.settings import DebugSettings, LogSettings, RedisSettings, Settings, TlsSettings
from whiteboard.config.values import (
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
from whiteboard.trust.hosts import ANY_HOST
from whiteboard.trust.names import MAX_PORT, parse_authority
from whiteboard.trust.origins import ANY_ORIGIN, Origin


def got(value: object) -> str:
    """The end of a complaint: `, got 'x'`, cut to a line."""
    text, most = repr(value), limits.MAX_SHOWN_VALUE_CHARS
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


def _address(value: object, _: object = None) -> Address:
    expected = "HOST:PORT, :PORT or unix:/path"
    text = _text(value, expected)
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


def _redis_prefix(value: object, _: object = None) -> RedisPrefix:
    text = _text(value, "a name")
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", text):
        raise ValueError(f"expected at most 64 letters, digits and _ . -{got(text)}")
    return RedisPrefix(text)


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


def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=True, detailed_validation=True)
    hooks: list[tuple[Any, Callable[[Any, Any], Any]]] = [
        (Address, _address),
        (RedisUrl, _redis_url),
        (RedisPrefix, _redis_prefix),
        (TrustedProxy, _proxy),
        (BasePath, _base_path),
        (HostName, _host),
        (Origin, _origin),
        (float, _seconds),
        (Secret, read_secret),
        (Path, read_path),
        *((cls, _enum) for cls in (Mode, LogFormat, LogLevel)),
    ]
    for kind, hook in hooks:
        converter.register_structure_hook(kind, hook)
    listed = converter.get_structure_hook(tuple[Any, ...])
    converter.register_structure_hook_func(_is_tuple, lambda value, kind: listed(_list(value), kind))
    for section in (RedisSettings, TlsSettings, DebugSettings, LogSettings, Settings):
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


def read_settings(values: Mapping[str, Any]) -> Settings:
    """Settings from nested raw values. Raises cattrs.ClassValidationError with every fault."""
    settings: Settings = _CONVERTER.structure(values, Settings)
    return settings
