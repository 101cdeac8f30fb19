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
from typing import Any

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a message says what JSON in UTF-8 cannot say."""

    reason: str
    path: str
    """JSONPath of the first such field."""
    fields: dict[str, Any]
    """The message, read leniently: strings in it may not be encodable."""

    def name_of(self, field: str) -> str:
        """A field that should be a string; empty when it is something else or absent."""
        value = self.fields.get(field)
        return value if isinstance(value, str) else ""


def split(frame: bytes) -> list[bytes] | None:
    """The messages of a batch that a strict reader refuses; None when it is no JSON at all."""
    batch = _read(frame)
    if not isinstance(batch, list):
        return None
    try:
        return [json.dumps(message).encode() for message in batch]
    except RecursionError:
        return None


def find_fault(message: bytes) -> Fault | None:
    """What is wrong with a message that a strict reader refuses; None when it is no object at all."""
    fields = _read(message)
    if not isinstance(fields, dict):
        return None
    try:
        reason, path = next(_faults(fields, "$"))
    except (StopIteration, RecursionError):
        return None
    return Fault(reason, _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", path), fields)


def _read(text: bytes) -> Any:
    try:
        return json.loads(text.decode())
    except (ValueError, RecursionError):
        return None


def _faults(value: object, path: str) -> Iterator[tuple[str, str]]:
    match value:
        case str() if _SURROGATE.search(value):
            yield "half a character (a lone surrogate)", path
        case float() if not math.isfinite(value):
            yield "a number that is not finite", path
        case dict():
            for name, one in value.items():
                yield from _faults(name, f"{path}.{name[:64]}")
                yield from _faults(one, f"{path}.{name[:64]}")
        case list():
            for index, one in enumerate(value):
                yield from _faults(one, f"{path}[{index}]")
        case _:
            pass
