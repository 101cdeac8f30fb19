"""Salvage: what lenient readers take and a strict one does not."""

import json

import pytest
from hypothesis import given
from strategies import encode, json_values

from whiteboard import limits
from whiteboard.protocol import salvage


@given(json_values)
def test_there_is_no_fault_in_what_everybody_takes(value: object) -> None:
    """Plain JSON has neither half characters nor infinities."""
    assert salvage.find_fault(encode({"a": value})) is None


@pytest.mark.parametrize(
    ("text", "reason", "path"),
    [
        (rb'{"a":[1,{"b":"\ud800x"}]}', "half a character (a lone surrogate)", "$.a[1].b"),
        (rb'{"a":-Infinity}', "a number that is not finite", "$.a"),
        (rb'{"a":1e999}', "a number that is not finite", "$.a"),
    ],
)
def test_the_first_fault_is_named(text: bytes, reason: str, path: str) -> None:
    """Reason and path of the field. [OP-18]"""
    fault = salvage.find_fault(text)
    assert fault is not None
    assert (fault.reason, fault.path) == (reason, path)


def test_fields_that_should_be_names_are_names_or_empty() -> None:
    """A type that is a list is no type."""
    fault = salvage.find_fault(b'{"type":["a"],"id":"e","x":NaN}')
    assert fault is not None
    assert (fault.name_of("type"), fault.name_of("id"), fault.name_of("opId")) == ("", "e", "")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[1]",
        b"garbage",
        b"\xff",
        b"{" * 5_000,
        b'{"a":' * 100_000,
        b"1" * 5_000,
        b'{"a":1,' + b"[" * 5_000,
        b'{"a":' + b"[" * 5_000 + b"]" * 5_000 + b"," + b"[" * 5_000,
        b'{"a":' + b"[" * 5_000 + b'"' + b'\\"' * 500_000,
        b'{"a":' + b"[" * 5_000 + b'"' + b'\\"' * 500_000 + b"\\",
    ],
)
def test_what_nobody_takes_is_left(text: bytes) -> None:
    """No JSON, no object, no end: there is nothing to find, nothing is raised, and nothing looked at for hours."""
    assert salvage.find_fault(text) is None


def test_nesting_near_the_reader_s_end_is_left() -> None:
    """Whatever depth the reader takes, looking for the fault raises nothing."""
    for depth in range(100, 2_000, 50):
        text = b'{"a":' + b"[" * depth + b"NaN" + b"]" * depth + b"}"
        fault = salvage.find_fault(text)
        assert fault is None or fault.is_depth or fault.reason == "a number that is not finite"
        salvage.split(b"[" + text + b"]")


def test_a_path_is_cut_where_nothing_could_be_taken() -> None:
    """A thousand long names, told for each of thousands of values, would be gigabytes."""
    depth = 900
    text = ('{"%s":' % ("n" * 100)) * depth + "[" + "0," * 1_000 + "NaN]" + "}" * depth
    fault = salvage.find_fault(text.encode())
    assert fault is not None
    assert fault.path.startswith("$." + "n" * limits.MAX_PROPERTY_NAME_CHARS + ".n")
    assert len(fault.path) < 1_000


def test_messages_beside_a_faulty_one_keep_their_spelling() -> None:
    """Numbers, doubled names and white space come out as they came in. [LOG-6] [CON-7]"""
    texts = [b'{"a":[[1.10,2e1]],"b":12345678901234567890.00}', b'{ "k":1,"k" : 2 }', b"7" * 5_000]
    deep = b'{"d":' + b"[" * 5_000 + b"]" * 5_000 + b"}"
    for odd in (b'{"x":NaN}', rb'{"x":"\ud800 ] \" ["}', deep):
        assert salvage.split(b" [ " + b" , ".join([*texts, odd, *texts]) + b"\n] ") == [*texts, odd, *texts]


@pytest.mark.parametrize(
    "text", [b"[NaN,]", b"[NaN", b"[NaN]]", b"[NaN x]", b"[,NaN]", b"[" * 5_000 + b"NaN", b'[NaN,"]']
)
def test_what_is_no_array_is_not_split(text: bytes) -> None:
    """Something missing or too much: no batch at all. [CON-8]"""
    assert salvage.split(text) is None


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_a_field_that_is_nested_too_deeply_is_named(opening: str) -> None:
    """The other fields are read all the same, before it and behind it. [REJ-2] [REJ-3]"""
    closing = {"[": "]", '{"a":': "}"}[opening]
    deep = opening * 50_000 + "0" + closing * 50_000
    text = f'{{"type":"note", "foo" : {deep} ,"id":"e","s":"] }}","bar":{deep},"opId":"c:1"}}'
    fault = salvage.find_fault(text.encode())
    assert fault is not None
    assert (fault.path, fault.is_depth) == ("$.foo", True)
    assert [fault.name_of(name) for name in ("type", "id", "opId")] == ["note", "e", "c:1"]


def test_a_batch_is_split_into_messages_that_keep_their_faults() -> None:
    """Each message comes out as text of its own; no array, no batch. [ERR-3]"""
    assert salvage.split(rb'[{"a":"\ud83d"},5]') == [rb'{"a":"\ud83d"}', b"5"]
    assert salvage.split(b'{"a":1}') is None
    assert salvage.split(b"[") is None
    assert json.loads((salvage.split(b"[NaN]") or [b""])[0]) != 0


def test_a_fault_behind_many_values_is_not_searched_for() -> None:
    """A megabyte of numbers with a NaN at its end must not cost a third of a second."""
    most = 4 * limits.MAX_POINTS_PER_OP
    assert salvage.find_fault(b'{"a":[%sNaN]}' % (b"1," * (most - 10))) is not None
    assert salvage.find_fault(b'{"a":[%sNaN]}' % (b"1," * most)) is None


def test_of_a_batch_that_is_too_long_no_more_is_read_than_shows_it() -> None:
    """One message more than may be, not half a million."""
    batch = salvage.split(b"[" + b"1," * 10_000 + b"NaN]")
    assert batch is not None
    assert len(batch) == limits.MAX_BATCH + 1
