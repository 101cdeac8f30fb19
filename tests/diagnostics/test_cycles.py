"""When reference cycles are looked for."""

import gc
import weakref
from collections.abc import Iterator

import pytest
import trio
import trio.testing

from whiteboard import limits, timeouts
from whiteboard.diagnostics import cycles
from whiteboard.diagnostics.cycles import CycleSearch, open_cycle_search


class Knot:
    """Holds itself."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """The collector of the test process is left as it was."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()
    gc.enable()


async def test_everything_that_lives_at_the_start_is_frozen_until_the_end() -> None:
    """Inside the block no walk through all begins by itself; behind it the collector is as it was."""
    before = gc.get_threshold()
    async with open_cycle_search():
        assert gc.get_freeze_count() > 10_000
        assert gc.get_threshold()[:2] == before[:2]
        assert gc.get_threshold()[2] > 1_000_000
    assert gc.get_freeze_count() == 0
    assert gc.get_threshold() == before


async def test_dead_cycles_that_are_not_frozen_are_found_when_the_recent_part_has_grown(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has outlived the young is walked once, without what is frozen, and what lives is frozen then."""
    gc.disable()
    async with open_cycle_search():
        frozen = gc.get_freeze_count()
        living, dead = Knot(), weakref.ref(Knot())
        await trio.sleep(2 * timeouts.CYCLES_LOOK.seconds)
        assert dead() is not None
        monkeypatch.setattr(limits, "MAX_RECENT_COLLECTIONS", 0)
        await trio.sleep(2 * timeouts.CYCLES_LOOK.seconds)
        assert dead() is None
        assert living.me is living
        assert gc.get_freeze_count() > frozen


def frozen_and_dead(search: CycleSearch) -> "weakref.ref[Knot]":
    """A cycle that died when it was frozen already."""
    knot = Knot()
    cycles.walk_recent()
    search.look()
    return weakref.ref(knot)


async def test_dead_cycles_that_are_frozen_are_found_in_a_quiet_moment(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not while the process works, and not sooner than CYCLES_ALL after the last time."""
    search = CycleSearch()
    dead = frozen_and_dead(search)
    worked = 0.0
    monkeypatch.setattr(cycles, "process_time", lambda: worked)
    await trio.sleep(timeouts.CYCLES_ALL.seconds - 1)
    search.look()
    assert dead() is not None
    await trio.sleep(10)
    worked += 5.0
    search.look()
    assert dead() is not None
    await trio.sleep(10)
    worked += 0.1
    search.look()
    assert dead() is None


async def test_a_server_that_is_never_quiet_looks_for_all_dead_cycles_at_last(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After CYCLES_ALL_LATEST, whatever it costs those who draw."""
    search = CycleSearch()
    dead = frozen_and_dead(search)
    monkeypatch.setattr(cycles, "process_time", trio.current_time)
    await trio.sleep(timeouts.CYCLES_ALL_LATEST.seconds)
    search.look()
    assert dead() is None
