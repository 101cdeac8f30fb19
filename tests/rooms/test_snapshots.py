"""Snapshots: shared by those who join, made in slices while the board goes on."""

import json
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from strategies import History, histories, replica, run, states

from whiteboard.core import board as core_board
from whiteboard.core.board import Board
from whiteboard.core.clocks import Stamp
from whiteboard.core.ops import Create, Delete, ElementType, SetProperties, StampedOp
from whiteboard.ids import ClientId, ElementId
from whiteboard.limits import SNAPSHOT_LOOKS
from whiteboard.rooms import snapshots
from whiteboard.rooms.snapshots import Snapshot, Snapshots

A = ClientId("a")


@pytest.fixture(scope="module", autouse=True)
def small_parts() -> Iterator[None]:
    """Let a handful of elements be several parts, and messages of several parts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(core_board, "REST_PART_BYTES", 150)
        patch.setattr(snapshots, "REST_PART_BYTES", 150)
        patch.setattr(snapshots, "SNAPSHOT_PART_BYTES", 400)
        patch.setattr(core_board, "HOT_OPS", 2)
        yield


def notes(count: int, first: int = 1) -> list[StampedOp]:
    """Ops that create notes n<seq>."""
    return [
        StampedOp(seq, Stamp(seq, A, seq), Create(ElementId(f"n{seq}"), ElementType.NOTE, {"x": b"1"}))
        for seq in range(first, first + count)
    ]


def read(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Its messages, decoded as a strict receiver does (RFC 7692 section 7.2.2)."""
    return [json.loads(inflated(message.payload)) for message in snapshot.messages]


def inflated(payload: bytes) -> bytes:
    """What a payload says, when another block could follow behind its flush: RFC 1951 knows no loose ends."""
    stream = zlib.decompressobj(-15)
    text = stream.decompress(payload + b"\x00\x00\xff\xff")
    assert stream.decompress(b"\x03\x00") == b""
    assert stream.eof
    return text


def elements(snapshot: Snapshot) -> list[dict[str, Any]]:
    """The states in its messages."""
    return [state for message in read(snapshot) for state in message["elements"]]


async def test_messages_say_what_they_are_parts_of() -> None:
    """Type, seq, number of the part and of all; each element once. [RES-7]"""
    board = replica(notes(30))
    told = read(await Snapshots().newest(board))
    assert len(told) > 3
    assert [one["part"] for one in told] == list(range(1, len(told) + 1))
    assert {(one["type"], one["seq"], one["parts"]) for one in told} == {("snapshot", 30, len(told))}
    ids = [state["id"] for one in told for state in one["elements"]]
    assert sorted(ids) == sorted(one.id for one in board)


async def test_an_empty_board_is_one_empty_part() -> None:
    """So that a client of an empty board gets its snapshot, too. [RES-4]"""
    assert read(await Snapshots().newest(Board())) == [
        {"type": "snapshot", "seq": 0, "part": 1, "parts": 1, "elements": []}
    ]


async def test_who_joins_meanwhile_shares_the_snapshot() -> None:
    """Many at once, and those who come a few ops later; not when the ops are many. [RES-8]"""
    board, kept = replica(notes(64)), Snapshots()
    made: list[Snapshot] = []

    async def join() -> None:
        made.append(await kept.newest(board))

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(join)
    for op in notes(4, first=65):
        board.apply(op)
    await join()
    assert len({id(one) for one in made}) == 1
    board.apply(notes(1, first=69)[0])
    assert (await kept.newest(board)).seq == 69


async def test_a_snapshot_encodes_only_what_changed() -> None:
    """Pieces of parts that nothing was laid into or deleted from serve again."""
    board = replica(notes(64))
    await Snapshots().newest(board)
    before = {part: part.piece for part in board.parts()}
    assert None not in before.values()
    board.apply(StampedOp(65, Stamp(65, A, 65), Delete(ElementId("n1"))))
    board.get(ElementId("n40"))
    made = await Snapshots().newest(board)
    assert sum(part.piece is not piece for part, piece in before.items()) <= 2
    assert "n1" not in {state["id"] for state in elements(made)}


async def test_the_newest_state_of_an_element_comes_last() -> None:
    """An element that was woken is in the piece of its part as it was, and behind all parts as it is. [RES-14]"""
    board = replica(notes(64))
    await Snapshots().newest(board)
    board.apply(StampedOp(65, Stamp(65, A, 65), SetProperties(ElementId("n1"), {"x": b"2"})))
    told = elements(await Snapshots().newest(board))
    assert [state["x"] for state in told if state["id"] == "n1"] == [1, 2]


async def test_points_come_as_steps_to_who_reads_them() -> None:
    """Also those of parts that were packed; who does not read them is not sent any. [HEL-15] [ELM-10]"""
    told = run(0, [[1000.5, 1000.5], [1001.5, 1000.5], [1002.5, 1001.5], [1003.5, 1001.5]])
    strokes = [
        StampedOp(seq, Stamp(seq, A, seq), Create(ElementId(f"s{seq}"), ElementType.STROKE, {}, told))
        for seq in range(1, 9)
    ]
    board, kept = replica(strokes), Snapshots()
    for _ in range(2):
        compact = await kept.newest(board, in_steps=True)
        assert {str(state["points"]) for state in elements(compact)} == {
            "[2, 10, 10005, 10005, 10, 0, 10, 10, 10, 0]"
        }
        plain = await kept.newest(board)
        assert {len(state["points"]) for state in elements(plain)} == {4}
        assert compact.seq == plain.seq == board.seq
        board.apply(StampedOp(9, Stamp(9, A, 9), SetProperties(ElementId("s1"), {"x": b"2"})))


async def test_a_snapshot_that_nobody_asks_for_is_let_go() -> None:
    """After SNAPSHOT_LOOKS of the upkeep; somebody who asks keeps it."""
    board, kept = replica(notes(3)), Snapshots()
    made = await kept.newest(board)
    for _ in range(SNAPSHOT_LOOKS):
        kept.look(board)
    assert await kept.newest(board) is made
    await kept.newest(board, in_steps=True)
    assert any(part.steps for part in board.parts())
    for _ in range(SNAPSHOT_LOOKS + 1):
        kept.look(board)
    assert not any(part.steps for part in board.parts())
    again = await kept.newest(board)
    assert again is not made
    assert elements(again) == elements(made)


async def test_a_snapshot_that_is_dropped_is_made_again_the_same() -> None:
    """What it took is counted; who has it keeps it."""
    board, kept = replica(notes(9)), Snapshots()
    made = await kept.newest(board, in_steps=True)
    assert all(message.payload for message in made.messages)
    assert kept.drop(board) > 0
    assert kept.at_hand(board, in_steps=True) is None
    assert not any(part.steps for part in board.parts())
    again = await kept.newest(board, in_steps=True)
    assert again is not made
    assert elements(again) == elements(made)


async def test_who_is_cancelled_leaves_the_rest_to_the_next() -> None:
    """The one who makes it may go in the middle."""
    board, kept = replica(notes(64)), Snapshots()
    with trio.CancelScope() as scope:
        scope.cancel()
        await kept.newest(board)
    assert scope.cancelled_caught
    assert len(elements(await kept.newest(board))) == 64


def visible(board: Board) -> list[Any]:
    """States of visible elements, decoded: of others a joiner may know less."""
    return [one for one in states(board) if "created" in one and not one.get("deleted")]


async def _joins(board: Board, history: History, cut: int, ways: list[str]) -> Snapshot:
    """A snapshot made while the rest of a log is applied, an op between two slices."""

    async def edit() -> None:
        for op, way in zip(history.log[cut:], ways, strict=True):
            board.apply(op)
            if way == "rest":
                board.rest(board.awake(), board.seq)
            elif way == "pack":
                for part in board.parts():
                    part.pack()
            await trio.lowlevel.checkpoint()

    kept, made = Snapshots(), list[Snapshot]()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(edit)
        made.append(await kept.newest(board))
    return made[0]


@given(histories(), st.data())
def test_who_joins_during_edits_ends_with_the_same_board(history: History, data: st.DataObject) -> None:
    """A snapshot made while ops come, and the ops after its seq, are the board. [RES-8] [RES-9] [RES-10]"""
    cut = data.draw(st.integers(0, len(history.log)))
    ways = data.draw(
        st.lists(
            st.sampled_from(["nothing", "rest", "pack"]), min_size=len(history.log), max_size=len(history.log)
        )
    )
    board = replica(history.log[:cut])
    if data.draw(st.booleans()):
        board.rest(board.awake(), board.seq)
    made = trio.run(_joins, board, history, cut, ways[cut:])
    joiner = Board()
    for state in elements(made):
        assert not state.get("deleted")
        joiner.join(state["id"], json.dumps(state).encode())
    for op in history.log[made.seq :]:
        joiner.apply(op)
    assert visible(joiner) == visible(board) == visible(replica(history.log))
