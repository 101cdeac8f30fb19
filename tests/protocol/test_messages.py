"""Message classes: what tells them apart, and what the server sends."""

import json
from typing import get_args

import msgspec

from whiteboard.core.ops import RESERVED, ElementType
from whiteboard.protocol import messages


def tags(union: object) -> list[str]:
    """The `type` of every class of a union."""
    return [str(one.__struct_config__.tag) for one in get_args(union)]


def test_every_type_names_one_message() -> None:
    """No two messages of one side share a type. [CON-15]"""
    for union in (messages.ClientMessage, messages.ServerMessage):
        assert len(set(tags(union))) == len(tags(union))


def test_op_types_are_a_closed_set() -> None:
    """The creates, which are the element types, and four more. [OP-1]"""
    creates = {str(one.__struct_config__.tag) for one in messages.CREATES}
    assert creates == {kind.value for kind in ElementType}
    assert set(tags(messages.ClientOp)) == creates | {"append", "set", "delete", "restore"}


def test_no_property_has_a_reserved_name() -> None:
    """Known properties and structure never meet. [OP-8]"""
    assert not RESERVED & set(messages.Properties.__struct_fields__)
    structure = set(messages.Stroke.__struct_fields__) | set(messages.Append.__struct_fields__)
    assert set(messages.Append.__struct_encode_fields__) <= RESERVED
    assert structure - set(messages.Properties.__struct_fields__) - {"start"} <= RESERVED


def test_an_ack_leaves_out_what_the_client_did_not_say() -> None:
    """`ts` comes back as it was given, or not at all. [ACK-2]"""
    ack = messages.Ack(opId="a:1", id="e", seq=1, at=9, durable="disk")
    assert json.loads(msgspec.json.encode(ack)) == {
        "type": "ack", "opId": "a:1", "id": "e", "seq": 1, "at": 9, "durable": "disk",
    }  # fmt: skip
    ack.ts = 1.5
    assert json.loads(msgspec.json.encode(ack))["ts"] == 1.5


def test_a_cursor_has_only_the_parts_that_were_sent() -> None:
    """Absent parts are absent, an ended laser is an empty list. [PRS-3] [PRS-4]"""
    cursors = messages.Cursors(
        cursors=[messages.CursorOf(session="s", x=1, y=2), messages.CursorOf(session="t", laser=[])]
    )
    assert json.loads(msgspec.json.encode(cursors)) == {
        "type": "cursors", "cursors": [{"session": "s", "x": 1, "y": 2}, {"session": "t", "laser": []}],
    }  # fmt: skip
