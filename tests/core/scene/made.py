"""Elements in visible form, as a board's view has them."""

import json
import math
from typing import Any

from whiteboard.core.scene.drawing import Command, Drawing, draw, measure
from whiteboard.core.scene.letters import Estimate
from whiteboard.core.scene.shown import read_shown


def element(kind: str, id: str = "e", /, **properties: Any) -> bytes:
    """One of a type."""
    return json.dumps({"id": id, "type": kind, "by": "ada", **properties}).encode()


def line(id: str = "s", *points: tuple[float, ...], **properties: Any) -> bytes:
    """A stroke through points."""
    return element("stroke", id, points=points, **properties)


def wave(id: str, x: float, y: float, count: int = 20, **properties: Any) -> bytes:
    """A stroke that goes up and down."""
    points = [(round(x + 5 * step, 2), round(y + 20 * math.sin(step / 3), 2), 0.5) for step in range(count)]
    return line(id, *points, **properties)


def view(*elements: bytes, seq: int = 1) -> bytes:
    """A board with these, from bottom to top."""
    return b'{"board":"b","seq":%d,"clock":{},"elements":[%s]}' % (seq, b",".join(elements))


def drawn(shown: bytes, zoom: float = 1.0) -> Drawing:
    """What is drawn of an element, without any font."""
    measured = measure(read_shown(shown), Estimate())
    assert measured is not None
    return draw(measured, Estimate(), zoom)


def only(shown: bytes, zoom: float = 1.0) -> Command:
    """The one command that an element takes."""
    (command,) = drawn(shown, zoom).commands
    return command
