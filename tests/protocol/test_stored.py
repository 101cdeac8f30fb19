"""Stored ops are read back by their shape; what was accepted once stays readable."""

import pytest

from whiteboard.core.ops import Append, Create, ElementType, Run, SetProperties
from whiteboard.ids import ElementId
from whiteboard.protocol.stored import read_stored

E = ElementId("e")


@pytest.mark.parametrize(
    ("body", "op"),
    [
        (
            b'{"by":"a","type":"stroke","id":"e","points":[[1,2]],"width":99999}',
            Create(E, ElementType.STROKE, {"width": b"99999"}, Run(0, 1, b"[1,2]")),
        ),
        (b'{"type":"append","id":"e","from":7,"points":[]}', Append(E, Run(7, 0, b""))),
        (
            b'{"type":"set","id":"e","props":{"kind":"of another day"}}',
            SetProperties(E, {"kind": b'"of another day"'}),
        ),
    ],
)
def test_bounds_of_today_do_not_count(body: bytes, op: object) -> None:
    """An op over a bound that was lowered since, or of values that are no longer taken, is read. [LOG-7]"""
    assert read_stored(body) == op


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"type":"star","id":"e"}',
        b'{"type":"delete"}',
        b'{"type":"append","id":"e","from":"x","points":[]}',
        b'{"type":"stroke","id":"e","points":{}}',
        b'{"type":"set","id":"e","props":[]}',
        b'{"type":"delete","id":"\xff"}',
    ],
)
def test_what_is_no_op_is_an_error(body: bytes) -> None:
    """Bytes that are no op raise ValueError: the store is corrupt. [LOG-2]"""
    with pytest.raises(ValueError, match="no op"):
        read_stored(body)
