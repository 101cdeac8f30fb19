"""What a client has seen."""

from hypothesis import given
from hypothesis import strategies as st

from whiteboard.client.events import SnapshotPart
from whiteboard.client.progress import Progress


def part(number: int, of: int, seq: int = 9) -> SnapshotPart:
    """A snapshot part without elements."""
    return SnapshotPart(seq=seq, part=number, parts=of)


def test_a_snapshot_counts_when_it_is_whole() -> None:
    """Parts count in any order, doubled ones once, and only all of them. [RES-13]"""
    progress = Progress(None, None)
    assert [progress.take_part(part(n, 3)) for n in (2, 2, 1, 3)] == [False, False, False, True]
    assert progress.seq == 9


def test_a_new_snapshot_replaces_an_unfinished_one() -> None:
    """Parts of two snapshots do not add up."""
    progress = Progress(None, None)
    assert not progress.take_part(part(1, 2, seq=5))
    assert not progress.take_part(part(2, 2, seq=9))
    assert progress.take_part(part(1, 2, seq=9))


def test_a_snapshot_never_takes_us_back() -> None:
    """A snapshot older than what we have changes nothing."""
    progress = Progress(20, "e")
    assert progress.take_part(part(1, 1))
    assert progress.seq == 20


def test_ops_before_the_snapshot_is_whole_prove_nothing() -> None:
    """Without a base, an op's seq says nothing about those before it. [RES-13]"""
    progress = Progress(None, None)
    assert progress.take_op(7)
    assert progress.seq is None


def test_a_gap_is_told_once() -> None:
    """The first op behind a gap tells; once the gap is filled, the next gap tells again."""
    progress = Progress(1, "e")
    assert [progress.take_op(seq) for seq in (3, 4, 2, 3, 4)] == [False, True, True, True, True]
    assert progress.seq == 4
    assert not progress.take_op(6)


def test_a_new_connection_asks_again_for_the_gap() -> None:
    """A gap that was told on one connection is told again on the next."""
    progress = Progress(1, "e")
    assert not progress.take_op(3)
    assert not progress.start("e")
    assert not progress.take_op(3)


def test_another_epoch_forgets() -> None:
    """What was seen of another history does not count."""
    progress = Progress(5, "old")
    assert progress.start("new")
    assert (progress.seq, progress.epoch) == (None, "new")


def test_the_first_epoch_is_no_other_one() -> None:
    """A program that kept only `since` trusts the server to know the history."""
    progress = Progress(5, None)
    assert not progress.start("e")
    assert progress.seq == 5


@given(st.permutations(list(range(1, 9))))
def test_seq_is_what_is_contiguous_after_repeats(order: list[int]) -> None:
    """Whatever the order, `seq` never claims an op that is not here, and repeats close all gaps. [RES-13]"""
    progress, here = Progress(0, "e"), set[int]()
    for seq in order:
        here.add(seq)
        progress.take_op(seq)
        assert progress.seq is not None
        assert set(range(1, progress.seq + 1)) <= here
    for seq in range(1, 9):
        progress.take_op(seq)
    assert progress.seq == 8
