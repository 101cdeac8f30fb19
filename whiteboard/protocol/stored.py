"""Stored ops read back. Pure.

What is stored was checked once, when it was accepted, under the bounds of that day. Reading it back
asks for its shape only: a bound that is lowered later must not make old boards unreadable.
"""

from typing import Final

import msgspec

from whiteboard.core import ops
from whiteboard.core.elements import run_of
from whiteboard.ids import ElementId

_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_text = msgspec.json.Decoder(str).decode
_decode_index = msgspec.json.Decoder(int).decode
_CREATES: Final = {kind.value: kind for kind in ops.ElementType}


def read_stored(body: ops.Json) -> ops.Op:
    """The op in a stored body. Raises ValueError for bytes that are no op."""
    try:
        fields = _decode_fields(body)
        return _build(_decode_text(fields["type"]), ElementId(_decode_text(fields["id"])), fields)
    except (msgspec.MsgspecError, KeyError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"no op: {error!r}") from error


def _build(name: str, element: ElementId, fields: dict[str, msgspec.Raw]) -> ops.Op:
    match name:
        case "append":
            return ops.Append(element, run_of(_decode_index(fields["from"]), bytes(fields["points"])))
        case "set":
            return ops.SetProperties(element, _properties(_decode_fields(fields["props"])))
        case "delete":
            return ops.Delete(element)
        case "restore":
            return ops.Restore(element)
        case _:
            kind = _CREATES[name]
            run = run_of(0, bytes(fields["points"])) if kind is ops.ElementType.STROKE else None
            return ops.Create(element, kind, _properties(fields), run)


def _properties(fields: dict[str, msgspec.Raw]) -> dict[str, ops.Json]:
    return {name: bytes(value) for name, value in fields.items() if name not in ops.RESERVED}
