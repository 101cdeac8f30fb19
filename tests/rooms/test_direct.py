"""Ops that are committed alone, while their bytes are read; and which are not, so that nothing changes for anybody."""

import pytest
import trio
import trio.testing
from rooms.conftest import BOARD, Stage, open_stage
from rooms.line import Line
from rooms.strokes import seqs, stroke
from structlog.testing import capture_logs

from whiteboard.core.board import Board
from whiteboard.errors import StorageUnavailable
from whiteboard.ids import ClientId, OpId
from whiteboard.limits import AWAKE_SHARE, REST_SLICE
from whiteboard.rooms.room import Room
from whiteboard.storage.memory import open_memory
from whiteboard.storage.ports import NewOp


async def seated(stage: Stage, client: str) -> Line:
    """Somebody who has all that there is."""
    line, _ = await stage.join(client=client)
    await trio.testing.wait_all_tasks_blocked()
    line.read()
    return line


def room_of(stage: Stage) -> Room:
    """The test's room."""
    return stage.hub._rooms[BOARD]


def types(line: Line) -> list[str]:
    """Of all that has come."""
    return [one["type"] for one in line.read()]


async def test_an_op_alone_is_stored_before_its_reader_goes_on(stage: Stage, autojump_clock: object) -> None:
    """Stored and merged when the taker returns; the flush brings the ack with the op. [ACK-4]"""
    ada = await seated(stage, "ada")
    with trio.testing.assert_no_checkpoints():
        assert ada.offer(stroke(1, opId="ada:1"))
        assert room_of(stage).replica.board.seq == 1
        assert types(ada) == []
        stage.hub.tick.beat()
        assert types(ada) == ["ack", "stroke"]


async def test_a_board_drawn_op_by_op_is_laid_to_rest_meanwhile(stage: Stage, autojump_clock: object) -> None:
    """In step with the ops, without the upkeep: at no time more is awake than what is hot and a slice."""
    people = {client: await seated(stage, client) for client in ("ada", "bob", "cyd", "dan")}
    board = room_of(stage).replica.board
    with trio.testing.assert_no_checkpoints():
        for number in range(1_000):
            client = list(people)[number % 4]
            assert people[client].offer(stroke(number, opId=f"{client}:{number + 1}"))
            assert board.awake_count <= AWAKE_SHARE * board.hot_ops + REST_SLICE < 400
    assert len(board) == 1_000
    assert sum(part.is_packed for part in board.parts()) == len(board.parts()) - 1 > 2


async def test_one_ack_for_each_in_the_order_of_the_ops(stage: Stage, autojump_clock: object) -> None:
    """Whether an op went the short way or not: named, unnamed, late, refused, with a clock, repeated. [ACK-6]"""
    ada = await seated(stage, "ada")
    said = [
        stroke(1, opId="ada:3"),
        stroke(2),
        {"type": "append", "id": "nobody's"},
        stroke(3, opId="ada:9", clock={"ada": 8}),
        stroke(4, opId="ada:5"),
        stroke(5, opId="ada:10"),
        stroke(1, opId="ada:3"),
        {"type": "delete", "id": "s1", "opId": "ada:11"},
        stroke(6, opId="ada:12"),
    ]
    ada.say(*said)
    answers: list[tuple[str, int | None]] = []
    while len(answers) < len(said):
        await trio.sleep(0.1)
        answers += [(one["type"], one.get("seq")) for one in ada.read() if one["type"] in {"ack", "reject"}]
    acks: list[tuple[str, int | None]] = [("ack", seq) for seq in (1, 2, 3, 4, 5, 1, 6, 7)]
    assert answers == [*acks[:2], ("reject", None), *acks[2:]]


async def test_an_op_behind_one_that_waits_waits_too(stage: Stage, autojump_clock: object) -> None:
    """Its author is answered in order, so it is handed in like that one. [ACK-6]"""
    ada = await seated(stage, "ada")
    assert ada.offer(stroke(1))  # unnamed: the committer's
    assert ada.offer(stroke(2, opId="ada:7"))
    assert room_of(stage).replica.board.seq == 0
    stage.hub.tick.beat()
    assert [one["id"] for one in ada.read() if one["type"] == "ack"] == ["s1", "s2"]


async def test_nothing_is_committed_while_somebody_reads_the_log(
    stage: Stage, autojump_clock: object
) -> None:
    """Whoever holds the turn finds the board as it was before its await."""
    ada = await seated(stage, "ada")
    async with room_of(stage)._committer.turn:
        assert ada.offer(stroke(1, opId="ada:1"))
        await trio.testing.wait_all_tasks_blocked()
        assert room_of(stage).replica.board.seq == 0
    assert await seqs(ada, 1, "ack") == [1]


async def test_a_log_that_refuses_one_op_is_asked_again(
    autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the committer's task, which knows what to do; the op is stored once. [DUP-1]"""
    async with open_memory() as storage, open_stage(storage) as stage:
        ada = await seated(stage, "ada")

        def refuse(*_: object, **__: object) -> None:
            raise StorageUnavailable("busy")

        with monkeypatch.context() as patch:
            patch.setattr(type(storage.op_log), "append_one_now", refuse)
            ada.say(stroke(1, opId="ada:1"), stroke(2, opId="ada:2"))
            assert await seqs(ada, 2, "ack") == [1, 2]
        ada.say(stroke(3, opId="ada:3"))
        assert await seqs(ada, 1, "ack") == [3]


async def test_what_another_room_stored_late_is_read_first(autojump_clock: object) -> None:
    """An op that is stored behind ops which the board has not is acked once, and those are told of before it."""
    async with open_memory() as storage, open_stage(storage) as stage:
        ada = await seated(stage, "ada")
        bob = await seated(stage, "bob")
        bob.say(stroke(1, opId="bob:1"))
        await bob.expect("ack", seq=1)
        ada.read()
        room, bob_id = room_of(stage), ClientId("bob")
        body = b'{"type":"note","id":"n","opId":"bob:2","lamport":3,"by":"bob","clock":{"bob":2},"seen":1,"at":1}'
        await storage.op_log.append(
            BOARD,
            [NewOp(OpId(bob_id, 2), 1, 3, body)],
            epoch=room.replica.epoch,
            claims={bob_id: room._claims._held[bob_id].key_hash},
        )
        assert ada.offer(stroke(9, opId="ada:1"))
        assert await seqs(ada, 1, "ack") == [3]
        ada.say(stroke(10, opId="ada:2"))
        assert await seqs(ada, 1, "ack") == [4]
        assert [(one["type"], one["seq"]) for one in bob.read()[-3:]] == [
            ("note", 2),
            ("stroke", 3),
            ("stroke", 4),
        ]


async def test_a_fault_after_storing_ends_the_room_and_loses_nothing(
    stage: Stage, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The board cannot be trusted any more; the next one has the op. [R13]"""
    ada = await seated(stage, "ada")

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch, capture_logs():
        patch.setattr(Board, "apply", fail)
        assert ada.offer(stroke(1, opId="ada:1"))
        assert (await ada.wait_closed())[0] == 4500
    back, _ = await stage.join()
    assert [one["id"] for one in (await back.expect("snapshot"))["elements"]] == ["s1"]


async def test_after_a_fault_nothing_more_is_stored_or_acked(
    stage: Stage, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader has others' ops at hand still; on a board that has missed one they would be decided wrongly. [ACK-6]"""
    ada, bob = await seated(stage, "ada"), await seated(stage, "bob")

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    with capture_logs():
        with monkeypatch.context() as patch, trio.testing.assert_no_checkpoints():
            patch.setattr(Board, "apply", fail)
            assert ada.offer(stroke(1, opId="ada:1"))
            patch.undo()
            for offered in (stroke(2, opId="bob:1"), [stroke(3)]):
                bob.offer(offered)
            stage.hub.tick.beat()
        assert (await bob.wait_closed())[0] == 4500
    head = await stage.storage.op_log.head(BOARD)
    assert head is not None
    assert head.seq == 1
    assert not {"ack", "reject", "stroke"}.intersection(types(bob))


async def test_a_closing_room_commits_nothing_on_the_spot(stage: Stage, autojump_clock: object) -> None:
    """What comes then is refused as it always was."""
    ada = await seated(stage, "ada")
    room_of(stage)._committer.inbox.close()
    assert not ada.offer(stroke(1, opId="ada:1"))
    assert room_of(stage).replica.board.seq == 0
