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
    """The messages of a batch that a strict reader refuses; None when it is no JSON at all.

    Of a batch that is too long one more than MAX_BATCH.
    """
    batch = _read(frame)
    if not isinstance(batch, list):
        return None
    try:
        return [json.dumps(message).encode() for message in batch[: limits.MAX_BATCH + 1]]
    except RecursionError:
        return None


def find_fault(message: bytes) -> Fault | None:
    """What is wrong with a message that a strict reader refuses.

    None when it is no object at all, or when the fault lies behind its first _MAX_VALUES values.
    """
    fields = _read(message)
    if not isinstance(fields, dict):
        return None
    for value, path in islice(_values(fields), _MAX_VALUES):
        if (reason := _reason(value)) is not None:
            return Fault(reason, _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", path), fields)
    return None


def _read(text: bytes) -> Any:
    try:
        return json.loads(text.decode())
    except (ValueError, RecursionError):
        return None


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
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield one, f"{path}[{index}]"
        return
    for name, one in value.items():
        yield name, f"{path}.{name[:64]}"
        yield one, f"{path}.{name[:64]}"
