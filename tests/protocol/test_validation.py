"""Validation: untrusted bytes to messages and ops, or a refusal that names the field."""

import json
from typing import Any

import pytest
from hypothesis import given
from protocol.asking import accepts, error, refusal, request, with_prop
from strategies import content, encode, ops, run

from whiteboard import limits
from whiteboard.core.ops import RESERVED, Append, Create, Delete, ElementType, Op, Run, SetProperties
from whiteboard.core.outcomes import RejectCode
from whiteboard.ids import MAX_COUNTER, OpId
from whiteboard.protocol import messages, validation
from whiteboard.protocol.stored import read_stored
from whiteboard.protocol.validation import (
    BadMessage,
    BadOp,
    OpRequest,
    read_message,
    split_frame,
)

# --- ops as they should be --------------------------------------------------------------------


def test_the_seed_s_message_is_an_op() -> None:
    """A type, points and an id are enough. [OP-2] [OP-3] [OP-10]"""
    found = request(b'{"type":"stroke","points":[[10,20],[30,40]],"id":"s1"}')
    assert found == OpRequest(
        Create(found.op.element, ElementType.STROKE, {}, Run(0, 2, b"[10,20],[30,40]")),
        None, None, None, None,
        b'{"type":"stroke","id":"s1","points":[[10,20],[30,40]]}',
    )  # fmt: skip


def test_a_client_may_say_all_there_is_to_say() -> None:
    """Op id, clock, seen and ts are read; they are not part of the content. [OP-3] [OP-4] [OP-5] [OP-6]"""
    found = request(
        b'{"type":"delete","id":"e","opId":"c-9f2:4","clock":{"c-9f2":4,"a":0},"seen":17,"ts":1.5,"new":1}'
    )
    assert found.op_id == OpId(found.op_id.client, 4) if found.op_id else False
    assert (found.seen, found.clock, found.ts) == (17, {"c-9f2": 4, "a": 0}, 1.5)
    assert found.op == Delete(found.op.element)
    assert found.content == b'{"type":"delete","id":"e"}'


@given(ops())
def test_what_a_client_may_send_is_read_as_it_was_meant(op: Op) -> None:
    """Every op of the model passes validation and keeps its meaning and its content. [OP-7] [PRP-3]"""
    found = request(content(op))
    assert content(found.op) == content(op)
    assert json.loads(found.content) == content(op)
    assert read_stored(found.content) == found.op


@given(ops())
def test_what_is_stored_is_read_back_as_the_same_op(op: Op) -> None:
    """Content out of content changes nothing, byte for byte. [LOG-2] [LOG-6]"""
    found = request(content(op))
    assert request(found.content).content == found.content


def test_numbers_and_strings_stay_as_they_were_spelled() -> None:
    """Property values are kept as text. [LOG-6] [PRP-8]"""
    found = request(b'{"type":"note","id":"e","x":1.50,"big":123456789012345678901234567890,"s":"\\u00e9"}')
    assert isinstance(found.op, Create)
    assert found.op.properties == {
        "x": b"1.50",
        "big": b"123456789012345678901234567890",
        "s": b'"\\u00e9"',
    }


def test_names_may_be_spelled_with_escapes() -> None:
    """An escaped field name is that field: nothing gets past the checks that way."""
    found = request(b'{"type":"\\u006eote","\\u0069d":"e","\\u0078":1}')
    assert isinstance(found.op, Create)
    assert found.op.properties == {"x": b"1"}
    assert refusal(b'{"type":"note","id":"e","\\u0078":"1"}') == ("bad_field", "$.x")


def test_the_last_of_two_equal_names_counts() -> None:
    """For fields, properties and in `props`, where the stored op keeps one. [CON-12]"""
    found = request(b'{"type":"set","id":"a","id":"b","props":{"x":1},"props":{"x":2,"y":1,"x":3}}')
    assert found.op == SetProperties(found.op.element, {"x": b"3", "y": b"1"})
    assert found.content == b'{"type":"set","id":"b","props":{"x":3,"y":1}}'


def test_null_unsets_in_creates_and_sets() -> None:
    """Null is a value of every property that the type does not need. [PRP-2]"""
    for name in messages.Properties.__struct_fields__:
        found = request(b'{"type":"note","id":"e",%b: null }' % encode(name))
        assert isinstance(found.op, Create)
        assert found.op.properties == {name: b"null"}
        assert isinstance(request(with_prop(name, b"null")).op, SetProperties)


def test_a_stroke_may_be_empty_and_an_append_too() -> None:
    """No points is a number of points. [OP-10] [OP-12]"""
    for spelled in (b"[]", b"[ ]", b"[\n]"):
        found = request(b'{"type":"stroke","id":"e","points":%b}' % spelled)
        assert isinstance(found.op, Create)
        assert found.op.run == run(0, [])
        assert request(b'{"type":"append","id":"e","from":7,"points":%b}' % spelled).op == Append(
            found.op.element, run(7, [])
        )


def test_white_space_in_points_is_kept_within_reason() -> None:
    """Points may be spelled with spaces; absurdly long spellings are written anew. [LOG-6]"""
    found = request(b'{"type":"stroke","id":"e","points":[ [1 , 2],\n[3,4] ]}')
    assert isinstance(found.op, Create)
    assert found.op.run is not None
    assert found.op.run.points == b"[1 , 2],\n[3,4]"
    for long in (b"[1," + b" " * 5000 + b"2]", b"[1,2." + b"0" * 5000 + b"]"):
        found = request(b'{"type":"stroke","id":"e","points":[%b,[3,4,0.5]]}' % long)
        assert len(found.content) < 100
        assert json.loads(found.content)["points"] == [[1, 2], [3, 4, 0.5]]


def test_any_property_may_be_set_on_any_element() -> None:
    """`kind` on a stroke, points of shapes: properties do not depend on the type. [PRP-1]"""
    found = request(b'{"type":"stroke","id":"e","points":[],"kind":"line","text":"t","asset":"a"}')
    assert isinstance(found.op, Create)
    assert set(found.op.properties) == {"kind", "text", "asset"}
    assert refusal(b'{"type":"stroke","id":"e","points":[],"kind":"star"}') == ("bad_field", "$.kind")


# --- what an op's type has no use for ---------------------------------------------------------


OWN_FIELDS: dict[str, dict[str, Any]] = {
    "stroke": {"points": [[1, 2]]},
    "append": {"points": [[1, 2]], "from": 0},
    "shape": {"kind": "line"},
    "set": {"props": {"x": 1}},
}


@pytest.mark.parametrize("kind", ["stroke", "append", "shape", "set", "delete", "restore"])
def test_unchecked_fields_are_not_stored(kind: str) -> None:
    """Reserved names and foreign structure are dropped, whatever they hold. [OP-9] [CON-11]"""
    own = OWN_FIELDS.get(kind, {})
    plain = {"type": kind, "id": "e", **own}
    stamped = {"opId", "clock", "seen", "ts", "type", "id"}
    junk = {name: [[[["junk"] * 9]]] for name in RESERVED - stamped}
    assert request(junk | plain).content == request(plain).content


def test_invalid_utf_8_cannot_hide_in_an_unchecked_field() -> None:
    """What is broadcast is UTF-8: an unused field is dropped, a used one refused. [OP-9] [OP-18]"""
    assert request(b'{"type":"delete","id":"e","points":"\xff","z":"\xff"}').content == (
        b'{"type":"delete","id":"e"}'
    )
    assert refusal(b'{"type":"note","id":"e","mine":"\xff"}') == ("bad_field", "$.mine")
    assert refusal(b'{"type":"note","id":"e","text":"\xff"}')[0] == "bad_field"
    assert error(b'{"type":"note","id":"e","\xff":1}')[0] == "bad_json"
    assert error(b'{"type":"\xff"}')[0] == "bad_json"


# --- refusals with a path ---------------------------------------------------------------------

BAD_OPS = [
    ('{"type":"stroke","points":[]}', "bad_field", "$.id"),
    ('{"type":"stroke","id":5,"points":[]}', "bad_field", "$.id"),
    ('{"type":"stroke","id":"","points":[]}', "bad_field", "$.id"),
    ('{"type":"stroke","id":"a\\u0000","points":[]}', "bad_field", "$.id"),
    ('{"type":"stroke","id":"a\\n","points":[]}', "bad_field", "$.id"),
    ('{"type":"stroke","id":"a\\u007f","points":[]}', "bad_field", "$.id"),
    ('{"type":"stroke","id":"%s","points":[]}' % ("x" * 129), "bad_field", "$.id"),
    ('{"type":"stroke","id":"e"}', "bad_field", "$.points"),
    ('{"type":"stroke","id":"e","points":{}}', "bad_field", "$.points"),
    ('{"type":"stroke","id":"e","points":[1]}', "bad_field", "$.points[0]"),
    ('{"type":"stroke","id":"e","points":[[1,2],[1]]}', "bad_field", "$.points[1]"),
    ('{"type":"stroke","id":"e","points":[[1,2,0,0]]}', "bad_field", "$.points[0]"),
    ('{"type":"stroke","id":"e","points":[[1,"2"]]}', "bad_field", "$.points[0][1]"),
    ('{"type":"stroke","id":"e","points":[[1,null]]}', "bad_field", "$.points[0][1]"),
    ('{"type":"stroke","id":"e","points":[[1,1000000001]]}', "bad_field", "$.points[0][1]"),
    ('{"type":"stroke","id":"e","points":[[1,2],[1,2,1.5]]}', "bad_field", "$.points[1][2]"),
    ('{"type":"stroke","id":"e","points":[[1,2,-0.5]]}', "bad_field", "$.points[0][2]"),
    ('{"type":"stroke","id":"e","points":[[1,1e400]]}', "bad_field", "$.points[0][1]"),
    ('{"type":"append","id":"e","points":[]}', "bad_field", "$.from"),
    ('{"type":"append","id":"e","from":-1,"points":[]}', "bad_field", "$.from"),
    ('{"type":"append","id":"e","from":1.5,"points":[]}', "bad_field", "$.from"),
    ('{"type":"append","id":"e","from":"1","points":[]}', "bad_field", "$.from"),
    ('{"type":"append","id":"e","from":9007199254740992,"points":[]}', "bad_field", "$.from"),
    ('{"type":"shape","id":"e"}', "bad_field", "$.kind"),
    ('{"type":"shape","id":"e","kind":null}', "bad_field", "$.kind"),
    ('{"type":"shape","id":"e","kind":"star"}', "bad_field", "$.kind"),
    ('{"type":"text","id":"e"}', "bad_field", "$.text"),
    ('{"type":"text","id":"e","text":null}', "bad_field", "$.text"),
    ('{"type":"image","id":"e"}', "bad_field", "$.asset"),
    ('{"type":"image","id":"e","asset":""}', "bad_field", "$.asset"),
    ('{"type":"set","id":"e"}', "bad_field", "$.props"),
    ('{"type":"set","id":"e","props":null}', "bad_field", "$.props"),
    ('{"type":"set","id":"e","props":[]}', "bad_field", "$.props"),
    ('{"type":"set","id":"e","props":{}}', "bad_field", "$.props"),
    ('{"type":"delete","id":"e","opId":"c"}', "bad_field", "$.opId"),
    ('{"type":"delete","id":"e","opId":"c:0"}', "bad_field", "$.opId"),
    ('{"type":"delete","id":"e","opId":"c:01"}', "bad_field", "$.opId"),
    ('{"type":"delete","id":"e","opId":"c:1\\n"}', "bad_field", "$.opId"),
    ('{"type":"delete","id":"e","opId":"c:9007199254740992"}', "bad_field", "$.opId"),
    ('{"type":"delete","id":"e","opId":"c d:1"}', "bad_field", "$.opId"),
    ('{"type":"delete","id":"e","opId":7}', "bad_field", "$.opId"),
    ('{"type":"delete","id":"e","seen":-1}', "bad_field", "$.seen"),
    ('{"type":"delete","id":"e","seen":"1"}', "bad_field", "$.seen"),
    ('{"type":"delete","id":"e","seen":123456789012345678901234567890}', "bad_field", "$.seen"),
    ('{"type":"delete","id":"e","clock":[]}', "bad_field", "$.clock"),
    ('{"type":"delete","id":"e","clock":{"a":-1}}', "bad_field", "$.clock.a"),
    ('{"type":"delete","id":"e","clock":{"a b":1}}', "bad_field", "$.clock"),
    ('{"type":"delete","id":"e","clock":{"a\\n":1}}', "bad_field", "$.clock"),
    ('{"type":"delete","id":"e","ts":"now"}', "bad_field", "$.ts"),
    ('{"type":"delete","id":"e","ts":1e400}', "bad_field", "$.ts"),
    ('{"type":"delete","type":"restore","id":"e"}', "bad_field", "$.type"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "path"), BAD_OPS)
def test_a_bad_field_is_named(text: str, code: str, path: str) -> None:
    """A malformed op is refused with the path of the field. [REJ-1] [REJ-3] [OP-11] [OP-12] [OP-13] [IDN-7]"""
    assert refusal(text.encode()) == (code, path)


BAD_VALUES = [
    ("x", "1000000000.1"), ("x", "-1e10"), ("x", '"1"'), ("x", "true"), ("x", "[1]"), ("x", "1e400"),
    ("y", "{}"), ("w", '""'), ("h", "false"), ("rotation", "1e308"),
    ("color", "1"), ("color", '"%s"' % ("x" * 65)), ("fill", "[]"),
    ("width", "0"), ("width", "-1"), ("width", "1000.5"), ("size", "0.0"), ("size", '"big"'),
    ("opacity", "1.01"), ("opacity", "-0.01"), ("kind", '"Rectangle"'), ("kind", "1"), ("text", "1"),
    ("asset", '""'), ("asset", '"%s"' % ("x" * 129)),
    ("z", '"a00"'), ("z", '"a"'), ("z", '""'), ("z", "1"), ("z", '"a0%s1"' % ("0" * 62)),
    ("z", '"A%s"' % ("0" * 26)), ("mine", "1e400"), ("mine", '{"a":[-1e999]}'),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), BAD_VALUES)
def test_properties_are_checked_on_every_element(name: str, value: str) -> None:
    """A property out of its range is refused in creates and in sets. [PRP-1] [OP-18]"""
    assert refusal(with_prop(name, value.encode())) == ("bad_field", f"$.props.{name}")
    create = f'{{"type":"note","id":"e","{name}":{value}}}'
    assert refusal(create.encode()) == ("bad_field", f"$.{name}")


GOOD_VALUES = [
    ("x", "-0"), ("x", "-0.0"), ("x", "1e9"), ("x", "-1000000000"), ("x", "1e-400"), ("rotation", "7"),
    ("width", "1000"), ("width", "5e-324"), ("size", "0.1"), ("opacity", "0"), ("opacity", "1"),
    ("color", '"%s"' % ("\N{GRINNING FACE}" * 64)), ("color", '""'), ("z", '"Zz"'), ("z", '"a0%s1"' % ("0" * 61)),
    ("text", '"\\u0000"'), ("asset", '"x"'), ("kind", '"arrow"'),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), GOOD_VALUES)
def test_a_bound_is_inclusive(name: str, value: str) -> None:
    """What is equal to a bound is accepted. [LIM-3] [PRP-1]"""
    found = request(with_prop(name, value.encode()))
    assert isinstance(found.op, SetProperties)
    assert found.op.properties == {name: value.encode()}


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_reserved_names_cannot_be_set(name: str) -> None:
    """Nothing that the server stamps or that is structure can be written. [OP-14] [OP-8]"""
    assert refusal(with_prop(name, b"1")) == ("bad_field", f"$.props.{name}")


# --- bounds -----------------------------------------------------------------------------------


def test_points_per_op_are_bounded() -> None:
    """So many and no more. [OP-17]"""
    at_most = [[1, 2]] * limits.MAX_POINTS_PER_OP
    accepts({"type": "stroke", "id": "e", "points": at_most})
    more = {"id": "e", "points": [*at_most, [1, 2]], "from": 0}
    for kind in ("stroke", "append"):
        assert refusal({"type": kind, **more}) == ("too_many_points", "$.points")


def test_text_is_bounded_in_code_points() -> None:
    """Escapes and bytes do not count. [PRP-6]"""
    longest = "\N{GRINNING FACE}" * limits.MAX_TEXT_CHARS
    for value in (encode(longest), json.dumps(longest).encode()):
        accepts(with_prop("text", value))
    assert refusal(with_prop("text", encode(longest + "x"))) == ("bad_field", "$.props.text")


def test_bytes_of_a_property_are_bounded() -> None:
    """Known or not, however it is spelled. [PRP-6]"""
    most = limits.MAX_PROPERTY_BYTES
    accepts(with_prop("mine", b'"%b"' % (b"x" * (most - 2))))
    assert refusal(with_prop("mine", b'"%b"' % (b"x" * (most - 1)))) == ("too_large", "$.props.mine")
    assert refusal(with_prop("x", b"0." + b"0" * most)) == ("too_large", "$.props.x")
    assert refusal(with_prop("mine", b"[" + b" " * most + b"]")) == ("too_large", "$.props.mine")


def test_properties_of_an_op_are_bounded() -> None:
    """Of a create and of a set. [PRP-7]"""
    most = {f"p{number}": number for number in range(limits.MAX_PROPERTIES)}
    accepts({"type": "note", "id": "e", **most})
    assert refusal({"type": "note", "id": "e", **most, "x": 1}) == ("too_large", "$")
    accepts({"type": "set", "id": "e", "props": most})
    assert refusal({"type": "set", "id": "e", "props": {**most, "x": 1}}) == ("too_large", "$.props")


@pytest.mark.parametrize("name", ["", "x" * 65, "a\u0000", "a\n", "\u0085"])
def test_property_names_are_bounded(name: str) -> None:
    """1 to 64 characters, none a control character. [PRP-4]"""
    path = f"$.props.{name[:64]}"
    assert refusal(with_prop(name, b"1")) == ("bad_field", path)
    accepts(with_prop("\N{GRINNING FACE}" * 64, b"1"))


def test_values_nest_to_a_depth() -> None:
    """A flat array is one level; whatever is deeper is refused, however deep. [PRP-5]"""
    most = limits.MAX_DEPTH
    for opening, closing, levels in (
        (b"[", b"]", most),
        (b'{"a":', b"}", most),
        (b'[{"a":', b"}]", most // 2),
    ):
        good = opening * levels + b"1" + closing * levels
        accepts(with_prop("mine", good))
        assert refusal(with_prop("mine", b"[" + good + b"]")) == ("too_deep", "$.props.mine")
    assert refusal(with_prop("mine", b"[" * 500 + b"]" * 500)) == ("too_deep", "$.props.mine")
    assert refusal(with_prop("mine", b"[" * 1900 + b"]" * 1900)) == ("too_deep", "$.props")


def test_nesting_that_only_the_full_reader_meets_is_too_deep() -> None:
    """A value that was skipped without complaint may still be too deep to read. [PRP-5]"""
    found = validation._check_unknown("mine", b"[" * 2000 + b"]" * 2000, "$.mine")
    assert found is not None
    assert found.code is RejectCode.TOO_DEEP


def test_clocks_are_bounded() -> None:
    """A client with more entries sends `seen` instead. [OP-5]"""
    entries = {f"c{number}": number for number in range(limits.MAX_CLOCK_ENTRIES)}
    assert request({"type": "delete", "id": "e", "clock": entries}).clock == entries
    more = {"type": "delete", "id": "e", "clock": {**entries, "x": 1}}
    assert refusal(more) == ("too_large", "$.clock")


def test_counters_reach_as_far_as_json_is_exact() -> None:
    """The highest counter is 2**53 - 1. [IDN-7]"""
    found = request({"type": "delete", "id": "e", "opId": f"c:{MAX_COUNTER}"})
    assert found.op_id is not None
    assert found.op_id.counter == MAX_COUNTER


# --- half characters and numbers that are none ------------------------------------------------


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (rb'{"type":"set","id":"e","opId":"c:1","props":{"text":"a\ud83d"}}', "$.props.text"),
        (rb'{"type":"set","id":"e","opId":"c:1","props":{"\ud83d":1}}', "$.props.\N{REPLACEMENT CHARACTER}"),
        (rb'{"type":"stroke","id":"e","opId":"c:1","points":[[1,NaN]]}', "$.points[0][1]"),
        (rb'{"type":"note","id":"e","opId":"c:1","x":Infinity}', "$.x"),
        (rb'{"type":"note","id":"e","opId":"c:1","mine":[{"a":"\udc00"}]}', "$.mine[0].a"),
    ],
)
def test_what_only_lenient_readers_take_is_refused_by_name(text: bytes, path: str) -> None:
    """A half surrogate pair or NaN refuses its op, with op id, element and path. [OP-18] [REJ-2] [ERR-3]"""
    answer = read_message(text)
    assert isinstance(answer, BadOp)
    assert (answer.op_id, answer.element) == ("c:1", "e")
    assert (answer.refusal.code, answer.refusal.path) == (RejectCode.BAD_FIELD, path)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (rb'{"type":"cursor","x":NaN,"y":1}', "$.x"),
        (rb'{"type":["\ud83d"],"id":"e"}', "$.type[0]"),
        (rb'{"type":"\ud83d"}', "$.type"),
        (rb'{"a":"\ud83d"}', "$.a"),
    ],
)
def test_half_characters_elsewhere_are_errors(text: bytes, path: str) -> None:
    """What is no op gets an error with the path. [ERR-1]"""
    assert error(text) == ("bad_json", path)


def test_names_that_cannot_be_told_are_left_out() -> None:
    """An op id or element id with half a character in it is not repeated. [REJ-2]"""
    answer = read_message(rb'{"type":"delete","id":"\ud83d","opId":"\ud83d:1"}')
    assert isinstance(answer, BadOp)
    assert (answer.op_id, answer.element) == (None, None)
    answer = read_message(rb'{"type":"delete","x":NaN}')
    assert isinstance(answer, BadOp)
    assert (answer.op_id, answer.element) == (None, None)


def test_long_names_are_cut_in_refusals() -> None:
    """Nobody gets a megabyte back. [REJ-2]"""
    answer = read_message(encode({"type": "delete", "id": "x" * 10_000, "opId": "y" * 10_000}))
    assert isinstance(answer, BadOp)
    assert answer.element == "x" * 128
    assert answer.op_id == "y" * 128
    unknown = read_message(encode({"type": "x" * 10_000}))
    assert isinstance(unknown, BadMessage)
    assert len(unknown.reason) < 100


# --- messages that are no ops -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'{"type":"hello"}', messages.Hello()),
        (
            b'{"type":"hello","v":1,"client":"c","key":"k","name":"Ada","color":"red","since":3,"epoch":"e","token":"t","new":1}',
            messages.Hello(client="c", key="k", name="Ada", color="red", since=3, epoch="e", token="t"),
        ),
        (b'{"type":"hello","client":null,"since":null}', messages.Hello()),
        (b'{"type":"cursor","x":1,"y":-2.5}', messages.Cursor(x=1, y=-2.5)),
        (b'{"type":"laser","points":[[1,2]]}', messages.Laser(points=[[1, 2]])),
        (b'{"type":"laser","points":[[1,2,0.5]]}', messages.Laser(points=[[1, 2, 0.5]])),
        (b'{"type":"laser","points":[]}', messages.Laser(points=[])),
        (b'{"type":"follow","session":"s"}', messages.Follow(session="s")),
        (b'{"type":"ping"}', messages.Ping()),
        (b'{"type":"ping","ts":12.5}', messages.Ping(ts=12.5)),
        (b'{"type":"sync","since":3}', messages.Sync(since=3)),
        (b' {"type" : "sync"} \r\n', messages.Sync(since=0)),
    ],
)
def test_signals_are_read(text: bytes, message: messages.ClientMessage) -> None:
    """Hello, presence, ping and sync, with defaults. [HEL-1] [PRS-2] [PRS-3] [HBT-3] [RES-11] [CON-11]"""
    assert read_message(text) == message


@pytest.mark.parametrize(
    ("text", "code", "path"),
    [
        (b"", "bad_json", None), (b"{", "bad_json", None), (b"garbage", "bad_json", None),
        (b'{"type":"ping"}}', "bad_json", None), (b"\xef\xbb\xbf{}", "bad_json", None),
        (b"{'type':'ping'}", "bad_json", None), (b'{"type":"ping","ts":01}', "bad_json", None),
        (b"null", "bad_message", "$"), (b"5", "bad_message", "$"), (b'"ping"', "bad_message", "$"),
        (b"[]", "bad_message", "$"), (b"{}", "bad_message", "$.type"), (b'{"type":5}', "bad_message", "$"),
        (b'{"type":null}', "bad_message", "$"), (b'{"type":"Ping"}', "unknown_type", "$.type"),
        (b'{"type":""}', "unknown_type", "$.type"), (b'{"type":"welcome"}', "unknown_type", "$.type"),
        (b'{"type":"cursor","x":1}', "bad_message", "$.y"),
        (b'{"type":"cursor","x":1,"y":1e10}', "bad_message", "$.y"),
        (b'{"type":"laser","points":[[1,2,3,4]]}', "bad_message", "$.points[0]"),
        (b'{"type":"follow"}', "bad_message", "$.session"),
        (b'{"type":"ping","ts":"1"}', "bad_message", "$.ts"),
        (b'{"type":"sync","since":-1}', "bad_message", "$.since"),
        (b'{"type":"hello","client":"a b"}', "bad_message", "$.client"),
        (b'{"type":"hello","client":"a\\n"}', "bad_message", "$.client"),
        (b'{"type":"hello","key":""}', "bad_message", "$.key"),
        (b'{"type":"hello","v":"1"}', "bad_message", "$.v"),
    ],
)  # fmt: skip
def test_what_is_no_message_gets_an_error(text: bytes, code: str, path: str | None) -> None:
    """JSON or not, object or not, known or not: an error with a code. [ERR-1] [CON-15] [IDN-1] [IDN-3]"""
    assert error(text) == (code, path)


def test_signals_are_bounded() -> None:
    """Laser points, names, colours and keys. [PRS-7] [HEL-11] [IDN-3]"""
    trail = [[1, 2]] * limits.MAX_LASER_POINTS
    assert isinstance(read_message(encode({"type": "laser", "points": trail})), messages.Laser)
    assert error(encode({"type": "laser", "points": [*trail, [1, 2]]})) == ("bad_message", "$.points")
    for name, most in (("name", 64), ("color", 64), ("key", 128), ("client", 64)):
        assert isinstance(read_message(encode({"type": "hello", name: "x" * most})), messages.Hello)
        assert error(encode({"type": "hello", name: "x" * (most + 1)})) == ("bad_message", f"$.{name}")


def test_nesting_without_end_is_an_error() -> None:
    """The reader's own depth is a bound, too. [ERR-1]"""
    bottomless = b'{"type":"ping","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert error(bottomless) == ("too_deep", "$.x")
    assert error(bottomless[:-1]) == ("too_deep", None)
    answer = split_frame(b"[" * 100_000)
    assert isinstance(answer, BadMessage)
    assert answer.code == "too_deep"


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"foo": 10**309}, "$.foo"),
        ({"foo": [{"bar": [-(10**400)]}]}, "$.foo"),
        ({"ts": 10**309}, "$.ts"),
    ],
)
def test_integers_beyond_the_doubles_are_refused(fields: dict[str, Any], path: str) -> None:
    """What a browser would read as infinity is no number to keep; smaller ones stand as spelled. [OP-18] [PRP-8]"""
    assert refusal({"type": "note", "id": "e", **fields}) == ("bad_field", path)
    kept = request(b'{"type":"note","id":"e","foo":' + b"9" * 300 + b"}")
    assert kept.content.endswith(b"9" * 300 + b"}")


def test_a_clock_s_bad_entry_is_named() -> None:
    """The path goes down to the client whose number is none. [REJ-3]"""
    clock = {"a": 1, "b": -1, "c": 2}
    assert refusal({"type": "delete", "id": "e", "clock": clock}) == ("bad_field", "$.clock.b")


def test_null_is_as_good_as_nothing() -> None:
    """A client that writes out what it does not have is served like one that leaves it out. [OP-3]"""
    said = request({"type": "note", "id": "e", "opId": None, "seen": None, "clock": None, "ts": None})
    assert said == request({"type": "note", "id": "e"})


def test_a_value_that_looks_like_a_complaint_does_not_change_where_the_fault_is() -> None:
    """The decoder repeats the value: path and reason are its own all the same. [REJ-3]"""
    for odd in (" - at `$.x`", " - at `$" * 1_000, "Object missing required field `z`", "`"):
        text = json.dumps({"type": "shape", "id": "s", "kind": odd}).encode()
        found = read_message(text)
        assert isinstance(found, BadOp)
        assert found.refusal.path == "$.kind"
        assert found.refusal.reason.startswith("Invalid enum value")
        assert len(found.refusal.reason) <= limits.MAX_REASON_CHARS
