"""Scenarios with a real member of a cluster; Consul's agent is in memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio
import trio.testing
from cluster.consul.scripted import OWN, ScriptedAgent, registration
from timeouts.scenarios.book import ALMOST, is_about, is_about_ten, scenario

from whiteboard import timeouts
from whiteboard.cluster.consul.member import ConsulMember
from whiteboard.errors import AgentFault
from whiteboard.timeouts import Timeout


@asynccontextmanager
async def open_listed(agent: ScriptedAgent) -> AsyncIterator[ConsulMember]:
    """A member on the agent's list; it does not leave by itself at the end."""
    member = ConsulMember(agent.client(), registration(), lambda _, high: high)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(member.keep)
        nursery.start_soon(member.watch)
        await trio.sleep(0.01)
        yield member
        nursery.cancel_scope.cancel()


def _asked(agent: ScriptedAgent, path: str) -> int:
    return sum(one.startswith(f"GET {path}") for one in agent.asked)


@scenario("a slow agent", late="gave up")
async def a_slow_agent(entry: Timeout) -> str:
    """It answers just in time; later it counts as away."""
    agent = ScriptedAgent()
    agent.takes = ALMOST * entry.default
    try:
        await agent.client().register(registration().body())
    except AgentFault:
        return "gave up"
    return "registered"


@scenario("a slow goodbye to an agent", late="left on the list")
async def a_slow_goodbye_to_an_agent(entry: Timeout) -> str:
    """The server is off the list just in time; later it is left on it, and people are sent away all the same."""
    agent = ScriptedAgent()
    async with open_listed(agent) as member:
        await trio.sleep(1)
        agent.takes = ALMOST * entry.default / 2  # of two questions
        await member.leave()
    return "left on the list" if OWN.name in agent.services else "off the list"


@scenario("a list is looked after")
async def a_list_is_looked_after(entry: Timeout) -> str:
    """A server looks again and again whether it is on it still."""
    agent = ScriptedAgent()
    async with open_listed(agent):
        await trio.sleep(10 * entry.default)
    return is_about_ten(_asked(agent, "agent/service/"))


@scenario("a list that never changes")
async def a_list_that_never_changes(entry: Timeout) -> str:
    """Who wants to hear of a change is answered now and then all the same."""
    agent = ScriptedAgent()
    async with open_listed(agent):
        await trio.sleep(9 * entry.default)
    return is_about_ten(_asked(agent, "health/service/"))


@scenario("a list that always changes")
async def a_list_that_always_changes(entry: Timeout) -> str:
    """It is looked at again and again, and no more."""
    agent = ScriptedAgent()
    async with open_listed(agent):
        for _ in range(200):
            await trio.sleep(entry.default / 20)
            agent.change()
    return is_about_ten(_asked(agent, "health/service/"))


@scenario("what an agent is to do")
async def what_an_agent_is_to_do(entry: Timeout) -> str:
    """It gets the value in its own words, as a number of seconds."""
    key = {
        timeouts.CONSUL_CHECK: "Interval",
        timeouts.CONSUL_CHECK_ANSWER: "Timeout",
        timeouts.CONSUL_FORGET: "DeregisterCriticalServiceAfter",
    }[entry]
    said = registration().body()["Check"][key]
    return f"{key} says so: {is_about(float(said.removesuffix('s')), entry)}"
