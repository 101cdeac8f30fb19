"""The short path of acceptance gives what the whole one does, or nothing."""

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from strategies import ops, run

from whiteboard.core import acceptance, plain
from whiteboard.core.acceptance import Acceptance, Author, Proposal
from whiteboard.core.board import Board
from whiteboard.core.clocks import Stamp
from whiteboard.core.ops import Append, Create, Delete, ElementType, Op, Restore, StampedOp
from whiteboard.core.plain import accept_plainly
from whiteboard.ids import ClientId, ElementId

A, B = ClientId("a"), ClientId("b")
E = ElementId("e")


def stored(*before: tuple[ClientId, Op]) -> Board:
    """A board with these ops."""
    board = Board()
    for seq, (client, op) in enumerate(before, start=1):
        board.apply(StampedOp(seq, Stamp(2 * seq - 1, client, seq), op))
    return board


@pytest.mark.no_cover
@settings(max_examples=400)
@given(
    st.lists(st.tuples(st.sampled_from([A, B]), ops()), max_size=8),
    ops(),
    st.tuples(st.integers(1, 9), st.integers(0, 12), st.integers(0, 30)),
    st.booleans(),
)
def test_what_it_accepts_is_accepted_alike(
    before: list[tuple[ClientId, Op]], op: Op, numbers: tuple[int, int, int], is_full: bool
) -> None:
    """The same stamp, context and numbers; what it leaves alone it has not touched. [ACC-3] [ACC-6]"""
    counter, seen, lamport = numbers
    board, author, twin = stored(*before), Author(A, 5, lamport), Author(A, 5, lamport)
    with pytest.MonkeyPatch.context() as patch:
        for module in (acceptance, plain):
            patch.setattr(module, "MAX_PROPERTIES", 3)
            patch.setattr(module, "MAX_ELEMENTS", 2)
            patch.setattr(module, "MAX_POINTS_PER_STROKE", 5)
            patch.setattr(module, "MAX_BOARD_BYTES", 150 if is_full else 1_000_000)
        quick = accept_plainly(board, op, counter, seen, author)
        whole = Acceptance(board).accept(Proposal(op, counter, seen), twin)
    event("plain" if quick else "left alone")
    assert quick is None or quick == whole
    assert author == (twin if quick else Author(A, 5, lamport))


@pytest.mark.parametrize(
    "op",
    [
        Create(E, ElementType.STROKE, {"color": b'"red"'}, run(0, [[0, 0]])),
        Append(E, run(1, [[1, 1]])),
        Create(ElementId("new"), ElementType.NOTE, {}),
    ],
)
def test_what_people_draw_is_plain(op: Op) -> None:
    """Strokes and what goes on with them, by one who is up to date."""
    board = stored((A, Create(E, ElementType.STROKE, {}, run(0, [[0, 0]]))))
    assert accept_plainly(board, op, 2, 1, Author(A, 1, 1)) is not None


@pytest.mark.parametrize("op", [Delete(E), Restore(E), Append(E, run(1, [[1, 1]]))])
def test_what_concerns_tombstones_is_not_plain(op: Op) -> None:
    """It may have to carry a state."""
    board = stored((A, Create(E, ElementType.STROKE, {}, run(0, [[0, 0]]))), (A, Delete(E)))
    assert accept_plainly(board, op, 3, 2, Author(A, 2, 3)) is None


def test_a_repeat_is_not_plain() -> None:
    """Nor is any op that comes behind a later one of its author."""
    assert accept_plainly(Board(), Create(E, ElementType.NOTE, {}), 5, 0, Author(A, 5)) is None
