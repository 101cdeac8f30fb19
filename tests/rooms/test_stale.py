"""Whose edit stays when somebody writes without having seen what others wrote (R4)."""

import trio
from rooms.conftest import BOARD, Stage
from rooms.line import Line

from whiteboard.ids import ElementId

BOX = {"type": "shape", "id": "r1", "kind": "rectangle", "x": 0, "y": 0}


def stroke(number: int, **more: object) -> dict[str, object]:
    """A small stroke op."""
    return {"type": "stroke", "id": f"s{number}", "points": [[number, 0]], **more}


def move(x: int, **more: object) -> dict[str, object]:
    """A set of the box's x."""
    return {"type": "set", "id": "r1", "props": {"x": x}, **more}


async def shown(stage: Stage, name: str = "x", element: str = "r1") -> bytes:
    """A property of an element as the board has it."""
    async with stage.hub.visit(BOARD) as room:
        found = room.replica.board.get(ElementId(element))
        assert found is not None
        return found.properties[name]


async def leave_and_miss(stage: Stage) -> tuple[str, Line]:
    """Bob sees the box and goes; Ada moves it to 5. Bob's key, and Ada."""
    ada, _ = await stage.join(client="ada")
    bob, welcome = await stage.join(client="bob")
    ada.say(BOX)
    await bob.expect("shape", seq=1)
    bob.hang_up()
    ada.say(move(5))
    await ada.expect("ack", seq=2)
    return welcome["key"], ada


async def test_stale_offline_edit_does_not_overwrite_newer_ones(stage: Stage, autojump_clock: object) -> None:
    """[R4] Who comes back with an old state loses what others wrote since; its new elements appear."""
    key, _ = await leave_and_miss(stage)
    back, _ = await stage.join(client="bob", key=key, since=1)
    back.say(
        move(1, opId="bob:1", seen=1),
        {"type": "set", "id": "r1", "props": {"y": 9}, "opId": "bob:2", "clock": {"ada": 1, "bob": 2}},
        stroke(7, opId="bob:3", seen=1),
    )
    await back.expect("ack", seq=5)
    assert (await shown(stage), await shown(stage, "y")) == (b"5", b"9")
    async with stage.hub.visit(BOARD) as room:
        assert "s7" in room.replica.board


async def test_offline_edit_loses_also_after_something_new(stage: Stage, autojump_clock: object) -> None:
    """An edit made offline that arrives behind newer ops of its author is judged by when it was made. [ACC-6]"""
    key, _ = await leave_and_miss(stage)
    back, _ = await stage.join(client="bob", key=key)
    back.say(stroke(7, opId="bob:20", seen=2))
    await back.expect("ack", seq=3)
    back.say(move(666, opId="bob:1", seen=1))
    await back.expect("ack", seq=4)
    back.say([stroke(8, opId="bob:30"), move(777, opId="bob:10", clock={"ada": 1})])
    await back.expect("ack", seq=6)
    assert await shown(stage) == b"5"


async def test_thin_client_that_resumes_has_seen_what_it_says(stage: Stage, autojump_clock: object) -> None:
    """Ops without a context that come with `since`, before what was missed is sent, are as old as it. [ACC-3]"""
    key, _ = await leave_and_miss(stage)
    back = await stage.connect()
    back.say([{"type": "hello", "client": "bob", "key": key, "since": 1}, move(1), stroke(7)])
    await back.expect("ack", seq=4)
    assert await shown(stage) == b"5"
    await trio.sleep(1)
    back.say(move(9))
    await back.expect("ack", seq=5)
    assert await shown(stage) == b"9", "once it is up to date its edits count as new"


async def test_seen_and_clock_count_together(stage: Stage, autojump_clock: object) -> None:
    """The causal context is what either of them covers. [ACC-5] [ACC-9]"""
    key, _ = await leave_and_miss(stage)
    back, _ = await stage.join(client="bob", key=key)
    back.say(move(7, opId="bob:1", seen=1, clock={"ada": 2, "bob": 1}))
    await back.expect("ack", seq=3)
    assert await shown(stage) == b"7"


async def test_set_before_its_create_counts_as_after_it(stage: Stage, autojump_clock: object) -> None:
    """An op on an element that is not there yet merges as if it had come after, in one session or two. [OP-16]"""
    ada, _ = await stage.join(client="ada")
    ada.say(move(5))
    await ada.expect("ack", seq=1)
    bob, _ = await stage.join(client="bob")
    bob.say(BOX)
    await bob.expect("ack", seq=2)
    assert (await shown(stage), await shown(stage, "y")) == (b"5", b"0")
    carla, _ = await stage.join(client="carla")
    carla.say({"type": "set", "id": "n1", "props": {"x": 5}, "opId": "carla:102"})
    await carla.expect("ack", seq=3)
    carla.say({"type": "note", "id": "n1", "x": 1, "opId": "carla:101"})
    await carla.expect("ack", seq=4)
    assert await shown(stage, element="n1") == b"5"


async def test_end_of_a_burst_outlasts_who_left_in_its_middle(stage: Stage, autojump_clock: object) -> None:
    """All ops of somebody who writes faster than the echo returns count as up to date. [ACC-7] [ACC-10]"""
    ada, _ = await stage.join(client="ada")
    ada.say(BOX)
    await ada.expect("ack", seq=1)
    for x in range(1, 6):
        ada.say(move(x, seen=1))
        await ada.expect("ack", seq=x + 1)
    bob, _ = await stage.join(client="bob")
    bob.say(move(666, seen=3))
    await bob.expect("ack", seq=7)
    assert await shown(stage) == b"5"
