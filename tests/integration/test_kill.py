"""`kill -9` of the real server under load (R5)."""

import random
from functools import partial

import pytest
import trio
from integration.authors import AUTHORS, SEED, Author, acked, check_log, has_more, resend, write
from integration.conftest import Serve
from integration.polling import until
from integration.server_process import ServerProcess

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("uncounted_processes")]

ROUNDS = 20


async def kill_again_and_again(server: ServerProcess, authors: list[Author], chance: random.Random) -> None:
    """Kill at random moments, each time after somebody was acked again; start on the same port."""
    for _ in range(ROUNDS):
        before = acked(authors)
        await until(partial(has_more, authors, before))
        await trio.sleep(chance.uniform(0, 0.15))
        await trio.to_thread.run_sync(server.kill)
        await trio.to_thread.run_sync(server.start)


@pytest.mark.usefixtures("quick_return")
async def test_kill_under_load_loses_nothing(serve: Serve) -> None:
    """20 times `kill -9`: every acked op is there once, seqs have no gap, a repeat gets the first seq."""
    server = serve("sqlite")
    chance = random.Random(SEED)
    authors = [Author(number) for number in range(AUTHORS)]
    stop = trio.Event()
    async with trio.open_nursery() as nursery:
        for author in authors:
            nursery.start_soon(write, server.url, author, authors, random.Random(SEED + author.number), stop)
        await kill_again_and_again(server, authors, chance)
        stop.set()
    log = await server.ops("b")
    check_log(log, authors)
    assert (await server.board("b"))["seq"] == len(log)
    for author in authors:
        await resend(server, author)
    assert len(await server.ops("b")) == len(log)
    print(f"\n{ROUNDS} kills, seed {SEED}: {acked(authors)} ops acked, {len(log)} stored, no gap, none twice")
