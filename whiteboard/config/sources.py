"""Where settings come from, which source wins, and all that is wrong with any of them."""

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import attrs
from cattrs import ClassValidationError, IterableValidationError
from cattrs.errors import ForbiddenExtraKeysError, IterableValidationNote

from whiteboard import limits
from whiteboard.config.parsing import read_path, read_sampling, read_secret, read_settings
from whiteboard.config.settings import ENV_PREFIX, OPTIONS, Keys, SamplingSettings, Settings
from whiteboard.config.values import Mode, PostgresDsn
from whiteboard.config.yaml_file import BadFile, read_yaml, split_list
from whiteboard.errors import ConfigError
from whiteboard.relations import violations


@attrs.frozen
class _Source:
    """One place that settings come from, as nested raw values."""

    values: dict[str, Any]
    called: Callable[[Keys], str]
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
    config_file = _config_file(flags, environ, problems)
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
    settings = read_settings(merged)
    if problems := list(_impossible(settings)):
        raise ConfigError(problems)
    return attrs.evolve(settings, config_file=config_file)


def read_sampling_asked(values: Mapping[str, Any]) -> SamplingSettings:
    """What is to be sampled, from raw values by name. Raises BadSampling with the first fault."""
    try:
        return read_sampling(values)
    except ClassValidationError as group:
        path, fault = next(_leaves(group, ("sampling",)))
        raise BadSampling(path[-1], fault) from None


class BadSampling(Exception):
    """A rate that cannot be."""

    def __init__(self, name: str, fault: str) -> None:
        super().__init__(fault)
        self.name: Final = name


def _config_file(
    flags: Mapping[str, str | None], environ: Mapping[str, str], problems: list[str]
) -> Path | None:
    flag, variable = flags.get("config"), environ.get(ENV_PREFIX + "CONFIG")
    if not (flag or variable):
        return None
    try:
        return read_path(flag or variable)
    except ValueError as error:
        problems.append(f"{'--config' if flag else ENV_PREFIX + 'CONFIG'}: {error}")
        return None


def _from_flags(flags: Mapping[str, str | None]) -> _Source:
    lists = {option.key for option in OPTIONS if option.is_list}
    values: dict[str, Any] = {}
    for key, value in flags.items():
        if key != "config" and value is not None:
            _put(values, tuple(key.split(".")), split_list(value) if key in lists else value)
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
            _put(values, option.path, split_list(text) if option.is_list else text)
        else:
            problems.append(f"{name}: no such variable{_similar(name, [*known, *files])}")
    return _Source(values, lambda path: ENV_PREFIX + "_".join(_key_of(path)).upper())


def _from_file(path: Path | None, problems: list[str]) -> _Source:
    source = _Source({}, lambda key: f"{path}: {'.'.join(key).replace('.[', '[')}")
    if path is None:
        return source
    try:
        return attrs.evolve(source, values=read_yaml(path))
    except BadFile as fault:
        problems.append(f"{path}: {fault}")
    return source


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
            section[name] = read_path(file).read_text("utf-8").strip()
            read_secret(section[name])
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
        read_settings(source.values)
    except ClassValidationError as group:
        for path, error in _leaves(group, ()):
            yield f"{source.called(path)}: {error}"


def _leaves(error: Exception, path: Keys) -> Iterator[tuple[Keys, str]]:
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
    for section, one, other in (("tls", "cert", "key"), ("s3", "access_key", "secret_key")):
        found = merged.get(section)
        if isinstance(found, dict) and (one in found) != (other in found):
            given, missing = (one, other) if one in found else (other, one)
            yield f"{section}.{missing}: missing, but {section}.{given} is given; give both or none"
    hooks = merged.get("permissions")
    if isinstance(hooks, list):
        for name in sorted({str(one) for one in hooks if hooks.count(one) > 1}):
            yield f"permissions: {name} stands there more than once"
        if len(hooks) > limits.MAX_PERMISSION_HOOKS:
            yield f"permissions: expected at most {limits.MAX_PERMISSION_HOOKS} hooks, got {len(hooks)}"
    consul, addr = merged.get("consul"), str(merged.get("addr", ""))
    if (
        isinstance(consul, dict)
        and "addr" in consul
        and "advertise" not in consul
        and addr.startswith("unix:")
    ):
        yield "consul.advertise: missing, but addr is a Unix socket; give the HOST:PORT of the proxy in front"
    yield from _postgres_conflicts(merged)


def _postgres_conflicts(merged: Mapping[str, Any]) -> Iterator[str]:
    postgres = merged.get("postgres")
    if not isinstance(postgres, dict) or not postgres:
        return
    mode = str(merged.get("mode", Settings().mode)).lower()
    if "dsn" not in postgres:
        yield "postgres.dsn: missing, but postgres.password is given"
    elif mode != Mode.REDIS:
        yield (
            f"postgres.dsn: given in the {mode} mode, which keeps its metadata beside its boards; "
            "it is for servers that share boards (mode redis)"
        )
    elif "password" in postgres and _has_password(postgres["dsn"]):
        yield "postgres.password: given together with a password in postgres.dsn; choose one"


def _has_password(dsn: object) -> bool:
    try:
        return PostgresDsn(str(dsn)).has_password
    except ValueError:
        return False  # complained of elsewhere


def _impossible(settings: Settings) -> Iterator[str]:
    """What each value allows and all together do not."""
    for fault in violations(settings.durations):
        yield f"timeouts: {fault}"
    if settings.workers > 1 and settings.mode is Mode.MEMORY:
        yield (
            f"workers: {settings.workers} processes cannot share the memory mode, which keeps boards in one of them; "
            "give 1, or mode sqlite or redis"
        )
    if settings.workers > 1 and not isinstance(settings.mode, Mode):
        yield (
            f"workers: {settings.workers} processes would each open the storage of the plugin {settings.mode} for itself; "
            "give 1, or mode sqlite or redis"
        )
    if settings.workers > 1 and settings.mode is Mode.SQLITE and settings.tls.cert is not None:
        yield (
            f"workers: in the sqlite mode each board is at one of the {settings.workers} processes, and inside TLS "
            "nobody sees which board is asked for; give 1, mode redis, or let a proxy speak TLS"
        )


# --- small steps ------------------------------------------------------------------------------
def _put(values: dict[str, Any], path: Keys, value: Any) -> None:
    for step in path[:-1]:
        values = values.setdefault(step, {})
    values[path[-1]] = value


def _overlay(below: dict[str, Any], above: Mapping[str, Any]) -> None:
    for key, value in above.items():
        if isinstance(value, dict) and isinstance(below.get(key), dict):
            _overlay(below[key], value)
        else:
            below[key] = value


def _key_of(path: Keys) -> Keys:
    """Without a list's index: flags and variables hold a whole list."""
    return tuple(step for step in path if not step.startswith("["))


def _similar(name: str, known: list[str]) -> str:
    matches = get_close_matches(name, known, n=1)
    return f"; did you mean {matches[0]}?" if matches else ""
