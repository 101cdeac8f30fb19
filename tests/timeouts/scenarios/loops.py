"""Scenarios of what the server watches itself for."""

import structlog
import trio
from diagnostics.stalls.stand_ins import Machine, look
from timeouts.scenarios.book import before_and_after, is_about_ten, scenario

from whiteboard.diagnostics.memory.growth_watch import GrowthWatch
from whiteboard.timeouts import Timeout


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
