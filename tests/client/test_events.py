"""Server messages as events."""

import msgspec
import pytest

from whiteboard.client import events
from whiteboard.client.events import Ack, MalformedMessage, OpEvent, Rejected, Unknown, read_event
from whiteboard.protocol import messages


def tags(union: object) -> set[str]:
    """The message types of a union of the protocol's classes."""
    info = msgspec.inspect.type_info(union)
    assert isinstance(info, msgspec.inspect.UnionType)
    return {str(one.tag) for one in info.types if isinstance(one, msgspec.inspect.StructType)}


def test_every_message_of_the_server_is_known() -> None:
    """The client knows each type of message that the protocol's classes have."""
    assert tags(messages.ServerMessage) == set(events._BY_TYPE)


def test_every_op_of_the_protocol_is_known() -> None:
    """The client's op types are the protocol's."""
    assert tags(messages.ClientOp) == events.OP_TYPES


def test_names_become_pythons() -> None:
    """`opId` is read as `op_id`; missing fields have their defaults."""
    assert read_event({"type": "ack", "opId": "c:1", "seq": 3}) == Ack(op_id="c:1", seq=3)
    refused = read_event({"type": "reject", "opId": None, "id": None, "code": "forged", "reason": "r"})
    assert refused == Rejected(code="forged", reason="r")


def test_an_op_stays_as_it_came() -> None:
    """An op event holds the stamped op with fields that nobody knows."""
    op = {"type": "set", "id": "a", "seq": 5, "props": {"zz": [1]}, "element": {"id": "a"}, "new": 1}
    assert read_event(op) == OpEvent(seq=5, op=op)


def test_new_kinds_and_fields_are_no_fault() -> None:
    """What a newer server says does not end the connection. [CON-16]"""
    assert read_event({"type": "fanfare", "n": 1}) == Unknown(message={"type": "fanfare", "n": 1})
    assert read_event({"n": 1}) == Unknown(message={"n": 1})
    assert read_event({"type": ["list"]}) == Unknown(message={"type": ["list"]})
    assert read_event({"type": "leave", "session": "s", "new": 1}) == events.Left(session="s")


@pytest.mark.parametrize(
    "message",
    [
        {"type": "ack", "opId": "c:1"},
        {"type": "ack", "opId": "c:1", "seq": "3"},
        {"type": "stroke", "id": "a"},
        {"type": "stroke", "id": "a", "seq": 0},
        {"type": "drain", "reconnect": [1]},
    ],
)
def test_known_kinds_must_be_whole(message: events.Json) -> None:
    """A known type without what belongs to it is malformed."""
    with pytest.raises(MalformedMessage):
        read_event(message)
