"""Checkpoints: written from the board as it rests, opened without reading what rests."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import History, histories, replica, states

from whiteboard.core import snapshot
from whiteboard.core.board import Board
from whiteboard.core.clocks import Stamp
from whiteboard.core.ops import Create, ElementType, StampedOp
from whiteboard.ids import ClientId, ElementId


@pytest.mark.no_cover
@given(histories())
def test_a_checkpoint_opens_as_the_board_without_its_tombstones(history: History) -> None:
    """Dump and load keep seq, clock and every element that is not deleted. [RES-9]"""
    opened = snapshot.load(snapshot.dump(history.board))
    assert opened.seq == history.board.seq
    assert list(opened.clock.items()) == list(history.board.clock.items())
    assert states(opened) == [one for one in states(history.board) if not one.get("deleted")]


@pytest.mark.no_cover
@given(histories(), st.data())
def test_a_checkpoint_and_the_ops_after_it_are_the_whole_board(history: History, data: st.DataObject) -> None:
    """Opening from any checkpoint and the log ends where the log alone ends. [MRG-16] [RES-8]

    The elements may be younger than the checkpoint's seq says, and tombstones come back with the ops
    that need them.
    """
    cut = data.draw(st.integers(0, len(history.log)))
    younger = data.draw(st.integers(cut, len(history.log)))
    head = snapshot.head(replica(history.log[:cut]))
    elements = replica(history.log[:younger])
    buried = {one.id: one.state() for one in elements.deleted()}
    body = snapshot.finish(head, [one.state() for one in elements if not one.is_deleted])
    opened = snapshot.load(body)
    assert opened.seq == cut
    for op in history.log[cut:]:
        if op.op.element in buried:
            opened.join(op.op.element, buried.pop(op.op.element))
        opened.apply(op)
    for element, state in buried.items():
        opened.join(element, state)
    assert states(opened) == states(history.board)


@given(histories())
def test_opening_leaves_elements_at_rest(history: History) -> None:
    """Visible ones are kept as the text that they are; what has no create yet is merged."""
    opened = snapshot.load(snapshot.dump(history.board))
    shown = {one.id for one in history.board if one.is_visible}
    others = any(one.created is None for one in history.board)
    assert others or opened.awake_count == 0
    assert shown <= {one.id for one in opened}
    assert len(opened) == len(list(opened))


@pytest.mark.parametrize("size_bytes", [1, 100, 10_000])
def test_a_value_that_looks_like_a_seam_is_not_cut(monkeypatch: pytest.MonkeyPatch, size_bytes: int) -> None:
    """Objects with ids within a property do not end a slice, nor does text that spells them."""
    monkeypatch.setattr(snapshot, "REST_PART_BYTES", size_bytes)
    board, value = Board(), b'[{"a":1},{"id":"x"},{"id":"y"}]'
    odd = json.dumps('},{"id":"z"}').encode()
    for number in range(9):
        create = Create(ElementId(f"e{number}"), ElementType.NOTE, {"mine": value, "text": odd})
        board.apply(StampedOp(number + 1, Stamp(number, ClientId("a"), number), create))
    opened = snapshot.load(snapshot.dump(board))
    assert states(opened) == states(board)
    assert opened.awake_count == 0


def test_an_element_twice_in_a_checkpoint_is_joined() -> None:
    """Whoever wrote it: states join, the newer one counts."""
    old, new = (
        b'{"id":"e","type":"note","by":"a","created":[1,"a",1],"x":%d,"stamps":{"x":[%d,"a",2]}}' % (one, one)
        for one in (3, 2)
    )
    body = snapshot.finish(snapshot.head(Board()), [old, new])
    assert [one["x"] for one in states(snapshot.load(body))] == [3]


def test_a_checkpoint_with_white_space_is_read() -> None:
    """Also one that another program wrote."""
    body = b'{"format": 1, "seq": 2, "clock": {}, "elements": [\n {"id": "e", "created": [1, "a", 1], "type": "note"}]}'
    assert [one.id for one in snapshot.load(body)] == ["e"]


def test_a_checkpoint_begins_with_its_head() -> None:
    """The form that is stored: format, seq, clock, elements."""
    board = Board()
    board.start_at(3)
    board.note_counter(ClientId("a"), 2)
    assert json.loads(snapshot.dump(board)) == {"format": 1, "seq": 3, "clock": {"a": 2}, "elements": []}


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"[]", b"\xff", b'{"format":2,"seq":0,"clock":{},"elements":[]}',
        b'{"format":1,"seq":0,"clock":{"\xff":1},"elements":[]}',
        b'{"format":1,"seq":0,"clock":{},"elements":[{"x":1}]}',
        b'{"format":1,"seq":0,"clock":{},"elements":[5]}',
        b'{"format":1,"seq":0,"clock":{},"elements":[{"id":"\xff"}]}',
        b'{"format":1,"seq":0,"clock":{},"elements":[{"id":"e","x":1}]}',
        b'{"format":1,"seq":0,"clock":{},"elements":[{"id":"e","created":[1,"a",1],"x":1}]}',
        b'{"format":1,"seq":0,"clock":{},"elements":[{"id":"e","created":[1,"a",1],"type":"note","\xff":1}]}',
        b'{"format":1,"seq":0,"clock":{},"elements":[{"id":"e","created":[1,"a",1],"type":"note","x":}]}',
        b'{"format":1,"seq":0,"clock":{},"elements":[{"id":"e","created":[1,"a",1],"type":"stroke","points":5}]}',
    ],
)  # fmt: skip
def test_what_is_no_checkpoint_is_an_error(body: bytes) -> None:
    """Bytes that `dump` did not write, or another format's, raise ValueError."""
    with pytest.raises(ValueError, match=r"no checkpoint|format 2|no element state|no state of element"):
        snapshot.load(body)
