"""Which ops go out next, and how one that the server passes over is found among the others."""

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whiteboard.client.events import Ack, Json, Welcome
from whiteboard.client.sending import FrameLimits, PendingOp, Sending, pack
from whiteboard.ids import ClientId, OpId
from whiteboard.limits import MAX_BATCH, MAX_CLIENT_STRIKES, MAX_FRAME_BYTES

LIMITS = FrameLimits()


def pending(counter: int, size: int = 0) -> PendingOp:
    """An op of client c-1, about `size` bytes long."""
    op_id = OpId(ClientId("c-1"), counter)
    return PendingOp(op_id, {"type": "text", "id": "t", "text": "x" * size, "opId": str(op_id)})


def numbers(frame: list[bytes]) -> list[int]:
    """Counters of the ops in a frame."""
    return [int(msgspec.json.decode(one)["opId"].split(":")[1]) for one in frame]


class Exchange:
    """A sending with its ops by number, and a server that answers what it is told to."""

    def __init__(self, count: int) -> None:
        self.sending = Sending()
        self.ops = {number: pending(number) for number in range(1, count + 1)}
        for one in self.ops.values():
            self.sending.add(one)

    def take(self) -> list[int]:
        """Numbers of the ops in the next frame."""
        return numbers(self.sending.take())

    def ack(self, *answered: int) -> None:
        """The server acks some."""
        for number in answered:
            self.ops[number].finish(Ack(op_id=f"c-1:{number}", seq=number))
            self.sending.answered(self.ops[number])

    def doubt(self) -> list[int]:
        """The server answers a frame with an error; numbers of the ops that are given up."""
        given_up = self.sending.doubt()
        for one in given_up:
            one.finish(None)
        return [one.op_id.counter for one in given_up]


def test_frames_keep_to_the_servers_bounds() -> None:
    """A frame holds at most `limits.batch` ops and `limits.frameBytes` bytes with its brackets. [LIM-1]"""
    many = [pending(counter) for counter in range(1, MAX_BATCH + 2)]
    assert [len(group) for group in pack(many, LIMITS)] == [MAX_BATCH, 1]
    assert [len(group) for group in pack(many[:7], FrameLimits(batch=3))] == [3, 3, 1]
    large = [pending(counter, MAX_FRAME_BYTES // 3) for counter in range(5000, 5005)]
    for group in pack(large, LIMITS):
        assert len(b"[" + b",".join(one.encoded for one in group) + b"]") <= MAX_FRAME_BYTES


@given(st.lists(st.integers(0, 300), max_size=30), st.integers(100, 700), st.integers(1, 5))
def test_packing_loses_and_wastes_nothing(sizes: list[int], frame_bytes: int, batch: int) -> None:
    """Every op is in one frame, in order; the first op of a frame had no place in the one before."""
    ops = [pending(number, size) for number, size in enumerate(sizes, 1)]
    groups = list(pack(ops, FrameLimits(frame_bytes, batch)))
    assert [one for group in groups for one in group] == ops
    for group, following in pairwise(groups):
        longer = b"[" + b",".join(one.encoded for one in [*group, following[0]]) + b"]"
        assert len(longer) > frame_bytes or len(group) == batch


def test_bounds_come_from_the_welcome() -> None:
    """What `welcome.limits` says counts; what it leaves out is as in this version. [LIM-1]"""
    assert FrameLimits.of({"frameBytes": 5000, "batch": 7}) == FrameLimits(5000, 7)
    assert FrameLimits.of({}) == FrameLimits(MAX_FRAME_BYTES, MAX_BATCH)
    assert FrameLimits.of({"batch": 0}).batch == 1


def test_an_error_has_everything_in_doubt_sent_again_in_halves() -> None:
    """After an error for a frame its ops go out again, half a frame at a time, nothing beside them."""
    talk = Exchange(4)
    assert talk.take() == [1, 2, 3, 4]
    talk.sending.add(pending(5))
    assert talk.doubt() == []
    assert talk.take() == [1, 2]
    assert talk.sending.is_probing
    assert talk.take() == []
    talk.ack(1, 2)
    assert talk.take() == [3, 4]
    talk.ack(3, 4)
    assert talk.take() == [5]
    assert not talk.sending.is_probing


def test_the_op_at_fault_is_found_and_the_others_pass() -> None:
    """However many shared its frame, one bad op is given up alone, after a few errors. [CON-8]"""
    talk = Exchange(100)
    given_up: list[int] = []
    bad, frames = 37, 0
    while not given_up:
        frame = talk.take()
        frames += 1
        if bad in frame:
            given_up = talk.doubt()
        else:
            talk.ack(*frame)
    assert given_up == [bad]
    assert talk.ops[bad].strikes == MAX_CLIENT_STRIKES
    while frame := talk.take():
        talk.ack(*frame)
    assert all(one.done.is_set() for one in talk.ops.values())
    assert frames < 20


def test_an_error_about_something_else_costs_no_op() -> None:
    """Ops whose answers were under way are not given up, however late those come."""
    talk = Exchange(1)
    talk.take()
    assert talk.doubt() == []
    assert talk.take() == [1]
    talk.ack(1)
    assert talk.doubt() == []
    assert talk.take() == []
    assert not talk.sending.has_more


def test_what_was_answered_meanwhile_is_not_sent_again() -> None:
    """Suspects are those without an answer when their turn comes."""
    talk = Exchange(4)
    talk.take()
    talk.doubt()
    talk.ack(1, 3)
    assert talk.take() == [2]
    talk.ack(2)
    assert talk.take() == [4]


def test_an_op_before_an_answered_one_was_passed_over() -> None:
    """An op without an answer, sent before one that has it, is sent again. [ACK-6]"""
    talk = Exchange(3)
    assert talk.take() == [1, 2, 3]
    talk.ack(1)
    talk.ack(3)
    assert talk.take() == [2]
    talk.ack(2)
    assert talk.take() == []


def test_the_answer_to_a_repeat_tells_nothing_of_others() -> None:
    """A suspect's first sending may be answered late: what was sent between stays under way."""
    talk = Exchange(2)
    talk.take()
    talk.doubt()
    talk.take()
    talk.ack(2)
    talk.ack(1)
    talk.sending.add(pending(9))
    assert talk.take() == [9]


def test_after_a_reconnect_an_op_that_gave_trouble_goes_alone() -> None:
    """A bad op does not take a whole frame along again on the next connection."""
    talk = Exchange(3)
    talk.take()
    talk.doubt()
    assert talk.take() == [1]
    talk.doubt()
    talk.sending.restart(talk.ops.values(), LIMITS)
    assert talk.take() == [1]
    assert talk.doubt() == []
    assert talk.take() == [1]
    assert talk.doubt() == [1]
    assert talk.take() == [2, 3]


def welcome(seq: int, epoch: str) -> Welcome:
    """A connection to a board with this history."""
    return Welcome(session=f"{epoch}-{seq}", client="c-1", board="b", seq=seq, epoch=epoch)


def said(one: PendingOp) -> Json:
    """An op as it goes out."""
    content: Json = msgspec.json.decode(one.encoded)
    return content


OP: Json = {"type": "delete", "id": "t", "opId": "c-1:1"}


def test_an_op_of_another_history_claims_to_have_seen_nothing() -> None:
    """`seen` and `clock` of a board that was begun again mean nothing there."""
    claims = {**OP, "seen": 50, "clock": {"c-1": 1}}
    one = PendingOp(OpId(ClientId("c-1"), 1), claims, welcome(60, "old"))
    one.face(welcome(70, "old"))
    assert said(one) == claims
    one.face(welcome(5, "new"))
    assert said(one) == {**OP, "seen": 0}
    one.face(welcome(6, "new"))
    assert said(one) == {**OP, "seen": 0}


def test_an_op_without_a_claim_gets_one_on_a_later_connection() -> None:
    """What its author came to when it was made is what an op has seen, not what the board has by then."""
    first = welcome(60, "e")
    one = PendingOp(OpId(ClientId("c-1"), 1), OP, first)
    one.face(first)
    assert said(one) == OP
    for later in (welcome(70, "e"), welcome(80, "e")):
        one.face(later)
        assert said(one) == {**OP, "seen": 60}


def test_what_is_nested_too_deeply_is_told() -> None:
    """An op that cannot be written is a mistake of the program, named as such."""
    value: object = 1
    for _ in range(100_000):
        value = [value]
    with pytest.raises(ValueError, match="op c-1:1 is nested too deeply"):
        PendingOp(OpId(ClientId("c-1"), 1), {**OP, "x": value})
