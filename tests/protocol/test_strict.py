"""The short path: it takes what most messages are, and never says anything else than the long one."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import content, json_values, numbers, ops, points, texts

from whiteboard import limits
from whiteboard.core.ops import Create, Op
from whiteboard.ids import MAX_COUNTER
from whiteboard.protocol import messages
from whiteboard.protocol.requests import BadMessage, BadOp, OpRequest
from whiteboard.protocol.strict import read_strictly
from whiteboard.protocol.validation import read_leniently

USUAL = {"opId": "c-9f2:4", "seen": 17, "ts": 1234}
OFTEN = (
    b'{"type":"stroke","id":"s","points":[[0,1],[2.5,3,0.5]],"color":"#123","width":3,"opId":"a:1","seen":0,"ts":1.5}',
    b'{"type":"append","id":"s","from":3,"points":[[0,1]],"opId":"a:2","seen":9,"ts":3}',
    b'{"type":"set","id":"s","props":{"x":1.50,"z":"a0","text":null},"opId":"a:3"}',
    b'{"type":"delete","id":"s","opId":"a:4","clock":{"a":4}}',
    b'{"type":"restore","id":"s"}',
    b'{"type":"shape","id":"s","kind":"line","x":1,"y":2}',
    b'{"type":"text","id":"s","text":"hello"}',
    b'{"type":"note","id":"s"}',
    b'{"type":"image","id":"s","asset":"a1"}',
    b'{"type":"page","id":"s","asset":"a1"}',
    b'{"type":"cursor","x":1,"y":-2.5}',
    b'{"type":"laser","points":[[1,2]]}',
    b'{"type":"ping","ts":12}',
)
"""Messages that the short path takes."""

FIELDS = (
    *messages.Properties.__struct_fields__, "type", "id", "opId", "clock", "seen", "ts", "from", "points", "props",
    "mine", "by", "opid",
)  # fmt: skip
SPELLINGS = (
    "0", "-0", "-0.0", "1", "1.0", "1e0", "01", "+1", "1e400", "-1e400", "1e9", "1000000001", "9007199254740991",
    "9007199254740992", "9223372036854775808", "1" + "0" * 400, "null", "true", "NaN", "Infinity", "[]", "{}", "[[]]",
    "[[1,2]]", "[[1,2],[3,4,1]]", "[[1,2,1.5]]", "[[1,2,-0]]", "[[1,2,null]]", "[[1,2,3,4]]", "[[1]]", "[ [1 , 2] ]",
    "[[1,2e400]]", "[[1,2" + " " * 200 + "]]", '""', '"e"', '"a\\u0062"', '"\\ud800"', '"a:1"', '"a:01"', '"a:0"',
    '"a:9007199254740992"', '"a:99999999999999999999"', '"a:\N{ARABIC-INDIC DIGIT ONE}"', '"é\N{GRINNING FACE}"',
    '"\x7f"', '"\x85"', '"\u2028"', '"\xa0"', '"a0"', '"line"', '"' + "x" * 129 + '"', '{"x":1}', '{"x":1,"x":2}',
    '{"x":1,"mine":2}', '{"id":"e"}', '{"z":"!"}', '{"z":null}', '{"x" : 1 ,"y":2}', '{"":1}', '{"a":1,"b":2}',
)  # fmt: skip
"""JSON values, and some that are none, as they may be spelled."""


@st.composite
def spelled(draw: st.DrawFn) -> bytes:
    """A message that the short path takes, with some fields written over, doubled or taken away."""
    usual = json.loads(draw(st.sampled_from(OFTEN)))
    fields = [(json.dumps(name), json.dumps(value, ensure_ascii=False)) for name, value in usual.items()]
    for _ in range(draw(st.integers(0, 3))):
        name = draw(st.sampled_from(FIELDS))
        value = draw(st.sampled_from(SPELLINGS) | json_values.map(json.dumps))
        at = draw(st.integers(0, len(fields)))
        if draw(st.booleans()):
            fields = [field for field in fields if field[0] != f'"{name}"']
        fields.insert(min(at, len(fields)), (f'"{name}"', value))
    comma, colon = draw(st.sampled_from([(",", ":"), (", ", ": "), (" \n,", "\t: ")]))
    return ("{" + comma.join(name + colon + value for name, value in fields) + "}").encode()


def same(text: bytes) -> None:
    """Both paths say the same, if the short one says anything."""
    quick = read_strictly(text)
    if quick is not None:
        slow = read_leniently(text)
        assert quick == slow
        assert shown(quick) == shown(slow)


def shown(message: Any) -> str:
    """A message with the order of its properties and the types of its numbers."""
    return repr(message)


@pytest.mark.parametrize("text", OFTEN)
def test_usual_messages_take_the_short_path(text: bytes) -> None:
    """Every op without unknown properties is read at once, and so are cursor, laser and ping."""
    assert read_strictly(text) is not None
    same(text)
    same(text.replace(b",", b" ,\n"))


@given(spelled())
def test_the_short_path_is_never_of_another_opinion(text: bytes) -> None:
    """Whatever is wrong or odd with a message, it is read as the long path reads it, or left to that."""
    same(text)


@pytest.mark.parametrize("value", SPELLINGS)
@pytest.mark.parametrize("name", FIELDS)
def test_every_odd_spelling_of_every_field_is_read_alike(name: str, value: str) -> None:
    """Each field of each usual message, spelled in each odd way: before the others, after them, instead of them."""
    for text in OFTEN:
        odd = f'"{name}":{value}'.encode()
        same(b"{" + odd + b"," + text[1:])
        same(text[:-1] + b"," + odd + b"}")
        fields = {one: json.dumps(said) for one, said in json.loads(text).items()} | {name: value}
        same(("{" + ",".join(f'"{one}":{said}' for one, said in fields.items()) + "}").encode())


@given(ops(), st.sampled_from([{}, USUAL, USUAL | {"clock": {"c-9f2": 4, "a": MAX_COUNTER}}]))
def test_ops_are_read_alike(op: Op, said: dict[str, Any]) -> None:
    """Ops of the model, with and without what their author says of them."""
    same(json.dumps(content(op) | said, ensure_ascii=False, separators=(",", ":")).encode())
    same(json.dumps(said | content(op)).encode())


@given(st.fixed_dictionaries({"x": numbers, "y": numbers}), st.lists(points, max_size=4), texts)
@example({"x": 1, "y": 2}, [], "")
def test_signals_are_read_alike(place: dict[str, Any], trail: list[Any], word: str) -> None:
    """Cursors, lasers and pings."""
    same(json.dumps({"type": "cursor", **place}).encode())
    same(json.dumps({"type": "cursor", **place, word: 1}).encode())
    same(json.dumps({"type": "laser", "points": trail}).encode())
    same(json.dumps({"type": "ping", "ts": place["x"]}).encode())


@given(st.binary(max_size=60), st.sampled_from(OFTEN), st.integers(0, 60))
def test_torn_messages_are_read_alike(noise: bytes, text: bytes, at: int) -> None:
    """Bytes that are no JSON, or no UTF-8."""
    same(noise)
    same(text[:at] + noise + text[at:])
    same(text[:at] + text[at + 1 :])


def test_what_is_too_much_is_left_to_the_long_path() -> None:
    """Too many points or clock entries, and too long a property, are refused as ever."""
    many = [[0, 0]] * (limits.MAX_POINTS_PER_OP + 1)
    clock = {f"c{n}": 1 for n in range(limits.MAX_CLOCK_ENTRIES + 1)}
    digits = b"0" * limits.MAX_PROPERTY_BYTES
    for text in (
        json.dumps({"type": "append", "id": "s", "from": 1, "points": many}).encode(),
        json.dumps({"type": "delete", "id": "s", "clock": clock}).encode(),
        b'{"type":"set","id":"s","props":{"x":1.%b}}' % digits,
        b'{"type":"note","id":"s","y":1.%b}' % digits,
    ):
        assert read_strictly(text) is None
        assert isinstance(read_leniently(text), BadOp)


def test_a_text_may_be_longer_than_any_other_property() -> None:
    """It has a bound of its own, in characters."""
    long = "\N{GRINNING FACE}" * limits.MAX_TEXT_CHARS
    same(json.dumps({"type": "text", "id": "s", "text": long}, ensure_ascii=False).encode())
    assert read_strictly(json.dumps({"type": "text", "id": "s", "text": long}, ensure_ascii=False).encode())


def test_what_is_kept_does_not_hold_on_to_the_message() -> None:
    """Property values and points are copies of their own."""
    text = OFTEN[0]
    found = read_strictly(text)
    assert isinstance(found, OpRequest)
    assert isinstance(found.op, Create)
    assert found.op.run is not None
    assert {type(one) for one in (found.op.run.points, *found.op.properties.values())} == {bytes}


def test_faults_are_none() -> None:
    """What is no message is nothing here; the long path says why."""
    assert read_strictly(b"[") is None
    assert isinstance(read_leniently(b"["), BadMessage)
