"""Scenarios of pictures of boards: a real studio and real leases; the process that draws is played."""

from contextlib import suppress

import trio
import trio.testing
from render.played import STATISTICS, played_studio, source, wish
from timeouts.scenarios.book import ALMOST, SURELY, SURELY_NOT, before_and_after, scenario

from whiteboard.render.asked import NotDrawn
from whiteboard.render.leases import HeldBuffer, LeaseBook
from whiteboard.render.pool import BufferPool
from whiteboard.render.studio import Source, Studio
from whiteboard.render.wire import Answer, Ask, Drawn
from whiteboard.timeouts import Timeout


@scenario("a picture that is drawn slowly", late="killed")
async def a_picture_that_is_drawn_slowly(entry: Timeout) -> str:
    """It is there just in time; later what draws is killed."""

    async def slowly(_: Ask, __: bytes) -> tuple[Answer, bytes]:
        await trio.sleep(ALMOST * entry.default)
        return Drawn(1, True, STATISTICS), b"picture"

    async with played_studio(slowly) as (studio, processes):
        try:
            await studio.draw(wish(), source())
        except NotDrawn:
            assert not processes[0].is_alive
            return "killed"
        return "drawn"


@scenario("a picture that others are before", late="turned away")
async def a_picture_that_others_are_before(entry: Timeout) -> str:
    """Its turn comes just in time; later who asked is turned away."""
    end = "drawn"
    async with played_studio() as (studio, _), trio.open_nursery() as nursery:
        nursery.start_soon(_ask, studio, source(takes=ALMOST * entry.default))
        await trio.testing.wait_all_tasks_blocked()
        try:
            await studio.draw(wish(), source())
        except NotDrawn:
            end = "turned away"
    return end


async def _ask(studio: Studio, of: Source) -> None:
    """Somebody who is before, and may be turned away as well."""
    with suppress(NotDrawn):
        await studio.draw(wish("other"), of)


@scenario("a board that always takes too long to draw")
async def a_board_that_always_takes_too_long_to_draw(entry: Timeout) -> str:
    """It is not tried again after three quarters of the time, and it is after five quarters."""

    async def hang(_: Ask, __: bytes) -> tuple[Answer, bytes]:
        await trio.sleep_forever()

    async with played_studio(hang) as (studio, processes):
        tries = []
        for wait in (0.0, *before_and_after(entry)):
            await trio.sleep(wait)
            with suppress(NotDrawn):
                await studio.draw(wish(), source())
            tries.append(len(processes))
    return f"tries: {tries}"


@scenario("nobody asks for pictures")
async def nobody_asks_for_pictures(entry: Timeout) -> str:
    """What draws is there after three quarters of the time, and not after five quarters."""
    async with played_studio() as (studio, processes):
        await studio.draw(wish(), source())
        lives = []
        for wait in before_and_after(entry):
            await trio.sleep(wait)
            lives.append(processes[0].is_alive)
    return f"alive: {lives}"


@scenario("a canvas that is held for too long")
async def a_canvas_that_is_held_for_too_long(entry: Timeout) -> str:
    """Who holds a buffer still has it after three quarters of the time, and is thrown out before five quarters."""
    pool, book, stages = BufferPool(), LeaseBook(), []
    with book.lease(HeldBuffer(pool, 4096)) as lease:
        await trio.sleep(SURELY_NOT * entry.default)
        stages.append(lease.is_over)
        await trio.sleep((SURELY - SURELY_NOT) * entry.default)
        stages.append(lease.is_over)
    return f"over: {stages}, revoked: {book.statistics().revoked}, in use: {pool.statistics().in_use}"
