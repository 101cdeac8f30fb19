"""Changes of who is here, numbered."""

from whiteboard.limits import MAX_CHANGES_KEPT
from whiteboard.rooms.attendance import Attendance


def attendance(changes: int) -> Attendance:
    """So many changes, each its own number."""
    kept = Attendance()
    for number in range(changes):
        kept.note(b"%d" % number)
    return kept


def test_what_was_missed_is_what_came_behind_a_number() -> None:
    """Nothing for who has heard all."""
    kept = attendance(5)
    assert kept.count == 5
    assert kept.since(5) == []
    assert kept.since(3) == [b"3", b"4"]
    assert kept.since(0) == [b"0", b"1", b"2", b"3", b"4"]


def test_told_changes_are_kept_up_to_a_bound() -> None:
    """Who has heard less than that has to be told everything anew."""
    kept = Attendance()
    for number in range(10 * MAX_CHANGES_KEPT):
        kept.note(b"%d" % number)
        kept.told = kept.count
    assert kept.since(kept.count - MAX_CHANGES_KEPT) is not None
    assert kept.since(kept.count - 2 * MAX_CHANGES_KEPT - 1) is None


def test_changes_that_are_still_to_be_told_are_all_kept() -> None:
    """However many come at once."""
    kept = attendance(5 * MAX_CHANGES_KEPT)
    assert not kept.is_told
    assert len(kept.since(kept.told) or []) == 5 * MAX_CHANGES_KEPT
