"""Yjs updates of whole strokes, as a client of a Yjs server would send them (update format 1).

Each update puts one value into the map `strokes` of the document: an object with the points as one flat array.
Made by hand, because the update of one insert is a few bytes around its value. Source: yjs 13, `UpdateEncoder.js`,
`Item.js` (write), lib0 `encoding.js` (writeAny).
"""

import struct
from typing import Final

_ANY_IN_MAP: Final = 0x28
"""Content of kind 8 (any), with a parent's key."""
_ROOT: Final = 1
_ARRAY, _OBJECT, _STRING, _FLOAT32, _INTEGER = 117, 118, 119, 124, 125
MAP: Final = "strokes"


def varuint(number: int) -> bytes:
    """An unsigned number of any size: seven bits a byte, the lowest first."""
    out = bytearray()
    while number > 0x7F:
        out.append(0x80 | number & 0x7F)
        number >>= 7
    out.append(number)
    return bytes(out)


def _varint(number: int) -> bytes:
    """A signed number: the first byte has the sign and six bits."""
    sign, rest = (0x40, -number) if number < 0 else (0, number)
    first = sign | rest & 0x3F
    return bytes((first,)) if rest < 0x40 else bytes((0x80 | first,)) + varuint(rest >> 6)


def _string(text: str) -> bytes:
    encoded = text.encode()
    return varuint(len(encoded)) + encoded


def _number(value: float) -> bytes:
    if value == int(value):
        return bytes((_INTEGER,)) + _varint(int(value))
    return bytes((_FLOAT32,)) + struct.pack(">f", value)


def stroke_value(walk: list[list[float]]) -> bytes:
    """`{"color":…,"points":[x,y,pressure,x,…],"width":2}` as Yjs encodes a plain value."""
    flat = [value for point in walk for value in point]
    points = bytes((_ARRAY,)) + varuint(len(flat)) + b"".join(map(_number, flat))
    color = bytes((_STRING,)) + _string("#2b8a3e")
    fields = {"color": color, "points": points, "width": _number(2)}
    return bytes((_OBJECT, len(fields))) + b"".join(_string(name) + value for name, value in fields.items())


def put(client: int, clock: int, key: str, value: bytes) -> bytes:
    """The update by which a client's `clock`th insert (from 0) puts a value into the map under a fresh key."""
    head = varuint(1) + varuint(1) + varuint(client) + varuint(clock)
    item = bytes((_ANY_IN_MAP, _ROOT)) + _string(MAP) + _string(key) + varuint(1) + value
    return head + item + varuint(0)
