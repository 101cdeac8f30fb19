"""What a process consists of, counted."""

import gc
import os
import threading
import tracemalloc

import pytest
import trio
import trio.testing

from whiteboard.diagnostics.leaks.census import Census, grown, is_ours, objects_of, take_census, tasks_at
from whiteboard.diagnostics.memory.cycles import open_cycle_search
from whiteboard.rooms.attendance import Attendance

pytestmark = [
    pytest.mark.long_steps("walks through all of memory"),
    pytest.mark.alone,  # what other tests have left is walked through, too
]

ATTENDANCE = f"{Attendance.__module__}.Attendance"


def count() -> Census:
    """A census; of our types one that nobody else makes meanwhile."""
    return take_census(lambda kind: kind is Attendance)


class Knot:
    """Refers to itself, and to one of ours."""

    def __init__(self) -> None:
        self.own = self
        self.ours = Attendance()


async def test_what_comes_is_in_the_difference(autojump_clock: trio.testing.MockClock) -> None:
    """A task by its function, an object by its type, a pipe, a thread; and nothing else."""

    async def stay() -> None:
        await trio.sleep_forever()

    before = count()
    may_go = threading.Event()
    thread = threading.Thread(target=may_go.wait, name="new one", daemon=True)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stay)
        nursery.start_soon(stay)
        await trio.testing.wait_all_tasks_blocked()
        thread.start()
        ends, things = os.pipe(), [Attendance() for _ in range(3)]
        after = count()
        (site,) = grown(before.tasks, after.tasks)
        assert site.startswith(f"{stay.__qualname__} (tests/diagnostics/leaks/test_census.py:")
        assert len(tasks_at(site)) == grown(before.tasks, after.tasks)[site] == 2
        nursery.cancel_scope.cancel()
    assert grown(before.objects, after.objects) == {ATTENDANCE: len(things)}
    assert grown(before.descriptors, after.descriptors) == {"pipe": 2}
    assert grown(before.threads, after.threads) == {"new": 1}
    may_go.set()
    thread.join()
    for end in ends:
        os.close(end)
    del things
    again = count()
    assert [grown(one, other) for one, other in zip(parts(before), parts(again), strict=True)] == [{}] * 4


def parts(census: object) -> list[dict[str, int]]:
    """All four."""
    return [getattr(census, name) for name in ("tasks", "objects", "descriptors", "threads")]


def test_dead_cycles_do_not_count() -> None:
    """They are collected first."""
    gc.disable()
    try:
        before = count()
        Knot()
        assert grown(before.objects, count().objects) == {}
    finally:
        gc.enable()


async def test_frozen_objects_count() -> None:
    """Also while the server freezes whatever a collection leaves."""
    before = count()
    kept = Attendance()
    async with open_cycle_search():
        after = count()
        assert grown(before.objects, after.objects) == {ATTENDANCE: 1}
        assert gc.get_freeze_count() > 10_000
    assert kept.count == 0


def test_objects_are_found_by_the_name_that_they_are_counted_under() -> None:
    """The very ones."""
    kept = [Attendance(), Attendance()]
    found = list(objects_of(ATTENDANCE))
    assert all(any(one is other for other in found) for one in kept)


def test_live_bytes_are_counted_where_they_are_traced() -> None:
    """Else they are none."""
    assert count().live_bytes == 0
    tracemalloc.start()
    try:
        before = count().live_bytes
        kept = bytearray(10_000_000)
        assert count().live_bytes - before == pytest.approx(len(kept), rel=0.1)
    finally:
        tracemalloc.stop()


def test_ours_is_what_the_package_defines() -> None:
    """Whatever else a type calls itself."""

    class Odd:
        __module__ = 7  # type: ignore[assignment]

    assert is_ours(Attendance)
    assert not is_ours(dict)
    assert not is_ours(Odd)
