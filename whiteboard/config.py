"""Settings: what an operator may choose, where a choice may come from, and what is wrong with it.

Flags win over `WHITEBOARD_*` variables, those over a YAML file, that over the defaults. Every source
is checked on its own, so that a bad key is reported even where a stronger source hides it, and all
bad keys are reported at once. Must not know what the settings are used for: it opens no data
directory, no certificate and no socket; it reads the configuration file and secret files only.
"""

import hmac
import ipaddress
import math
import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, NewType, get_args, get_origin
from urllib.parse import urlsplit

import attrs
import yaml
from cattrs import ClassValidationError, Converter, IterableValidationError
from cattrs.errors import ForbiddenExtraKeysError, IterableValidationNote
from cattrs.gen import make_dict_structure_fn, override

from whiteboard import timeouts
from whiteboard.errors import ConfigError

ENV_PREFIX: Final = "WHITEBOARD_"
MIN_TOKEN_CHARS: Final = 16
"""A token is all that stands between a stranger and the debug pages; 16 characters resist guessing."""

Path_ = tuple[str, ...]
"""Where a key stands: `("log", "level")`, or `("origins", "[1]")` for a list's item."""


# --- values -----------------------------------------------------------------------------------
class Mode(StrEnum):
    """Where boards are kept."""

    MEMORY = "memory"
    SQLITE = "sqlite"


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
_NO_PATH: Final = BasePath("")
Origin = NewType("Origin", str)
"""`scheme://host[:port]` in lower case, or `*` for any."""


@attrs.frozen
class Secret:
    """A text that shows itself to nobody who does not ask for it by name."""

    _text: str = attrs.field(repr=False)

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def matches(self, candidate: str) -> bool:
        """Whether `candidate` is the text; takes the same time wherever they differ."""
        return hmac.compare_digest(self._text.encode(), candidate.encode("utf-8", "replace"))

    def __str__(self) -> str:
        return "********"


# --- settings ---------------------------------------------------------------------------------
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
class Settings:
    """All that can be chosen. Made by `load`, or directly in tests."""

    mode: Annotated[Mode, Help("memory|sqlite", "where boards are kept")] = Mode.SQLITE
    addr: Annotated[Address, Help("ADDR", "HOST:PORT, :PORT for every interface, or unix:/path")] = (
        DEFAULT_ADDR
    )
    data: Annotated[Path, Help("DIR", "data directory of the sqlite mode")] = Path("data")
    base_path: Annotated[BasePath, Help("PATH", "path under which a proxy shows us, such as /wb")] = _NO_PATH
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
    tls: TlsSettings = attrs.field(factory=TlsSettings)
    debug: DebugSettings = attrs.field(factory=DebugSettings)
    log: LogSettings = attrs.field(factory=LogSettings)
    config_file: Path | None = None
    """The YAML file that was read, if any; no key of the file itself."""


@attrs.frozen
class Option:
    """One setting as flags, variables and help texts need it."""

    path: Path_
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


def _options(cls: type[attrs.AttrsInstance], parents: Path_ = ()) -> Iterator[Option]:
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


# --- reading one value ------------------------------------------------------------------------
def _got(value: object) -> str:
    text = repr(value)
    return f", got {text if len(text) <= 80 else text[:77] + '...'}"


def _text(value: object, expected: str = "a text") -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise ValueError(f"expected {expected}{_got(value)}")
    return value


def _enum(value: object, cls: type[StrEnum]) -> StrEnum:
    choices = [str(member) for member in cls]
    if not isinstance(value, str) or value.lower() not in choices:
        raise ValueError(f"expected {', '.join(choices[:-1])} or {choices[-1]}{_got(value)}")
    return cls(value.lower())


def _address(value: object, _: object = None) -> Address:
    expected = "HOST:PORT, :PORT or unix:/path"
    text = _text(value, expected)
    if text.startswith("unix:") and text != "unix:":
        return UnixAddress(Path(text.removeprefix("unix:")))
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"expected brackets around an IPv6 address, as in [::1]:8080{_got(text)}")
    if not re.fullmatch(r"[A-Za-z0-9_.:%-]*", host):
        raise ValueError(f"expected {expected}{_got(text)}")
    if not colon or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
        raise ValueError(f"expected {expected}{_got(text)}")
    return TcpAddress(host or None, int(port))


def _proxy(value: object, _: object = None) -> TrustedProxy:
    expected = "an IP address, a network such as 10.0.0.0/8, or *"
    text = _text(value, expected)
    try:
        return TrustedProxy(text if text == "*" else str(ipaddress.ip_network(text, strict=False)))
    except ValueError:
        raise ValueError(f"expected {expected}{_got(text)}") from None


def _base_path(value: object, _: object = None) -> BasePath:
    if value in {"", "/"}:
        return BasePath("")
    steps = _text(value, "a path such as /wb").strip("/").split("/")
    if not all(re.fullmatch(r"[A-Za-z0-9_.~-]+", step) and step not in {".", ".."} for step in steps):
        raise ValueError(f"expected a path such as /wb, of letters, digits and _ . ~ -{_got(value)}")
    return BasePath("/" + "/".join(steps))


def _origin(value: object, _: object = None) -> Origin:
    text = _text(value, "an origin such as https://draw.example.org, or *").lower().rstrip("/")
    if text == "*":
        return Origin(text)
    parts = urlsplit(text)
    if (
        parts.scheme not in {"http", "https"}
        or not parts.netloc
        or text != f"{parts.scheme}://{parts.netloc}"
    ):
        raise ValueError(f"expected an origin such as https://draw.example.org, or *{_got(value)}")
    return Origin(text)


def _seconds(value: object, _: object = None) -> float:
    try:
        seconds = float(value) if isinstance(value, int | float | str) else math.nan
    except ValueError:
        seconds = math.nan
    if isinstance(value, bool) or not 0 < seconds < math.inf:
        raise ValueError(f"expected a number of seconds above 0{_got(value)}")
    return seconds


def _secret(value: object, _: object = None) -> Secret:
    if not isinstance(value, str) or not re.fullmatch(r"[\x21-\x7e]+", value):
        raise ValueError("expected letters, digits and signs without spaces (quote it in YAML)")
    if len(value) < MIN_TOKEN_CHARS:
        raise ValueError(f"expected at least {MIN_TOKEN_CHARS} characters, got {len(value)}")
    return Secret(value)


def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=True, detailed_validation=True)
    hooks: list[tuple[Any, Callable[[Any, Any], Any]]] = [
        (Address, _address),
        (TrustedProxy, _proxy),
        (BasePath, _base_path),
        (Origin, _origin),
        (float, _seconds),
        (Secret, _secret),
        (Path, lambda value, _: Path(_text(value, "a path"))),
        *((cls, _enum) for cls in (Mode, LogFormat, LogLevel)),
    ]
    for kind, hook in hooks:
        converter.register_structure_hook(kind, hook)
    listed = converter.get_structure_hook(tuple[Any, ...])
    converter.register_structure_hook_func(_is_tuple, lambda value, kind: listed(_list(value), kind))
    for section in (TlsSettings, DebugSettings, LogSettings, Settings):
        converter.register_structure_hook(section, _mapping_hook(section, converter))
    return converter


def _is_tuple(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"expected a list{_got(value)}")
    return value


def _mapping_hook(cls: type[attrs.AttrsInstance], converter: Converter) -> Callable[[Any, Any], Any]:
    omitted: dict[str, Any] = {"config_file": override(omit=True)} if cls is Settings else {}
    structure = make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True, **omitted)

    def checked(value: Any, _: object) -> Any:
        if not isinstance(value, Mapping):
            raise ValueError(f"expected a mapping of keys{_got(value)}")
        return structure(value, cls)

    return checked


_CONVERTER: Final = _converter()


# --- sources ----------------------------------------------------------------------------------
@attrs.frozen
class _Source:
    """One place that settings come from, as nested raw values."""

    values: dict[str, Any]
    called: Callable[[Path_], str]
    """What a key is called there, as its owner wrote it."""


def load(flags: Mapping[str, str | None], environ: Mapping[str, str]) -> Settings:
    """Settings from all sources.

    Args:
        flags: texts by key (`"log.level"`), lists with commas; `"config"` names the YAML file. None
            and missing are the same.
        environ: the process environment. Empty variables count as unset.

    Raises:
        ConfigError: with every problem of every source.
    """
    problems: list[str] = []
    config_file = _config_file(flags, environ)
    sources = [
        _from_file(config_file, problems),
        _from_environment(environ, problems),
        _from_flags(flags),
    ]
    merged: dict[str, Any] = {}
    for source in sources:
        problems += _read_secret_files(source)
        problems += _check(source)
        _overlay(merged, source.values)
    problems += _conflicts(merged)
    if problems:
        raise ConfigError(problems)
    settings: Settings = _CONVERTER.structure(merged, Settings)
    return attrs.evolve(settings, config_file=config_file)


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


def _config_file(flags: Mapping[str, str | None], environ: Mapping[str, str]) -> Path | None:
    name = flags.get("config") or environ.get(ENV_PREFIX + "CONFIG")
    return Path(name) if name else None


def _from_flags(flags: Mapping[str, str | None]) -> _Source:
    lists = {option.key for option in OPTIONS if option.is_list}
    values: dict[str, Any] = {}
    for key, value in flags.items():
        if key != "config" and value is not None:
            _put(values, tuple(key.split(".")), _split(value) if key in lists else value)
    return _Source(values, lambda path: "--" + "-".join(_key_of(path)).replace("_", "-"))


def _from_environment(environ: Mapping[str, str], problems: list[str]) -> _Source:
    known = {option.variable: option for option in OPTIONS}
    files = {option.variable + "_FILE": option for option in OPTIONS if option.is_secret}
    values: dict[str, Any] = {}
    for name, text in sorted(environ.items()):
        if not name.startswith(ENV_PREFIX) or not text or name == ENV_PREFIX + "CONFIG":
            continue
        if name in files:
            *parents, last = files[name].path
            _put(values, (*parents, f"{last}_file"), text)
        elif name in known:
            option = known[name]
            _put(values, option.path, _split(text) if option.is_list else text)
        else:
            problems.append(f"{name}: no such variable{_similar(name, [*known, *files])}")
    return _Source(values, lambda path: ENV_PREFIX + "_".join(_key_of(path)).upper())


def _from_file(path: Path | None, problems: list[str]) -> _Source:
    source = _Source({}, lambda key: f"{path}: {'.'.join(key).replace('.[', '[')}")
    if path is None:
        return source
    try:
        document = yaml.load(path.read_text("utf-8"), _Loader)  # noqa: S506 - a SafeLoader
    except OSError as error:
        problems.append(f"{path}: cannot be read: {error.strerror}")
    except yaml.MarkedYAMLError as error:
        where = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        problems.append(f"{path}: is no YAML: {where}{error.problem or error.context}")
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        problems.append(f"{path}: is no YAML: {' '.join(str(error).split())}")
    else:
        if isinstance(document, dict):
            return attrs.evolve(source, values=_without_empty(document))
        if document is not None:
            problems.append(f"{path}: expected a mapping of keys{_got(document)}")
    return source


class _Loader(yaml.SafeLoader):
    """Refuses a key that is given twice, where YAML's usual loaders silently take the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        for key, _ in reversed(node.value):
            if keys.count(key.value) > 1:
                raise yaml.constructor.ConstructorError(
                    problem=f"key {key.value!r} is given twice", problem_mark=key.start_mark
                )
        return super().construct_mapping(node, deep)


def _without_empty(values: Mapping[Any, Any]) -> dict[str, Any]:
    """The document in the shape of the other sources.

    Keys are texts; `key:` with nothing after it is the same as no key; a text where a list belongs is
    split at commas, as in a variable.
    """
    lists = {option.key for option in OPTIONS if option.is_list}
    kept: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            kept[str(key)] = _without_empty(value)
        elif isinstance(value, str) and key in lists:
            kept[key] = _split(value)
        elif value is not None:
            kept[str(key)] = value
    return kept


def _read_secret_files(source: _Source) -> Iterator[str]:
    """Put the content of `token_file` where `token` stands; the problems met."""
    for option in OPTIONS:
        *parents, name = option.path
        section = _section(source.values, parents)
        if not option.is_secret or f"{name}_file" not in section:
            continue
        called = source.called((*parents, f"{name}_file"))
        file = section.pop(f"{name}_file")
        if name in section:
            yield f"{called}: given together with {source.called(option.path)}; choose one"
            continue
        try:
            section[name] = Path(_text(file, "a path")).read_text("utf-8").strip()
            _secret(section[name])
        except (OSError, UnicodeDecodeError, ValueError) as error:
            section.pop(name, None)
            yield f"{called}: {_reason(error)}"


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"cannot read {error.filename}: {error.strerror}"
    return "is no UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)


def _section(values: dict[str, Any], parents: list[str]) -> dict[str, Any]:
    for parent in parents:
        found = values.get(parent)
        values = found if isinstance(found, dict) else {}
    return values


def _check(source: _Source) -> Iterator[str]:
    try:
        _CONVERTER.structure(source.values, Settings)
    except ClassValidationError as group:
        for path, error in _leaves(group, ()):
            yield f"{source.called(path)}: {error}"


def _leaves(error: Exception, path: Path_) -> Iterator[tuple[Path_, str]]:
    """Every single fault in what cattrs raised, with where it stands."""
    if isinstance(error, ClassValidationError | IterableValidationError):
        noted, plain = error.group_exceptions()
        for inner, note in noted:
            step = f"[{note.index}]" if isinstance(note, IterableValidationNote) else note.name
            yield from _leaves(inner, (*path, step))
        for inner in plain:
            yield from _leaves(inner, path)
    elif isinstance(error, ForbiddenExtraKeysError):
        siblings = [option.path[len(path)] for option in OPTIONS if option.path[: len(path)] == path]
        for key in sorted(error.extra_fields):
            yield (*path, key), f"no such key{_similar(key, siblings)}"
    else:
        yield path, str(error)


def _conflicts(merged: Mapping[str, Any]) -> Iterator[str]:
    tls = merged.get("tls")
    if isinstance(tls, dict) and ("cert" in tls) != ("key" in tls):
        given, missing = ("cert", "key") if "cert" in tls else ("key", "cert")
        yield f"tls.{missing}: missing, but tls.{given} is given; give both or none"


# --- small steps ------------------------------------------------------------------------------
def _put(values: dict[str, Any], path: Path_, value: Any) -> None:
    for step in path[:-1]:
        values = values.setdefault(step, {})
    values[path[-1]] = value


def _overlay(below: dict[str, Any], above: Mapping[str, Any]) -> None:
    for key, value in above.items():
        if isinstance(value, dict) and isinstance(below.get(key), dict):
            _overlay(below[key], value)
        else:
            below[key] = value


def _key_of(path: Path_) -> Path_:
    """Without a list's index: flags and variables hold a whole list."""
    return tuple(step for step in path if not step.startswith("["))


def _split(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _similar(name: str, known: list[str]) -> str:
    matches = get_close_matches(name, known, n=1)
    return f"; did you mean {matches[0]}?" if matches else ""
