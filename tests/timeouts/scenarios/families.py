"""Scenarios for entries whose real use needs another server, a process, a thread or the machine's clock.

They run the wrapper, or the arithmetic, that the real use runs; what is at its other end is played.
"""

import trio
from timeouts.scenarios.book import ALMOST, SURELY, SURELY_NOT, scenario

from whiteboard.deadlines import deadline, waiting
from whiteboard.timeouts import Timeout


@scenario("answer", late="gave up")
async def an_answer_at_ninety_percent(entry: Timeout) -> str:
    """Another server (Redis, PostgreSQL, S3, Consul, a worker, a stranger's browser) answers just in time."""
    try:
        with deadline(entry):
            await trio.sleep(ALMOST * entry.default)
    except trio.TooSlowError:
        return "gave up"
    return "answered"


@scenario("pause")
async def something_that_is_done_again_and_again(entry: Timeout) -> str:
    """Ten pauses of the default's length have room for eight of any in force; who is woken goes on at once."""
    done, woken = 0, trio.Event()
    with trio.move_on_after(10 * entry.default):
        while True:
            with waiting(entry):
                await woken.wait()
            done += 1
    woken.set()
    began = trio.current_time()
    with waiting(entry):
        await woken.wait()
    return f"{'often enough' if done >= 8 else 'too seldom'}, woken {'at once' if began == trio.current_time() else 'late'}"


@scenario("age")
async def something_that_gets_old(entry: Timeout) -> str:
    """What is younger than three quarters of the default stays, what is older than five quarters goes."""
    ages = (SURELY_NOT * entry.default, SURELY * entry.default)
    return " and ".join("goes" if age >= entry.seconds else "stays" for age in ages)
