"""Stamps and ranks: the facts that the merge order rests on."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st
from strategies import CLIENTS, History, Writer, histories

from whiteboard.core.acceptance import Acceptance, Accepted, Author, Proposal
from whiteboard.core.board import Board
from whiteboard.core.clocks import Stamp, covers, rank
from whiteboard.core.ops import Delete, StampedOp
from whiteboard.ids import ClientId, ElementId, OpId

stamps = st.builds(Stamp, st.integers(0, 5), st.sampled_from(CLIENTS), st.integers(1, 5))
clocks = st.dictionaries(st.sampled_from(CLIENTS), st.integers(1, 4))

A, B = ClientId("a"), ClientId("b")
DELETE = Proposal(Delete(ElementId("e")))


@given(st.lists(stamps, min_size=3, max_size=3))
def test_stamps_are_in_a_total_order(three: list[Stamp]) -> None:
    """Any two stamps compare in one way, and comparisons chain. [ACC-8] [MRG-17]"""
    a, b, c = three
    assert (a < b) + (a == b) + (a > b) == 1
    if a < b < c:
        assert a < c


def test_stamps_compare_part_by_part() -> None:
    """The lamport number decides, then the client's ASCII codes, then the counter. [ACC-8]"""
    assert Stamp(1, ClientId("z"), 9) < Stamp(2, A, 1)
    assert Stamp(2, ClientId("B"), 9) < Stamp(2, A, 1)
    assert Stamp(2, A, 9) < Stamp(2, A, 10)
    assert Stamp(2, A, 9).op_id == OpId(A, 9)


def test_the_rank_is_twice_seen_and_never_falls() -> None:
    """2 x seen, one more when fresh, at least the author's previous one. [ACC-6]"""
    assert rank(0, is_fresh=False, previous=0) == 0
    assert rank(7, is_fresh=False, previous=0) == 14
    assert rank(7, is_fresh=True, previous=14) == 15
    assert rank(7, is_fresh=True, previous=99) == 99


def knows(history: History, later: int, earlier: int) -> bool:
    """Whether the author of one op had seen another, by its `seen` or as its own."""
    one, other = history.accepted[later], history.accepted[earlier]
    is_own = one.stamp.client == other.stamp.client and other.stamp.counter < one.stamp.counter
    return is_own or earlier < one.seen


@given(histories())
def test_the_order_extends_causality(history: History) -> None:
    """Whoever had seen an op writes with a greater stamp than it. [ACC-9] [ACC-5]"""
    for earlier, later in combinations(range(len(history.log)), 2):
        if knows(history, later, earlier):
            assert history.log[earlier].stamp < history.log[later].stamp


@given(histories())
def test_a_stale_edit_never_beats_one_made_in_sight_of_what_it_missed(history: History) -> None:
    """Seeing more of the log outranks every op by an author who had seen less. [ACC-10]"""
    for stale, newer in combinations(history.accepted, 2):
        low, high = sorted((stale, newer), key=lambda one: one.seen)
        had_better = any(
            own.stamp.client == low.stamp.client and own.seen >= high.seen for own in history.accepted
        )
        if low.seen < high.seen and not had_better and low.stamp.client != high.stamp.client:
            assert low.stamp < high.stamp


@given(st.integers(1, 20), st.integers(0, 20), st.data())
def test_an_offline_edit_loses_to_everything_that_happened_meanwhile(
    before: int, meanwhile: int, data: st.DataObject
) -> None:
    """One client leaves with an old state; others, up to date, write on; its late edit loses. [ACC-10]"""
    history, away = History(), Author(A)
    for number in range(before):
        history.commit([(Writer(Author(A if number % 2 else B)), DELETE)])
    seen = data.draw(st.integers(0, before))
    here = Author(B, 100, 0)
    for _ in range(meanwhile + 1):
        history.commit([(Writer(here), DELETE)])
    late = Acceptance(history.board).accept(Proposal(Delete(ElementId("e")), 500, seen), away)
    assert isinstance(late, Accepted)
    for op in history.log[before:]:
        assert late.stamp < op.stamp


@given(st.integers(0, 10), st.integers(0, 2**53 - 1))
def test_seen_beyond_the_board_is_clamped(seq: int, seen: int) -> None:
    """Nobody buys a rank with a `seen` that the board has not reached. [ACC-3]"""
    board = Board()
    for number in range(1, seq + 1):
        board.apply(StampedOp(number, Stamp(2 * number, B, number), Delete(ElementId("e"))))
    accepted = Acceptance(board).accept(Proposal(Delete(ElementId("e")), seen=seen), Author(A))
    assert isinstance(accepted, Accepted)
    assert accepted.seen == min(seen, seq)
    assert accepted.stamp.lamport == 2 * min(seen, seq) + (seen >= seq)


@given(clocks, clocks)
def test_a_clock_covers_another_entry_by_entry(one: dict[ClientId, int], other: dict[ClientId, int]) -> None:
    """Covering means at least as much of every client that the other counts."""
    assert covers(one, other) == all(one.get(c, 0) >= n for c, n in other.items())
    assert covers(one, one)
    assert covers(one, {})
