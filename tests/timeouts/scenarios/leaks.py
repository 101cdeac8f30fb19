"""Scenarios of what has ended and is still there."""

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest
import trio
import trio.testing
from timeouts.scenarios.book import SURELY, before_and_after, is_about, is_about_ten, scenario

from whiteboard import timeouts
from whiteboard.deadlines import TimedOut
from whiteboard.diagnostics import findings, logs
from whiteboard.diagnostics.leaks.census import Census
from whiteboard.diagnostics.leaks.departed import Departed, Leaver
from whiteboard.diagnostics.leaks.places import living_tasks
from whiteboard.diagnostics.leaks.stray_tasks import StrayTasks
from whiteboard.diagnostics.leaks.watch import LeakWatch
from whiteboard.diagnostics.memory.soft_limit import SoftLimit
from whiteboard.leakcheck import measuring
from whiteboard.leakcheck.house import House
from whiteboard.leakcheck.scenarios import Scenario
from whiteboard.timeouts import Timeout

NOBODY: Iterable[trio.lowlevel.Task] = ()


class Counted(Departed):
    """Counts how often somebody asks who is overdue."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def overdue(self, seconds: float, most: int) -> list[Leaver]:
        self.asked += 1
        return super().overdue(seconds, most)


class Held:
    """Something that stays."""


@contextmanager
def _real_time() -> Iterator[None]:
    """The virtual clock stands still."""
    clock = trio.lowlevel.current_clock()
    assert isinstance(clock, trio.testing.MockClock)
    before, clock.autojump_threshold = clock.autojump_threshold, math.inf
    yield
    clock.autojump_threshold = before


@contextmanager
def nothing_found() -> Iterator[None]:
    """Of others; and what is found here is forgotten behind it."""
    findings.FINDINGS.clear()
    yield
    findings.FINDINGS.clear()


@scenario("a server looks for leaks")
async def a_server_looks_for_leaks(entry: Timeout) -> str:
    """Again and again."""
    departed = Counted()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(LeakWatch(StrayTasks(NOBODY, lambda _: True), departed, SoftLimit(None)).run)
        await trio.sleep(10 * entry.default)
        nursery.cancel_scope.cancel()
    return is_about_ten(departed.asked)


@scenario("a session is held")
async def a_session_is_held(entry: Timeout) -> str:
    """Found with the look behind its time."""
    departed, held, found = Departed(), Held(), []
    watch = LeakWatch(StrayTasks(NOBODY, lambda _: True), departed, SoftLimit(None))
    timeouts.PROFILE_CHILD.seconds = (
        600.0  # it walks through all that other tests have left, and gives way to them
    )
    with nothing_found():
        departed.note("session", "s-held", held)
        for wait in before_and_after(entry):
            await trio.sleep(wait)
            with _real_time():  # a copy of the process has another clock
                await watch.look()
            found.append(len(findings.report()))
    return f"found: {found}"


@scenario("a task outlives its session")
async def a_task_outlives_its_session(entry: Timeout) -> str:
    """Found with the look behind its time."""
    strays, found = StrayTasks(_Living(), lambda _: False), []

    async def stay() -> None:
        logs.bind(session="s-gone")
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(stay)
        await trio.testing.wait_all_tasks_blocked()
        for wait in (0.0, *before_and_after(entry)):
            await trio.sleep(wait)
            found.append(len(await strays.look(entry.seconds)))
        nursery.cancel_scope.cancel()
    return f"found: {found}"


class _Living:
    def __iter__(self) -> Iterator[trio.lowlevel.Task]:
        return living_tasks()


def _census(threads: int) -> Census:
    return Census({"root": 1}, {}, {}, {"Thread": threads}, 0)


@scenario("a check for leaks that waits for a thread")
async def a_check_for_leaks_that_waits_for_a_thread(entry: Timeout) -> str:
    """Which is no leak, if it ends in time."""
    ends_at = trio.current_time() + SURELY * entry.default
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measuring, "take_census", lambda _: _census(2 if trio.current_time() < ends_at else 1))
        began = trio.current_time()
        await measuring.settled(_census(1), entry.seconds)
    return f"waited for about its time: {is_about(trio.current_time() - began, entry)}"


@scenario("a check for leaks looks")
async def a_check_for_leaks_looks(entry: Timeout) -> str:
    """As long as something is too much."""
    taken: list[float] = []

    def take(_: object) -> Census:
        taken.append(trio.current_time())
        return _census(2)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measuring, "take_census", take)
        await measuring.settled(_census(1), 10 * entry.default)
    return is_about_ten(len(taken))


@scenario("a check for leaks that hangs")
async def a_check_for_leaks_that_hangs(entry: Timeout) -> str:
    """Its cycle is given up, and with it the check."""

    async def hang(_: House, __: int) -> None:
        await trio.sleep_forever()

    began = trio.current_time()
    try:
        await measuring.measure(House("127.0.0.1", 1), Scenario("hang", "waits for nobody", hang), 10)
    except TimedOut:
        return f"given up after about its time: {is_about(trio.current_time() - began, entry)}"
    return "measured"
