"""The codec: an op's way into the log and out again, frames, answers."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import History, content, encode, histories, ops, states

from whiteboard import limits
from whiteboard.core.acceptance import Acceptance, Accepted, Author, Proposal
from whiteboard.core.board import Board
from whiteboard.core.clocks import Stamp
from whiteboard.core.ops import Delete, Op, Restore, StampedOp
from whiteboard.core.outcomes import RejectCode, Rejected
from whiteboard.ids import ClientId, ElementId, OpId
from whiteboard.protocol import codec
from whiteboard.protocol.validation import BadMessage, OpRequest, read_message

A = ClientId("a")
E = ElementId("e")


def body_of(accepted: Accepted) -> bytes:
    """What the log keeps of an accepted op."""
    return codec.encode_body(accepted, 1_700_000_000_000, encode(content(accepted.op)))


@given(histories())
def test_a_log_of_bodies_is_the_board(history: History) -> None:
    """Every body decodes to the op that was accepted, stamps and state included. [LOG-2] [ACC-18]"""
    board = Board()
    for op, accepted in zip(history.log, history.accepted, strict=True):
        read = codec.decode_body(op.seq, accepted.op_id, body_of(accepted))
        assert (read.seq, read.stamp) == (op.seq, op.stamp)
        assert content(read.op) == content(op.op)
        assert (read.joined is None) == (op.joined is None)
        board.apply(read)
    assert states(board) == states(history.board)


@given(ops(), st.integers(1, 2**53 - 1))
def test_a_numbered_body_is_the_op_as_everybody_gets_it(op: Op, seq: int) -> None:
    """`seq` stands before the stamps, the op's own fields after them. [LOG-1] [LOG-2] [LOG-3] [BRC-1]"""
    accepted = Accepted(op, Stamp(35, A, 4), 17, {A: 4, ClientId("b"): 2}, None)
    sent = codec.number_body(seq, body_of(accepted))
    stamps = {
        "seq": seq, "at": 1_700_000_000_000, "opId": "a:4", "by": "a", "clock": {"a": 4, "b": 2},
        "seen": 17, "lamport": 35,
    }  # fmt: skip
    assert json.loads(sent) == stamps | content(op)
    assert list(json.loads(sent))[: len(stamps)] == list(stamps)


def test_an_attached_state_is_part_of_the_body() -> None:
    """It is stored and read back as it stands. [ACC-18] [MRG-15]"""
    accepted = Accepted(Restore(E), Stamp(1, A, 1), 0, {A: 1}, b'{"id":"e","deleted":false}')
    body = body_of(accepted)
    assert json.loads(body)["element"] == {"id": "e", "deleted": False}
    assert codec.decode_body(1, OpId(A, 1), body).joined == b'{"id":"e","deleted":false}'


def test_what_a_client_sends_comes_out_as_it_was_spelled() -> None:
    """Numbers are neither rounded nor written anew on the way. [LOG-6]"""
    request = read_message(b'{"type":"stroke","id":"e","points":[[1.50,2]],"x":1e0,"ts":5,"opId":"a:1"}')
    assert isinstance(request, OpRequest)
    accepted = Acceptance(Board()).accept(Proposal(request.op, 1), Author(A))
    assert isinstance(accepted, Accepted)
    assert codec.number_body(1, codec.encode_body(accepted, 9, request.content)) == (
        b'{"seq":1,"at":9,"opId":"a:1","by":"a","clock":{"a":1},"seen":0,"lamport":1,'
        b'"type":"stroke","id":"e","points":[[1.50,2]],"x":1e0}'
    )


def test_the_largest_clock_can_be_read_back() -> None:
    """A client's full clock and the author's own entry make one more than a client may give. [ACC-4] [OP-5]"""
    clock = {f"c{number}": 1 for number in range(limits.MAX_CLOCK_ENTRIES)}
    request = read_message(encode({"type": "delete", "id": "e", "clock": clock}))
    assert isinstance(request, OpRequest)
    given = {ClientId(client): counter for client, counter in (request.clock or {}).items()}
    accepted = Acceptance(Board()).accept(Proposal(request.op, clock=given), Author(A))
    assert isinstance(accepted, Accepted)
    assert len(accepted.clock) == limits.MAX_CLOCK_ENTRIES + 1
    read = codec.decode_body(1, accepted.op_id, codec.encode_body(accepted, 9, request.content))
    assert read == StampedOp(1, accepted.stamp, Delete(E))


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"[]", b"\xff", b'{"type":"delete","id":"e"}', b'{"lamport":1,"id":"e"}',
        b'{"lamport":1,"type":"star","id":"e"}', b'{"lamport":"1","type":"delete","id":"e"}',
        b'{"lamport":1,"type":"set","id":"e","props":[]}', b'{"lamport":1,"type":"\xff","id":"e"}',
        b'{"lamport":1,"type":"delete"}',
    ],
)  # fmt: skip
def test_what_is_no_body_is_an_error(body: bytes) -> None:
    """Bytes that are no stored op raise ValueError that names op and seq, and nothing else."""
    with pytest.raises(ValueError, match="op a:1 at seq 7 cannot be read"):
        codec.decode_body(7, OpId(A, 1), body)


def test_a_frame_is_an_array_unless_it_has_one_message() -> None:
    """Both forms are frames. [CON-6] [BRC-3]"""
    assert codec.frame([b'{"a":1}']) == b'{"a":1}'
    assert codec.frame([b'{"a":1}', b"{}"]) == b'[{"a":1},{}]'


def test_a_snapshot_part_holds_states() -> None:
    """Number of the part, number of parts, what it covers, the elements. [RES-7]"""
    begun = codec.begin_snapshot_part(18, 1, 2)
    assert json.loads(begun + b'{"id":"a"},{"id":"b"}' + codec.END_OF_SNAPSHOT_PART) == {
        "type": "snapshot", "seq": 18, "part": 1, "parts": 2, "elements": [{"id": "a"}, {"id": "b"}],
    }  # fmt: skip
    assert json.loads(codec.begin_snapshot_part(0, 1, 1) + codec.END_OF_SNAPSHOT_PART)["elements"] == []


def test_a_reject_names_all_there_is_to_name() -> None:
    """Op id, element, code, reason, retry, path; null and absent where there is none. [REJ-1] [REJ-2] [REJ-3]"""
    refusal = Rejected(RejectCode.BAD_FIELD, "no", "$.x")
    assert json.loads(codec.encode_reject("a:1", "e", refusal)) == {
        "type": "reject", "opId": "a:1", "id": "e", "code": "bad_field", "reason": "no", "retry": False,
        "path": "$.x",
    }  # fmt: skip
    assert json.loads(codec.encode_reject(None, None, Rejected(RejectCode.DRAINING, "later"))) == {
        "type": "reject", "opId": None, "id": None, "code": "draining", "reason": "later", "retry": True,
    }  # fmt: skip


def test_an_error_has_a_code_and_perhaps_a_path() -> None:
    """Code and reason always, path where a field is at fault. [ERR-1]"""
    assert json.loads(codec.encode_error(BadMessage("bad_json", "no"))) == {
        "type": "error", "code": "bad_json", "reason": "no",
    }  # fmt: skip
    assert json.loads(codec.encode_error(BadMessage("bad_message", "no", "$.x")))["path"] == "$.x"


@given(histories(), st.integers(0, 2**53 - 1))
def test_a_body_is_spelled_as_an_encoder_spells_it(history: History, at: int) -> None:
    """The bytes that are put together by hand are those of a JSON encoder, field by field. [LOG-2]"""
    for accepted in history.accepted:
        op = b'{"type":"delete","id":"e"}'
        stamps: dict[str, object] = {
            "at": at, "opId": str(accepted.op_id), "by": accepted.stamp.client, "clock": accepted.clock,
            "seen": accepted.seen, "lamport": accepted.stamp.lamport,
        }  # fmt: skip
        if accepted.joined is not None:
            stamps["element"] = msgspec.Raw(accepted.joined)
        assert codec.encode_body(accepted, at, op) == codec.encode(stamps)[:-1] + b"," + op[1:]
