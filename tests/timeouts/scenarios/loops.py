"""Scenarios of what the server watches itself for."""

import structlog
import trio
from diagnostics.stalls.stand_ins import Machine, look
from timeouts.scenarios.book import SURELY, SURELY_NOT, before_and_after, is_about_ten, scenario

from whiteboard.diagnostics.findings import FINDINGS
from whiteboard.diagnostics.growth_watch import GrowthWatch
from whiteboard.diagnostics.stalls.watch import KIND
from whiteboard.timeouts import Timeout


@scenario("an event loop that is late")
async def an_event_loop_that_is_late(entry: Timeout) -> str:
    """It is found when it was late for longer, and not when it was for less."""
    found = []
    for seconds in (SURELY_NOT * entry.default, SURELY * entry.default):
        machine, before = Machine(entry.seconds), len(FINDINGS.of_kind(KIND))
        machine.passes(seconds, worked=seconds)
        machine.watch.beat()
        found.append(len(FINDINGS.of_kind(KIND)) - before)
        FINDINGS.clear()
    return f"found {found}"


@scenario("an event loop that stands still")
async def an_event_loop_that_stands_still(entry: Timeout) -> str:
    """Nothing is said of it before the time, and then it is, while it lasts."""
    machine, said = Machine(), []
    machine.runs = look("merge")
    with structlog.testing.capture_logs() as lines:
        for seconds in before_and_after(entry):
            machine.passes(seconds)
            machine.watch.look()
            said.append(len(lines))
    return f"said {said}"


@scenario("memory that grows")
async def memory_that_grows(entry: Timeout) -> str:
    """It is looked at about as often as the entry says."""
    looks: list[int] = []
    watch = GrowthWatch(looks.append)
    with trio.move_on_after(10 * entry.default):
        await watch.run()
    return is_about_ten(len(looks))
