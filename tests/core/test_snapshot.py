"""Snapshots: checkpoints and the parts that clients get."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import History, histories, replica, states

from whiteboard.core import snapshot
from whiteboard.core.board import Board
from whiteboard.core.elements import Element
from whiteboard.ids import ClientId


def dealt(board: Board, size_bytes: int) -> list[list[Element]]:
    """A board's elements in parts."""
    parts = snapshot.Parts(size_bytes)
    parts.deal(board)
    return parts.dealt


@given(histories())
def test_a_checkpoint_opens_as_the_board_without_its_tombstones(history: History) -> None:
    """Dump and load keep seq, clock and every element that is not deleted. [RES-9]"""
    opened = snapshot.load(snapshot.dump(history.board))
    assert opened.seq == history.board.seq
    assert list(opened.clock.items()) == list(history.board.clock.items())
    assert states(opened) == [one for one in states(history.board) if not one.get("deleted")]


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


@given(histories(), st.integers(0, 2000))
def test_parts_deal_out_every_element_once(history: History, size_bytes: int) -> None:
    """Parts together hold each element that is not deleted, none twice; one part at least. [RES-7] [RES-9]"""
    parts = dealt(history.board, size_bytes)
    assert len(parts) >= 1
    assert all(parts) or parts == [[]]
    ids = [one.id for part in parts for one in part]
    assert ids == [one.id for one in history.board if not one.is_deleted]
    for part in parts:
        assert len(part) == 1 or sum(one.size_bytes for one in part) <= size_bytes


def test_an_empty_board_has_one_empty_part() -> None:
    """So that a client of an empty board gets its snapshot, too. [RES-4]"""
    assert dealt(Board(), 1000) == [[]]


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
    ],
)  # fmt: skip
def test_what_is_no_checkpoint_is_an_error(body: bytes) -> None:
    """Bytes that `dump` did not write, or another format's, raise ValueError."""
    with pytest.raises(ValueError, match=r"no checkpoint|format 2|no element state|no state of element"):
        snapshot.load(body)
