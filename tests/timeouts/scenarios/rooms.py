"""Scenarios with real sessions on real boards; the peers are lines without sockets, the storage is in memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import trio
from rooms.conftest import Stage, open_stage
from rooms.faulty import TappedStorage
from rooms.line import Line
from timeouts.scenarios.book import ALMOST, SURELY, SURELY_NOT, before_and_after, is_about, scenario

from whiteboard import timeouts
from whiteboard.errors import TooSlow
from whiteboard.rooms.lookout import Lookout
from whiteboard.storage.memory import open_memory
from whiteboard.timeouts import Timeout

STROKE = {"type": "stroke", "id": "s1", "points": [[0, 0]]}


@asynccontextmanager
async def open_tapped() -> AsyncIterator[tuple[Stage, TappedStorage]]:
    """A stage whose storage can be held up."""
    async with open_memory() as memory:
        tapped = TappedStorage(memory)
        async with open_stage(tapped) as stage:
            yield stage, tapped


@scenario("a hello at the last moment", late="was taken for silent")
async def hello_at_the_last_moment(entry: Timeout) -> str:
    """A client says its name just before it would be taken for a silent listener."""
    async with open_stage() as stage:
        line = await stage.connect()
        await trio.sleep(ALMOST * entry.default)
        was_welcomed = any(message["type"] == "welcome" for message in line.read())
        if was_welcomed:
            return "was taken for silent"
        line.say({"type": "hello", "name": "Ada"})
        await line.expect("welcome")
        return "said hello"


@scenario("a quiet session is pinged")
async def a_quiet_session_is_pinged(entry: Timeout) -> str:
    """In a hundred seconds often enough that no proxy finds it idle for a minute, and it stays."""
    async with open_stage() as stage:
        line, _ = await stage.join()
        await trio.sleep(10 * timeouts.PING_INTERVAL.default)
        return f"{'often enough' if line.pings >= 7 else 'too seldom'}, closed: {line.closed}"


@scenario("a peer falls silent")
async def a_peer_falls_silent(entry: Timeout) -> str:
    """It stays for three quarters of the time, and is gone a quarter and a look after it."""
    async with open_stage() as stage:
        line, _ = await stage.join()
        line.answers_pings = False
        before, after = before_and_after(entry)
        await trio.sleep(before)
        stayed = line.closed is None
        await trio.sleep(after + timeouts.PING_GRID.seconds)
        return f"stayed: {stayed}, gone: {line.closed is not None}"


@scenario("people see where one points")
async def people_see_where_one_points(entry: Timeout) -> str:
    """The first time at once; what follows is gathered, and for no longer than a tick."""
    async with open_stage() as stage:
        ada, _ = await stage.join()
        ben, _ = await stage.join()
        await trio.sleep(1)
        seen = []
        for x in range(3):
            ada.say({"type": "cursor", "x": x, "y": 0})
            began = trio.current_time()
            await ben.expect("cursors")
            seen.append(trio.current_time() - began <= SURELY * entry.default)
        return f"in time: {seen}"


@scenario("a peer takes nothing")
async def a_peer_takes_nothing(entry: Timeout) -> str:
    """It is given up when its time is over, or with the look after that."""
    async with trio.open_nursery() as nursery:
        lookout, line = Lookout(), Line(window=0)
        nursery.start_soon(lookout.run)
        line.report_to(lookout.note)
        await trio.sleep(0.2)
        line.push(b"{}")
        began = trio.current_time()
        with suppress(TooSlow):
            await line.drain()
        lasted = trio.current_time() - began
        nursery.cancel_scope.cancel()
    slow, look = timeouts.SLOW_CLIENT, timeouts.LOOKOUT
    if entry is look:
        return (
            "with the next look"
            if slow.seconds <= lasted <= slow.seconds + SURELY * look.default
            else "later"
        )
    return (
        "in time"
        if SURELY_NOT * slow.default <= lasted <= SURELY * slow.default + look.seconds
        else "not in time"
    )


@scenario("everybody leaves a board")
async def everybody_leaves_a_board(entry: Timeout) -> str:
    """It stays warm for a while, then leaves memory with the next sweep."""
    idle, sweep = timeouts.ROOM_IDLE, timeouts.EVICT_SWEEP
    stays, goes = SURELY_NOT * idle.default, SURELY * idle.default + sweep.seconds
    if entry is sweep:
        stays, goes = idle.seconds - 0.1, idle.seconds + SURELY * sweep.default
    boards = []
    async with open_stage() as stage:
        line, _ = await stage.join()
        await trio.sleep(1)
        line.hang_up()
        for wait in (stays, goes - stays):
            await trio.sleep(wait)
            boards.append(stage.hub.statistics().boards)
    return f"boards: {boards}"


@scenario("a server drains")
async def a_server_drains(entry: Timeout) -> str:
    """People are told when to come back, and are sent away a moment later."""
    async with open_stage() as stage:
        line, _ = await stage.join()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stage.hub.drain)
            drain = await line.expect("drain")
            told = trio.current_time()
            code, _ = await line.wait_closed()
        waited = trio.current_time() - told
    lasted = waited if entry is timeouts.DRAIN_NOTICE else drain["reconnect"][1] - drain["reconnect"][0]
    return f"about {entry.default:g} s: {is_about(lasted, entry)}, closed with {code}"


@scenario("a store that takes its time", late="refused as retryable")
async def a_store_that_takes_its_time(entry: Timeout) -> str:
    """A commit ends just in time; later its ops are refused, and the author may send them again."""
    async with open_tapped() as (stage, storage):
        line, _ = await stage.join()
        await line.expect("snapshot")
        storage.op_log.hold()
        line.say(STROKE)
        await trio.sleep(ALMOST * entry.default)
        storage.op_log.flow.set()
        await trio.testing.wait_all_tasks_blocked()
        await trio.sleep(1)
        answers = [message for message in line.read() if message["type"] in {"ack", "error", "reject"}]
        return "stored" if answers[0]["type"] == "ack" else "refused as retryable"


@scenario("a refusal is remembered")
async def a_refusal_is_remembered(entry: Timeout) -> str:
    """For a while after a commit that the store refused, then no more."""
    async with open_tapped() as (stage, storage):
        line, _ = await stage.join()
        storage.op_log.is_full = True
        line.say(STROKE)
        await trio.testing.wait_all_tasks_blocked()
        before, after = before_and_after(entry)
        await trio.sleep(before)
        first = stage.hub.is_refusing
        await trio.sleep(after + 0.1)
        return f"{first}, then {stage.hub.is_refusing}"
