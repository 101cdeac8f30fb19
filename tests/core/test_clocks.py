"""Stamps and ranks: the facts that the merge order rests on."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from strategies import CLIENTS, History, Writer, histories

from whiteboard.core.acceptance import Acceptance, Accepted, Author, Proposal
from whiteboard.core.board import Board
from whiteboard.core.clocks import Rank, Ranks, Stamp, covers
from whiteboard.core.ops import Delete, StampedOp
from whiteboard.ids import MAX_COUNTER, ClientId, ElementId, OpId

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


def test_a_create_s_values_lie_below_every_set() -> None:
    """Initial stamps are below every other one, and among themselves in the order of the creates. [MRG-4]"""
    low, high = Stamp(0, A, 1), Stamp(MAX_COUNTER, B, MAX_COUNTER)
    assert low.initial < high.initial < low < high


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 20)), unique_by=lambda one: one[0]))
def test_ranks_of_one_author_rise_with_its_counters(sent: list[tuple[int, int]]) -> None:
    """In whatever order ops come and whatever they claim, ranks never fall as counters rise. [ACC-6]"""
    ranks, placed = Ranks(), {}
    for counter, lamport in sent:
        placed[counter] = ranks.place(counter, lamport)
        ranks.add(Rank(counter, placed[counter]))
    in_order = [placed[counter] for counter in sorted(placed)]
    assert in_order == sorted(in_order)


def test_a_rank_is_moved_no_further_than_its_neighbours() -> None:
    """A rank between those of its neighbours stands; others become the nearer neighbour's. [ACC-6]"""
    ranks = Ranks([Rank(9, 40), Rank(2, 10), Rank(5, 20)])
    assert [ranks.place(4, lamport) for lamport in (3, 15, 33)] == [10, 15, 20]
    assert [ranks.place(1, lamport) for lamport in (3, 33)] == [3, 10]
    assert [ranks.place(10, lamport) for lamport in (3, 50)] == [40, 50]
    assert ranks.place(5, 15) == 15, "an op's own former rank binds nothing"


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


def known_to(history: History, index: int) -> int:
    """Up to which seq an author had seen everything, counting what it was up to date with before."""
    mine = history.accepted[index].stamp
    return max(
        head if is_up_to_date(history, one, head) else one.seen
        for one, head in zip(history.accepted, history.heads, strict=True)
        if one.stamp.client == mine.client and one.stamp.counter <= mine.counter
    )


def is_up_to_date(history: History, op: Accepted, head: int) -> bool:
    """Whether all that its author had not seen was its own when the op was decided on."""
    return all(other.stamp.client == op.stamp.client for other in history.accepted[op.seen : head])


@pytest.mark.no_cover
@given(histories())
def test_a_stale_edit_never_beats_one_made_in_sight_of_what_it_missed(history: History) -> None:
    """Who missed an op loses to every edit that was written in sight of it. [ACC-10]"""
    for index, stale in enumerate(history.accepted):
        missed = [
            seq
            for seq, other in enumerate(history.accepted, start=1)
            if seq > known_to(history, index) and other.stamp.client != stale.stamp.client
        ]
        for newer in history.accepted:
            if newer.stamp.client != stale.stamp.client and missed and newer.seen >= missed[0]:
                assert stale.stamp < newer.stamp


@given(st.integers(1, 6), st.integers(1, 6))
def test_a_burst_counts_as_up_to_date_to_its_end(sent: int, received: int) -> None:
    """Who writes faster than the echo returns loses nothing to somebody who left in the middle. [ACC-10]"""
    history, busy = History(), Writer(Author(B))
    for _ in range(sent + received):
        history.commit([(busy, replace(DELETE, seen=0))])
    history.commit([(Writer(Author(A)), replace(DELETE, seen=received))])
    *_, last, stale = history.log
    assert stale.stamp < last.stamp


@given(st.integers(1, 20), st.integers(0, 5), st.booleans())
def test_what_came_first_after_a_return_does_not_matter(meanwhile: int, fresh: int, as_one: bool) -> None:
    """An offline edit loses also when its author has written something new before it arrives. [ACC-10]"""
    history, away = History(), Writer(Author(A))
    for _ in range(meanwhile):
        history.commit([(Writer(Author(B)), DELETE)])
    news = [(away, Proposal(Delete(ElementId("n")), 10 + number)) for number in range(fresh)]
    stale = (away, Proposal(Delete(ElementId("e")), 1, 0))
    if as_one:
        history.commit([*news, stale])
    else:
        history.commit(news)
        history.commit([stale], {A: [Rank(10, 2 * meanwhile)]} if fresh else {})
    late = history.log[-1]
    assert late.stamp < history.log[meanwhile - 1].stamp


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
