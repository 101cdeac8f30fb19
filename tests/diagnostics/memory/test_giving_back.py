"""When free memory is given back."""

import pytest
import trio
import trio.testing

from whiteboard import timeouts
from whiteboard.diagnostics.memory import giving_back, pace
from whiteboard.diagnostics.memory.allocator import Allocator
from whiteboard.diagnostics.memory.giving_back import GivingBack, open_giving_back
from whiteboard.limits import SPARE_BYTES


class Heap(Allocator):
    """One whose free memory is what a test says."""

    def __init__(self) -> None:
        self.free = 0
        self.times_given = 0

    @property
    def free_bytes(self) -> int:
        return self.free

    def give_back(self) -> None:
        self.times_given += 1


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that does nothing."""
    monkeypatch.setattr(pace, "process_time", lambda: 1.0)


async def test_what_has_become_free_is_given_back_in_a_quiet_moment(
    idle: None, autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within MEMORY_LOOK, when it is SPARE_BYTES."""
    heap = Heap()
    monkeypatch.setattr(giving_back, "find_allocator", lambda: heap)
    async with open_giving_back():
        heap.free = SPARE_BYTES - 1
        await trio.sleep(10 * timeouts.MEMORY_LOOK.seconds)
        assert heap.times_given == 0
        heap.free = SPARE_BYTES
        await trio.sleep(1.5 * timeouts.MEMORY_LOOK.seconds)
        assert heap.times_given == 1


async def test_what_was_given_back_is_not_given_again(
    idle: None, autojump_clock: trio.testing.MockClock
) -> None:
    """It still counts as free. Only what has been in use meanwhile is there to be given."""
    heap = Heap()
    giving = GivingBack(heap)
    for free, times_given in (
        (9 * SPARE_BYTES, 1),
        (9 * SPARE_BYTES, 1),
        (7 * SPARE_BYTES, 1),
        (8 * SPARE_BYTES, 2),
        (8 * SPARE_BYTES, 2),
        (10 * SPARE_BYTES, 3),
    ):
        await trio.sleep(timeouts.MEMORY_LOOK.seconds)
        heap.free = free
        giving.look()
        assert heap.times_given == times_given


async def test_a_process_that_is_never_quiet_gives_back_at_last(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once in MEMORY_LATEST."""
    monkeypatch.setattr(pace, "process_time", trio.current_time)
    heap = Heap()
    giving = GivingBack(heap)
    began = trio.current_time()
    for _ in range(2):
        before = heap.times_given
        heap.free += SPARE_BYTES
        while heap.times_given == before:
            await trio.sleep(timeouts.MEMORY_LOOK.seconds)
            giving.look()
    assert trio.current_time() - began == pytest.approx(
        2 * timeouts.MEMORY_LATEST.seconds, abs=2 * timeouts.MEMORY_LOOK.seconds
    )


async def test_a_heap_that_takes_long_to_ask_is_asked_rarely(
    idle: None, autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is served meanwhile: of all time that is a thousandth, however many gaps there are."""
    seconds = 0.0

    class Slow(Heap):
        asked = 0

        @property
        def free_bytes(self) -> int:
            nonlocal seconds
            self.asked += 1
            seconds += 0.04
            return 0

    monkeypatch.setattr(giving_back, "perf_counter", lambda: seconds)
    heap = Slow()
    giving = GivingBack(heap)
    while trio.current_time() < 1_000:
        await trio.sleep(timeouts.MEMORY_LOOK.seconds)
        giving.look()
    assert 20 <= heap.asked <= 26


async def test_where_the_allocator_is_another_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no task for it then."""
    monkeypatch.setattr(giving_back, "find_allocator", lambda: None)
    async with open_giving_back():
        before = trio.lowlevel.current_task()
        await trio.testing.wait_all_tasks_blocked()
        assert not [task for nursery in before.child_nurseries for task in nursery.child_tasks]
