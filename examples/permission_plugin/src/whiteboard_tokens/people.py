"""Who may do what, as a file says it. Pure values; tokens are kept as digests only."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from whiteboard.ids import BoardId
from whiteboard.plugins.permissions import Role

MIN_TOKEN_CHARS: Final = 16
"""What resists guessing."""
ANYONE: Final = ""
"""The name of who comes without a token."""


class BadFile(Exception):
    """The file says something else than who may do what; the text says where."""


@dataclass(frozen=True, slots=True)
class Person:
    """One entry: what a person may do on which boards."""

    name: str
    editor: tuple[str, ...]
    viewer: tuple[str, ...]

    def role_on(self, board: BoardId) -> Role | None:
        """What they may do there; None for nothing."""
        if any(fnmatchcase(board, pattern) for pattern in self.editor):
            return Role.EDITOR
        return Role.VIEWER if any(fnmatchcase(board, pattern) for pattern in self.viewer) else None


@dataclass(frozen=True, slots=True)
class People:
    """All entries."""

    by_name: Mapping[str, Person]
    names: Mapping[bytes, str]
    """Digest of a token -> name."""

    def with_token(self, token: str | None) -> Person | None:
        """Whose token it is, or anyone for none; None when it is nobody's."""
        if token is None:
            return self.by_name[ANYONE]
        name = self.names.get(_digest(token))
        return None if name is None else self.by_name[name]


def read_people(text: str) -> People:
    """The content of a file. Raises BadFile."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadFile(f"is no TOML: {error}") from error
    if unknown := sorted(document.keys() - {"people", "anyone"}):
        raise BadFile(f"has {', '.join(unknown)}; only people and anyone mean something")
    anyone = _person("anyone", document.get("anyone", {}), ANYONE, set())
    people, names = {ANYONE: anyone}, {}
    for nth, entry in enumerate(_list(document.get("people", []), "people"), 1):
        where = f"people[{nth}]"
        name, token = _text(entry, where, "name"), _text(entry, where, "token")
        if len(token) < MIN_TOKEN_CHARS:
            raise BadFile(
                f"{where}: the token has {len(token)} characters, at least {MIN_TOKEN_CHARS} are needed"
            )
        if name in people or _digest(token) in names:
            raise BadFile(f"{where}: the name or the token stands there twice")
        people[name] = _person(where, entry, name, {"name", "token"})
        names[_digest(token)] = name
    return People(people, names)


def _person(where: str, entry: Any, name: str, others: set[str]) -> Person:
    if not isinstance(entry, dict):
        raise BadFile(f"{where}: a table is needed")
    if unknown := sorted(entry.keys() - others - {"editor", "viewer"}):
        raise BadFile(f"{where}: {', '.join(unknown)} means nothing")
    return Person(name, _patterns(entry, where, "editor"), _patterns(entry, where, "viewer"))


def _patterns(entry: Mapping[str, Any], where: str, key: str) -> tuple[str, ...]:
    patterns = _list(entry.get(key, []), f"{where}: {key}")
    if not all(isinstance(pattern, str) for pattern in patterns):
        raise BadFile(f"{where}: {key} has patterns of board ids only, such as plans-*")
    return tuple(patterns)


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise BadFile(f"{where}: a list is needed")
    return value


def _text(entry: Any, where: str, key: str) -> str:
    value = entry.get(key) if isinstance(entry, dict) else None
    if not isinstance(value, str) or not value:
        raise BadFile(f"{where}: {key} is needed")
    return value


def _digest(token: str) -> bytes:
    """So that a look-up takes no longer the more of a token is right, and no token lies about in memory."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
