"""What Yjs clients say: updates made by hand, so that an op costs the generator no document of its own.

An update sets one key of the map `board` to the op's JSON. Formats: lib0's variable integers, Yjs update
version 1 (`UpdateEncoderV1`), the messages of y-protocols (`sync.js`).
"""

from typing import Final

from benchmarks.generator.marks import marked_points
from benchmarks.generator.wire import BINARY, Frame, client_frame
from benchmarks.peers.peer import Voice

_SYNC: Final = 0
_STEP_1: Final = 0
_STEP_2: Final = 1
_UPDATE: Final = 2
_CONTENT_ANY: Final = 8
_HAS_KEY: Final = 0x20
_STRING: Final = b"\x77"
_NO_STATE: Final = b"\x00"
_NO_CHANGE: Final = b"\x00\x00"
_FIRST_CLIENT: Final = 1_000


def integer(value: int) -> bytes:
    """A variable integer: seven bits a byte, the lowest first."""
    out = bytearray()
    while value > 0x7F:
        out.append(0x80 | value & 0x7F)
        value >>= 7
    out.append(value)
    return bytes(out)


def text(value: bytes) -> bytes:
    """UTF-8 or bytes behind their length."""
    return integer(len(value)) + value


def read_integer(data: bytes, at: int) -> tuple[int, int]:
    """A variable integer at `at`, and what is behind it."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def set_key(client: int, clock: int, key: bytes, value: bytes) -> bytes:
    """An update with one item: `board[key] = value`, this client's `clock`th."""
    item = bytes((_HAS_KEY | _CONTENT_ANY,)) + b"\x01" + text(b"board") + text(key)
    content = b"\x01" + _STRING + text(value)
    return b"\x01\x01" + integer(client) + integer(clock) + item + content + b"\x00"


class YjsVoice(Voice):
    """A client of y-websocket's protocol."""

    def __init__(self, room: str, client: int) -> None:
        super().__init__(room, client)
        self._prefix = b""
        """What stands before every message."""

    def _message(self, kind: int, content: bytes) -> bytes:
        return client_frame(self._prefix + bytes((_SYNC, kind)) + text(content), BINARY)

    def greeting(self) -> bytes:
        return self._message(_STEP_1, _NO_STATE)

    def hear(self, frame: Frame) -> bytes:
        """Answers a question for what we have, of which the server has all; seated once ours is answered."""
        if frame.opcode != BINARY or frame.payload[len(self._prefix)] != _SYNC:
            return b""
        kind = frame.payload[len(self._prefix) + 1]
        self.is_seated |= kind == _STEP_2
        return self._message(_STEP_2, _NO_CHANGE) if kind == _STEP_1 else b""

    def op(self, number: int, seen: int) -> bytes:  # noqa: ARG002  Yjs has its own clocks
        value = b'{"type":"stroke","color":"#2b8a3e","points":%s}' % marked_points(number)
        key = b"d%d-%d" % (self.client, self.counter)
        update = set_key(_FIRST_CLIENT + self.client, self.counter, key, value)
        self.counter += 1
        return self._message(_UPDATE, update)


class HocuspocusVoice(YjsVoice):
    """The same behind a document's name, after an empty token."""

    def __init__(self, room: str, client: int) -> None:
        super().__init__(room, client)
        self._prefix = text(room.encode())

    def greeting(self) -> bytes:
        token = self._prefix + b"\x02\x00" + text(b"")
        return client_frame(token, BINARY) + super().greeting()
