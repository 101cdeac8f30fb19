"""Acceptance: what is refused, and the stamps of what is not."""

import json

import pytest
from core import plain_acceptance
from core.plain_acceptance import PlainAcceptance
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import ELEMENTS, History, histories, ops, replica, run, states

import whiteboard.core.acceptance as module
from whiteboard.core.acceptance import Acceptance, Accepted, Author, Proposal
from whiteboard.core.board import Board
from whiteboard.core.clocks import Rank, Stamp
from whiteboard.core.ops import Append, Create, Delete, ElementType, Op, Restore, SetProperties, StampedOp
from whiteboard.core.outcomes import RejectCode, Rejected
from whiteboard.ids import MAX_COUNTER, ClientId, ElementId
from whiteboard.limits import MAX_POINTS_PER_STROKE, MAX_PROPERTIES

A, B = ClientId("a"), ClientId("b")
E = ElementId("e")


def stroke(element: ElementId = E) -> Create:
    """A stroke of one point."""
    return Create(element, ElementType.STROKE, {}, run(0, [[0, 0]]))


def note(element: ElementId = E) -> Create:
    """A note."""
    return Create(element, ElementType.NOTE, {})


def append(start: int = 1, count: int = 1) -> Append:
    """Some points."""
    return Append(E, run(start, [[1, 1]] * count))


def write(count: int, prefix: str = "p") -> SetProperties:
    """A set of so many properties."""
    return SetProperties(E, {f"{prefix}{number}": b"1" for number in range(count)})


def decide(board: Board, *ops: tuple[ClientId, Op]) -> list[Accepted | RejectCode]:
    """One batch of thin clients' ops; refusals as their code."""
    acceptance, authors = Acceptance(board), {client: Author(client) for client, _ in ops}
    answers = [acceptance.accept(Proposal(op), authors[client]) for client, op in ops]
    return [one.code if isinstance(one, Rejected) else one for one in answers]


def board_of(*ops: tuple[ClientId, Op]) -> Board:
    """A board on which these ops are stored, each by its own batch."""
    board = Board()
    for seq, (client, op) in enumerate(ops, start=1):
        board.apply(StampedOp(seq, Stamp(2 * seq - 1, client, seq), op))
    return board


def only(answers: list[Accepted | RejectCode]) -> Accepted | RejectCode:
    """The last answer, all others being acceptances."""
    *others, last = answers
    assert all(isinstance(one, Accepted) for one in others)
    return last


def joined(answer: Accepted | RejectCode) -> object:
    """The decoded state attached to an accepted op."""
    assert isinstance(answer, Accepted)
    return None if answer.joined is None else json.loads(answer.joined)


# --- stamps -----------------------------------------------------------------------------------


def test_a_thin_client_gets_the_next_counter_and_the_board_s_seq() -> None:
    """Counter, seen, clock and lamport are filled in. [ACC-3] [ACC-4] [ACC-6] [IDN-10]"""
    board, author = board_of((B, note())), Author(A, 7)
    accepted = Acceptance(board).accept(Proposal(Delete(E)), author)
    assert accepted == Accepted(Delete(E), Stamp(3, A, 8), 1, {A: 8}, None)
    assert author == Author(A, 8, 3)


def test_a_client_s_own_numbers_stand() -> None:
    """A given counter, seen and clock are used; the author's own entry is the op's. [ACC-3] [ACC-4]"""
    author = Author(A)
    proposal = Proposal(Delete(E), 5, 0, {A: 99, B: 4})
    accepted = Acceptance(board_of((B, note()))).accept(proposal, author)
    assert accepted == Accepted(Delete(E), Stamp(0, A, 5), 0, {A: 5, B: 4}, None)
    assert str(accepted.op_id) == "a:5"


def test_one_s_own_ops_do_not_make_one_stale() -> None:
    """An author alone on the board is up to date without reading its own ops. [ACC-7]"""
    accepted = Acceptance(board_of((A, note()), (A, stroke()))).accept(Proposal(Delete(E), 3, 0), Author(A))
    assert isinstance(accepted, Accepted)
    assert accepted.stamp.lamport == 5


def test_an_author_s_rank_never_falls() -> None:
    """A `seen` lower than before does not lower the rank of a later op. [ACC-6]"""
    board, author = board_of((B, note())), Author(A, 9, 3)
    accepted = Acceptance(board).accept(Proposal(Delete(E), 10, 0), author)
    assert isinstance(accepted, Accepted)
    assert accepted.stamp == Stamp(3, A, 10)
    assert author == Author(A, 10, 3)


def test_a_late_op_stands_between_its_neighbours() -> None:
    """A counter below the author's highest is ranked where it was written, stored or in the batch. [ACC-6]"""
    board, author = board_of(*[(B, note())] * 20), Author(A, 9, 30)
    acceptance = Acceptance(board, {A: [Rank(3, 10), Rank(8, 24)]})
    stamps = []
    for counter, seen in ((5, 2), (6, 9), (7, 1), (4, 20), (12, 17), (11, 20)):
        accepted = acceptance.accept(Proposal(Delete(E), counter, seen), author)
        assert isinstance(accepted, Accepted)
        stamps.append((accepted.stamp.counter, accepted.stamp.lamport))
    assert stamps == [(5, 10), (6, 18), (7, 18), (4, 10), (12, 34), (11, 34)]
    assert author == Author(A, 12, 34)


def test_a_client_may_run_out_of_counters() -> None:
    """After the highest counter the server has none to give; a named op still passes. [IDN-10]"""
    author = Author(A, MAX_COUNTER)
    refusal = Acceptance(Board()).accept(Proposal(Delete(E)), author)
    assert isinstance(refusal, Rejected)
    assert (refusal.code, refusal.path) == (RejectCode.BAD_FIELD, "$.opId")
    assert isinstance(Acceptance(Board()).accept(Proposal(Delete(E), 4), author), Accepted)


def test_a_refused_op_uses_no_number() -> None:
    """A refusal advances neither counter nor rank. [ACC-19]"""
    author = Author(A)
    acceptance = Acceptance(board_of((B, note())))
    assert isinstance(acceptance.accept(Proposal(append()), author), Rejected)
    assert author == Author(A)


# --- refusals ---------------------------------------------------------------------------------


def test_points_go_to_one_s_own_strokes() -> None:
    """Appends to another's stroke, or to what has no points, are refused. [ACC-12] [ACC-13]"""
    assert decide(board_of((A, note())), (A, append())) == [RejectCode.NOT_A_STROKE]
    assert decide(board_of((A, stroke())), (B, append())) == [RejectCode.NOT_AUTHOR]
    assert isinstance(only(decide(board_of((A, stroke())), (A, append()))), Accepted)


def test_points_may_come_before_their_stroke() -> None:
    """An append to an element that is not there, or not created, is accepted. [OP-16]"""
    assert isinstance(only(decide(Board(), (B, append()))), Accepted)
    assert isinstance(only(decide(board_of((A, write(1))), (B, append()))), Accepted)


def test_a_stroke_is_bounded() -> None:
    """An append may end at the bound and not beyond it. [ACC-11] [LIM-3]"""
    last = append(MAX_POINTS_PER_STROKE - 1)
    assert isinstance(only(decide(Board(), (A, last))), Accepted)
    assert decide(Board(), (A, append(MAX_POINTS_PER_STROKE))) == [RejectCode.TOO_MANY_POINTS]
    assert decide(Board(), (A, append(MAX_COUNTER, 0))) == [RejectCode.TOO_MANY_POINTS]


def test_properties_are_bounded_per_element() -> None:
    """Registers count, unset ones too; writing the same names again is free. [ACC-14]"""
    board = board_of((A, write(MAX_PROPERTIES)))
    assert isinstance(only(decide(board, (A, write(MAX_PROPERTIES)))), Accepted)
    assert decide(board, (A, write(1, "q"))) == [RejectCode.TOO_LARGE]
    unset = SetProperties(E, {f"p{number}": b"null" for number in range(MAX_PROPERTIES)})
    assert decide(board_of((A, unset)), (A, write(1, "q"))) == [RejectCode.TOO_LARGE]
    full = Create(E, ElementType.NOTE, {"q": b"1"})
    assert decide(board, (A, full)) == [RejectCode.TOO_LARGE]


def test_bounds_hold_within_a_batch() -> None:
    """What one batch does to an element counts for its later ops. [ACC-16]"""
    answers = decide(Board(), (A, write(40)), (B, write(40, "q")), (B, write(24, "q")))
    assert [isinstance(one, Accepted) for one in answers] == [True, False, True]
    assert only(decide(Board(), (A, stroke()), (B, append()))) == RejectCode.NOT_AUTHOR
    assert only(decide(Board(), (A, note()), (A, append()))) == RejectCode.NOT_A_STROKE


def test_the_create_that_counts_decides_within_a_batch_too() -> None:
    """Authorship follows the lowest create, whichever came first. [ACC-16] [MRG-2]"""
    board = board_of((A, write(1)))
    acceptance, a, b = Acceptance(board), Author(A), Author(B)
    assert isinstance(acceptance.accept(Proposal(stroke(), seen=1), a), Accepted)
    assert isinstance(acceptance.accept(Proposal(stroke(), seen=0), b), Accepted)
    assert isinstance(acceptance.accept(Proposal(append()), b), Accepted)
    assert isinstance(acceptance.accept(Proposal(append()), a), Rejected)


def test_the_board_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elements in memory and newcomers of the batch count; known ones may change. [ACC-15] [ACC-16]"""
    monkeypatch.setattr(module, "MAX_ELEMENTS", 2)
    board = board_of((A, note()))
    first, second = ELEMENTS[:2]
    answers = decide(board, (A, note(first)), (A, note(second)), (A, Delete(first)), (A, Delete(E)))
    kinds = [one if isinstance(one, RejectCode) else None for one in answers]
    assert kinds == [None, RejectCode.BOARD_FULL, None, None]


def test_a_refused_newcomer_takes_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """An op that is refused for something else does not fill the board. [ACC-15] [ACC-19]"""
    monkeypatch.setattr(module, "MAX_ELEMENTS", 1)
    answers = decide(Board(), (A, append(MAX_POINTS_PER_STROKE)), (A, note(ELEMENTS[0])))
    assert isinstance(answers[1], Accepted)


def test_a_repeat_within_a_batch_leaves_no_trace() -> None:
    """The store keeps the first op of a name; another content under it shows in no attached state. [DUP-2]"""
    acceptance, author = Acceptance(board_of((A, stroke()), (A, Delete(E)))), Author(A, 2, 3)
    first = acceptance.accept(Proposal(SetProperties(E, {"x": b"1"}), 3, 1), author)
    again = acceptance.accept(Proposal(SetProperties(E, {"x": b"2", "y": b"2"}), 3, 2), author)
    refused_as_new = acceptance.accept(Proposal(append(MAX_POINTS_PER_STROKE), 3), author)
    after = acceptance.accept(Proposal(Restore(E), 4, 2), author)
    answers = (first, again, refused_as_new, after)
    assert all(isinstance(one, Accepted) for one in answers)
    state = joined(after if isinstance(after, Accepted) else RejectCode.BAD_FIELD)
    assert isinstance(state, dict)
    assert state["x"] == 1
    assert "y" not in state


# --- states attached to ops -------------------------------------------------------------------


def test_ops_on_living_elements_carry_no_state() -> None:
    """Creates, sets, appends and a first delete need none. [ACC-18]"""
    for op in (stroke(), append(), write(1), Delete(E)):
        assert joined(only(decide(board_of((A, stroke())), (A, op)))) is None


def test_a_restore_carries_the_state_after_it() -> None:
    """A replica may have forgotten the element that comes back. [ACC-18] [ACC-17]"""
    board = board_of((A, stroke()), (A, Delete(E)))
    assert joined(only(decide(board, (A, Restore(E))))) == {
        "id": "e", "type": "stroke", "by": "a", "created": [1, "a", 1], "points": [[0, 0]],
        "deleted": False, "stamps": {"deleted": [5, "a", 1]},
    }  # fmt: skip


def test_a_create_under_a_tombstone_carries_the_tombstone() -> None:
    """It would bring the element back for those alone who forgot it. [ACC-18]"""
    board = board_of((A, stroke()), (A, Delete(E)))
    assert joined(only(decide(board, (B, stroke())))) == {
        "id": "e", "deleted": True, "stamps": {"deleted": [3, "a", 2]},
    }  # fmt: skip


def test_other_ops_on_deleted_elements_carry_nothing() -> None:
    """They show nothing anywhere, so a small op on a large tombstone stays small. [ACC-18]"""
    board = board_of((A, stroke()), (A, Delete(E)))
    for op in (append(), write(1), Delete(E)):
        assert joined(only(decide(board, (A, op)))) is None
    assert joined(only(decide(Board(), (A, Restore(E))))) is None


def test_a_state_within_a_batch_has_what_the_batch_did_before() -> None:
    """Create, delete, set, restore and append in one batch: the state is the one after its op. [ACC-16]"""
    answers = decide(
        Board(),
        (A, stroke()), (A, write(1)), (A, Delete(E)), (B, SetProperties(E, {"x": b"1"})),
        (A, Restore(E)), (A, append()), (B, SetProperties(E, {"x": b"2"})),
    )  # fmt: skip
    states_after = [joined(one) for one in answers]
    assert [state is None for state in states_after] == [True, True, True, True, False, True, True]
    assert states_after[4] == {
        "id": "e", "type": "stroke", "by": "a", "created": [1, "a", 1], "points": [[0, 0]],
        "p0": 1, "x": 1, "deleted": False,
        "stamps": {"p0": [1, "a", 2], "x": [1, "b", 1], "deleted": [1, "a", 4]},
    }  # fmt: skip


@pytest.mark.no_cover
@given(histories())
def test_attached_states_are_those_of_the_board_after_the_op(history: History) -> None:
    """Whatever the batches were, what is attached is what a replica has after that op. [ACC-18]"""
    board = Board()
    for op in history.log:
        before = board.get(op.op.element)
        was_deleted = before is not None and before.is_deleted
        board.apply(op)
        after = board.get(op.op.element)
        if was_deleted and after is not None and not after.is_deleted:
            assert op.joined is not None
            assert json.loads(op.joined) == json.loads(after.state())
        elif isinstance(op.op, Create) and after is not None and after.is_deleted:
            assert op.joined == after.tombstone()
        else:
            assert op.joined is None


def test_a_board_full_of_bytes_takes_deletions_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """At `boardBytes` a board refuses what makes it larger; deleting and restoring still work. [ACC-15]"""
    board = board_of((A, stroke()))
    monkeypatch.setattr(module, "MAX_BOARD_BYTES", board.size_bytes)
    answers = decide(board, (A, stroke()), (A, append()), (A, write(1)), (A, Delete(E)), (A, Restore(E)))
    assert [one for one in answers if not isinstance(one, Accepted)] == [RejectCode.BOARD_FULL] * 3
    monkeypatch.setattr(module, "MAX_BOARD_BYTES", board.size_bytes + 1)
    assert isinstance(only(decide(board, (A, write(1)))), Accepted)


@given(histories())
def test_accepting_changes_no_board(history: History) -> None:
    """The board is as its log says: decisions left no trace in it. [ACC-19]"""
    assert states(history.board) == states(replica(history.log))


# --- the short cuts ---------------------------------------------------------------------------

Handed = tuple[ClientId, Proposal]

handed_in = st.tuples(
    st.sampled_from([A, B, ClientId("c")]),
    st.builds(
        Proposal,
        ops(),
        st.none() | st.integers(1, 9),
        st.none() | st.integers(0, 12),
        st.none() | st.dictionaries(st.sampled_from([A, B]), st.integers(0, 9), max_size=2),
    ),
)
"""Ops in order, late, repeated and unnamed, on few elements."""


@pytest.mark.no_cover
@settings(max_examples=300)
@given(st.lists(handed_in, max_size=8), st.lists(handed_in, max_size=12), st.integers(0, 40), st.booleans())
def test_what_is_put_together_late_changes_no_decision(
    before: list[Handed], batch: list[Handed], lamport: int, is_full: bool
) -> None:
    """Decisions, stamps, clocks, states and numbers are those of the plain way, whatever the batch."""
    board = Board()
    for seq, (client, proposal) in enumerate(before, start=1):
        board.apply(StampedOp(seq, Stamp(2 * seq - 1, client, seq), proposal.op))
    stored = {A: [Rank(1, lamport // 2), Rank(3, lamport)]}
    with pytest.MonkeyPatch.context() as patch:
        for one in (module, plain_acceptance):
            patch.setattr(one, "MAX_PROPERTIES", 3)
            patch.setattr(one, "MAX_ELEMENTS", 2)
            patch.setattr(one, "MAX_BOARD_BYTES", 150 if is_full else 1_000_000)
        quick, plain = (
            decisions(one, batch, lamport)
            for one in (Acceptance(board, stored), PlainAcceptance(board, stored))
        )
    assert quick == plain


def decisions(
    acceptance: Acceptance | PlainAcceptance, batch: list[Handed], lamport: int
) -> tuple[list[Accepted | Rejected], list[Author]]:
    """What one batch comes to, and its authors' numbers after it."""
    authors = {client: Author(client, 5, lamport) for client in (A, B, ClientId("c"))}
    answers = [acceptance.accept(proposal, authors[client]) for client, proposal in batch]
    return answers, list(authors.values())
