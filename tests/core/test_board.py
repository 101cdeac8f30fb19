"""The board: elements by id, the clock, the head of the log."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import CLIENTS, History, histories, replica, run, stamped_ops, states

from whiteboard.core.board import Board
from whiteboard.core.clocks import Stamp
from whiteboard.core.ops import Append, Create, Delete, ElementType, Restore, SetProperties, StampedOp
from whiteboard.core.outcomes import Applied, Ignored
from whiteboard.ids import ClientId, ElementId
from whiteboard.limits import MAX_CLOCK_CLIENTS

A, B = ClientId("a"), ClientId("b")
E, F = ElementId("e"), ElementId("f")


def note(element: ElementId = E, **values: bytes) -> Create:
    """A create of a note."""
    return Create(element, ElementType.NOTE, values)


def test_applying_tells_whether_anything_changed() -> None:
    """A first op is applied, its repeat and an older write are ignored. [MRG-1]"""
    board = Board()
    create = StampedOp(1, Stamp(1, A, 1), note(x=b"1"))
    assert board.apply(create) == Applied(E)
    assert board.apply(create) == Ignored(E)
    assert board.apply(StampedOp(2, Stamp(3, B, 1), SetProperties(E, {"x": b"2"}))) == Applied(E)
    assert board.apply(StampedOp(3, Stamp(2, A, 2), SetProperties(E, {"x": b"3"}))) == Ignored(E)
    assert board.seq == 3


def test_an_empty_append_leaves_nothing_behind() -> None:
    """No element comes into being by an append of no points. [MRG-14]"""
    board = Board()
    assert board.apply(StampedOp(1, Stamp(1, A, 1), Append(E, run(0, [])))) == Ignored(E)
    assert not board.join(F, b'{"id":"f"}')
    assert len(board) == 0
    assert E not in board
    assert board.get(E) is None


def test_an_op_before_its_create_merges_as_if_it_had_come_after() -> None:
    """Set, append, delete before the create end in the same board. [MRG-9] [OP-16]"""
    ops = [
        StampedOp(1, Stamp(1, A, 1), Create(E, ElementType.STROKE, {"x": b"1"}, run(0, [[0, 0]]))),
        StampedOp(2, Stamp(2, A, 2), Append(E, run(1, [[1, 1]]))),
        StampedOp(3, Stamp(3, B, 1), SetProperties(E, {"x": b"2"})),
        StampedOp(4, Stamp(5, B, 2), Delete(E)),
        StampedOp(5, Stamp(7, B, 3), Restore(E)),
    ]
    assert states(replica(ops[1:] + ops[:1])) == states(replica(ops))
    assert len(replica(ops).visible()) == 1


def test_visible_elements_come_in_draw_order() -> None:
    """From bottom to top by effective key, then by the create's stamp. [MRG-18]"""
    board = replica(
        [
            StampedOp(1, Stamp(1, A, 1), note(ElementId("1"), z=b'"a2"')),
            StampedOp(2, Stamp(2, A, 2), note(ElementId("2"))),
            StampedOp(3, Stamp(2, B, 1), note(ElementId("3"))),
            StampedOp(4, Stamp(3, B, 2), note(ElementId("4"), z=b'"Zz"')),
            StampedOp(5, Stamp(3, B, 3), note(ElementId("5"))),
            StampedOp(6, Stamp(4, B, 4), Delete(ElementId("5"))),
            StampedOp(7, Stamp(4, B, 5), SetProperties(ElementId("6"), {"x": b"1"})),
        ]
    )
    assert [one.id for one in board.visible()] == ["4", "1", "2", "3"]
    assert [one.id for one in board.deleted()] == ["5"]
    assert len(board) == 6


@pytest.mark.no_cover
@given(histories())
def test_the_foreign_head_is_the_last_op_by_anybody_else(history: History) -> None:
    """Three numbers tell what a table of all ops would. [ACC-7]"""
    board = Board()
    for op in history.log:
        board.apply(op)
        for client in (*CLIENTS, ClientId("nobody")):
            foreign = [one.seq for one in history.log[: op.seq] if one.stamp.client != client]
            assert board.foreign_head(client) == max(foreign, default=0)
        board.apply(history.log[0])


def test_a_board_from_a_checkpoint_counts_all_before_it_as_foreign() -> None:
    """Who wrote what a checkpoint holds is not known, so nobody is called fresh by mistake. [ACC-7]"""
    board = Board()
    board.start_at(10)
    assert (board.seq, board.foreign_head(A)) == (10, 10)
    board.apply(StampedOp(11, Stamp(1, A, 1), Delete(E)))
    assert (board.foreign_head(A), board.foreign_head(B)) == (10, 11)
    board.apply(StampedOp(12, Stamp(1, A, 2), Delete(E)))
    assert (board.foreign_head(A), board.foreign_head(B)) == (10, 12)
    board.apply(StampedOp(13, Stamp(1, B, 1), Delete(E)))
    assert (board.foreign_head(A), board.foreign_head(B)) == (13, 12)


@given(stamped_ops())
def test_the_clock_holds_the_highest_counter_of_each_client(some: list[StampedOp]) -> None:
    """The vector clock counts what is here, in whatever order it came."""
    expected: dict[ClientId, int] = {}
    for op in some:
        expected[op.stamp.client] = max(expected.get(op.stamp.client, 0), op.stamp.counter)
    assert replica(some).clock == replica(some[::-1]).clock == expected


def test_the_clock_keeps_the_clients_that_wrote_last() -> None:
    """Past the bound the client that has been silent longest is dropped."""
    board = Board()
    for number in range(MAX_CLOCK_CLIENTS):
        board.note_counter(ClientId(f"c{number}"), 1)
    board.note_counter(ClientId("c0"), 2)
    board.note_counter(ClientId("new"), 1)
    assert len(board.clock) == MAX_CLOCK_CLIENTS
    assert board.clock.get(ClientId("c0")) == 2
    assert ClientId("c1") not in board.clock


@pytest.mark.no_cover
@given(histories(), st.sampled_from([1, 3]))
def test_forgetting_deleted_elements_loses_nothing(history: History, pace: int) -> None:
    """A replica that forgets tombstoned elements sees what one sees that never does. [MRG-15] [MRG-16]

    What is stored with creates and restores keeps the dead dead and brings back all that was forgotten.
    """
    forgetful = Board()
    for op in history.log:
        forgetful.apply(op)
        if op.seq % pace == 0:
            forgetful.forget([one.id for one in forgetful.deleted()])
    assert _visible(forgetful) == _visible(history.board)


def _visible(board: Board) -> list[object]:
    return [one for one in states(board) if "created" in one and not one.get("deleted")]


def test_a_joined_state_that_is_none_is_an_error() -> None:
    """Bytes that are no element state raise ValueError."""
    with pytest.raises(ValueError, match="no state of element 'e'"):
        Board().join(E, b'{"x":1}')


@given(stamped_ops())
def test_size_is_the_sum_of_what_elements_hold(some: list[StampedOp]) -> None:
    """A board's size follows its elements through every op, join and forgetting."""
    board = Board()
    for op in some:
        board.apply(op)
    assert board.size_bytes == sum(element.size_bytes for element in board)
    copies = {element.id: element.state() for element in board}
    board.forget(list(copies)[::2])
    assert board.size_bytes == sum(element.size_bytes for element in board)
    board.forget(list(copies))
    assert board.size_bytes == 0
