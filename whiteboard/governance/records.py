"""Data that people write by hand: YAML documents read into attrs classes, every mistake told with its path.

Nothing is guessed and nothing is passed over: an unknown key, a number in quotes or a date that is none is a problem,
named as `file: problem @ $.key[index]`.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TypeVar

import cattrs
import yaml
from cattrs import ClassValidationError, transform_error
from cattrs.errors import ForbiddenExtraKeysError

T = TypeVar("T")

MAX_DOCUMENT_BYTES: Final = 1 << 20
"""A document that people write is far below that; a larger one is refused before it is parsed."""


class Unusable(Exception):
    """Documents that cannot be used."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        """One line per mistake: file, what is wrong, where in the document."""
        super().__init__("; ".join(self.problems))


def read_document(path: Path, kind: type[T]) -> T:
    """The document in a file. Raises Unusable, also for a file that is not there or is no text."""
    return structure(parse(read_text(path), str(path)), kind, str(path))


def read_documents(folder: Path, kind: type[T]) -> dict[Path, T]:
    """All `*.yaml` of a folder in the order of their names. Raises Unusable with the problems of all of them."""
    return read_each(files_of(folder, "*.yaml"), lambda path: read_document(path, kind))


def files_of(folder: Path, pattern: str) -> list[Path]:
    """Those of a folder that match, in the order of their names. Raises Unusable for a folder that is not there."""
    if not folder.is_dir():
        raise Unusable([f"{folder}: no such folder; run this in a project, or give its folder as --root"])
    return sorted(folder.glob(pattern))


def read_each(paths: Iterable[Path], read: Callable[[Path], T]) -> dict[Path, T]:
    """What `read` makes of each file. Raises Unusable with the problems of all of them, where `read` does for any."""
    found: dict[Path, T] = {}
    problems: list[str] = []
    for path in paths:
        try:
            found[path] = read(path)
        except Unusable as fault:
            problems += fault.problems
    if problems:
        raise Unusable(problems)
    return found


def read_text(path: Path) -> str:
    """What is in a file of at most MAX_DOCUMENT_BYTES. Raises Unusable."""
    try:
        if (size := path.stat().st_size) > MAX_DOCUMENT_BYTES:
            raise Unusable([f"{path}: {size} bytes, more than {MAX_DOCUMENT_BYTES}"])
        return path.read_text(encoding="utf-8")
    except OSError as fault:
        raise Unusable([f"{path}: {fault.strerror or fault}"]) from fault
    except UnicodeDecodeError as fault:
        raise Unusable([f"{path}: no UTF-8 text: {fault.reason} at byte {fault.start}"]) from fault


def parse(text: str, name: str) -> object:
    """The YAML in `text`. Raises Unusable that names the document and the line."""
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as fault:  # ValueError: a date such as 2026-02-30
        raise Unusable([f"{name}: {' '.join(str(fault).split())}"]) from fault


def structure(document: object, kind: type[T], name: str) -> T:
    """The parsed document as a value of `kind`. Raises Unusable with one line per mistake."""
    if not isinstance(document, dict):
        raise Unusable([f"{name}: keys and values were expected, not {_called(document)}"])
    try:
        return _CONVERTER.structure(document, kind)
    except ClassValidationError as fault:
        lines = transform_error(fault, format_exception=_told)
        raise Unusable(f"{name}: {line}" for line in lines) from fault


def _told(fault: BaseException, _: type | None) -> str:
    match fault:
        case ForbiddenExtraKeysError():
            return f"unknown key {', '.join(sorted(map(str, fault.extra_fields)))}"
        case KeyError():
            return "required key is missing"
        case _:
            return str(fault)


def _called(value: object) -> str:
    return "nothing" if value is None else f"{value!r}"[:80]


def _strictly(value: object, kind: type, words: str) -> object:
    if not isinstance(value, kind) or isinstance(value, bool | datetime):
        raise ValueError(f"{words} was expected, not {_called(value)}")
    return value


def _text(value: object, kind: type[str]) -> object:
    """Also a word of a closed list: hooks for a class take its subclasses."""
    if not issubclass(kind, StrEnum):
        return _strictly(value, str, "text")
    words = [word.value for word in kind]
    if value not in words:
        raise ValueError(f"one of {', '.join(words)} was expected, not {_called(value)}")
    return kind(value)


def _number(value: object, _: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"a number was expected, not {_called(value)}")
    return float(value)


def _list(value: object, kind: Any) -> tuple[object, ...]:
    if not isinstance(value, list):
        raise ValueError(f"a list was expected, not {_called(value)}")
    return tuple(_CONVERTER.structure(value, list[kind.__args__[0]]))


def _is_tuple(kind: object) -> bool:
    return getattr(kind, "__origin__", None) is tuple


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)
    converter.register_structure_hook(str, _text)
    converter.register_structure_hook(int, lambda value, _: _strictly(value, int, "a whole number"))
    converter.register_structure_hook(float, _number)
    converter.register_structure_hook(date, lambda value, _: _strictly(value, date, "a date, as 2026-11-27,"))
    converter.register_structure_hook_func(_is_tuple, _list)
    return converter


_CONVERTER: Final = _converter()

SLUG: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
"""How a document is called: small letters, digits, hyphens."""
