"""When reference cycles are looked for."""

import gc
import weakref
from collections.abc import Iterator

import pytest
import trio
import trio.testing

from whiteboard import timeouts
from whiteboard.diagnostics.memory import cycles, pace
from whiteboard.diagnostics.memory.cycles import CycleSearch, open_cycle_search

pytestmark = [
    pytest.mark.long_steps(
        reason="it walks and freezes all objects of the test run, and makes a million more"
    ),
    pytest.mark.alone,  # what other tests have left is walked through, too
]


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
    """Behind the block the collector is as it was."""
    before, callbacks = gc.get_threshold(), list(gc.callbacks)
    async with open_cycle_search():
        assert gc.get_freeze_count() > 10_000
        assert gc.get_threshold()[:2] == before[:2]
    assert gc.get_freeze_count() == 0
    assert (gc.get_threshold(), gc.callbacks) == (before, callbacks)


async def test_a_walk_frees_dead_cycles_and_freezes_what_lives() -> None:
    """What is frozen is not walked again, and what came since is."""
    async with open_cycle_search():
        frozen = gc.get_freeze_count()
        living, dead = Knot(), weakref.ref(Knot())
        gc.collect(1)
        assert gc.get_freeze_count() <= frozen
        gc.collect()
        assert dead() is None
        assert living.me is living
        assert gc.get_freeze_count() > frozen


async def test_what_outlives_the_young_is_walked_often_and_stays_small() -> None:
    """However much lives, and has lived before, the part that is not frozen does not grow with it."""
    before = [[number] for number in range(1_000_000)]
    async with open_cycle_search():
        kept = [[number] for number in range(200_000)]
        assert len(gc.get_objects()) < len(kept) / 2 < len(before)


def frozen_and_dead(search: CycleSearch) -> "weakref.ref[Knot]":
    """A cycle that died when it was frozen already."""
    knot = Knot()
    gc.freeze()
    search.look()
    return weakref.ref(knot)


async def test_dead_cycles_that_are_frozen_are_found_in_a_quiet_moment(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not while the process works, and not sooner than CYCLES_ALL after the last time."""
    search = CycleSearch()
    dead = frozen_and_dead(search)
    worked = 0.0
    monkeypatch.setattr(pace, "process_time", lambda: worked)
    await trio.sleep(timeouts.CYCLES_ALL.seconds - 1)
    search.look()
    assert dead() is not None
    await trio.sleep(10)
    worked += 1.0
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
    monkeypatch.setattr(pace, "process_time", trio.current_time)
    await trio.sleep(timeouts.CYCLES_ALL_LATEST.seconds)
    search.look()
    assert dead() is None


async def test_while_memory_is_short_nothing_is_frozen_nor_walked_by_itself() -> None:
    """What lives when it begins is out of the way; what dies later is found by a small walk. Then all is as it was."""
    async with open_cycle_search() as search:
        usual = gc.get_threshold()
        search.press(is_short=True)
        frozen, stats = gc.get_freeze_count(), gc.get_stats()[2]["collections"]
        living = [[number] for number in range(100_000)]
        assert gc.get_stats()[2]["collections"] == stats
        before = search.newcomers
        knot = Knot()
        gc.collect(1)
        dead = weakref.ref(knot)
        del knot
        search.walk_recent()
        assert dead() is None
        assert before > 7_000
        assert search.newcomers < 700
        assert living
        search.press(is_short=False)
        assert gc.get_threshold() == usual
        assert gc.get_freeze_count() > frozen


async def test_what_lives_for_long_while_memory_is_short_is_frozen_at_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """When a walk took long because so much lives; what is frozen and dies is found by a walk through everything."""
    monkeypatch.setattr(cycles, "_MANY_RECENT", 10_000)
    async with open_cycle_search() as search:
        search.press(is_short=True)
        before = gc.get_freeze_count()
        few = [[number] for number in range(5_000)]
        search.walk_recent()
        assert gc.get_freeze_count() <= before
        monkeypatch.setattr(cycles, "_LONG_WALK", 0.0)
        many = [[number] for number in range(20_000)]
        knot = Knot()
        search.walk_recent()
        assert gc.get_freeze_count() > before + len(many)
        dead = weakref.ref(knot)
        del knot
        search.walk_recent()
        assert dead() is not None
        search.walk_all()
        assert dead() is None
        assert few
