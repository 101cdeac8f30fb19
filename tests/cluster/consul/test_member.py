"""Being on the list, on a virtual clock, with an agent in memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
import structlog
import trio
from cluster.consul.scripted import OWN, ScriptedAgent, registration
from trio.testing import MockClock

from whiteboard import timeouts
from whiteboard.cluster.consul.member import ConsulMember
from whiteboard.cluster.instances import Health
from whiteboard.cluster.membership import AgentState

ROUND = timeouts.CONSUL_LOOK.seconds + 0.1
ENOUGH = timeouts.CONSUL_ANSWER.seconds + timeouts.CONSUL_RETRY_CAP.seconds + ROUND
"""After which an agent that has come back is noticed."""


@pytest.fixture
def consul() -> ScriptedAgent:
    """An agent without lines."""
    return ScriptedAgent()


@asynccontextmanager
async def listed(consul: ScriptedAgent, run: str = "run-1", **changes: Any) -> AsyncIterator[ConsulMember]:
    """A member whose tasks run; it does not leave by itself at the end."""
    member = ConsulMember(consul.client(), registration(run, **changes), lambda _, high: high)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(member.keep)
        nursery.start_soon(member.watch)
        await trio.sleep(0.01)
        yield member
        nursery.cancel_scope.cancel()


def agent_of(member: ConsulMember) -> AgentState:
    """What a member says of its agent."""
    view = member.view().listed
    assert view is not None
    return view.agent


def registered(member: ConsulMember) -> bool:
    """What a member says of itself."""
    view = member.view().listed
    assert view is not None
    return view.is_registered


async def test_a_member_is_listed_and_sees_the_others(
    consul: ScriptedAgent, autojump_clock: MockClock
) -> None:
    """As soon as they come, and itself with the health that Consul gives it. [CLU-2]"""
    async with listed(consul) as member:
        assert list(consul.services) == ["a:1"]
        other = registration("run-2").body()
        consul.put({**other, "ID": "b:1"})
        await trio.sleep(timeouts.CONSUL_PACE.seconds + 0.1)
        view = member.view()
        assert [one.name for one in view.others] == ["b:1"]
        assert view.own.name == OWN.name
        assert view.own.health is Health.PASSING
        assert (agent_of(member), registered(member)) == (AgentState.ANSWERING, True)


async def test_a_view_says_how_old_it_is(consul: ScriptedAgent, autojump_clock: MockClock) -> None:
    """Quiet times make it no older than a query and the pause behind it; an agent that is away does."""
    oldest = timeouts.CONSUL_WAIT.seconds + timeouts.CONSUL_PACE.seconds + 0.1
    async with listed(consul) as member:
        for _ in range(40):
            await trio.sleep(0.77)
            view = member.view().listed
            assert view is not None
            assert view.age is not None
            assert view.age <= oldest
        consul.fault = 500
        await trio.sleep(100)
        view = member.view().listed
        assert view is not None
        assert view.age is not None
        assert view.age > 80
        assert member.view().own.health is Health.PASSING  # as it was seen last


async def test_quiet_times_cost_little(consul: ScriptedAgent, autojump_clock: MockClock) -> None:
    """A minute takes a look at our line every CONSUL_LOOK and a query every CONSUL_WAIT."""
    async with listed(consul):
        await trio.sleep(1)
        consul.asked.clear()
        await trio.sleep(60)
    assert len(consul.asked) <= 60 / timeouts.CONSUL_LOOK.seconds + 60 / timeouts.CONSUL_WAIT.seconds + 2


async def test_an_agent_that_ends_every_query_at_once_is_not_asked_without_end(
    consul: ScriptedAgent, autojump_clock: MockClock
) -> None:
    """Such as a cache in between that does not know of waiting: CONSUL_PACE is kept."""
    consul.fault = b"[]"
    async with listed(consul):
        await trio.sleep(10)
    assert consul.asked.count("GET health/service/whiteboard") <= 10 / timeouts.CONSUL_PACE.seconds + 1


async def test_a_line_that_the_agent_lost_is_written_again(
    consul: ScriptedAgent, autojump_clock: MockClock
) -> None:
    """Within one look; the index of the list has gone back, and what is on it is seen all the same. [CLU-5]"""
    async with listed(consul) as member:
        for _ in range(20):
            consul.change()
        await trio.sleep(1)
        consul.forget()
        await trio.sleep(ROUND)
        assert list(consul.services) == ["a:1"]
        await trio.sleep(1)
        assert member.view().own.health is Health.PASSING


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (httpx2.ConnectError("nobody there"), AgentState.AWAY),
        (OSError("broken"), AgentState.AWAY),
        (403, AgentState.REFUSING),
        (500, AgentState.REFUSING),
        (404, AgentState.REFUSING),
        (b"<html>", AgentState.REFUSING),
        (b"", AgentState.REFUSING),
        (RuntimeError("a bug in a library"), AgentState.REFUSING),
    ],
)
async def test_whatever_the_agent_does_is_borne(
    consul: ScriptedAgent, autojump_clock: MockClock, fault: Any, state: AgentState
) -> None:
    """It is said once, tried again with growing delays, and over when it is over. [CLU-5]"""
    consul.fault = fault
    with structlog.testing.capture_logs() as lines:
        async with listed(consul) as member:
            await trio.sleep(60)
            assert agent_of(member) is state
            assert len(consul.asked) < 30
            consul.fault = None
            await trio.sleep(ENOUGH)
            assert agent_of(member) is AgentState.ANSWERING
            assert "a:1" in consul.services
            assert [one.name for one in (member.view().own, *member.view().others)] == ["a:1"]
    events = [line["event"] for line in lines if line["event"] != "consul_failed"]
    assert events.count("consul_lost") == 1
    assert events.count("consul_regained") == 1


async def test_an_agent_that_is_silent_is_away(consul: ScriptedAgent, autojump_clock: MockClock) -> None:
    """After CONSUL_ANSWER, and until it answers."""
    consul.is_silent = True
    async with listed(consul) as member:
        assert agent_of(member) is AgentState.UNKNOWN
        await trio.sleep(timeouts.CONSUL_ANSWER.seconds + 0.1)
        assert agent_of(member) is AgentState.AWAY
        consul.is_silent = False
        await trio.sleep(30 + ENOUGH)
        assert (agent_of(member), registered(member)) == (AgentState.ANSWERING, True)


async def test_leaving_takes_the_line_off_and_keeps_it_off(
    consul: ScriptedAgent, autojump_clock: MockClock
) -> None:
    """Nothing brings it back, and leaving again asks nothing."""
    async with listed(consul) as member:
        await member.leave()
        assert consul.services == {}
        assert not registered(member)
        await trio.sleep(60)
        assert consul.services == {}
        before = len(consul.asked)
        await member.leave()
        assert len(consul.asked) == before


async def test_leaving_waits_for_what_is_under_way(consul: ScriptedAgent, autojump_clock: MockClock) -> None:
    """A registration that is not answered yet does not come after it; a silent agent costs CONSUL_LEAVE."""
    consul.is_silent = True
    with structlog.testing.capture_logs() as lines:
        async with listed(consul) as member:
            start = trio.current_time()
            await member.leave()
            assert trio.current_time() - start == pytest.approx(timeouts.CONSUL_LEAVE.seconds)
            consul.is_silent = False
            await trio.sleep(60)
            assert consul.services == {}
    assert "consul_not_left" in [line["event"] for line in lines]


async def test_leaving_an_agent_that_refuses_is_told(
    consul: ScriptedAgent, autojump_clock: MockClock
) -> None:
    """And raises nothing."""
    with structlog.testing.capture_logs() as lines:
        async with listed(consul) as member:
            consul.fault = 500
            await member.leave()
    assert {"event": "consul_not_left", "reason": "answers 500: no", "log_level": "warning"} in lines


async def test_leaving_goes_on_when_it_is_cancelled(consul: ScriptedAgent, autojump_clock: MockClock) -> None:
    """The line is off the list even so."""
    async with listed(consul) as member:
        with trio.CancelScope() as scope:
            scope.cancel()
            await member.leave()
        assert consul.services == {}


async def test_the_later_process_of_a_name_has_the_line(
    consul: ScriptedAgent, autojump_clock: MockClock
) -> None:
    """The older one says so once, and leaves without taking it off; it has it again when the later one is gone."""
    with structlog.testing.capture_logs() as lines:
        async with listed(consul, "old") as old:
            async with listed(consul, "new") as new:
                await trio.sleep(10 * ROUND)
                assert consul.services["a:1"]["Meta"]["run"] == "new"
                assert (registered(old), registered(new)) == (False, True)
                assert [one.name for one in old.view().others] == ["a:1"]
                await new.leave()
            await trio.sleep(ROUND)
            assert consul.services["a:1"]["Meta"]["run"] == "old"
            consul.services["a:1"] = registration("newer").body()
            await old.leave()
            assert consul.services["a:1"]["Meta"]["run"] == "newer"
    assert [line["event"] for line in lines].count("instance_name_taken") == 1
