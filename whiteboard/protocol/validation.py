"""Untrusted bytes -> messages and ops, or a spoken refusal with the path of the bad field. Pure.

A frame is split into messages first, so that one bad message of a batch refuses only itself. Each
message is then read twice: once as a dictionary of raw values, which keeps unknown properties and
the text of numbers as they came, and once through its class, which checks types and ranges.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

import msgspec

from whiteboard import limits
from whiteboard.core import ops
from whiteboard.core.order_keys import is_order_key
from whiteboard.core.outcomes import RejectCode, Rejected
from whiteboard.ids import MAX_ID_CHARS, ElementId, parse_element_id, parse_op_id
from whiteboard.protocol import messages, salvage
from whiteboard.protocol.requests import BadMessage, BadOp, OpRequest, Signal
from whiteboard.protocol.strict import read_strictly

__all__ = ("BadMessage", "BadOp", "OpRequest", "Signal", "read_leniently", "read_message", "split_frame")

T = TypeVar("T")
Fields = dict[str, msgspec.Raw]


_SIGNALS: Final[dict[str, msgspec.json.Decoder[Signal]]] = {
    "hello": msgspec.json.Decoder(messages.Hello),
    "cursor": msgspec.json.Decoder(messages.Cursor),
    "laser": msgspec.json.Decoder(messages.Laser),
    "follow": msgspec.json.Decoder(messages.Follow),
    "ping": msgspec.json.Decoder(messages.Ping),
    "sync": msgspec.json.Decoder(messages.Sync),
}
_OPS: Final[dict[str, msgspec.json.Decoder[messages.ClientOp]]] = {
    "stroke": msgspec.json.Decoder(messages.Stroke),
    "append": msgspec.json.Decoder(messages.Append),
    "shape": msgspec.json.Decoder(messages.Shape),
    "text": msgspec.json.Decoder(messages.Text),
    "note": msgspec.json.Decoder(messages.Note),
    "image": msgspec.json.Decoder(messages.Image),
    "page": msgspec.json.Decoder(messages.Page),
    "set": msgspec.json.Decoder(messages.SetOp),
    "delete": msgspec.json.Decoder(messages.Delete),
    "restore": msgspec.json.Decoder(messages.Restore),
}
_KNOWN_PROPERTIES: Final = frozenset(messages.Properties.__struct_fields__)
_STRUCTURE: Final = {"stroke": ("type", "id"), "append": ("type", "id", "from")}
"""Fields of an op's content that are kept as they came, beside properties and points; for all other
types `type` and `id`. What a type has no use for is dropped: nobody has checked it."""

_decode_fields = msgspec.json.Decoder(Fields).decode
_decode_array = msgspec.json.Decoder(list[msgspec.Raw]).decode
_Batch = msgspec.defstruct(
    "_Batch",
    [(f"message_{n}", msgspec.Raw, msgspec.Raw()) for n in range(limits.MAX_BATCH)],
    array_like=True,
    forbid_unknown_fields=True,
)
"""An array of MAX_BATCH at most. With `max_length` the decoder would make all values first."""
_decode_batch = msgspec.json.Decoder(_Batch).decode
_TOO_LONG: Final = BadMessage("too_large", f"more than {limits.MAX_BATCH} messages in a frame")
_decode_text = msgspec.json.Decoder(str).decode
_decode_any = msgspec.json.Decoder().decode
_decode_seq = msgspec.json.Decoder(messages.Seq).decode
_BEYOND: Final = "a number beyond the doubles"
_PATH = re.compile(r" - at (?:`key` in )?`(\$[^`]*)`$")
_MISSING = re.compile(r"Object missing required field `([^`]*)`")
"""Both as the decoder puts them, whatever a value says that it repeats before them."""


def split_frame(frame: bytes) -> list[bytes] | BadMessage:
    """The messages of a text frame: one object, or an array of at most MAX_BATCH objects."""
    text = frame.lstrip(b" \t\r\n")
    if not text.startswith(b"["):
        return [text]
    if _is_too_long(text):
        return _TOO_LONG
    try:
        parts = [bytes(raw) for raw in _decode_array(text)]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        salvaged = salvage.split(text)
        if salvaged is None:
            return _unreadable(error)
        parts = salvaged
    return parts if len(parts) <= limits.MAX_BATCH else _TOO_LONG


def _is_too_long(array: bytes) -> bool:
    """Whether more than MAX_BATCH messages come, whatever comes behind those; half a million are not made to be counted."""
    if len(array) <= 2 * limits.MAX_BATCH or array.count(b",") < limits.MAX_BATCH:
        return False
    try:
        _decode_batch(array)
    except msgspec.ValidationError:
        return True
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass  # for who reads on
    return False


def read_message(text: bytes) -> OpRequest | BadOp | Signal | BadMessage:
    """What one message says."""
    return read_strictly(text) or read_leniently(text)


def read_leniently(text: bytes) -> OpRequest | BadOp | Signal | BadMessage:
    """What any message says, be it as unusual as it may."""
    try:
        fields = _decode_fields(text)
        name = _decode_text(fields["type"])
    except KeyError:
        return BadMessage("bad_message", "the message has no type", "$.type")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return _read_faulty(text) or _unreadable(error)
    if name in _OPS:
        return _read_request(name, text, fields)
    if name in _SIGNALS:
        return _read_signal(name, text)
    return BadMessage(
        "unknown_type", f"no message has the type {name[: limits.MAX_PROPERTY_NAME_CHARS]!r}", "$.type"
    )


def _read_faulty(text: bytes) -> BadOp | BadMessage | None:
    """A refusal that names the op and the field, for JSON that only a lenient reader takes."""
    fault = salvage.find_fault(text)
    if fault is None:
        return None
    if fault.name_of("type") not in _OPS:
        return BadMessage("too_deep" if fault.is_depth else "bad_json", fault.reason, fault.path)
    op_id, element = fault.name_of("opId"), fault.name_of("id")
    code = RejectCode.TOO_DEEP if fault.is_depth else RejectCode.BAD_FIELD
    refusal = Rejected(code, fault.reason, fault.path)
    return BadOp(op_id if parse_op_id(op_id) else None, parse_element_id(element), refusal)


def _read_signal(name: str, text: bytes) -> Signal | BadMessage:
    try:
        signal = _SIGNALS[name].decode(text)
        if isinstance(signal, messages.Ping) and not _is_finite(signal.ts):
            return BadMessage("bad_message", _BEYOND, "$.ts")
        return signal
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return BadMessage("bad_message", _reason(error), _path(error))


def _read_request(name: str, text: bytes, fields: Fields) -> OpRequest | BadOp:
    op_id, element = _text_of(fields, "opId"), _text_of(fields, "id")
    try:
        message = _OPS[name].decode(text)
        refusal = _check(message, fields)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return BadOp(op_id, element, _bad(_reason(error), _path_in(fields, error)))
    if refusal is not None:
        return BadOp(op_id, element, refusal)
    op = _build(message, fields)
    return OpRequest(
        op=op,
        op_id=parse_op_id(op_id) if op_id is not None else None,
        seen=_given(message.seen),
        clock=_given(message.clock),
        ts=_given(message.ts),
        content=_content(name, op, fields),
    )


# --- checks that the classes cannot express ---------------------------------------------------


def _check(message: messages.ClientOp, fields: Fields) -> Rejected | None:
    if isinstance(message.opId, str) and parse_op_id(message.opId) is None:
        return _bad("an op id is <client>:<counter>", "$.opId")
    if not _is_finite(message.ts):
        return _bad(_BEYOND, "$.ts")
    if isinstance(message.clock, dict) and len(message.clock) > limits.MAX_CLOCK_ENTRIES:
        reason = f"{len(message.clock)} clock entries, at most {limits.MAX_CLOCK_ENTRIES}; send `seen`"
        return Rejected(RejectCode.TOO_LARGE, reason, "$.clock")
    if isinstance(message, messages.Stroke | messages.Append):
        refusal = _check_points(message.points)
        if refusal is not None:
            return refusal
    if isinstance(message, messages.SetOp):
        return _check_set(message, fields)
    if isinstance(message, messages.CREATES):
        return _check_properties(message, fields, _property_names(fields), "$")
    return None


def _check_points(points: messages.Points) -> Rejected | None:
    if len(points) > limits.MAX_POINTS_PER_OP:
        reason = f"{len(points)} points in one op, at most {limits.MAX_POINTS_PER_OP}"
        return Rejected(RejectCode.TOO_MANY_POINTS, reason, "$.points")
    for index, point in enumerate(points):
        if len(point) == 3 and not 0 <= point[2] <= 1:
            return _bad(f"pressure {point[2]:g} is not within 0..1", f"$.points[{index}][2]")
    return None


def _check_set(message: messages.SetOp, fields: Fields) -> Rejected | None:
    written = _decode_fields(fields["props"])
    if not written:
        return _bad("a set writes at least one property", "$.props")
    for name in written:
        if name in ops.RESERVED:
            return _bad(f"{name!r} cannot be set", f"$.props.{name}")
    return _check_properties(message.props, written, list(written), "$.props")


def _check_properties(
    known: messages.Properties, values: Fields, names: list[str], path: str
) -> Rejected | None:
    if len(names) > limits.MAX_PROPERTIES:
        reason = f"{len(names)} properties, at most {limits.MAX_PROPERTIES}"
        return Rejected(RejectCode.TOO_LARGE, reason, path)
    if isinstance(known.z, str) and not is_order_key(known.z):
        return _bad(f"{known.z!r} is no order key", f"{path}.z")
    for name in names:
        check = _check_known if name in _KNOWN_PROPERTIES else _check_unknown
        refusal = check(name, bytes(values[name]), f"{path}.{name[: limits.MAX_PROPERTY_NAME_CHARS]}")
        if refusal is not None:
            return refusal
    return None


def _check_known(name: str, value: bytes, path: str) -> Rejected | None:
    """A number may be spelled with a million digits; a text has its own bound, in characters."""
    return None if name == "text" else _check_size(value, path)


def _check_size(value: bytes, path: str) -> Rejected | None:
    if len(value) <= limits.MAX_PROPERTY_BYTES:
        return None
    reason = f"property takes {len(value)} bytes, at most {limits.MAX_PROPERTY_BYTES}"
    return Rejected(RejectCode.TOO_LARGE, reason, path)


def _check_unknown(name: str, value: bytes, path: str) -> Rejected | None:
    if not 1 <= len(name) <= limits.MAX_PROPERTY_NAME_CHARS or parse_element_id(name) is None:
        return _bad(f"a property's name has 1 to {limits.MAX_PROPERTY_NAME_CHARS} characters", path)
    if refusal := _check_size(value, path):
        return refusal
    try:
        level = [_decode_any(value)]
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return _bad(_reason(error), path)
    except RecursionError:
        return _too_deep(path)
    for _ in range(limits.MAX_DEPTH + 1):
        if not all(_is_finite(one) for one in level):
            return _bad(_BEYOND, path)
        if not any(isinstance(one, dict | list) for one in level):
            return None
        level = [inner for one in level for inner in _inner(one)]
    return _too_deep(path)


def _inner(value: object) -> Iterable[object]:
    """What is directly within a JSON value."""
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _is_finite(value: object) -> bool:
    """Whether every reader can hold it: JSON sets no end to integers, doubles do."""
    if not isinstance(value, int):
        return True
    try:
        float(value)
    except OverflowError:
        return False
    return True


# --- building ---------------------------------------------------------------------------------


def _build(message: messages.ClientOp, fields: Fields) -> ops.Op:
    element = ElementId(message.id)
    match message:
        case messages.Append():
            return ops.Append(element, _run(message.start, message.points, fields))
        case messages.SetOp():
            written = _decode_fields(fields["props"])
            names = _property_names(written)
            return ops.SetProperties(element, {name: bytes(written[name]) for name in names})
        case messages.Delete():
            return ops.Delete(element)
        case messages.Restore():
            return ops.Restore(element)
        case _:
            kind = ops.ElementType(message.__struct_config__.tag)
            run = _run(0, message.points, fields) if isinstance(message, messages.Stroke) else None
            names = _property_names(fields)
            return ops.Create(element, kind, {name: bytes(fields[name]) for name in names}, run)


def _run(start: int, points: messages.Points, fields: Fields) -> ops.Run:
    text = bytes(fields["points"])
    if len(text) > limits.MAX_POINT_BYTES * (len(points) + 1):
        text = msgspec.json.encode(points)
    return ops.Run(start, len(points), text[1:-1].strip())


def _property_names(fields: Fields) -> list[str]:
    return [name for name in fields if name not in ops.RESERVED]


def _content(name: str, op: ops.Op, fields: Fields) -> ops.Json:
    """The op's own fields: those that were checked, each once."""
    content: dict[str, object] = {one: fields[one] for one in _STRUCTURE.get(name, ("type", "id"))}
    match op:
        case ops.Append(run=ops.Run() as run) | ops.Create(run=ops.Run() as run):
            content["points"] = msgspec.Raw(b"[" + run.points + b"]")
        case ops.SetProperties():
            content["props"] = _raw(op.properties)
    if isinstance(op, ops.Create):
        content |= _raw(op.properties)
    return msgspec.json.encode(content)


def _raw(values: Mapping[str, ops.Json]) -> dict[str, msgspec.Raw]:
    return {name: msgspec.Raw(value) for name, value in values.items()}


# --- wording ----------------------------------------------------------------------------------


def _bad(reason: str, path: str) -> Rejected:
    return Rejected(RejectCode.BAD_FIELD, reason, path)


def _too_deep(path: str) -> Rejected:
    return Rejected(RejectCode.TOO_DEEP, f"nested deeper than {limits.MAX_DEPTH}", path)


def _unreadable(error: Exception) -> BadMessage:
    if isinstance(error, RecursionError):
        return BadMessage("too_deep", "the message is nested too deeply")
    if isinstance(error, msgspec.ValidationError):
        return BadMessage("bad_message", _reason(error), _path(error))
    return BadMessage("bad_json", _reason(error))


def _reason(error: Exception) -> str:
    return _PATH.sub("", str(error))[: limits.MAX_REASON_CHARS]


def _path(error: Exception) -> str | None:
    """JSONPath that the decoder names, down to a missing field."""
    found = _PATH.search(str(error))
    path = found[1] if found else "$"
    missing = _MISSING.match(str(error))
    if missing:
        return f"{path}.{missing[1]}"
    return path


def _path_in(fields: Fields, error: Exception) -> str:
    """As `_path`, with the name of the clock's entry that the decoder leaves out."""
    path = _path(error) or "$"
    if path == "$.clock[...]":
        entries = _decode_fields(fields["clock"])
        path = next(
            (
                f"$.clock.{name[: limits.MAX_PROPERTY_NAME_CHARS]}"
                for name, raw in entries.items()
                if not _is_seq(raw)
            ),
            "$.clock",
        )
    return path


def _is_seq(raw: msgspec.Raw) -> bool:
    try:
        _decode_seq(raw)
    except msgspec.MsgspecError:
        return False
    return True


def _text_of(fields: Fields, name: str) -> str | None:
    """A field as text for a refusal, cut to what an id may have; None when it is no text."""
    try:
        return _decode_text(fields[name])[:MAX_ID_CHARS] if name in fields else None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _given(value: T | msgspec.UnsetType | None) -> T | None:
    return None if isinstance(value, msgspec.UnsetType) else value
