"""WebSocket frames as bytes (RFC 6455 section 5): scan what a client sent, build what we send.

Owns the frame format and the bounds on a message. Pure: knows no socket, clock or task.

How scanning goes: bytes come in chunks of any size, messages and control frames come out in the
order in which they ended. A whole text frame in one chunk (nearly all of a drawing's traffic) takes
the short path. Fragments are joined. A message above the frame limit, or a binary one, is passed
over without being kept, and reported where it ended. Where permessage-deflate was agreed on, a message
may come deflated, each by itself (RFC 7692); of one that grows above the limit no more is inflated, and when a chunk
has grown to INFLATED_BYTES the scan pauses. A breach of the protocol is reported once, as the last thing, and so is a
text that is not UTF-8 (RFC 6455 section 8.1).
"""

from dataclasses import dataclass
from typing import Final

from whiteboard import limits
from whiteboard.protocol.close_codes import (
    INVALID_TEXT,
    MESSAGE_TOO_BIG,
    PROTOCOL_ERROR,
    CloseCode,
    close_reason,
)
from whiteboard.protocol.packed import Packed, unpack
from whiteboard.rooms.ports import BINARY_MESSAGE, BinaryMessage, Oversize

CONTINUATION: Final = 0x0
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA

NORMAL: Final = 1000
"""A close that nobody has to mind; none of ours, which all have a reason (`protocol.close_codes`)."""

PING_FRAME: Final = b"\x89\x00"

_FIN: Final = 0x80
_RSV: Final = 0x70
_OPCODE: Final = 0x0F
_MASKED: Final = 0x80
_LENGTH: Final = 0x7F
_MAX_SHORT: Final = 125
_LENGTH_16: Final = 126
_LENGTH_64: Final = 127
_MAX_16: Final = 0xFFFF
_MASK_BYTES: Final = 4
_FIN_TEXT: Final = _FIN | TEXT
_PACKED: Final = 0x40
"""RSV1 in a message's first frame: it is deflated (RFC 7692 section 6)."""
_HEADER_BYTES: Final = 8
"""The longest header of a frame below 64 KiB, mask included."""
_SHORT_HEADER: Final = 2 + _MASK_BYTES

_KNOWN_OPCODES: Final = frozenset({CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG})
_CLOSE_CODES: Final = frozenset({1000, 1001, 1002, 1003, *range(1007, 1015)})
"""What a peer may put into a close frame below 3000 (RFC 6455 section 7.4, IANA registry)."""


@dataclass(frozen=True, slots=True)
class ControlFrame:
    """A close, ping or pong frame."""

    opcode: int
    payload: bytes
    """Unmasked, at most 125 bytes."""

    @property
    def close_code(self) -> int | None:
        """The code in a close frame, if it has one."""
        return int.from_bytes(self.payload[:2], "big") if self.payload else None


@dataclass(frozen=True, slots=True)
class Violation:
    """The peer broke the protocol or a bound that costs the connection: close with this."""

    close: CloseCode
    reason: str

    @property
    def code(self) -> int:
        """The number in the close frame."""
        return self.close.code


Scanned = bytes | Oversize | BinaryMessage | ControlFrame | Violation


def unmask(key: bytes | bytearray, payload: bytes | bytearray) -> bytes:
    """`payload` with the four bytes of `key` laid over it again and again (its own inverse).

    Source: RFC 6455 section 5.3. One big-integer XOR: the fastest way without a C extension.
    """
    words = (len(payload) + _MASK_BYTES - 1) // _MASK_BYTES
    plain = int.from_bytes(payload, "little") ^ int.from_bytes(key * words, "little")
    return plain.to_bytes(words * _MASK_BYTES, "little")[: len(payload)]


def data_frame(opcode: int, payload: bytes) -> bytes:
    """One whole, unmasked frame, as a server sends it. `payload` may have any size."""
    size = len(payload)
    if size <= _MAX_SHORT:
        return bytes((_FIN | opcode, size)) + payload
    if size <= _MAX_16:
        return bytes((_FIN | opcode, _LENGTH_16)) + size.to_bytes(2, "big") + payload
    return bytes((_FIN | opcode, _LENGTH_64)) + size.to_bytes(8, "big") + payload


def pong_frame(payload: bytes) -> bytes:
    """The answer to a ping that carried `payload`, at most 125 bytes."""
    return data_frame(PONG, payload)


def close_frame(code: int, reason: str) -> bytes:
    """A goodbye; the reason is cut to what a control frame can carry."""
    return data_frame(CLOSE, code.to_bytes(2, "big") + close_reason(reason).encode())


def packed_frame(payload: bytes) -> bytes:
    """A text frame whose payload is deflated."""
    return data_frame(_PACKED | TEXT, payload)


class TextFramer:
    """Builds text frames and remembers the last one.

    A room pushes one message object to all its sessions in a row: it is framed once, not once each.
    """

    def __init__(self) -> None:
        self._message: bytes | Packed | None = None
        self._frames = [b"", b""]  # the message's, plain and deflated, once each was asked for

    def frame(self, message: bytes | Packed, packs: bool) -> bytes:
        """The text frame that carries `message`; deflated if it can be, and if the session `packs`."""
        if message is not self._message:
            self._message, self._frames = message, [b"", b""]
        return self._frames[packs] or self._make(message, packs=packs)

    def _make(self, message: bytes | Packed, *, packs: bool) -> bytes:
        if not isinstance(message, Packed):
            self._frames = [data_frame(TEXT, message)] * 2
        elif packs:
            self._frames[True] = message.framed(packed_frame)
        else:
            self._frames[False] = data_frame(TEXT, message.text)
        return self._frames[packs]


@dataclass(frozen=True, slots=True)
class _Header:
    fin: bool
    opcode: int
    is_packed: bool
    length: int
    size: int
    """Bytes of the header itself, mask included."""
    key: bytes


class FrameScanner:
    """Turns the bytes that a client sends into messages and control frames.

    Holds at most one message of `max_frame_bytes` besides what the caller fed last.
    """

    __slots__ = (
        "_buffer",
        "_ended",
        "_inflated",
        "_is_packed",
        "_kept",
        "_max_frame_bytes",
        "_max_message_bytes",
        "_need",
        "_opcode",
        "_size",
        "_skip",
        "_skip_ends_message",
        "_unpacks",
        "is_paused",
    )

    def __init__(
        self,
        max_frame_bytes: int = limits.MAX_FRAME_BYTES,
        max_message_bytes: int = limits.MAX_MESSAGE_BYTES,
        *,
        unpacks: bool = False,
    ) -> None:
        """Args: `unpacks` says whether messages may come deflated."""
        self._max_frame_bytes = max_frame_bytes
        self._max_message_bytes = max_message_bytes
        self._unpacks = unpacks
        self.is_paused = False
        """Whether what was fed has grown so much that the rest of it waits: `feed(b"")` goes on."""
        self._inflated = 0  # bytes that the last feed has grown to
        self._buffer: bytearray | None = None  # the beginning of a frame, while there is one
        self._need = 0  # bytes that the buffer must hold before scanning on makes sense
        self._opcode: int | None = None  # of the message under way, if one is
        self._is_packed = False  # whether it is deflated
        self._size = 0  # payload bytes of that message so far, kept or not
        self._kept: bytearray | None = None  # its payload, if it came in fragments
        self._skip = 0  # payload bytes of the current frame still to be passed over
        self._skip_ends_message = False
        self._ended = False

    def feed(self, data: bytes) -> list[Scanned]:
        """What `data` completes, in order. After a Violation or a close frame: nothing any more.

        While the scan is paused, `data` must be empty.
        """
        found: list[Scanned] = []
        self._inflated = 0
        if self._ended:
            return found
        buffer = self._buffer
        if buffer is None:
            used = self._scan(data, found)
            if used < len(data) and not self._ended:
                self._buffer = bytearray(data[used:])
            return found
        buffer += data
        if len(buffer) >= self._need:
            del buffer[: self._scan(buffer, found)]
            if not buffer or self._ended:
                self._buffer = None
        return found

    def take_single(self, data: bytes) -> bytes | None:
        """The message, when `data` is one whole, plain text frame and nothing is under way: what nearly every read has.

        None for anything else: nothing was done then, and `feed` takes it.
        """
        if self._buffer is not None or self._opcode is not None or self._skip or self._ended:
            return None
        size = len(data)
        if size < _HEADER_BYTES or data[0] != _FIN_TEXT:
            return None
        length, key = data[1] - _MASKED, 2
        if length == _LENGTH_16:
            length, key = data[2] << 8 | data[3], 4
            if length <= _MAX_SHORT:
                return None
        elif length > _MAX_SHORT:
            return None
        payload = key + _MASK_BYTES
        if payload + length != size or length > self._max_frame_bytes:
            return None
        text = unmask(data[key:payload], data[payload:])
        return text if text.isascii() else None

    def _scan(self, data: bytes | bytearray, found: list[Scanned]) -> int:
        """Scan whole frames from the start of `data`; how many bytes are done with."""
        at, size = 0, len(data)
        self._need = 0
        while at < size and not self._ended and self._inflated < limits.INFLATED_BYTES:
            if self._skip:
                at += self._pass_over(size - at, found)
                continue
            step = self._scan_text(data, at, size, found) or self._scan_frame(data, at, found)
            if not step:
                break
            at += step
        self.is_paused = at < size and not self._ended and self._inflated >= limits.INFLATED_BYTES
        return at

    def _scan_text(self, data: bytes | bytearray, at: int, size: int, found: list[Scanned]) -> int:
        """A whole text frame below 64 KiB that is all of its message, as nearly all are; 0 for anything else."""
        first = data[at]
        if self._opcode is not None or first & ~_PACKED != _FIN_TEXT or size - at < _HEADER_BYTES:
            return 0
        length, key = data[at + 1] - _MASKED, at + 2
        if length == _LENGTH_16:
            length, key = data[at + 2] << 8 | data[at + 3], at + 4
            if length <= _MAX_SHORT:
                return 0
        elif length > _MAX_SHORT:
            return 0
        payload = key + _MASK_BYTES
        end = payload + length
        if not 0 <= length <= self._max_frame_bytes or end > size:
            return 0
        text = unmask(data[key:payload], data[payload:end])
        if first == _FIN_TEXT:
            self._give_text(text, found)
        elif self._unpacks:
            self._give_packed(text, found)
        else:
            return 0
        return end - at

    def _pass_over(self, available: int, found: list[Scanned]) -> int:
        step = min(self._skip, available)
        self._skip -= step
        if not self._skip and self._skip_ends_message:
            self._end_message(found)
        return step

    def _scan_frame(self, data: bytes | bytearray, at: int, found: list[Scanned]) -> int:
        """One frame of any kind; bytes used, 0 when more are needed or the scan has ended."""
        header = self._read_header(data, at)
        if header is None:
            return 0
        if isinstance(header, Violation):
            return self._end(header, found)
        if header.opcode & CLOSE:
            return self._scan_control(data, at, header, found)
        return self._scan_data(data, at, header, found)

    def _read_header(self, data: bytes | bytearray, at: int) -> _Header | Violation | None:
        available = len(data) - at
        if available < 2:
            self._need = 2
            return None
        first, second = data[at], data[at + 1]
        if (fault := _header_fault(first, second, unpacks=self._unpacks)) is not None:
            return Violation(PROTOCOL_ERROR, fault)
        length, extra = second & _LENGTH, 0
        if length > _MAX_SHORT:
            extra = 2 if length == _LENGTH_16 else 8
        size = 2 + extra + _MASK_BYTES
        if available < size:
            self._need = size
            return None
        if extra:
            length = int.from_bytes(data[at + 2 : at + 2 + extra], "big")
            if length <= (_MAX_SHORT if extra == 2 else _MAX_16):
                return Violation(PROTOCOL_ERROR, "frame length in more bytes than it needs")
        key = bytes(data[at + size - _MASK_BYTES : at + size])
        return _Header(bool(first & _FIN), first & _OPCODE, bool(first & _PACKED), length, size, key)

    def _scan_control(self, data: bytes | bytearray, at: int, header: _Header, found: list[Scanned]) -> int:
        payload = self._payload(data, at, header)
        if payload is None:
            return 0
        frame = ControlFrame(header.opcode, payload)
        if header.opcode == CLOSE:
            return self._end(_close_fault(payload) or frame, found)
        found.append(frame)
        return header.size + header.length

    def _scan_data(self, data: bytes | bytearray, at: int, header: _Header, found: list[Scanned]) -> int:
        if (header.opcode == CONTINUATION) == (self._opcode is None):
            order = "continuation without a beginning" if self._opcode is None else "message inside a message"
            return self._end(Violation(PROTOCOL_ERROR, order), found)
        opcode, is_packed = header.opcode or self._opcode, header.is_packed or self._is_packed
        total = self._size + header.length
        if total > self._max_message_bytes:
            reason = f"message above {self._max_message_bytes} bytes"
            return self._end(Violation(MESSAGE_TOO_BIG, reason), found)
        if opcode == BINARY or total > self._max_frame_bytes:
            self._opcode, self._is_packed, self._size = opcode, is_packed, total
            self._kept = None
            self._skip, self._skip_ends_message = header.length, header.fin
            if not header.length and header.fin:
                self._end_message(found)
            return header.size
        payload = self._payload(data, at, header)
        if payload is None:
            return 0
        self._opcode, self._is_packed, self._size = opcode, is_packed, total
        self._kept = self._kept or bytearray()
        self._kept += payload
        if header.fin:
            self._end_message(found)
        return header.size + header.length

    def _payload(self, data: bytes | bytearray, at: int, header: _Header) -> bytes | None:
        start = at + header.size
        end = start + header.length
        if end > len(data):
            self._need = end - at
            return None
        return unmask(header.key, data[start:end])

    def _end_message(self, found: list[Scanned]) -> None:
        if self._opcode == BINARY:
            found.append(BINARY_MESSAGE)
        elif self._size > self._max_frame_bytes:
            found.append(Oversize(self._size))
        elif self._is_packed:
            self._give_packed(bytes(self._kept or b""), found)
        else:
            self._give_text(bytes(self._kept or b""), found)
        self._kept = None
        self._opcode, self._is_packed, self._size = None, False, 0

    def _give_packed(self, payload: bytes, found: list[Scanned]) -> None:
        try:
            text = unpack(payload, self._max_frame_bytes)
        except ValueError as error:
            self._end(Violation(INVALID_TEXT, f"message does not inflate: {error}"), found)
            return
        if text is None:
            self._inflated += self._max_frame_bytes
            found.append(Oversize(self._max_frame_bytes + 1))
        else:
            self._inflated += len(text)
            self._give_text(text, found)

    def _give_text(self, text: bytes, found: list[Scanned]) -> None:
        if text.isascii() or _is_utf8(text):
            found.append(text)
        else:
            self._end(Violation(INVALID_TEXT, "text message is not UTF-8"), found)

    def _end(self, last: ControlFrame | Violation, found: list[Scanned]) -> int:
        found.append(last)
        self._ended = True
        self._kept = None
        return 0


def _header_fault(first: int, second: int, *, unpacks: bool) -> str | None:
    """What is wrong with the first two bytes of a client's frame."""
    opcode = first & _OPCODE
    if first & _RSV and not (unpacks and first & _RSV == _PACKED and opcode in {TEXT, BINARY}):
        return "reserved bit set"
    if opcode not in _KNOWN_OPCODES:
        return f"unknown opcode {opcode}"
    if not second & _MASKED:
        return "frame without a mask"
    if opcode & CLOSE and not first & _FIN:
        return "fragmented control frame"
    if opcode & CLOSE and second & _LENGTH > _MAX_SHORT:
        return "control frame above 125 bytes"
    return None


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _close_fault(payload: bytes) -> Violation | None:
    """What is wrong with a close frame's payload (RFC 6455 sections 5.5.1 and 7.4)."""
    if not payload:
        return None
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or not (code in _CLOSE_CODES or 3000 <= code < 5000):
        return Violation(PROTOCOL_ERROR, "close frame without a valid code")
    return None if _is_utf8(payload[2:]) else Violation(INVALID_TEXT, "close reason is not UTF-8")
