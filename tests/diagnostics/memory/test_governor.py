"""What is done when memory is short, on a virtual clock and with a process whose memory is what a test says."""

import gc
import weakref
from collections.abc import Iterator

import attrs
import pytest
import structlog.testing
import trio
import trio.testing

from whiteboard import timeouts
from whiteboard.diagnostics import tracing
from whiteboard.diagnostics.memory import governor as governor_module
from whiteboard.diagnostics.memory import pace
from whiteboard.diagnostics.memory.allocator import Allocator
from whiteboard.diagnostics.memory.cycles import CycleSearch
from whiteboard.diagnostics.memory.governor import Governor, Levers, open_governor
from whiteboard.diagnostics.memory.ladder import Rung
from whiteboard.diagnostics.memory.soft_limit import CLIMBED, DONE, DROPPED, GIVEN_BACK, SoftLimit
from whiteboard.limits import MIB, SPARE_BYTES

LIMIT = 100 * MIB

pytestmark = [
    pytest.mark.long_steps(reason="it walks, counts and freezes all objects of the test run"),
    pytest.mark.alone,  # what other tests have left is walked through, too
]


class Heap(Allocator):
    """Has something to give back, and gives it."""

    def __init__(self, place: "Place") -> None:
        self._place = place

    @property
    def free_bytes(self) -> int:
        return SPARE_BYTES

    @property
    def used_bytes(self) -> int:
        return self._place.taken

    def give_back(self) -> None:
        self._place.taken -= MIB


class Cache:
    """Holds two bytes."""

    def __init__(self) -> None:
        self.times_dropped = 0

    def drop(self) -> int:
        self.times_dropped += 1
        return 2


@attrs.define
class Place:
    """A process."""

    taken: int = 50 * MIB
    idle_boards: int = 3
    refuses: bool = False
    cache: Cache = attrs.field(factory=Cache)

    def resident(self) -> int:
        """Its memory."""
        return self.taken

    def unload(self) -> int:
        """One board less, of a MiB."""
        if not self.idle_boards:
            return 0
        self.idle_boards -= 1
        self.taken -= MIB
        return 1

    def refuse(self, refuses: bool) -> None:
        """Noted."""
        self.refuses = refuses

    @property
    def levers(self) -> Levers:
        """What may be done to it."""
        return Levers({"cache": self.cache}, self.unload, self.refuse)


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """The collector of the test process is left as it was."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


@pytest.fixture
def place() -> Place:
    """A process that has half of its limit."""
    return Place()


async def look(governor: Governor, seconds: float = timeouts.MEMORY_POLL.default) -> None:
    """One look, a while later."""
    await trio.sleep(seconds)
    governor.look()


async def test_each_rung_does_its_own_and_is_counted_told_and_left(
    place: Place, autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the ground to where nobody is let in, and back."""
    monkeypatch.setattr(pace, "process_time", trio.current_time)
    limit, cycles = SoftLimit(LIMIT, place.resident), CycleSearch()
    governor = Governor(limit, place.levers, cycles, Heap(place))
    entered, done, dropped = CLIMBED.values(), DONE.values(), DROPPED.values()

    await look(governor)
    assert (limit.rung, cycles.is_pressed) == (Rung.CALM, False)
    place.taken = 82 * MIB
    await look(governor)
    assert (limit.rung, cycles.is_pressed, place.cache.times_dropped) == (Rung.COLLECT, True, 0)
    place.taken = 91 * MIB
    await look(governor)
    assert (limit.rung, place.cache.times_dropped) == (Rung.DROP, 1)
    assert DROPPED.values()["cache"] == dropped.get("cache", 0) + 2
    place.taken = 96 * MIB
    await look(governor)
    assert (limit.rung, place.idle_boards, place.refuses) == (Rung.UNLOAD, 2, False)
    place.taken, given_back = 105 * MIB, GIVEN_BACK.values()[""]
    await look(governor)
    assert (limit.rung, place.idle_boards, place.refuses) == (Rung.REFUSE, 1, True)
    assert GIVEN_BACK.values()[""] == given_back + MIB
    with structlog.testing.capture_logs() as logs:
        place.taken = 70 * MIB
        await look(governor)
    assert (limit.rung, place.refuses, cycles.is_pressed) == (Rung.CALM, False, False)
    assert [(line["event"], line["rung"]) for line in logs if "memory" in line["event"]] == [
        ("memory_eased", "refuse")
    ]
    for rung in list(Rung)[1:]:
        assert CLIMBED.values()[rung.label] == entered.get(rung.label, 0) + 1
    for step, times in (("collect_all", 1), ("drop", 1), ("trim", 1), ("unload", 2)):
        assert DONE.values()[step] == done.get(step, 0) + times


class Knot:
    """Holds itself."""

    def __init__(self) -> None:
        self.me = self


async def test_dead_cycles_go_as_soon_as_memory_grows(
    place: Place, autojump_clock: trio.testing.MockClock
) -> None:
    """Those that die then in small walks, those that died frozen in one through everything, when it is shorter still."""
    governor = Governor(SoftLimit(LIMIT, place.resident), place.levers, CycleSearch(), None)
    knot = Knot()
    gc.freeze()
    old = weakref.ref(knot)
    del knot
    place.taken = 81 * MIB
    await look(governor)
    frozen = gc.get_freeze_count()
    for taken in (83, 85):
        new = weakref.ref(Knot())
        place.taken = taken * MIB
        await look(governor)
        assert new() is None
        assert gc.get_freeze_count() <= frozen
        assert old() is not None
    place.taken = 91 * MIB
    await look(governor)
    assert old() is None


async def test_a_process_that_is_quiet_gives_back_before_it_refuses(
    place: Place, autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After MEMORY_LOOK of it; and not again before MEMORY_AGAIN."""
    monkeypatch.setattr(pace, "process_time", lambda: 1.0)
    governor = Governor(SoftLimit(LIMIT, place.resident), place.levers, CycleSearch(), Heap(place))
    place.taken, done = 93 * MIB, DONE.values().get("trim", 0)
    await look(governor)
    assert DONE.values().get("trim", 0) == done
    await look(governor, timeouts.MEMORY_LOOK.default)
    assert DONE.values().get("trim", 0) == done + 1
    await look(governor, timeouts.MEMORY_AGAIN.default - 1)
    assert DONE.values().get("trim", 0) == done + 1
    await look(governor, 2)
    assert DONE.values().get("trim", 0) == done + 2


async def test_it_looks_by_itself_and_lets_everybody_in_at_its_end(
    place: Place, autojump_clock: trio.testing.MockClock
) -> None:
    """Every MEMORY_POLL while the block runs; a limit that the start already reaches is warned of."""
    place.taken = 101 * MIB
    place.idle_boards = 0
    with structlog.testing.capture_logs() as logs:
        async with open_governor(SoftLimit(LIMIT, place.resident), place.levers, CycleSearch()):
            await trio.sleep(2 * timeouts.MEMORY_POLL.seconds)
            refused = place.refuses
    assert (refused, place.refuses) == (True, False)
    assert [line["event"] for line in logs if "memory" in line["event"]] == [
        "memory_limit_too_small",
        "memory_short",
    ]


async def test_memory_that_cannot_be_read_changes_nothing(
    place: Place, autojump_clock: trio.testing.MockClock
) -> None:
    """Who was refused is still refused while the process has no descriptor left to look with; nobody is let in for that."""
    limit = SoftLimit(LIMIT, place.resident)
    governor = Governor(limit, place.levers, CycleSearch(), None)
    place.taken, place.idle_boards = 101 * MIB, 0
    await look(governor)
    place.taken = 0
    await look(governor)
    assert (limit.rung, place.refuses) == (Rung.REFUSE, True)
    place.taken = 50 * MIB
    await look(governor)
    assert (limit.rung, place.refuses) == (Rung.CALM, False)


@pytest.mark.parametrize(
    ("taken", "level", "event"),
    [
        (0, "error", "memory_unreadable"),
        (89 * MIB, None, None),
        (90 * MIB, "warning", "memory_limit_tight"),
        (101 * MIB, "error", "memory_limit_too_small"),
    ],
)
async def test_a_limit_that_cannot_be_kept_is_said_at_the_start(
    place: Place, autojump_clock: trio.testing.MockClock, taken: int, level: str | None, event: str | None
) -> None:
    """As an error where nobody would ever be let in, or where the limit means nothing."""
    place.taken = taken
    with structlog.testing.capture_logs() as logs:
        async with open_governor(SoftLimit(LIMIT, place.resident), place.levers, CycleSearch()):
            await trio.testing.wait_all_tasks_blocked()
    said = [(line["log_level"], line["event"]) for line in logs if "memory" in line["event"]]
    assert said == ([] if event is None else [(level, event)])


class SlowHeap(Heap):
    """Has a hundred thousand gaps between what lives: to count its bytes takes 27 ms."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.times_asked, self.worked = 0, 0.0

    @property
    def used_bytes(self) -> int:
        self.times_asked += 1
        self.worked += 0.027
        return super().used_bytes


async def test_counting_what_is_in_use_takes_a_hundredth_of_the_time_at_most(
    place: Place, autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However near the limit a process stands, and however long one count takes."""
    heap = SlowHeap(place)
    monkeypatch.setattr(governor_module, "perf_counter", lambda: heap.worked)
    governor = Governor(SoftLimit(LIMIT, place.resident), place.levers, CycleSearch(), heap)
    place.taken = 85 * MIB
    await look(governor)
    before = heap.times_asked
    for _ in range(270):
        await look(governor)
    assert 8 <= heap.times_asked - before <= 11


async def test_few_objects_that_held_much_are_worth_the_next_walk_too(
    place: Place, autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A walk of everything that gave back a hundredth of the limit is made again after MEMORY_AGAIN, not after twice that."""
    cycles = CycleSearch()

    def walk_all() -> int:
        place.taken -= freed.pop(0)
        return 1

    monkeypatch.setattr(cycles, "walk_all", walk_all)
    governor = Governor(SoftLimit(LIMIT, place.resident), place.levers, cycles, None)
    walked, freed = DONE.values().get("collect_all", 0), [2 * MIB, 0, 0]
    for taken, times in ((92, 1), (94, 2), (96, 2), (98, 3)):
        place.taken = taken * MIB
        await look(governor, timeouts.MEMORY_AGAIN.default)
        assert DONE.values()["collect_all"] == walked + times


async def test_without_a_limit_nobody_looks(place: Place, autojump_clock: trio.testing.MockClock) -> None:
    """There is no task for it."""
    async with open_governor(SoftLimit(None, place.resident), place.levers, CycleSearch()):
        await trio.testing.wait_all_tasks_blocked()
        children = trio.lowlevel.current_task().child_nurseries
        assert not [task for nursery in children for task in nursery.child_tasks]


class Span:
    """Notes its events."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.has_ended = False

    def set_attribute(self, key: str, value: str | float) -> None:
        """Not asked for."""

    def add_event(self, name: str, attributes: tracing.Attributes) -> None:
        assert name == "rung"
        self.events.append(str(attributes["rung"]))

    def fail(self, error: BaseException) -> None:
        """Never."""

    def end(self) -> None:
        self.has_ended = True


class Spans:
    """Takes spans."""

    def __init__(self) -> None:
        self.spans: list[Span] = []

    def begin(self, name: str, attributes: tracing.Attributes) -> Span:
        self.spans.append(Span())
        return self.spans[-1]


async def test_the_time_in_which_memory_is_short_is_a_span(
    place: Place, autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With an event for each rung; it ends where the process is calm again, or the governor goes."""
    tracer = Spans()
    monkeypatch.setattr(tracing.TRACING, "tracer", tracer)
    async with open_governor(SoftLimit(LIMIT, place.resident), place.levers, CycleSearch()):
        for share in (81, 92, 50, 95):
            place.taken = share * MIB
            await trio.sleep(1.5 * timeouts.MEMORY_POLL.seconds)
    assert [span.events for span in tracer.spans] == [["collect", "trim", "calm"], ["unload", "calm"]]
    assert all(span.has_ended for span in tracer.spans)
