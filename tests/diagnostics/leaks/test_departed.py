"""What has ended and should be gone."""

import pytest
import trio
import trio.testing

from whiteboard import limits
from whiteboard.diagnostics.leaks import departed as module
from whiteboard.diagnostics.leaks.departed import Departed


class Unhashable:
    """Equal to all others, and has no hash."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


async def test_who_is_gone_is_looked_for_no_more(autojump_clock: trio.testing.MockClock) -> None:
    """Whatever it thinks of others like it."""
    departed, here, gone = Departed(), Unhashable(), Unhashable()
    departed.note("session", "s-1", here)
    departed.note("session", "s-2", gone)
    assert len(departed) == 2
    del gone
    assert len(departed) == 1
    assert departed.overdue(1, 9) == []
    await trio.sleep(1)
    (leaver,) = departed.overdue(1, 9)
    assert (leaver.kind, leaver.name, leaver.get() is here) == ("session", "s-1", True)
    assert len(departed) == 0
    del leaver, here


async def test_those_that_left_first_are_overdue_first(autojump_clock: trio.testing.MockClock) -> None:
    """A few at a time; the others stay."""
    departed, things = Departed(), [Unhashable() for _ in range(5)]
    for number, thing in enumerate(things):
        departed.note("session", str(number), thing)
    assert [one.name for one in departed.overdue(0, 2)] == ["0", "1"]
    assert [one.name for one in departed.overdue(0, 9)] == ["2", "3", "4"]


async def test_no_more_than_max_departed_are_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever leaves then is not."""
    assert limits.MAX_DEPARTED > 2
    monkeypatch.setattr(module, "MAX_DEPARTED", 2)
    departed, things = Departed(), [Unhashable() for _ in range(3)]
    for thing in things:
        departed.note("session", "s", thing)
    assert len(departed) == 2
    departed.clear()
    assert len(departed) == 0


async def test_what_nobody_could_look_for_is_looked_for_again(autojump_clock: trio.testing.MockClock) -> None:
    """LEAK_SEARCHES times in all."""
    departed, here = Departed(), Unhashable()
    departed.note("session", "s-1", here)
    for _ in range(limits.LEAK_SEARCHES - 1):
        leavers = departed.overdue(0, 9)
        assert departed.put_back(leavers) == leavers
        assert len(departed) == 1
    assert departed.put_back(departed.overdue(0, 9)) == []
    assert len(departed) == 0
