"""The generated descriptions: fresh, valid, and right about good and bad messages."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it ships no annotations
import pytest
from hypothesis import given
from strategies import History, content, encode, histories, ops, wire

import whiteboard
from whiteboard import limits
from whiteboard.core.ops import Op
from whiteboard.core.outcomes import RejectCode, Rejected
from whiteboard.protocol import close_codes, codec, messages, schema
from whiteboard.protocol.validation import BadMessage, BadOp, OpRequest, read_message

GENERATED = Path(whiteboard.__file__).parent / "protocol" / "generated"


@cache
def document() -> Any:
    """The JSON Schema of all messages."""
    return json.loads(schema.messages_schema())


@cache
def validator(name: str) -> jsonschema.Draft202012Validator:
    """A validator of one definition."""
    return jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": document()["$defs"]})


def is_valid(name: str, message: object) -> bool:
    """Whether a decoded message is what a definition describes."""
    return bool(validator(name).is_valid(message))


@pytest.mark.parametrize("name", schema.DOCUMENTS)
def test_the_committed_copy_is_fresh(name: str) -> None:
    """What ships in the package is what the classes generate, twice the same."""
    assert (GENERATED / name).read_bytes() == schema.DOCUMENTS[name]() == schema.DOCUMENTS[name]()


def test_the_schema_is_a_schema() -> None:
    """It passes the metaschema of its draft, and all its references lead somewhere."""
    jsonschema.Draft202012Validator.check_schema(document())
    for reference in references(document()):
        resolve(document(), reference)


@given(ops())
def test_what_the_server_takes_the_schema_takes(op: Op) -> None:
    """Every op that passes validation is a valid client message, and no server message. [OP-1] [PRP-1]"""
    assert isinstance(read_message(encode(content(op))), OpRequest)
    assert is_valid("ClientMessage", content(op))
    assert is_valid("ClientFrame", [content(op), {"type": "ping"}])
    assert not is_valid("ServerMessage", content(op))


@given(histories(max_steps=8))
def test_stamped_ops_and_states_are_described(history: History) -> None:
    """The log as everybody gets it, and snapshots, are valid server messages. [LOG-2] [ELM-1] [RES-7]"""
    for op, accepted in zip(history.log, history.accepted, strict=True):
        assert is_valid("ServerMessage", wire(op, accepted.seen))
    states = b",".join(one.state() for one in history.board)
    part = codec.begin_snapshot_part(3, 1, 1) + states + codec.END_OF_SNAPSHOT_PART
    assert is_valid("ServerMessage", json.loads(part))
    for one in history.board:
        assert is_valid("ElementState", json.loads(one.state()))


HEARTBEAT = messages.Heartbeat(ping=10, dead=30)
PEER = messages.Peer(session="s", client="c", name="Ada", color="")
FROM_SERVER: list[messages.ServerMessage] = [
    messages.Welcome(
        v=1, session="s", client="c", key="k", board="b", epoch="e", seq=0, clock={"c": 0}, role="editor",
        peers=[PEER], limits=limits.published(), heartbeat=HEARTBEAT, durable="disk",
    ),
    messages.Snapshot(seq=0, part=1, parts=1, elements=[]),
    messages.Ack(opId="a:1", id="e", seq=1, at=1, durable="disk", ts=1.5),
    messages.Reject(opId=None, id=None, code="bad_field", reason="r", retry=False, path="$.x"),
    messages.Error(code="bad_json", reason="r"),
    messages.Pong(ts=None),
    messages.Join(session="s", client="c", name="", color=""),
    messages.Leave(session="s"),
    messages.Cursors(cursors=[messages.CursorOf(session="s", x=1, laser=[[1, 2]], follow="")]),
    messages.Resync(reason="r"),
    messages.Role(role="viewer"),
    messages.Drain(reconnect=(0, 5)),
]  # fmt: skip


@pytest.mark.parametrize("message", FROM_SERVER, ids=lambda one: type(one).__name__)
def test_what_the_server_sends_is_described(message: messages.ServerMessage) -> None:
    """Each message class, encoded, is valid; without a required field it is not. [HEL-8] [ACK-2] [DRN-1]"""
    sent = json.loads(codec.encode(message))
    assert is_valid("ServerMessage", sent)
    assert is_valid("ServerFrame", [sent])
    assert not is_valid("ServerMessage", {"type": sent["type"], "unknown": 1}) or isinstance(
        message, messages.Pong
    )


def test_refusals_as_they_are_sent_are_described() -> None:
    """Rejects and errors as the codec spells them. [REJ-1] [ERR-1]"""
    refusal = Rejected(RejectCode.TOO_LARGE, "r", "$.x")
    assert is_valid("Reject", json.loads(codec.encode_reject("a:1", "e", refusal)))
    assert is_valid("Error", json.loads(codec.encode_error(BadMessage("bad_json", "r", "$"))))


@pytest.mark.parametrize(
    "message",
    [
        {"type": "hello", "v": 1, "client": "c", "key": "k", "since": 3, "token": None, "new": []},
        {"type": "cursor", "x": 1, "y": 2.5},
        {"type": "laser", "points": [[1, 2]]},
        {"type": "follow", "session": ""},
        {"type": "ping", "ts": 1},
        {"type": "sync"},
        {"type": "stroke", "id": "é \N{GRINNING FACE}", "points": [], "mine": {"a": [1]}, "x": None},
        {"type": "delete", "id": "e", "opId": "a:1", "clock": {"a": 1}, "seen": 0, "ts": 1.5},
    ],
)
def test_good_messages_are_valid(message: dict[str, Any]) -> None:
    """Samples of what a client may send. [HEL-1] [PRS-2] [OP-3]"""
    assert is_valid("ClientMessage", message)
    assert not isinstance(read_message(encode(message)), BadMessage)


@pytest.mark.parametrize(
    "message",
    [
        5, {}, {"type": "star"}, {"type": "delete"}, {"type": "delete", "id": ""}, {"type": "delete", "id": "a\n"},
        {"type": "delete", "id": "x" * 129}, {"type": "stroke", "id": "e"},
        {"type": "stroke", "id": "e", "points": [[1]]}, {"type": "stroke", "id": "e", "points": [[1, "2"]]},
        {"type": "stroke", "id": "e", "points": [[1, 2, 0, 0]]}, {"type": "stroke", "id": "e", "points": [[1, 2e9]]},
        {"type": "append", "id": "e", "points": []}, {"type": "append", "id": "e", "points": [], "from": -1},
        {"type": "shape", "id": "e", "kind": None}, {"type": "shape", "id": "e", "kind": "star"},
        {"type": "text", "id": "e"}, {"type": "set", "id": "e"}, {"type": "set", "id": "e", "props": {"x": "1"}},
        {"type": "set", "id": "e", "props": {"width": 0}}, {"type": "set", "id": "e", "props": {"opacity": 2}},
        {"type": "set", "id": "e", "props": {}}, {"type": "set", "id": "e", "props": {"seq": 1}},
        {"type": "set", "id": "e", "props": {"z": "a"}},
        {"type": "stroke", "id": "e", "points": [[1, 2]] * 5001},
        {"type": "delete", "id": "e", "opId": "a"}, {"type": "delete", "id": "e", "clock": {"a b": 1}},
        {"type": "delete", "id": "e", "clock": {f"c{number}": 1 for number in range(257)}},
        {"type": "hello", "client": "a b"}, {"type": "cursor", "x": 1}, {"type": "laser", "points": [[1, 2]] * 65},
        {"type": "ping", "ts": "1"}, {"type": "sync", "since": -1},
    ],
)  # fmt: skip
def test_bad_messages_are_not_valid(message: object) -> None:
    """Whatever the schema can say of what the server refuses, it says. [REJ-1] [ERR-1]"""
    assert isinstance(read_message(encode(message)), BadOp | BadMessage)
    assert not is_valid("ClientMessage", message)


@pytest.mark.parametrize(
    "message",
    [
        {"type": "stroke", "id": "e", "points": [[1, 2, 1.5]]},
        {"type": "set", "id": "e", "props": {"z": "a00"}},
        {"type": "set", "id": "e", "props": {"mine": [[[[[[[[[1]]]]]]]]]}},
        {"type": "set", "id": "e", "props": {"mine": "x" * 5000}},
        {"type": "set", "id": "e", "props": {f"p{number}": 1 for number in range(65)}},
    ],
)
def test_what_the_schema_cannot_say_the_server_says(message: dict[str, Any]) -> None:
    """Pressure, order keys, depth, bytes and counts of unknown properties are the text's. [PRP-5] [PRP-6] [ORD-5]"""
    assert is_valid("ClientMessage", message)
    assert not isinstance(read_message(encode(message)), OpRequest)


def test_a_batch_is_bounded_in_the_schema() -> None:
    """An array of at most so many messages. [CON-6]"""
    assert is_valid("ClientFrame", [{"type": "ping"}] * 3)
    assert not is_valid("ClientFrame", [{"type": "ping"}, 5])
    assert document()["$defs"]["ClientFrame"]["anyOf"][1]["maxItems"] == limits.MAX_BATCH


# --- AsyncAPI ---------------------------------------------------------------------------------


def references(part: Any) -> Iterator[str]:
    """Every `$ref` in a document."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def resolve(document: Any, reference: str) -> Any:
    """What a reference points to."""
    assert reference.startswith("#/")
    for step in reference[2:].split("/"):
        document = document[step]
    return document


@cache
def api() -> Any:
    """The AsyncAPI document."""
    return json.loads(schema.asyncapi())


def test_every_message_has_a_place_in_the_asyncapi_document() -> None:
    """Channel, operations, messages and payload schemas hang together. [HTTP-10]"""
    assert api()["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= set(api()["info"])
    for reference in references(api()):
        resolve(api(), reference)
    named = set(api()["channels"]["board"]["messages"])
    assert named == set(api()["components"]["messages"])
    used = [
        one["$ref"] for name in ("fromClient", "fromServer") for one in api()["operations"][name]["messages"]
    ]
    assert {one.rpartition("/")[2] for one in used} == named
    assert len(used) == len(named)
    assert {"StampedStroke", "StampedSetOp", "Welcome", "Hello", "Stroke"} <= named


def test_payload_schemas_are_schemas_of_old_and_new_drafts() -> None:
    """AsyncAPI's own schema language is a superset of draft 7, which knows no prefixItems."""
    for name, one in api()["components"]["schemas"].items():
        jsonschema.Draft7Validator.check_schema(one)
        jsonschema.Draft202012Validator.check_schema(one)
        assert "prefixItems" not in json.dumps(one), name


def test_limits_and_close_codes_are_in_the_asyncapi_document() -> None:
    """A client's author finds them beside the messages. [LIM-1] [CLS-1]"""
    board = api()["channels"]["board"]
    assert board["x-limits"] == limits.published()
    assert [one["code"] for one in board["x-close-codes"]] == list(close_codes.CLOSE_CODES)
    assert board["address"] == "/ws/{board}"
