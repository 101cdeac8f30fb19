"""The newest ops in memory: contiguous, bounded, honest about what has left."""

import pytest

from whiteboard.rooms import tail
from whiteboard.rooms.tail import Tail


def test_between_gives_what_was_asked() -> None:
    """Ops after one seq up to another, in order."""
    ops = _filled(5, 9)
    assert ops.between(6, 8, 1_000) == [b"7", b"8"]
    assert ops.between(9, 9, 1_000) == []


def test_between_stops_at_the_size_but_gives_one_at_least() -> None:
    """Pieces are about as large as asked for; an op larger than that comes alone."""
    ops = _filled(0, 5)
    assert ops.between(0, 5, 2) == [b"1", b"2"]
    assert ops.between(0, 5, 0) == [b"1"]


def test_what_has_left_is_none_not_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past its bounds the oldest ops leave, and asking for them is answered with None."""
    monkeypatch.setattr(tail, "MAX_TAIL_OPS", 3)
    ops = _filled(0, 9)
    assert ops.floor == 6
    assert ops.between(5, 9, 1_000) is None
    assert ops.between(6, 9, 1_000) == [b"7", b"8", b"9"]


def test_bytes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound holds in bytes too."""
    monkeypatch.setattr(tail, "MAX_TAIL_BYTES", 2)
    assert _filled(0, 9).floor == 7


def test_what_lags_for_long_reads_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look lets go what was there at the one before, down to CALM_TAIL_BYTES; what came since stays whatever it takes."""
    monkeypatch.setattr(tail, "CALM_TAIL_BYTES", 2)
    ops = _filled(0, 5)
    ops.look()
    assert ops.floor == 0
    _add(ops, 9)
    ops.look()
    assert ops.floor == 5
    ops.look()
    assert (ops.floor, ops.between(7, 9, 100)) == (7, [b"8", b"9"])


def test_an_op_leaves_a_board_on_which_nobody_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not before TAIL_LOOKS looks and not after twice as many; the head stays."""
    monkeypatch.setattr(tail, "TAIL_LOOKS", 4)
    ops = _filled(0, 5)
    for _ in range(4):
        ops.look()
    assert ops.floor == 0
    _add(ops, 6)
    for _ in range(4):
        ops.look()
    assert (ops.floor, ops.between(5, 6, 100)) == (5, [b"6"])
    for _ in range(4):
        ops.look()
    assert (ops.floor, ops.head, ops.newest(0), ops.between(5, 6, 100)) == (6, 6, [], None)
    _add(ops, 7)
    assert ops.newest(1) == [b"7"]


def test_what_everybody_was_given_can_be_dropped() -> None:
    """And nothing beyond it, whoever asks when."""
    ops = _filled(0, 9)
    assert ops.drop(7) == 7
    assert ops.between(6, 9, 1_000) is None
    assert ops.newest(2) == [b"8", b"9"]
    assert ops.drop(7) == 0
    assert ops.drop(99) == 2
    ops.add(10, b"10")
    assert ops.newest(1) == [b"10"]


def test_gap_is_refused() -> None:
    """An op that does not follow the newest one is our fault."""
    with pytest.raises(ValueError, match="op 12 does not follow op 9"):
        _filled(5, 9).add(12, b"12")


def _filled(after: int, head: int) -> Tail:
    ops = Tail(after)
    _add(ops, head)
    return ops


def _add(ops: Tail, up_to: int) -> None:
    for seq in range(ops.head + 1, up_to + 1):
        ops.add(seq, str(seq).encode())
