"""A stroke's points as steps from one to the next: half of the bytes, and the same numbers. Pure.

Hands move little between two points, so differences are small numbers. They are integers, of a scale that
gives every coordinate back exactly: `n / scale` is the double nearest to that decimal number in every
language, as reading its digits is.
"""

from operator import sub
from typing import Final

import msgspec

from whiteboard.core.ops import Json

Points = list[list[float]]
_SCALES: Final = (1, 10, 100, 1_000)
"""Whole units, and the decimals that clients round to."""


class _Stroke(msgspec.Struct, gc=False):
    points: msgspec.Raw = msgspec.Raw(b"[]")


_decode_strokes = msgspec.json.Decoder(list[_Stroke]).decode
_decode_states = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_points = msgspec.json.Decoder(Points).decode
_encode = msgspec.json.encode


def steps_of(points: Points) -> list[int] | None:
    """`[numbers of a point, scale, x, y, dx, dy, dx, dy, …]`, with pressures `…, x, y, p, dx, dy, dp, …`.

    None when only some points have pressure, or no scale gives all numbers exactly.
    """
    width = len(points[0]) if points else 0
    if width not in {2, 3} or any(len(point) != width for point in points):
        return None
    flat = [number for point in points for number in point]
    for scale in _SCALES:
        scaled = [round(number * scale) for number in flat]
        if [number / scale for number in scaled] == flat:
            return [width, scale, *scaled[:width], *map(sub, scaled[width:], scaled)]
    return None


def in_steps(rows: Json) -> Json:
    """Element states in a row, with steps for points where they are exact and shorter."""
    array = b"[" + rows + b"]"
    found = zip(_decode_states(array), _decode_strokes(array), strict=True)
    return b",".join(_compact(bytes(state), bytes(stroke.points)) for state, stroke in found)


def _compact(state: Json, points: Json) -> Json:
    steps = steps_of(_decode_points(points))
    if steps is None or state.count(points) != 1:  # a property that says the same is not to be changed
        return state
    text = _encode(steps)
    return state.replace(points, text) if len(text) < len(points) else state
