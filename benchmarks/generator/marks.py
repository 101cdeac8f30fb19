"""The mark that every op carries: a point that nothing else in the traffic looks like, then the op's number.

Coordinates are the one thing that every peer hands on as it came. So an op can be counted in a stream of
bytes without taking frames apart, and a probe can tell which op it is.
"""

import re
from typing import Final

MARK: Final = b"[314159265,"
NUMBERED_BYTES: Final = len(MARK) + 8
"""The mark with its number."""
_FIRST: Final = 10_000_000
"""Numbers start here, so that all have eight digits and none has a leading zero."""
_NUMBERS: Final = re.compile(rb"\[314159265,(\d{8})")


def marked_points(number: int) -> bytes:
    """The points of op `number`, two as a hand draws them; the first is the mark."""
    x = number % 1_000
    return b"[[314159265,%d,0.5],[%d.5,%d.25,0.6]]" % (_FIRST + number, x, 1_000 - x)


def numbers_in(payload: bytes) -> list[int]:
    """Numbers of the ops in a message, in its order."""
    return [int(digits) - _FIRST for digits in _NUMBERS.findall(payload)]


def stroke_op(client: str, counter: int, number: int, seen: int) -> bytes:
    """The small stroke op as JSON, about 120 bytes: what this server's page sends while somebody draws.

    Args:
        client: its id.
        counter: of this client's ops, from 1; every `OPS_PER_STROKE`th begins a stroke.
        number: of the op among all of the run, from 0.
        seen: the seq of the board that the client had seen.
    """
    stroke, place = divmod(counter - 1, OPS_PER_STROKE)
    start = b'"from":%d' % (place * 2) if place else b'"color":"#2b8a3e"'
    return b'{"type":"%s","id":"%s-%d",%s,"points":%s,"opId":"%s:%d","seen":%d}' % (
        b"append" if place else b"stroke",
        client.encode(),
        stroke,
        start,
        marked_points(number),
        client.encode(),
        counter,
        seen,
    )


OPS_PER_STROKE: Final = 40
"""At 60 ops a second somebody lifts the pen after two thirds of a second."""
