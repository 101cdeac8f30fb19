"""Elements: registers, ink and tombstone of one id, and their JSON forms."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import ELEMENTS, encode, run, stamped_ops

from whiteboard.core.clocks import Stamp
from whiteboard.core.elements import Element, run_of
from whiteboard.core.ops import (
    RESERVED,
    Append,
    Create,
    Delete,
    ElementType,
    Op,
    Restore,
    SetProperties,
    StampedOp,
)
from whiteboard.ids import ClientId, ElementId

A, B = ClientId("a"), ClientId("b")
E = ElementId("e")


def stamp(lamport: int, client: ClientId = A, counter: int = 1) -> Stamp:
    """A stamp, mostly its lamport number."""
    return Stamp(lamport, client, counter)


def stroke(points: list[list[float]], **values: object) -> Create:
    """A create of a stroke."""
    return Create(E, ElementType.STROKE, raw(values), run(0, points))


def shape(**values: object) -> Create:
    """A create of a shape."""
    return Create(E, ElementType.SHAPE, raw({"kind": "line", **values}))


def write(**values: object) -> SetProperties:
    """A set."""
    return SetProperties(E, raw(values))


def raw(values: dict[str, Any]) -> dict[str, bytes]:
    """Property values as JSON text."""
    return {name: encode(value) for name, value in values.items()}


def element(*ops: tuple[Op, Stamp]) -> Element:
    """An element that met these ops."""
    made = Element(E)
    for op, at in ops:
        made.apply(op, at)
    return made


def state(one: Element) -> Any:
    """The decoded state."""
    return json.loads(one.state())


def test_the_lowest_create_gives_type_and_author() -> None:
    """Of several creates of one id the lowest stamp wins. [MRG-2]"""
    made = element((shape(x=1), stamp(5)), (stroke([[0, 0]]), stamp(3, B)))
    assert (made.kind, made.author, made.created) == (ElementType.STROKE, B, stamp(3, B))
    assert not made.apply(stroke([]), stamp(4, B, 2))
    assert made.created == stamp(3, B)


def test_a_losing_create_still_writes_its_properties() -> None:
    """A create's properties are writes at its stamp, whether it counts or not. [MRG-4]"""
    made = element((shape(x=1), stamp(3)), (shape(x=2, y=2), stamp(5, B)))
    assert made.properties == raw({"kind": "line", "x": 2, "y": 2})


def test_the_highest_write_of_a_property_counts() -> None:
    """Each property merges on its own; the same stamp again changes nothing. [MRG-3] [MRG-5] [MRG-6]"""
    made = element((shape(x=1, y=1), stamp(1)))
    assert made.apply(write(x=5), stamp(5))
    assert not made.apply(write(x=4), stamp(4, B))
    assert not made.apply(write(x=9), stamp(5))
    assert made.apply(write(y=4), stamp(4, B))
    assert made.properties == raw({"kind": "line", "x": 5, "y": 4})


def test_null_unsets_and_is_kept() -> None:
    """A null is merged like any value, shown nowhere and there in the state. [PRP-2] [ELM-2]"""
    made = element((shape(x=1), stamp(1)), (write(x=None), stamp(2)))
    assert made.properties == raw({"kind": "line"})
    assert set(made.property_names) == {"kind", "x"}
    assert state(made)["x"] is None
    assert "x" not in json.loads(made.view())


def test_the_tombstone_is_a_register() -> None:
    """Delete and restore are writes; a create does not touch them. [MRG-7] [MRG-8] [ACC-17] [OP-15]"""
    made, seen = element((Delete(E), stamp(3))), []
    for op, at in ((shape(), stamp(9, B)), (Restore(E), stamp(2)), (Restore(E), stamp(4))):
        made.apply(op, at)
        seen.append((made.is_deleted, made.is_visible))
    assert seen == [(True, False), (True, False), (False, True)]
    assert state(made)["deleted"] is False


def test_points_of_others_and_beyond_gaps_are_kept_and_not_shown() -> None:
    """Shown points are the author's from 0 to the first gap. [MRG-10] [MRG-12] [ELM-5] [ELM-6]"""
    made = element(
        (stroke([[0, 0]]), stamp(1)),
        (Append(E, run(1, [[9, 9]])), stamp(2, B)),
        (Append(E, run(3, [[3, 3]])), stamp(2)),
    )
    assert made.points == run(0, [[0, 0]])
    assert state(made)["points"] == [[0, 0]]
    assert state(made)["ink"] == {"a": [[3, [[3, 3]]]], "b": [[1, [[9, 9]]]]}


def test_points_of_what_is_no_stroke_are_not_shown() -> None:
    """Points that came before a shape's create stay ink. [MRG-13]"""
    made = element((Append(E, run(0, [[1, 1]])), stamp(1)), (shape(), stamp(2)))
    assert made.points is None
    assert "points" not in state(made)
    assert state(made)["ink"] == {"a": [[0, [[1, 1]]]]}
    assert "points" not in json.loads(made.view())


def test_a_state_before_the_create_has_no_head() -> None:
    """Without a create there is an id, registers with all their stamps, and ink. [ELM-1] [ELM-4]"""
    made = element((write(x=1), stamp(2)), (Delete(E), stamp(3)))
    assert state(made) == {
        "id": "e",
        "x": 1,
        "deleted": True,
        "stamps": {"x": [2, "a", 1], "deleted": [3, "a", 1]},
    }
    with pytest.raises(ValueError, match="not created"):
        made.draw_key  # noqa: B018 - asking is what raises


def test_stamps_of_the_create_are_left_out() -> None:
    """`stamps` names only registers that something else than the create wrote. [ELM-3] [ELM-4]"""
    made = element((shape(x=1, y=2), stamp(1)), (write(y=3), stamp(2, B, 7)))
    assert state(made) == {
        "id": "e",
        "type": "shape",
        "by": "a",
        "created": [1, "a", 1],
        "kind": "line",
        "x": 1,
        "y": 3,
        "stamps": {"y": [2, "b", 7]},
    }


def test_the_visible_form_has_no_stamps() -> None:
    """The view is what people read: id, type, author, set properties, points. [ELM-9]"""
    made = element((stroke([[1, 2]], color="red", x=None), stamp(1)), (Restore(E), stamp(2)))
    assert json.loads(made.view()) == {
        "id": "e",
        "type": "stroke",
        "by": "a",
        "color": "red",
        "points": [[1, 2]],
    }


def test_elements_without_z_are_drawn_in_order_of_creation() -> None:
    """The effective key is `z` or the create's rank; the create's stamp breaks ties. [MRG-18]"""
    made = element((shape(), stamp(62)))
    assert made.draw_key == ("b00", stamp(62))
    made.apply(write(z="a0V"), stamp(63))
    assert made.draw_key == ("a0V", stamp(62))
    made.apply(write(z=None), stamp(64))
    assert made.draw_key == ("b00", stamp(62))


def grown(ops: list[StampedOp]) -> Element:
    """Element e1 out of some ops."""
    made = Element(ELEMENTS[0])
    for op in ops:
        if op.op.element == made.id:
            made.apply(op.op, op.stamp)
    return made


@given(stamped_ops())
def test_a_state_joined_into_nothing_is_the_same_state(some: list[StampedOp]) -> None:
    """State and join are inverse, and joining again changes nothing. [ELM-7] [ELM-8]"""
    made, twin = grown(some), Element(ELEMENTS[0])
    assert twin.join(made.state()) == (state(made) != {"id": made.id})
    assert state(twin) == state(made)
    assert not twin.join(made.state())


@given(stamped_ops(), st.data())
def test_join_is_the_least_upper_bound(some: list[StampedOp], data: st.DataObject) -> None:
    """Two replicas with parts of the ops join to what one with all of them has. [ELM-7] [MRG-1]"""
    cut, again = data.draw(st.integers(0, len(some))), data.draw(st.integers(0, len(some)))
    one, other = grown(some[:cut]), grown(some[min(cut, again) :])
    states = one.state(), other.state()
    one.join(states[1])
    other.join(states[0])
    assert state(one) == state(other) == state(grown(some))


@given(stamped_ops())
def test_apply_tells_whether_anything_changed(some: list[StampedOp]) -> None:
    """True exactly when the state differs afterwards, and never the second time. [MRG-6]"""
    made = Element(ELEMENTS[0])
    for op in some:
        if op.op.element == made.id:
            before = state(made)
            assert made.apply(op.op, op.stamp) == (state(made) != before)
            assert not made.apply(op.op, op.stamp)


@given(stamped_ops(), stamped_ops())
def test_a_copy_is_independent(some: list[StampedOp], more: list[StampedOp]) -> None:
    """What a copy meets does not show in its origin."""
    made = grown(some)
    before, twin = state(made), made.copy()
    assert state(twin) == before
    for op in more:
        twin.apply(op.op, op.stamp)
    assert state(made) == before


@given(stamped_ops())
def test_the_size_is_about_the_state_s(some: list[StampedOp]) -> None:
    """The estimate stays within what stamps and ids can add to it."""
    made = grown(some)
    assert made.size_bytes <= len(made.state()) + 200
    assert len(made.state()) <= 6 * made.size_bytes


@pytest.mark.parametrize(
    "text",
    [
        b"", b"[]", b"null", b'{"id":"e","x":1}', b'{"id":"e","created":[1,"a",1]}',
        b'{"id":"e","type":"circle","created":[1,"a",1]}', b'{"id":"e","type":"note","created":[1,"a"]}',
        b'{"id":"e","x":1,"stamps":{"x":1}}', b'{"id":"e","ink":{"a":[[0,5]]}}', b'{"id":"e","ink":[]}',
        b'{"id":"e","x":1,"stamps":{"x":[1,"\xff",1]}}', b'{"\xff":1}',
    ],
)  # fmt: skip
def test_what_is_no_state_is_an_error(text: bytes) -> None:
    """Bytes that are no element state raise ValueError and nothing else."""
    with pytest.raises(ValueError, match="no state of element 'e'"):
        Element(E).join(text)


def test_a_state_may_be_spelled_with_spaces() -> None:
    """White space around values means nothing, for null and true neither."""
    made = Element(E)
    made.join(
        b'{ "id" : "e" , "type" : "note" , "created" : [ 1 , "a" , 1 ] , "x" : null , "deleted" : true ,'
        b' "stamps" : { "deleted" : [ 2 , "a" , 2 ] } }'
    )
    assert made.is_deleted
    assert made.properties == {}


def test_run_of_counts_points() -> None:
    """An array of points becomes a run without its brackets."""
    assert run_of(3, b" [ [1,2] , [3,4] ] ") == run_of(3, b"[[1,2] , [3,4]]")
    assert run_of(3, b"[]").count == 0
    assert run_of(3, b"[[1,2],[3,4]]").end == 5


def test_reserved_names_are_those_of_the_wire() -> None:
    """The closed set of names that are never properties. [OP-8]"""
    words = (
        "id type by opId seq at clock seen lamport ts points from props element created stamps deleted ink"
    )
    assert frozenset(words.split()) == RESERVED


def test_names_that_mean_something_to_languages_are_names() -> None:
    """`__proto__` and its like are properties and client ids like any other. [MRG-19]"""
    made = element(
        (shape(__proto__=1, constructor=2), stamp(1, ClientId("__proto__"))),
        (write(toString=3), stamp(2)),
    )
    assert made.properties == raw({"kind": "line", "__proto__": 1, "constructor": 2, "toString": 3})
    assert made.author == "__proto__"
