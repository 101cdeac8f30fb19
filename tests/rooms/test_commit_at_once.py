"""Ops that are committed in the reader's turn, and what makes the room's task commit them instead."""

import pytest
import trio
import trio.testing
from rooms.conftest import Stage, open_stage
from rooms.strokes import seqs, stroke

from whiteboard.errors import StorageUnavailable
from whiteboard.rooms import deciding
from whiteboard.storage.memory import open_memory


async def test_in_memory_an_op_is_seen_by_all_before_anybody_else_has_a_turn(
    stage: Stage, autojump_clock: object
) -> None:
    """Read, stored, merged, acked and sent in the reader's turn: no other task runs in between. [ACK-4]"""
    ada, _ = await stage.join(client="ada")
    bob, _ = await stage.join()
    await trio.testing.wait_all_tasks_blocked()
    ada.read()
    bob.read()
    with trio.testing.assert_no_checkpoints():
        assert ada.offer([stroke(1, opId="ada:1"), stroke(2, opId="ada:2")])
        stage.hub.tick.beat()
        assert [one["type"] for one in ada.read()] == ["ack", "ack", "stroke", "stroke"]
        assert [one["seq"] for one in bob.read()] == [1, 2]


async def test_a_batch_with_a_late_op_keeps_its_order(stage: Stage, autojump_clock: object) -> None:
    """What needs storage goes to the room's task, with all that came with it and behind it. [ACK-6]"""
    ada, _ = await stage.join(client="ada")
    ada.say(stroke(5, opId="ada:5"))
    await ada.expect("ack", seq=1)
    ada.say(
        stroke(6, opId="ada:6"), stroke(3, opId="ada:3"), stroke(5, opId="ada:5"), stroke(7, opId="ada:7")
    )
    acks = [await ada.expect("ack") for _ in range(4)]
    assert [(ack["opId"], ack["seq"]) for ack in acks] == [
        ("ada:6", 2),
        ("ada:3", 3),
        ("ada:5", 1),
        ("ada:7", 4),
    ]


async def test_a_log_that_refuses_at_once_is_asked_again_by_the_task(
    autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of a commit at once is met again by the task, which knows what to do; nothing is stored twice."""
    async with open_memory() as storage, open_stage(storage) as stage:
        ada, _ = await stage.join(client="ada")
        await ada.expect("snapshot")

        def refuse(*_: object, **__: object) -> None:
            raise StorageUnavailable("busy")

        with monkeypatch.context() as patch:
            patch.setattr(type(storage.op_log), "append_now", refuse)
            ada.say(stroke(1, opId="ada:1"), {"type": "append", "id": "x"}, stroke(2))
            assert (await ada.expect("ack"))["seq"] == 1
            await ada.expect("reject", id="x")
            assert (await ada.expect("ack"))["seq"] == 2
        ada.say(stroke(3))
        assert await seqs(ada, 3) == [1, 2, 3]


async def test_op_that_comes_late_within_a_batch_of_two_writes_keeps_its_place(
    stage: Stage, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ranks behind its author's earlier ops, whatever it had seen of others'. [ACC-6]"""
    monkeypatch.setattr(deciding, "MAX_COMMIT_BYTES", 1)
    bob, _ = await stage.join(client="bob")
    bob.say(stroke(1), stroke(2))
    await bob.expect("ack", seq=2)
    ada, _ = await stage.join(client="ada")
    red, blue = ({"type": "set", "id": "s1", "props": {"color": color}} for color in ("red", "blue"))
    ada.say({**red, "opId": "ada:2"})
    await ada.expect("ack", seq=3)
    ada.say([stroke(9, opId="ada:5"), {**blue, "opId": "ada:3", "seen": 0}])
    assert await seqs(ada, 2, "ack") == [4, 5]
    carl, _ = await stage.join()
    elements = (await carl.expect("snapshot"))["elements"]
    assert [one["color"] for one in elements if one["id"] == "s1"] == ["blue"]
