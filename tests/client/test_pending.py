"""Ops on their way."""

import msgspec
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from whiteboard.client.events import Ack, Rejected
from whiteboard.client.pending import PendingOp, PendingOps
from whiteboard.ids import ClientId, OpId
from whiteboard.limits import MAX_BATCH, MAX_FRAME_BYTES

MIB = 1 << 20


def pending(counter: int, size: int = 0) -> PendingOp:
    """An op of client c-1, about `size` bytes long."""
    op_id = OpId(ClientId("c-1"), counter)
    return PendingOp(op_id, {"type": "text", "id": "t", "text": "x" * size, "opId": str(op_id)})


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


def test_rewind_sends_the_unanswered_again() -> None:
    """After `rewind` what has no answer is unsent again, in the same order."""
    ops = PendingOps(MIB)
    for counter in (1, 2, 3):
        ops.post(pending(counter))
    ops.take_unsent()
    ops.answer(ack(2))
    ops.rewind()
    assert counters(ops.take_unsent()) == [1, 3]


def test_frames_keep_to_the_servers_bounds() -> None:
    """A frame holds at most MAX_BATCH ops and MAX_FRAME_BYTES."""
    ops = PendingOps(1 << 30)
    for counter in range(1, MAX_BATCH + 2):
        ops.post(pending(counter))
    assert [len(ops.take_unsent()), len(ops.take_unsent())] == [MAX_BATCH, 1]
    for counter in range(5000, 5005):
        ops.post(pending(counter, MAX_FRAME_BYTES // 3))
    while frame := ops.take_unsent():
        assert len(b"[" + b",".join(frame) + b"]") <= MAX_FRAME_BYTES


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


async def test_room_is_bounded_in_bytes() -> None:
    """An op waits until those before it have left room; alone, a large one always fits."""
    ops = PendingOps(1_000)
    assert ops.fits(pending(1, 5_000))
    ops.post(pending(1, 900))
    assert not ops.fits(pending(2, 900))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ops.wait_fits, pending(2, 900))
        await wait_all_tasks_blocked()
        assert nursery.child_tasks
        ops.answer(ack(1))


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
