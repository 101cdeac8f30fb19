"""Profiles in pprof's format: what `go tool pprof` and everything that reads its files understand (R51).

The format is one Protocol Buffers message, gzipped (github.com/google/pprof, proto/profile.proto); the numbers of its fields
stand here once, for writing and for reading back. All text is in one table and everything else says its index. Plain
functions without a lock or a module of their own state: a forked child uses them. A profile of 10,000 samples takes 0.2 s
of a core to write: that is for a worker thread or a child, not for the event loop.
"""

import gzip
import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from whiteboard.diagnostics.profiles.profile import Frame, Profile, Sample, ValueType

_LEVEL: Final = 1
"""Of gzip: half of the time of the default for a tenth more bytes."""
_64_BITS: Final = (1 << 64) - 1
_SIGN: Final = 1 << 63
_BYTES: Final = 2
"""The wire type of text, bytes, messages and packed numbers; that of a number is 0."""
_MAPPING: Final = 1
"""Id of the one mapping: the program, whose places have names already."""


class NoProfile(ValueError):
    """Bytes that are no profile of ours."""


# --- writing ----------------------------------------------------------------------------------
def encoded(profile: Profile) -> bytes:
    """The profile, gzipped."""
    return gzip.compress(_Writer().message(profile), _LEVEL, mtime=0)


class _Writer:
    """One profile on its way into bytes: the tables that it refers to."""

    def __init__(self) -> None:
        self._texts: dict[str, int] = {"": 0}
        self._functions: dict[tuple[str, str, int], int] = {}
        self._locations: dict[Frame, int] = {}
        self._tables = bytearray()
        # functions and locations, as they come

    def message(self, profile: Profile) -> bytes:
        """All of it. To be called once."""
        body = bytearray()
        for one in profile.types:
            body += _field(1, self._value_type(one))
        for sample in profile.samples:
            body += _field(2, self._sample(sample))
        body += _field(3, self._mapping())
        body += self._tables
        if profile.drop_frames:
            body += _number(7, self._text(profile.drop_frames))
        body += _number(9, profile.time_ns) + _number(10, profile.duration_ns)
        if profile.period_type is not None:
            body += _field(11, self._value_type(profile.period_type)) + _number(12, profile.period)
        body += _numbers(13, [self._text(comment) for comment in profile.comments])
        body += _number(14, self._text(profile.default_type))
        for text in self._texts:  # last, when all are known
            body += _field(6, text.encode("utf-8", "backslashreplace"))
        return bytes(body)

    def _sample(self, sample: Sample) -> bytes:
        body = _numbers(1, [self._location(frame) for frame in sample.stack]) + _numbers(2, sample.values)
        for name, value in sample.labels:
            if value == "":
                continue  # the format knows no empty text
            said = _number(3, value) if isinstance(value, int) else _number(2, self._text(value))
            body += _field(3, _number(1, self._text(name)) + said)
        return body

    def _location(self, frame: Frame) -> int:
        known = self._locations.get(frame)
        if known is not None:
            return known
        number = self._locations[frame] = len(self._locations) + 1
        line = _number(1, self._function(frame)) + _number(2, frame.line)
        self._tables += _field(4, _number(1, number) + _number(2, _MAPPING) + _field(4, line))
        return number

    def _function(self, frame: Frame) -> int:
        key = frame.function, frame.file, frame.first_line
        known = self._functions.get(key)
        if known is not None:
            return known
        number = self._functions[key] = len(self._functions) + 1
        name, file = self._text(frame.function), self._text(frame.file)
        body = _number(1, number) + _number(2, name) + _number(3, name) + _number(4, file)
        self._tables += _field(5, body + _number(5, frame.first_line))
        return number

    def _mapping(self) -> bytes:
        """Has functions, files and lines, so that no reader asks for symbols."""
        return (
            _number(1, _MAPPING)
            + _number(5, self._text("whiteboard"))
            + b"".join(_number(field, 1) for field in (7, 8, 9))
        )

    def _value_type(self, one: ValueType) -> bytes:
        return _number(1, self._text(one.kind)) + _number(2, self._text(one.unit))

    def _text(self, text: str) -> int:
        return self._texts.setdefault(text, len(self._texts))


def _varint(value: int) -> bytes:
    value &= _64_BITS  # below zero it is the two's complement
    if value < 0x80:
        return _SMALL[value]
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


_SMALL: Final = [bytes([value]) for value in range(0x80)]


def _number(field: int, value: int) -> bytes:
    return _SMALL[field << 3] + _varint(value) if value else b""


def _field(field: int, content: bytes) -> bytes:
    return _SMALL[field << 3 | _BYTES] + _varint(len(content)) + content


def _numbers(field: int, values: Iterable[int]) -> bytes:
    packed = b"".join([_varint(value) for value in values])
    return _field(field, packed) if packed else b""


# --- reading ----------------------------------------------------------------------------------
def decoded(data: bytes) -> Profile:
    """A profile that `encoded` wrote. Raises NoProfile for what is none; reads none of other programs'."""
    try:
        return _Reader(_Message(gzip.decompress(data))).profile()
    except (OSError, EOFError, IndexError, KeyError, TypeError, ValueError, zlib.error) as error:
        raise NoProfile(f"{len(data)} bytes are no profile that was written here: {error!r}") from error


class _Message:
    """The fields of one message."""

    def __init__(self, data: bytes) -> None:
        self._fields: dict[int, list[int | bytes]] = {}
        for field, value in _fields(data):
            self._fields.setdefault(field, []).append(value)

    def number(self, field: int) -> int:
        """A single one, 0 when it is not there."""
        value = self._fields.get(field, [0])[-1]
        if isinstance(value, bytes):
            raise TypeError(f"field {field} is no number")
        return value

    def numbers(self, field: int) -> list[int]:
        """A packed row of them."""
        return [value for packed in self.contents(field) for value in _varints(packed)]

    def messages(self, field: int) -> list["_Message"]:
        """Every one of a repeated field."""
        return [_Message(content) for content in self.contents(field)]

    def contents(self, field: int) -> list[bytes]:
        """The same as bytes."""
        return [value for value in self._fields.get(field, ()) if isinstance(value, bytes)]


class _Reader:
    """A message that is a profile, with the tables that its samples refer to."""

    def __init__(self, message: _Message) -> None:
        self._message = message
        self._texts = [text.decode() for text in message.contents(6)]
        functions = {one.number(1): one for one in message.messages(5)}
        self._frames = {
            place.number(1): self._frame(line, functions[line.number(1)])
            for place in message.messages(4)
            for line in place.messages(4)
        }

    def profile(self) -> Profile:
        """All of it."""
        message = self._message
        return Profile(
            types=tuple(self._value_type(one) for one in message.messages(1)),
            samples=tuple(self._sample(one) for one in message.messages(2)),
            default_type=self._texts[message.number(14)],
            period_type=next((self._value_type(one) for one in message.messages(11)), None),
            period=message.number(12),
            time_ns=message.number(9),
            duration_ns=message.number(10),
            comments=tuple(self._texts[text] for text in message.numbers(13)),
            drop_frames=self._texts[message.number(7)],
        )

    def _frame(self, line: _Message, function: _Message) -> Frame:
        name, file = self._texts[function.number(2)], self._texts[function.number(4)]
        return Frame(name, file, line.number(2), function.number(5))

    def _sample(self, one: _Message) -> Sample:
        stack = tuple([self._frames[place] for place in one.numbers(1)])
        labels = tuple(self._label(label) for label in one.messages(3))
        return Sample(stack, tuple(one.numbers(2)), labels)

    def _label(self, label: _Message) -> tuple[str, str | int]:
        text = label.number(2)
        return self._texts[label.number(1)], self._texts[text] if text else label.number(3)

    def _value_type(self, one: _Message) -> ValueType:
        return ValueType(self._texts[one.number(1)], self._texts[one.number(2)])


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Each field's number, with a number or with bytes."""
    at = 0
    while at < len(data):
        key, at = _read_varint(data, at)
        value, at = _read_varint(data, at)
        if key & 7 != _BYTES:
            yield key >> 3, _signed(value)
            continue
        if at + value > len(data):
            raise EOFError("it is cut short")
        yield key >> 3, data[at : at + value]
        at += value


def _varints(packed: bytes) -> Iterator[int]:
    at = 0
    while at < len(packed):
        value, at = _read_varint(packed, at)
        yield _signed(value)


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    """The number that begins at `at`, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _signed(value: int) -> int:
    return value - (1 << 64) if value & _SIGN else value
