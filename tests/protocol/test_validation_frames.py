"""Validation of whole frames: batches, and anything at all."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from protocol.asking import request
from strategies import content, encode, json_values, stamped_ops, texts

from whiteboard import limits
from whiteboard.protocol import messages
from whiteboard.protocol.validation import (
    BadMessage,
    BadOp,
    OpRequest,
    read_message,
    split_frame,
)

# --- frames -----------------------------------------------------------------------------------


def test_a_frame_is_one_message_or_a_batch() -> None:
    """An object stays whole, an array is taken apart. [CON-6]"""
    assert split_frame(b' \t\r\n{"type":"ping"}') == [b'{"type":"ping"}']
    assert split_frame(b'\n[ {"type":"ping"} , 5 ]') == [b'{"type":"ping"}', b"5"]
    assert split_frame(b"[]") == []


def test_a_bad_message_of_a_batch_refuses_only_itself() -> None:
    """Whatever is JSON between good messages is handled alone. [CON-7] [ERR-3]"""
    frame = rb'[{"type":"ping"},null,{"type":"set","id":"e","props":{"text":"\ud83d"}},[[]],{"type":"delete","id":"e"}]'
    parts = split_frame(frame)
    assert isinstance(parts, list)
    kinds = [type(read_message(part)) for part in parts]
    assert kinds == [messages.Ping, BadMessage, BadOp, BadMessage, OpRequest]


def test_a_message_that_is_too_deep_takes_no_other_along() -> None:
    """The ops beside it are read, and it is refused under its own names. [CON-7] [ACK-1] [REJ-1]"""
    deep = b'{"type":"note","id":"dn","opId":"a:2","foo":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    parts = split_frame(b'[{"type":"delete","id":"e","opId":"a:1"},' + deep + b"]")
    assert isinstance(parts, list)
    good, bad = map(read_message, parts)
    assert isinstance(good, OpRequest)
    assert isinstance(bad, BadOp)
    assert (bad.op_id, bad.element, bad.refusal.code.value, bad.refusal.path) == (
        "a:2",
        "dn",
        "too_deep",
        "$.foo",
    )


@pytest.mark.parametrize(
    "frame", [b"[", b'[{"type":"ping"},garbage]', b'[{"type":"ping"}', b"[1,]", b"[\xff]"]
)
def test_a_batch_that_is_no_json_is_refused_whole(frame: bytes) -> None:
    """One error for the frame. [CON-8]"""
    answer = split_frame(frame)
    assert isinstance(answer, BadMessage)
    assert answer.code == "bad_json"


def test_a_batch_is_bounded() -> None:
    """So many messages and no more, also in one that only a lenient reader takes. [LIM-2] [ERR-1]"""
    parts = split_frame(b"[" + b",".join([b"{}"] * limits.MAX_BATCH) + b"]")
    assert isinstance(parts, list)
    assert len(parts) == limits.MAX_BATCH
    commas = [b"[" + b"0," * limits.MAX_BATCH + b"0]"] * 3
    assert split_frame(b" [" + b" , ".join(commas) + b"] ") == commas
    shortest = [b"0"] * limits.MAX_BATCH
    assert split_frame(b"[" + b",".join(shortest) + b"]") == shortest
    for odd in (b"{}", b"NaN", b"0", b"0] and more"):
        answer = split_frame(b"[" + b",".join([*shortest, odd]) + b"]")
        assert isinstance(answer, BadMessage)
        assert answer.code == "too_large"


# --- anything at all --------------------------------------------------------------------------


def survives(frame: bytes) -> None:
    """Reading never raises, and what is accepted is JSON that every reader takes."""
    parts = split_frame(frame)
    if isinstance(parts, BadMessage):
        msgspec.json.encode(parts.reason)
        return
    for part in parts:
        match read_message(part):
            case OpRequest() as found:
                strict = json.loads(found.content.decode(), parse_constant=pytest.fail)
                assert strict["id"] == found.op.element
                assert request(found.content).op == found.op
            case BadOp() as bad:
                msgspec.json.encode([bad.op_id, bad.element, bad.refusal.reason, bad.refusal.path])
            case BadMessage() as bad:
                msgspec.json.encode([bad.reason, bad.path])


@given(st.binary())
@example(b'{"type":[NaN]}')
@example(b'{"type":{"\\ud800":1}}')
def test_any_bytes_are_read_or_refused(frame: bytes) -> None:
    """Bytes out of nowhere raise nothing. [ERR-1]"""
    survives(frame)


@given(st.lists(json_values, max_size=4))
def test_any_json_is_read_or_refused(values: list[object]) -> None:
    """JSON out of nowhere raises nothing. [ERR-1]"""
    survives(encode(values))


message_fields = st.fixed_dictionaries(
    {"type": st.sampled_from(["stroke", "append", "shape", "text", "set", "hello", "cursor", "ping"])},
    optional=dict.fromkeys(
        ("id", "points", "from", "props", "opId", "seen", "clock", "ts", "x", "z", "kind", "mine"),
        json_values | texts,
    ),
)


@given(st.lists(message_fields, max_size=3))
def test_messages_with_any_fields_are_read_or_refused(some: list[dict[str, Any]]) -> None:
    """Known types with fields of any kind raise nothing. [REJ-1] [ERR-1]"""
    survives(encode(some))


@given(stamped_ops(), st.data())
def test_mutated_ops_are_read_or_refused(some: list[Any], data: st.DataObject) -> None:
    """Valid frames with bytes changed, cut out or doubled raise nothing. [ERR-1]"""
    frame = bytearray(encode([content(one.op) for one in some]))
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(frame)))
        end = data.draw(st.integers(at, min(at + 4, len(frame))))
        frame[at:end] = data.draw(
            st.binary(max_size=3) | st.sampled_from([b'"', b"[", b"}", b"\\u", b"-", b"\xff"])
        )
    survives(bytes(frame))
