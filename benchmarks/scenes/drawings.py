"""The same strokes in the words of every peer that keeps a document: points whole, in what is compact there.

A relay keeps nothing, so nobody can join its board.
"""

import json
import re
import struct
from base64 import b64encode
from collections.abc import Iterator
from typing import Final

from benchmarks.generator.wire import BINARY, client_frame
from benchmarks.peers.node import Hocuspocus, YWebsocket
from benchmarks.peers.peer import Peer
from benchmarks.peers.pycrdt_room import Pycrdt
from benchmarks.peers.tldraw_sync import Tldraw
from benchmarks.peers.whiteboard import Whiteboard
from benchmarks.peers.yjs import integer, text
from benchmarks.scenes.strokes import stroke_op, walks
from benchmarks.scenes.systems import LOOKERS

MARK: Final = b"stroke-"
"""In each stroke's key, with its number behind it."""
_NUMBERED: Final = re.compile(MARK + rb"(\d+)")
AUTHOR: Final = 1
"""Number of the visitor who draws."""
_FIRST: Final = 1_000_000
"""Strokes are numbered from here, so that all keys are equally long."""
_UPDATE: Final = b"\x00\x02"
_ANY_IN_MAP: Final = b"\x28"
"""Content of kind 8 (any plain value), under a key."""
_ROOT: Final = b"\x01"
_ARRAY, _OBJECT, _STRING, _FLOAT32, _INTEGER = b"\x75", b"\x76", b"\x77", b"\x7c", b"\x7d"
_PUSHED: Final = 100
"""Shapes in one push to tldraw."""


def frames(peer: Peer, room: str, strokes: int, points: int) -> Iterator[bytes] | None:
    """Frames of one client that draw so many strokes; None for a peer that keeps none."""
    numbered = enumerate(walks(strokes, points))
    match peer:
        case Whiteboard():
            client, names = f"d{LOOKERS + AUTHOR}", MARK.decode().rstrip("-")
            return (client_frame(stroke_op(client, n + 1, walk, names)) for n, walk in numbered)
        case Hocuspocus():
            prefix = text(room.encode())
            return (client_frame(prefix + _UPDATE + text(put(n, walk)), BINARY) for n, walk in numbered)
        case YWebsocket() | Pycrdt():
            return (client_frame(_UPDATE + text(put(n, walk)), BINARY) for n, walk in numbered)
        case Tldraw():
            return _pushes(list(numbered))
    return None


def put(number: int, walk: list[list[float]]) -> bytes:
    """The update that puts stroke `number` (also the author's clock) into the map `board` of a Yjs document.

    Update format 1: one client, one item, nothing deleted.
    """
    key = MARK + b"%d" % (_FIRST + number)
    head = b"\x01\x01" + integer(AUTHOR) + integer(number)
    return head + _ANY_IN_MAP + _ROOT + text(b"board") + text(key) + b"\x01" + _stroke(walk) + b"\x00"


def _stroke(walk: list[list[float]]) -> bytes:
    """`{"color":…,"points":[x,y,pressure,x,…],"width":2}`, as lib0 writes any value."""
    flat = [value for point in walk for value in point]
    points = _ARRAY + integer(len(flat)) + b"".join(map(_number, flat))
    fields = {b"color": _STRING + text(b"#2b8a3e"), b"points": points, b"width": _number(2)}
    return _OBJECT + integer(len(fields)) + b"".join(text(name) + value for name, value in fields.items())


def _number(value: float) -> bytes:
    if value != int(value):
        return _FLOAT32 + struct.pack(">f", value)
    sign, rest = (0x40, int(-value)) if value < 0 else (0, int(value))
    first = sign | rest & 0x3F
    return _INTEGER + (bytes((first,)) if rest < 0x40 else bytes((0x80 | first,)) + integer(rest >> 6))


def _pushes(numbered: list[tuple[int, list[list[float]]]]) -> Iterator[bytes]:
    """Draw shapes of tldraw; their points packed into base64 as its own tool does for a mouse (steps as half floats)."""
    for begin in range(0, len(numbered), _PUSHED):
        diff = dict(_shape(number, walk) for number, walk in numbered[begin : begin + _PUSHED])
        push = {"type": "push", "clientClock": begin // _PUSHED + 1, "diff": diff}
        yield client_frame(json.dumps(push, separators=(",", ":")).encode())


def _shape(number: int, walk: list[list[float]]) -> tuple[str, object]:
    (x, y, _), *others = walk
    steps = [(now[0] - before[0], now[1] - before[1]) for before, now in zip(walk, others, strict=False)]
    path = struct.pack("<2f", 0, 0) + b"".join(struct.pack("<2e", *step) for step in steps)
    name = f"shape:{MARK.decode()}{_FIRST + number}"
    props = {
        "segments": [{"type": "free", "path": b64encode(path).decode(), "dim": 2}],
        "color": "black",
        "fill": "none",
        "dash": "draw",
        "size": "m",
        "isComplete": True,
        "isClosed": False,
        "isPen": False,
        "scale": 1,
        "scaleX": 1,
        "scaleY": 1,
    }
    record = {
        "id": name,
        "typeName": "shape",
        "type": "draw",
        "x": x,
        "y": y,
        "rotation": 0,
        "index": "a1",
        "parentId": "page:page",
        "isLocked": False,
        "opacity": 1,
        "meta": {},
        "props": props,
    }
    return name, ["put", record]


def drawn_in(payload: bytes) -> set[bytes]:
    """The numbers of the strokes in what a joining client got."""
    return set(_NUMBERED.findall(payload))
