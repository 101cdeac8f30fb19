"""The short path for messages as most of them are: read by classes that take nothing unusual. Pure.

`validation.py` reads whatever may come and says what is wrong with it. This module reads messages in which
nothing is unknown and nothing is spelled in two ways, and leaves all others to it. What it takes it reads
exactly as `validation.py` does: it may be quicker, and never of another opinion.

A text with a backslash is left alone. In all others a string is spelled as it reads, and quotes stand around
strings only, so that counting them shows whether a field came twice. Points and properties are checked by
their types, and kept as the text that they came as.
"""

from typing import Annotated, Final

import msgspec
from msgspec import Meta, Raw, Struct

from whiteboard import limits
from whiteboard.core import ops
from whiteboard.core.order_keys import is_order_key
from whiteboard.ids import MAX_COUNTER, MAX_ID_CHARS, ElementId, parse_op_id
from whiteboard.protocol import messages
from whiteboard.protocol.requests import OpRequest, Signal

_BACKSLASH: Final = ord("\\")
_QUOTE: Final = b'"'
_MAX_TIME: Final = 2**63
"""Where times end that are surely numbers which a double can hold."""
_ID = Annotated[ElementId, Meta(min_length=1, max_length=MAX_ID_CHARS)]
"""Without a pattern, which would take as long as all the rest: `_request` looks at the characters."""
_STROKE: Final = ops.ElementType.STROKE
_FIELDS: Final = {name: b',"%b":' % name.encode() for name in messages.Properties.__struct_fields__}
"""How the properties that the server knows begin within an object."""


def read_strictly(text: bytes) -> OpRequest | Signal | None:
    """What a message says, if it is one that this path takes; else None, whatever is the matter."""
    if _BACKSLASH in text:
        return None
    try:
        message: _Message = _decode(text)
        return message.read(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


# --- the wire's classes, made strict ----------------------------------------------------------


class _Op(Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    id: _ID
    op_id: str | None = msgspec.field(name="opId", default=None)
    clock: messages.Clock | None = None
    seen: messages.Seq | None = None
    ts: int | float | None = None


class _Append(_Op, tag="append", kw_only=True):
    start: int | float = msgspec.field(name="from")
    points: Raw

    def read(self, text: bytes) -> OpRequest | None:
        start = self.start
        if not isinstance(start, int) or not 0 < start <= MAX_COUNTER:
            return None  # a float is an index spelled `1.0`, and 0 may be spelled `-0`
        run = _run(start, self.points)
        if run is None:
            return None
        content = b'{"type":"append","id":"%b","from":%d,"points":[%b]}' % (
            self.id.encode(), start, run.points,
        )  # fmt: skip
        return _request(self, ops.Append(self.id, run), content, text, 12)


class _Set(_Op, tag="set", kw_only=True):
    props: Raw

    def read(self, text: bytes) -> OpRequest | None:
        if not _has_order_key(_decode_properties(self.props)):
            return None
        properties, spelled = _properties(_decode_fields(self.props))
        if not properties:
            return None
        content = b'{"type":"set","id":"%b","props":{%b}}' % (self.id.encode(), spelled[1:])
        return _request(self, ops.SetProperties(self.id, properties), content, text, content.count(_QUOTE))


class _Delete(_Op, tag="delete"):
    def read(self, text: bytes) -> OpRequest | None:
        content = b'{"type":"delete","id":"%b"}' % self.id.encode()
        return _request(self, ops.Delete(self.id), content, text, 8)


class _Restore(_Op, tag="restore"):
    def read(self, text: bytes) -> OpRequest | None:
        content = b'{"type":"restore","id":"%b"}' % self.id.encode()
        return _request(self, ops.Restore(self.id), content, text, 8)


class _Properties(messages.Properties, kw_only=True, forbid_unknown_fields=True, gc=False):
    pass


class _Create(_Properties, kw_only=True):
    id: _ID
    op_id: str | None = msgspec.field(name="opId", default=None)
    clock: messages.Clock | None = None
    seen: messages.Seq | None = None
    ts: int | float | None = None

    def read(self, text: bytes) -> OpRequest | None:
        kind = ops.ElementType(self.__struct_config__.tag)
        head = b'{"type":"%b","id":"%b"' % (kind.value.encode(), self.id.encode())
        return self._read(kind, head, text, None)

    def _read(self, kind: ops.ElementType, head: bytes, text: bytes, run: ops.Run | None) -> OpRequest | None:
        """Args: `head` is the beginning of the content, up to the properties."""
        if not _has_order_key(self):
            return None
        properties, spelled = _properties(_decode_fields(text))
        content = b"%b%b}" % (head, spelled)
        op = ops.Create(self.id, kind, properties, run)
        return _request(self, op, content, text, content.count(_QUOTE))


class _Stroke(_Create, tag="stroke", kw_only=True):
    points: Raw

    def read(self, text: bytes) -> OpRequest | None:
        run = _run(0, self.points)
        if run is None:
            return None
        head = b'{"type":"stroke","id":"%b","points":[%b]' % (self.id.encode(), run.points)
        return self._read(_STROKE, head, text, run)


class _Shape(_Create, tag="shape", kw_only=True):
    kind: messages.Kind


class _Text(_Create, tag="text", kw_only=True):
    text: messages.Label


class _Note(_Create, tag="note"):
    pass


class _Image(_Create, tag="image", kw_only=True):
    asset: messages.Asset


class _Page(_Create, tag="page"):
    pass


class _Cursor(messages.Cursor, tag="cursor", forbid_unknown_fields=True, gc=False):
    def read(self, _text: bytes) -> Signal | None:
        return messages.Cursor(x=self.x, y=self.y)


class _Laser(messages.Laser, tag="laser", forbid_unknown_fields=True, gc=False):
    def read(self, _text: bytes) -> Signal | None:
        return messages.Laser(points=self.points)


class _Ping(messages.Ping, tag="ping", forbid_unknown_fields=True, gc=False):
    def read(self, _text: bytes) -> Signal | None:
        ts = self.ts
        return messages.Ping(ts=ts) if ts is None or -_MAX_TIME < ts < _MAX_TIME else None


class _Point(Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    x: messages.Coordinate
    y: messages.Coordinate
    pressure: messages.Fraction = 0.0


_Message = (
    _Append | _Set | _Delete | _Restore
    | _Stroke | _Shape | _Text | _Note | _Image | _Page
    | _Cursor | _Laser | _Ping
)  # fmt: skip

_decode: Final = msgspec.json.Decoder(_Message).decode
_decode_fields: Final = msgspec.json.Decoder(dict[str, Raw]).decode
_decode_points: Final = msgspec.json.Decoder(list[_Point]).decode
_decode_properties: Final = msgspec.json.Decoder(_Properties).decode


# --- parts of an op ---------------------------------------------------------------------------


def _request(
    message: _Op | _Create, op: ops.Op, content: ops.Json, text: bytes, quotes: int
) -> OpRequest | None:
    """The op with what its author said of it; None when an id, a clock or a time is unusual, or a field came twice.

    Of a field that came twice nobody has looked at the first one's value as closely as at the second one's.

    Args: `quotes` are those in the content.
    """
    op_id, clock, ts, name = message.op_id, message.clock, message.ts, None
    if message.seen is not None:
        quotes += 2
    if op_id is not None:
        name = parse_op_id(op_id)
        if name is None:
            return None
        quotes += 4
    if ts is not None:
        if not -_MAX_TIME < ts < _MAX_TIME:
            return None
        quotes += 2
    if clock is not None:
        if len(clock) > limits.MAX_CLOCK_ENTRIES:
            return None
        quotes += 2 + 2 * len(clock)
    if text.count(_QUOTE) != quotes or not message.id.isprintable():
        return None
    return OpRequest(op, name, message.seen, clock, ts, content)


def _run(start: int, array: Raw) -> ops.Run | None:
    """Points as they were spelled; None when there are too many, or much space between them."""
    count = len(_decode_points(array))
    text = bytes(array)
    if count > limits.MAX_POINTS_PER_OP or len(text) > limits.MAX_POINT_BYTES * (count + 1):
        return None
    return ops.Run(start, count, text[1:-1].strip())


def _properties(fields: dict[str, Raw]) -> tuple[dict[str, ops.Json], bytes]:
    """The properties among fields that are all known, and their spelling with a comma before each.

    As copies, because a raw value keeps the whole message in memory. Raises ValidationError for one that is too long.
    """
    properties: dict[str, ops.Json] = {}
    spelled = b""
    for name, raw in fields.items():
        field = _FIELDS.get(name)
        if field is not None:
            value = bytes(raw)
            if len(value) > limits.MAX_PROPERTY_BYTES and name != "text":
                raise msgspec.ValidationError(f"{len(value)} bytes of {name}")
            properties[name] = value
            spelled += field + value
    return properties, spelled


def _has_order_key(known: messages.Properties) -> bool:
    """Whether the order key is one, if there is any."""
    return not isinstance(known.z, str) or is_order_key(known.z)
