"""Joining in the turn of whoever reads the socket: what may go that way, and what it spares."""

from typing import Any

import pytest
import structlog
import trio
import trio.testing
from rooms.conftest import BOARD, Stage, open_stage
from rooms.faulty import TappedStorage
from rooms.line import Line

from whiteboard import limits, timeouts
from whiteboard.diagnostics import logs
from whiteboard.rooms import feed, snapshots
from whiteboard.storage.memory import open_memory

STROKE = {"type": "stroke", "id": "s1", "points": [[0, 0]]}


async def knocking(stage: Stage) -> Line:
    """A connection whose session waits for what it says."""
    line = await stage.connect()
    await trio.testing.wait_all_tasks_blocked()
    return line


def kinds(line: Line) -> list[str]:
    """Types of what has come."""
    return [message["type"] for message in line.read()]


async def test_a_hello_is_answered_in_the_readers_turn(autojump_clock: object, stage: Stage) -> None:
    """Welcome and board are there before any other task has run, and nothing else comes; ops do, when somebody draws. [HEL-3] [RES-4]"""
    ada, _ = await stage.join()
    ada.say(STROKE)
    await ada.expect("ack")
    await (await stage.join())[0].expect("snapshot")  # which the others share
    line = await knocking(stage)
    assert line.offer({"type": "hello", "name": "Bob"})
    welcome, snapshot = line.read()
    assert (welcome["type"], snapshot["type"]) == ("welcome", "snapshot")
    assert [element["id"] for element in snapshot["elements"]] == ["s1"]
    await trio.sleep(timeouts.HELLO.seconds + 1)
    assert kinds(line) == []
    assert line.offer({"type": "ping"})
    ada.say({**STROKE, "id": "s2"})
    await line.expect("stroke", id="s2")
    assert len(stage.hub.patience) == 0


async def test_a_first_snapshot_is_waited_for(autojump_clock: object, stage: Stage) -> None:
    """The welcome comes at once, the board when it has been made. [RES-4]"""
    line = await knocking(stage)
    assert line.offer({"type": "hello"})
    assert kinds(line) == ["welcome"]
    await line.expect("snapshot")


@pytest.mark.parametrize(
    "first",
    [
        [{"type": "hello"}, STROKE],
        STROKE,
        {"type": "hello", "v": 2},
        {"type": "hello", "client": "not an id"},
        {"type": "fanfare"},
        {"type": "hello", "name": "x" * limits.TURN_BYTES},
    ],
)
async def test_anything_but_a_plain_hello_is_the_sessions_own(
    autojump_clock: object, stage: Stage, first: object
) -> None:
    """What has to be answered behind the welcome, or ends the session, takes the way of any message. [HEL-2] [HEL-10]"""
    line = await knocking(stage)
    assert not line.offer(first)
    assert line.read() == []
    line.say(first)
    await trio.sleep(1)
    assert line.closed is not None or line.read()[0]["type"] == "welcome"


async def test_who_resumes_is_brought_up_to_date_by_the_broadcaster(
    autojump_clock: object, stage: Stage
) -> None:
    """Ops that come right behind the hello are older than what was missed. [ACC-3] [RES-3]"""
    ada, welcome = await stage.join()
    ada.say(STROKE)
    await ada.expect("ack")
    line = await knocking(stage)
    assert line.offer({"type": "hello", "since": 0, "epoch": welcome["epoch"]})
    assert kinds(line) == ["welcome"]
    await line.expect("stroke", seq=1)


async def test_where_storage_has_to_be_asked_the_session_waits(autojump_clock: object) -> None:
    """For a board that loads, and for a client id that only the log knows."""
    async with open_memory() as memory:
        storage: Any = TappedStorage(memory)
        storage.op_log.hold()
        async with open_stage(storage) as stage:
            line = await knocking(stage)
            assert not line.offer({"type": "hello"})
            storage.op_log.flow.set()
            line.say({"type": "hello"})
            await line.expect("snapshot")
            other = await knocking(stage)
            assert not other.offer({"type": "hello", "client": "ada", "key": "k"})
            assert other.offer({"type": "hello"}), "a fresh id is nobody's"


async def test_who_joins_has_nobody_sent_anything_before_its_time(
    autojump_clock: object, stage: Stage
) -> None:
    """Ops that are being gathered go on being gathered, however many come meanwhile. [BRC-1]"""
    ada, _ = await stage.join()
    ada.say(*[{**STROKE, "id": f"a{number}"} for number in range(200)])
    await ada.expect("ack", seq=200)
    await (await stage.join())[0].expect("snapshot")
    await trio.sleep(1)
    ada.read()
    lines = [await knocking(stage) for _ in range(5)]
    async with stage.hub.visit(BOARD) as room:
        for number, line in enumerate(lines):
            assert ada.offer({**STROKE, "id": f"s{number}"})
            room.commit_now()
            assert line.offer({"type": "hello"})
            assert kinds(line) == ["welcome", "snapshot"]
        assert [kind for kind in kinds(ada) if kind == "stroke"] == []
        room.flush()
        for line in [ada, *lines]:
            assert [kind for kind in kinds(line) if kind != "ack"] == ["stroke"] * 5


async def test_a_large_board_leaves_the_rest_to_the_broadcaster(
    autojump_clock: object, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader's turn is not for all of it. [RES-9]"""
    monkeypatch.setattr(feed, "PARTS_AT_ONCE", 2)
    monkeypatch.setattr(snapshots, "SNAPSHOT_PART_BYTES", 200)
    monkeypatch.setattr(snapshots, "REST_PART_BYTES", 200)
    ada, _ = await stage.join()
    ada.say(*[{**STROKE, "id": f"s{number}"} for number in range(50)])
    await ada.expect("ack", seq=50)
    await (await stage.join())[0].expect("snapshot")
    line = await knocking(stage)
    assert line.offer({"type": "hello"})
    begun = line.read()
    assert [message["type"] for message in begun] == ["welcome", "snapshot", "snapshot"]
    await line.expect("snapshot", part=begun[-1]["parts"])


async def test_pointers_come_with_the_board(autojump_clock: object, stage: Stage) -> None:
    """Who points where is told at once, too. [PRS-3]"""
    ada, _ = await stage.join()
    ada.say({"type": "cursor", "x": 1, "y": 2})
    await trio.sleep(1)
    (await stage.join())[0].hang_up()
    line = await knocking(stage)
    assert line.offer({"type": "hello"})
    assert kinds(line) == ["welcome", "snapshot", "cursors"]


async def test_a_slow_socket_is_left_to_the_broadcaster(autojump_clock: object, stage: Stage) -> None:
    """What it does not take waits; it is live once it has taken all."""
    (await stage.join())[0].hang_up()
    line = await stage.connect(window=0)
    await trio.testing.wait_all_tasks_blocked()
    assert line.offer({"type": "hello"})
    assert line.read() == []
    line.open_window()
    await trio.sleep(1)
    assert kinds(line) == ["welcome", "snapshot"]
    assert line.offer(STROKE)
    await line.expect("stroke")


async def test_a_begin_in_the_readers_turn_is_logged_as_the_sessions(
    autojump_clock: object, stage: Stage
) -> None:
    """With board, session and client, as any line about it."""
    line = await knocking(stage)
    with structlog.testing.capture_logs(processors=[logs._with_ids]) as events:
        assert line.offer({"type": "hello", "client": "ada"})
        line.hang_up()
        await line.wait_closed()
    welcome = line.read()[0]
    for event in ("session_opened", "session_closed"):
        (told,) = [one for one in events if one["event"] == event]
        assert (told["board"], told["session"], told["client"]) == (BOARD, welcome["session"], "ada")


async def test_who_goes_without_a_word_is_not_waited_for(autojump_clock: object, stage: Stage) -> None:
    """Nothing is left of a session that ended before its hello. [HEL-2]"""
    line = await knocking(stage)
    assert len(stage.hub.patience) == 1
    line.hang_up()
    await line.wait_closed()
    assert len(stage.hub.patience) == 0


async def test_who_was_live_at_once_is_sent_nothing_after_they_left(
    autojump_clock: object, stage: Stage
) -> None:
    """Although their broadcaster has never woken: else a board would keep the feeds of all who were ever there."""
    ada, _ = await stage.join()
    await trio.sleep(1)
    line = await knocking(stage)
    assert line.offer({"type": "hello"})
    line.hang_up()
    await line.wait_closed()
    ada.say(STROKE)
    await ada.expect("stroke")
    assert line.pushed_late == 0
