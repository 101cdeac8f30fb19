"""The watch for leaks, over a hub with sessions that nobody holds and with some that somebody does."""

import gc
import math
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import trio
import trio.testing
from rooms.conftest import BOARD, Stage, open_stage
from trio.lowlevel import Task

from whiteboard import limits, timeouts
from whiteboard.diagnostics import findings
from whiteboard.diagnostics.leaks import watch as watch_module
from whiteboard.diagnostics.leaks.departed import DEPARTED
from whiteboard.diagnostics.leaks.holders import Holding, find_holders
from whiteboard.diagnostics.leaks.places import living_tasks
from whiteboard.diagnostics.leaks.stray_tasks import StrayTasks
from whiteboard.diagnostics.leaks.watch import UNSEARCHED, LeakWatch, open_leak_watch
from whiteboard.diagnostics.memory.ladder import Rung
from whiteboard.diagnostics.memory.soft_limit import SoftLimit
from whiteboard.diagnostics.profiles.sources import ProfileRefused
from whiteboard.limits import MIB
from whiteboard.rooms.room import Room
from whiteboard.rooms.session import Session

pytestmark = [
    pytest.mark.long_steps("walks through all of memory"),
    pytest.mark.alone,  # what other tests have left is walked through, too
]


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy of a process gives way to all else on the machine."""
    monkeypatch.setattr(timeouts.PROFILE_CHILD, "seconds", 600.0)


class Living:
    """All tasks, as the server's own record of them has it."""

    def __iter__(self) -> Iterator[Task]:
        return living_tasks()


@pytest.fixture(autouse=True)
def nothing_found() -> Iterator[None]:
    """Findings and departed of this test only."""
    findings.FINDINGS.clear()
    DEPARTED.clear()
    yield
    findings.FINDINGS.clear()
    DEPARTED.clear()


@pytest.fixture
def without_cycle_search() -> Iterator[None]:
    """Only what nobody refers to is freed."""
    gc.disable()
    yield
    gc.enable()


class Listeners:
    """Somebody's callbacks."""

    def __init__(self) -> None:
        self.own: list[Callable[[], object]] = []


LISTENERS = Listeners()


def on_op_for(session: object) -> Callable[[], object]:
    """A callback that knows what it is for."""

    def on_op() -> object:
        return session

    return on_op


def capture(monkeypatch: pytest.MonkeyPatch, kind: type[Session] | type[Room]) -> None:
    """Each session or room is captured by a callback that nobody takes back."""
    run: Any = kind.run

    async def run_and_capture(one: Any) -> None:
        LISTENERS.own.append(on_op_for(one))
        await run(one)

    monkeypatch.setattr(kind, "run", run_and_capture)


@pytest.fixture
def listeners() -> Iterator[None]:
    """The callbacks are forgotten behind the test."""
    yield
    LISTENERS.own.clear()


async def come_and_go(stage: Stage, times: int) -> None:
    """Sessions, one after the other."""
    for number in range(times):
        line, _ = await stage.join()
        line.say({"type": "stroke", "id": f"s{number}", "points": [[0, 0]]})
        await line.expect("ack")
        line.hang_up()
        await trio.testing.wait_all_tasks_blocked()
    stage.lines.clear()


def watch(stage: Stage, limit: SoftLimit | None = None) -> LeakWatch:
    """One that looks when it is told to."""
    return LeakWatch(StrayTasks(Living(), stage.hub.serves), DEPARTED, limit or SoftLimit(None))


async def in_real_time(looking: LeakWatch, clock: trio.testing.MockClock) -> None:
    """A look, while the virtual clock stands still: the copy of the process has another."""
    clock.autojump_threshold = math.inf
    await looking.look()
    clock.autojump_threshold = 0


async def test_sessions_and_boards_that_nobody_holds_are_gone_at_once(
    autojump_clock: trio.testing.MockClock, without_cycle_search: None
) -> None:
    """Without the collector's help; so nothing is found."""
    async with open_stage() as stage, open_leak_watch(Living(), stage.hub.serves, SoftLimit(None)):
        await come_and_go(stage, 5)
        await trio.sleep(timeouts.ROOM_IDLE.seconds + timeouts.EVICT_SWEEP.seconds + 1)
        assert stage.hub.statistics().boards == 0
        assert len(DEPARTED) == 0
        await trio.sleep(2 * timeouts.LEAKED_TASK.seconds)
    assert findings.report() == []


async def test_a_session_that_a_callback_holds_is_found_and_the_callback_named(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch, listeners: None
) -> None:
    """All that are held in the same way are one finding, LEAKED_OBJECT behind their end and not before."""
    capture(monkeypatch, Session)
    async with open_stage() as stage:
        await come_and_go(stage, 3)
        await watch(stage).look()
        assert findings.report() == []
        await trio.sleep(timeouts.LEAKED_OBJECT.seconds)
        await in_real_time(watch(stage), autojump_clock)
    (found,) = findings.report()
    place = f"{__name__}.LISTENERS.own"
    assert (found["kind"], found["count"]) == ("leaked_session", 3)
    assert found["subject"] == (
        f"{place}[…] → function on_op_for.<locals>.on_op (closure cell 'session') → Session"
    )
    assert found["facts"]["held_by"][0].startswith(f"{place}[2] → ")
    assert found["facts"]["session"].startswith("s-")
    assert len(LISTENERS.own) == 3


async def test_a_board_that_a_callback_holds_is_found(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch, listeners: None
) -> None:
    """When it was evicted and is still there."""
    capture(monkeypatch, Room)
    async with open_stage() as stage:
        await come_and_go(stage, 1)
        await stage.hub.delete(BOARD)
        await trio.sleep(timeouts.LEAKED_OBJECT.seconds)
        await in_real_time(watch(stage), autojump_clock)
    (found,) = findings.report()
    assert (found["kind"], found["facts"]["board"]) == ("leaked_board", BOARD)
    assert found["subject"].endswith("(closure cell 'session') → Room")
    assert len(LISTENERS.own) == 1


@pytest.fixture
def cpu_profile() -> Iterator[Callable[[], object]]:
    """Begins one, as far as it keeps a process from forking."""
    before = signal.signal(signal.SIGPROF, signal.SIG_IGN)
    yield lambda: signal.setitimer(signal.ITIMER_PROF, 100.0)
    signal.setitimer(signal.ITIMER_PROF, 0.0)
    signal.signal(signal.SIGPROF, before)


@pytest.mark.parametrize("reason", ["memory is short", "the CPU is profiled"])
async def test_who_holds_something_is_searched_later_where_there_can_be_no_copy_now(
    autojump_clock: trio.testing.MockClock,
    monkeypatch: pytest.MonkeyPatch,
    listeners: None,
    cpu_profile: Callable[[], object],
    reason: str,
) -> None:
    """However often that is so, nothing is said without a name."""
    capture(monkeypatch, Session)
    limit = SoftLimit(100 * MIB)
    async with open_stage() as stage:
        await come_and_go(stage, 1)
        await trio.sleep(timeouts.LEAKED_OBJECT.seconds)
        looking = watch(stage, limit)
        if reason == "memory is short":
            limit.rung = Rung.UNLOAD
        else:
            cpu_profile()
        for _ in range(limits.LEAK_SEARCHES + 1):
            await in_real_time(looking, autojump_clock)
        assert (findings.report(), len(DEPARTED)) == ([], 1)
        limit.rung = Rung.TRIM
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        await in_real_time(looking, autojump_clock)
    (found,) = findings.report()
    assert found["subject"].startswith(f"{__name__}.LISTENERS.own")


async def test_who_could_not_be_searched_is_no_finding(
    autojump_clock: trio.testing.MockClock,
    monkeypatch: pytest.MonkeyPatch,
    listeners: None,
    without_cycle_search: None,
) -> None:
    """However often: most that are late are dead cycles. It is counted and logged."""

    async def refuse(_: Callable[[], bytes]) -> bytes:
        await trio.lowlevel.checkpoint()
        raise ProfileRefused("no_process", "The system gives no process.")

    monkeypatch.setattr(watch_module, "forked", refuse)
    before = UNSEARCHED.values()[""]
    async with open_stage() as stage:
        DEPARTED.note("session", "s-knot", Knot())
        await trio.sleep(timeouts.LEAKED_OBJECT.seconds)
        for _ in range(limits.LEAK_SEARCHES):
            await in_real_time(watch(stage), autojump_clock)
    assert (findings.report(), len(DEPARTED)) == ([], 0)
    assert UNSEARCHED.values()[""] == before + 1


async def test_one_that_cannot_be_searched_costs_no_other(
    autojump_clock: trio.testing.MockClock,
    monkeypatch: pytest.MonkeyPatch,
    listeners: None,
    without_cycle_search: None,
) -> None:
    """They are searched in one copy; the one is looked for again."""

    def find_most(get: Callable[[], object]) -> Holding:
        if isinstance(get(), Knot):
            raise AttributeError("f_locals")
        return find_holders(get)

    monkeypatch.setattr(watch_module, "find_holders", find_most)
    capture(monkeypatch, Session)
    async with open_stage() as stage:
        DEPARTED.note("session", "s-knot", Knot())
        await come_and_go(stage, 1)
        await trio.sleep(timeouts.LEAKED_OBJECT.seconds)
        await in_real_time(watch(stage), autojump_clock)
    (found,) = findings.report()
    assert found["subject"].startswith(f"{__name__}.LISTENERS.own")
    assert "s-knot" in {leaver.name for leaver in DEPARTED._leavers.values()}


class Knot:
    """Holds itself."""

    def __init__(self) -> None:
        self.own = self


async def test_a_dead_cycle_is_no_leak(
    autojump_clock: trio.testing.MockClock, without_cycle_search: None
) -> None:
    """The collector comes by and takes it."""
    async with open_stage() as stage:
        DEPARTED.note("session", "s-knot", Knot())
        assert len(DEPARTED) == 1
        await trio.sleep(timeouts.LEAKED_OBJECT.seconds)
        await in_real_time(watch(stage), autojump_clock)
    assert findings.report() == []
    assert len(DEPARTED) == 0


async def test_a_task_that_outlives_its_session_is_found_with_its_place_and_its_nursery(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Started by a session in a nursery that is not its own; each is told of once."""

    async def linger() -> None:
        await trio.sleep_forever()

    async with open_stage() as stage, trio.open_nursery() as elsewhere:
        run = Session.run

        async def run_and_leave_one_behind(session: Session) -> None:
            elsewhere.start_soon(linger, name="recent visitors")
            await run(session)

        monkeypatch.setattr(Session, "run", run_and_leave_one_behind)
        looking = watch(stage)
        _, welcome = await stage.join()
        await looking.look()
        await trio.sleep(timeouts.LEAKED_TASK.seconds)
        await looking.look()
        assert findings.report() == []
        stage.lines[0].hang_up()
        await trio.testing.wait_all_tasks_blocked()
        await looking.look()
        await trio.sleep(timeouts.LEAKED_TASK.seconds)
        assert findings.report() == []
        await looking.look()
        await looking.look()
        elsewhere.cancel_scope.cancel()
    (found,) = findings.report()
    assert (found["kind"], found["count"]) == ("leaked_task", 1)
    assert found["subject"].startswith(f"{linger.__qualname__} (")
    assert found["facts"]["session"] == welcome["session"]
    assert found["facts"]["task"] == "recent visitors"
    assert "test_a_task_that_outlives" in found["facts"]["nursery_of"]
    assert any(frame.startswith("sleep_forever (trio/") for frame in found["stack"])
