"""Scenarios of what is worked out from entries without waiting for anything."""

from itertools import pairwise

from timeouts.scenarios.book import SURELY, SURELY_NOT, is_about, scenario

from whiteboard import timeouts
from whiteboard.client.backoff import Backoff
from whiteboard.cluster.consul.backoff import retry_delay
from whiteboard.doctor import clock
from whiteboard.rooms import session
from whiteboard.storage.sqlite.pace import Pace
from whiteboard.timeouts import Timeout
from whiteboard.workers import crew


def _in_words(delays: list[float], first: Timeout, cap: Timeout) -> str:
    grows = all(one <= other for one, other in pairwise(delays))
    ends = is_about(delays[0], first), is_about(delays[-1], cap)
    return f"from the first and to the cap: {ends}, grows: {grows}"


@scenario("a client comes back")
async def a_client_comes_back(entry: Timeout) -> str:
    """Without chance in it, delays double from the first to the longest."""
    backoff = Backoff(lambda _, high: high)
    delays = [backoff.next_delay() for _ in range(20)]
    return _in_words(delays, timeouts.CLIENT_RETRY_FIRST, timeouts.CLIENT_RETRY_CAP)


@scenario("an agent is asked again")
async def an_agent_is_asked_again(entry: Timeout) -> str:
    """The same for Consul's agent."""
    delays = [retry_delay(failures, lambda _, high: high) for failures in range(1, 20)]
    return _in_words(delays, timeouts.CONSUL_RETRY_FIRST, timeouts.CONSUL_RETRY_CAP)


@scenario("a worker is started again")
async def a_worker_is_started_again(entry: Timeout) -> str:
    """The same for a worker that keeps dying."""
    delays = [crew._longer(0.0)]
    for _ in range(20):
        delays.append(crew._longer(delays[-1]))
    return _in_words(delays, timeouts.WORKER_RETRY_FIRST, timeouts.WORKER_RETRY_CAP)


@scenario("commits cost a core")
async def commits_cost_a_core(entry: Timeout) -> str:
    """So many lone ones wait for nothing; under load each waits, up to the rhythm."""
    pace, free = Pace(), 0
    while pace.rest(0.0) == 0.0:
        pace.spend(0.0, timeouts.COMMIT_BURST.default / 10)
        free += 1
    for _ in range(1_000):
        pace.spend(0.0, timeouts.COMMIT_BURST.default)
    burst = 8 <= free <= 14
    return f"a burst: {burst}, then a rhythm: {is_about(pace.rest(0.0), timeouts.COMMIT_RHYTHM)}"


@scenario("pings go together")
async def pings_go_together(entry: Timeout) -> str:
    """Sessions that are due one after the other are pinged in a few goes, and none much later than it is due."""
    due = [number * entry.default / 100 for number in range(1, 1_001)]
    gone = [session._on_grid(when) for when in due]
    late = max(one - when for one, when in zip(gone, due, strict=True))
    return f"late by about the grid: {is_about(late, entry)}, goes: {8 <= len(set(gone)) <= 13}"


@scenario("a clock is apart")
async def a_clock_is_apart(entry: Timeout) -> str:
    """Three quarters of the entry are better judged than five quarters."""
    codes = [clock._judge(share * entry.default, 0.0, "it").code for share in (SURELY_NOT, SURELY)]
    return f"{codes}, differ: {codes[0] != codes[1]}"
