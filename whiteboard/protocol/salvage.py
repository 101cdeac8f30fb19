"""Messages that are JSON for their sender and not for us: told apart, so that they can be refused. Pure.

A JavaScript string may hold half a character, Python's `json` writes `NaN`. One such field would make
a whole frame unreadable, with all the messages beside it and without a word about which field it was.
This module reads such a text leniently, only to find messages, names and the field at fault; what it
finds is never merged. It knows nothing of ops.
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from whiteboard import limits

_MAX_VALUES: Final = 4 * limits.MAX_POINTS_PER_OP
"""Values that are looked at: those of the largest op there may be, its points among them."""
_MAX_PATH_CHARS: Final = limits.MAX_DEPTH * limits.MAX_PROPERTY_NAME_CHARS
"""Where a path is cut: no deeper one leads to anything that could be taken."""
_LONG_INTEGER: Final = 309
"""Digits from which on an integer may be beyond the doubles."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_SPACE = re.compile(r"[ \t\r\n]*")
_NESTING = re.compile(r'"[^"\\]*+(?:\\.?[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)
"""A string or a bracket. A string that does not end is one too, and nothing is tried twice: to look for its end from
each of its quotes would take the square of the message."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a message says what JSON in UTF-8 cannot say."""

    reason: str
    path: str
    """JSONPath of the first such field."""
    fields: dict[str, Any]
    """The message, read leniently: strings in it may not be encodable."""
    is_depth: bool = False
    """Whether it is nested too deeply; else it is spelled in a way that not everybody reads."""

    def name_of(self, field: str) -> str:
        """A field that should be a string; empty when it is something else or absent."""
        value = self.fields.get(field)
        return value if isinstance(value, str) else ""


def split(frame: bytes) -> list[bytes] | None:
    """The messages of a batch that a strict reader refuses, spelled as they came; None when it is no JSON at all.

    Of a batch that is too long one more than MAX_BATCH.
    """
    try:
        return _items(frame.decode())
    except ValueError:
        return None


def find_fault(message: bytes) -> Fault | None:
    """What is wrong with a message that a strict reader refuses.

    None when it is no object at all, or when the fault lies behind its first _MAX_VALUES values.
    """
    try:
        fields = _decoder.decode(message.decode())
    except ValueError:
        return None
    except RecursionError:
        return _find_depth(message.decode())
    if not isinstance(fields, dict):
        return None
    for value, path in islice(_values(fields), _MAX_VALUES):
        if (reason := _reason(value)) is not None:
            return Fault(reason, _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", path), fields)
    return None


# --- finding the ends of values ---------------------------------------------------------------


def _integer(digits: str) -> int | float:
    """An integer, or a double for one so long that Python might not read it: infinity beyond the doubles."""
    return int(digits) if len(digits) < _LONG_INTEGER else float(digits)


_decoder: Final = json.JSONDecoder(parse_int=_integer)


def _items(text: str) -> list[bytes]:
    """The items of an array. Raises ValueError when it is none."""
    items: list[bytes] = []
    at = _expect("[", text, _skip_space(text, 0))
    while len(items) <= limits.MAX_BATCH:
        end = _end_of_value(text, at)
        items.append(text[at:end].encode())
        at = _skip_space(text, end)
        if not text.startswith(",", at):
            if _expect("]", text, at) != len(text):
                raise ValueError("something follows the array")
            return items
        at = _expect(",", text, at)
    return items


def _find_depth(text: str) -> Fault | None:
    """The first field of an object that is nested deeper than anybody reads."""
    fields: dict[str, Any] = {}
    path = None
    try:
        at = _expect("{", text, _skip_space(text, 0))
        while True:
            name, at = _decoder.raw_decode(text, at)
            at = _expect(":", text, _skip_space(text, at))
            try:
                fields[name], at = _decoder.raw_decode(text, at)
            except RecursionError:
                path = path or f"$.{name[: limits.MAX_PROPERTY_NAME_CHARS]}"
                at = _end_of_nesting(text, at)
            at = _skip_space(text, at)
            if text.startswith("}", at):
                break
            at = _expect(",", text, at)
    except (ValueError, TypeError, RecursionError):
        return None  # what stands for a name may be none, and nested itself
    return Fault("nested deeper than this server reads", path, fields, is_depth=True) if path else None


def _end_of_value(text: str, at: int) -> int:
    """Where a value ends. Raises ValueError when there is none."""
    try:
        return _decoder.raw_decode(text, at)[1]
    except RecursionError:
        return _end_of_nesting(text, at)


def _end_of_nesting(text: str, at: int) -> int:
    """Where the brackets that begin here are closed again; what is between them is not looked at."""
    depth = 0
    for token in _NESTING.finditer(text, at):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        if depth == 0:
            return token.end()
    raise ValueError("the brackets do not close")


def _skip_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _expect(mark: str, text: str, at: int) -> int:
    """Where the next token begins behind this one. Raises ValueError when it is not there."""
    if not text.startswith(mark, at):
        raise ValueError(f"{mark} expected")
    return _skip_space(text, at + 1)


# --- looking at values ------------------------------------------------------------------------


def _reason(value: object) -> str | None:
    """What is wrong with a string or a number."""
    if isinstance(value, str) and _SURROGATE.search(value):
        return "half a character (a lone surrogate)"
    if isinstance(value, float) and not math.isfinite(value):
        return "a number that is not finite"
    return None


def _values(root: object) -> Iterator[tuple[object, str]]:
    """A value and all within it, names of fields too, in the order of the text; each with its path."""
    levels = [iter([(root, "$")])]
    while levels:
        for value, path in levels[-1]:
            yield value, path
            if isinstance(value, dict | list):
                levels.append(_inner(value, path))
                break
        else:
            levels.pop()


def _inner(value: dict[str, Any] | list[Any], path: str) -> Iterator[tuple[object, str]]:
    path = path[:_MAX_PATH_CHARS]
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield one, f"{path}[{index}]"
        return
    for name, one in value.items():
        yield name, f"{path}.{name[: limits.MAX_PROPERTY_NAME_CHARS]}"
        yield one, f"{path}.{name[: limits.MAX_PROPERTY_NAME_CHARS]}"
