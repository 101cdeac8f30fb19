"""What is left of a session after its end (R11, R13)."""

import statistics
import time

import pytest
import trio
from integration.bare_socket import BareSocket, bare_socket
from integration.server_process import Json, ServerProcess

pytestmark = [pytest.mark.integration, pytest.mark.alone]

PROMISED_SECONDS = 0.1
"""R11."""
SETTLE_SECONDS = 60.0
CYCLES = 1_000
AT_ONCE = 10

WAYS = {
    "close": BareSocket.close,
    "hang up": BareSocket.hang_up,
    "reset": BareSocket.reset,
}


def session_tasks(report: Json) -> int:
    """How many tasks of sessions the task tree shows."""
    found, waiting = 0, [report["tree"]]
    while waiting:
        task = waiting.pop()
        found += "session" in task["name"].lower()
        waiting.extend(child for nursery in task["nurseries"] for child in nursery["tasks"])
    return found


async def wait_gone(server: ServerProcess) -> float:
    """Seconds until `/debug/tasks` counts no session and shows none of their tasks."""
    began = time.perf_counter()
    while True:
        _, report = await server.fetch("/debug/tasks")
        took = time.perf_counter() - began
        if report["counts"]["sessions"] == 0 and session_tasks(report) == 0:
            return took
        assert took < SETTLE_SECONDS, report


@pytest.mark.parametrize("way", WAYS)
async def test_session_is_gone_within_a_tenth_of_a_second(server: ServerProcess, way: str) -> None:
    """A close, a FIN and a reset end the session within 100 ms, as `/debug/tasks` shows. [HBT-4]"""
    times, looks = [], []
    for _ in range(9):
        one = await BareSocket.open(server.url, "b")
        await one.enter()
        began = time.perf_counter()
        _, report = await server.fetch("/debug/tasks")
        looks.append(time.perf_counter() - began)
        assert report["counts"]["sessions"] == 1
        assert session_tasks(report) >= 1
        await WAYS[way](one)
        times.append(await wait_gone(server))
    median = statistics.median(times)
    print(f"\n{server.mode}, {way}: gone after {median * 1e3:.1f} ms (most {max(times) * 1e3:.1f} ms)")
    assert median <= PROMISED_SECONDS + statistics.median(looks), "a look takes its own time"


async def test_others_are_told_who_left(server: ServerProcess) -> None:
    """The others on the board get a `leave` for each session that ended. [PRS-1]"""
    async with bare_socket(server.url, "b") as witness:
        await witness.enter()
        for leave in WAYS.values():
            one = await BareSocket.open(server.url, "b")
            session = (await one.enter(name="Ada"))["session"]
            joined = await witness.hear_kind("join")
            assert (joined["session"], joined["name"]) == (session, "Ada")
            await leave(one)
            assert (await witness.hear_kind("leave"))["session"] == session


async def cycle(server: ServerProcess, number: int) -> None:
    """Open, draw, be acked, leave in one of the three ways."""
    one = await BareSocket.open(server.url, "b")
    await one.say({"type": "stroke", "id": f"s{number}", "points": [[0, 0], [1, 1]]})
    await one.hear_kind("ack")
    leave = list(WAYS.values())[number % len(WAYS)]
    await leave(one)


async def cycles(server: ServerProcess, first: int) -> None:
    """One of the concurrent rows of cycles."""
    for number in range(first, first + CYCLES // AT_ONCE):
        await cycle(server, number)


async def settled_counts(server: ServerProcess) -> dict[str, int]:
    """What the server holds once no session is left and nothing is on its way out: the same at two looks."""
    await wait_gone(server)
    before, after = await server.counts(), await server.counts()
    deadline = time.perf_counter() + SETTLE_SECONDS
    while before != after and time.perf_counter() < deadline:
        await trio.sleep(0.05)
        before, after = after, await server.counts()
    return after


async def test_cycles_leave_nothing_behind(server: ServerProcess) -> None:
    """1,000 times open, draw, drop: tasks, sessions, leases and descriptors are where they were. (R13)"""
    for number in range(30):
        await cycle(server, CYCLES + number)
    before = await settled_counts(server)
    began = time.perf_counter()
    async with trio.open_nursery() as nursery:
        for row in range(AT_ONCE):
            nursery.start_soon(cycles, server, row * (CYCLES // AT_ONCE))
    took = time.perf_counter() - began
    deadline = time.perf_counter() + SETTLE_SECONDS
    after = await settled_counts(server)
    while after != before and time.perf_counter() < deadline:
        after = await settled_counts(server)
    print(f"\n{server.mode}: {CYCLES} cycles in {took:.1f} s; before {before}; after {after}")
    assert after == before
    assert (await server.board("b"))["seq"] == CYCLES + 30
