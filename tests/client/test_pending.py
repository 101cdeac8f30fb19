"""Ops on their way."""

import msgspec
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from whiteboard.client.events import Ack, Rejected, Welcome
from whiteboard.client.pending import PendingOps
from whiteboard.client.sending import PendingOp
from whiteboard.errors import OpTooLarge, OpUnanswered
from whiteboard.ids import ClientId, OpId
from whiteboard.limits import MAX_FRAME_BYTES

MIB = 1 << 20


def pending(counter: int, size: int = 0) -> PendingOp:
    """An op of client c-1, about `size` bytes long."""
    op_id = OpId(ClientId("c-1"), counter)
    return PendingOp(op_id, {"type": "text", "id": "t", "text": "x" * size, "opId": str(op_id)})


def welcome(**limits: float) -> Welcome:
    """A server that publishes these bounds."""
    return Welcome(session="s", client="c-1", board="b", seq=0, limits=limits)


def ack(counter: int) -> Ack:
    """The ack of that op."""
    return Ack(op_id=f"c-1:{counter}", seq=counter)


def counters(frame: list[bytes]) -> list[int]:
    """Counters of the ops in a frame."""
    return [int(msgspec.json.decode(one)["opId"].split(":")[1]) for one in frame]


def test_unsent_go_out_once_and_in_order() -> None:
    """Each op is in one frame, in the order of posting."""
    ops = PendingOps(MIB)
    for counter in (3, 1, 2):
        ops.post(pending(counter))
    assert counters(ops.take_unsent()) == [3, 1, 2]
    assert ops.take_unsent() == []
    assert len(ops) == 3


def test_a_new_connection_sends_the_unanswered_again() -> None:
    """After `restart` what has no answer is unsent again, in the same order."""
    ops = PendingOps(MIB)
    for counter in (1, 2, 3):
        ops.post(pending(counter))
    ops.take_unsent()
    ops.answer(ack(2))
    assert ops.restart(welcome()) == []
    assert counters(ops.take_unsent()) == [1, 3]


async def test_answer_wakes_its_waiter_only() -> None:
    """An answer is for its op; one for an unknown op is nobody's."""
    ops = PendingOps(MIB)
    first, second = pending(1), pending(2)
    ops.post(first)
    ops.post(second)
    ops.answer(Rejected(op_id="c-1:2", code="forged"))
    ops.answer(ack(99))
    ops.answer(Rejected(op_id=None, code="bad_message"))
    assert not first.done.is_set()
    assert isinstance(second.answer, Rejected)
    ops.give_up()
    assert first.done.is_set()
    assert first.answer is None


async def post_when_there_is_room(ops: PendingOps, one: PendingOp) -> None:
    """What `send` does."""
    await ops.wait_turn(one)
    ops.post(one)


async def test_room_is_bounded_in_bytes() -> None:
    """An op waits until those before it have left room; alone, a large one always fits."""
    ops = PendingOps(1_000)
    assert ops.fits(pending(1, 5_000))
    ops.post(pending(1, 900))
    assert not ops.fits(pending(2, 900))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(post_when_there_is_room, ops, pending(2, 900))
        await wait_all_tasks_blocked()
        assert len(ops) == 1
        ops.answer(ack(1))
    assert counters(ops.take_unsent()) == [2]


async def test_ops_get_room_in_the_order_in_which_they_came() -> None:
    """Nobody overtakes those who wait, however little room they need."""
    ops = PendingOps(2_000)
    ops.post(pending(1, 1_900))
    async with trio.open_nursery() as nursery:
        for counter in range(2, 10):
            nursery.start_soon(post_when_there_is_room, ops, pending(counter, 1_000))
            await wait_all_tasks_blocked()
        assert not ops.fits(pending(10))
        nursery.start_soon(post_when_there_is_room, ops, pending(10))
        for counter in range(1, 9):
            await wait_all_tasks_blocked()
            ops.answer(ack(counter))
            await wait_all_tasks_blocked()
            assert len(ops) == (1 if counter < 8 else 2)
    assert counters(ops.take_unsent()) == [9, 10]


async def test_a_cancelled_wait_for_room_gives_way() -> None:
    """Who is cancelled while waiting was not posted, and does not hold up those behind."""
    ops = PendingOps(1_100)
    ops.post(pending(1, 900))
    patience = trio.CancelScope()

    async def wait_until_cancelled() -> None:
        with patience:
            await post_when_there_is_room(ops, pending(2, 5_000))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait_until_cancelled)
        await wait_all_tasks_blocked()
        nursery.start_soon(post_when_there_is_room, ops, pending(3))
        await wait_all_tasks_blocked()
        patience.cancel()
    assert counters(ops.take_unsent()) == [1, 3]
    assert not ops.knows("c-1:2")


async def test_wait_empty() -> None:
    """`wait_empty` returns at once when nothing is pending, else with the last answer."""
    ops = PendingOps(MIB)
    await ops.wait_empty()
    ops.post(pending(1))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ops.wait_empty)
        await wait_all_tasks_blocked()
        assert nursery.child_tasks
        ops.answer(ack(1))


def test_the_same_op_twice_is_a_mistake() -> None:
    """An op that is pending cannot be posted again."""
    ops = PendingOps(MIB)
    ops.post(pending(1))
    assert ops.knows("c-1:1")
    with pytest.raises(ValueError, match="pending already"):
        ops.post(pending(1))


def test_rename_moves_the_unsent_and_refuses_the_sent() -> None:
    """Under a new client id unsent ops go on in order; sent ones are refused."""
    ops = PendingOps(MIB)
    ops.post(pending(1))
    ops.take_unsent()
    ops.post(pending(2))
    ops.post(pending(3))
    assert [one.op_id for one in ops.rename(ClientId("c-2"))] == ["c-1:1"]
    frame = [msgspec.json.decode(one)["opId"] for one in ops.take_unsent()]
    assert frame == ["c-2:2", "c-2:3"]


def test_an_oversize_op_is_refused_with_value_and_bound() -> None:
    """An op is as large as a frame at most, and the refusal names both sizes. [LIM-3]"""
    ops = PendingOps(MIB)
    room = MAX_FRAME_BYTES - len(pending(1).encoded)
    ops.refuse_oversize(pending(1, room))
    sizes = f"c-1:1 takes {MAX_FRAME_BYTES + 1} bytes.* {MAX_FRAME_BYTES} at most"
    with pytest.raises(OpTooLarge, match=sizes) as caught:
        ops.refuse_oversize(pending(1, room + 1))
    assert (caught.value.size_bytes, caught.value.limit_bytes) == (MAX_FRAME_BYTES + 1, MAX_FRAME_BYTES)


def test_an_op_that_is_too_large_for_the_next_server_ends() -> None:
    """Smaller bounds after a reconnect end what no frame can carry now; the rest goes on. [LIM-1]"""
    ops = PendingOps(MIB)
    large, small = pending(1, 500), pending(2)
    ops.post(large)
    ops.post(small)
    (refusal,) = ops.restart(welcome(frameBytes=300))
    assert (refusal.op_id, refusal.code, refusal.id) == ("c-1:1", "too_large", "t")
    assert isinstance(large.failure, OpTooLarge)
    assert counters(ops.take_unsent()) == [2]
    assert len(ops) == 1


def test_an_op_at_fault_is_given_up_and_leaves_room() -> None:
    """An op that gets errors instead of answers fails with what the server said; its room is free again."""
    ops = PendingOps(1_000)
    ops.post(pending(1, 900))
    refusals: list[Rejected] = []
    while not refusals:
        assert counters(ops.take_unsent()) == [1]
        refusals = ops.doubt("too_deep: nested")
    assert (refusals[0].op_id, refusals[0].code) == ("c-1:1", "unanswered")
    assert "too_deep: nested" in refusals[0].reason
    assert ops.fits(pending(2, 900))
    assert not ops.has_unsent


def test_given_up_is_an_exception_for_who_waits() -> None:
    """Who waits for the answer of an op that was given up gets OpUnanswered."""
    ops = PendingOps(MIB)
    one = pending(1)
    ops.post(one)
    for _ in range(4):
        ops.take_unsent()
        ops.doubt("bad_json: ?")
    assert isinstance(one.failure, OpUnanswered)
    assert (one.failure.op_id, one.failure.heard) == ("c-1:1", "bad_json: ?")
    assert one.answer is None
    assert one.done.is_set()


def test_a_nudge_counts_as_an_error_for_what_is_overdue() -> None:
    """Suspects that are under way from one nudge to the next are sent again, and given up in the end."""
    ops = PendingOps(MIB)
    ops.post(pending(1))
    ops.take_unsent()
    assert ops.nudge() == []
    ops.doubt("bad_json: ?")
    refusals: list[Rejected] = []
    sendings = 0
    while not refusals:
        sendings += len(ops.take_unsent())
        refusals = ops.nudge()
    assert sendings == 3
    assert refusals[0].code == "unanswered"
