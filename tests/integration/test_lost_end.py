"""A Redis that loses the newest ops of a log and goes on: no seq means one op to some and another to others (R5)."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import trio
from integration.bare_socket import BareSocket, Ended, bare_socket
from integration.conftest import Serve
from integration.polling import until
from integration.server_process import Json, ServerProcess
from services.redis_process import RedisProcess, redis_running

from whiteboard.protocol import close_codes

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("uncounted_processes")]


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisProcess]:
    """A Redis server of the test's own."""
    (tmp_path / "redis").mkdir()
    with redis_running(tmp_path / "redis") as running:
        yield running


@pytest.mark.parametrize("fresh", [1, 3, 5], ids=["fewer", "as many", "more"])
async def test_a_gap_that_others_fill_is_noticed(
    redis: RedisProcess, serve: Serve, tmp_path: Path, fresh: int
) -> None:
    """Ops 3 to 5 are lost, and a server that never read them stores others: whoever had them begins anew, also who was away."""
    one, other = (serve_shared(serve, redis, tmp_path, name) for name in ("one", "other"))
    async with bare_socket(one.url, "b") as ada, bare_socket(one.url, "b") as away:
        hers, his = await ada.enter(), await away.enter()
        await draw(ada, ["s1", "s2"])
        redis.remember()
        await draw(ada, ["lost3", "lost4", "lost5"])
        while (await away.hear_kind("stroke"))["id"] != "lost5":
            pass
        await away.hang_up()
        redis.kill()
        redis.lose_the_newest()
        redis.start()
        async with bare_socket(other.url, "b") as lin:
            await lin.enter()
            await draw(lin, [f"new{number}" for number in range(fresh)])
            assert await hear_the_end(ada) == close_codes.BOARD_FAILED.code
    ids = ["s1", "s2", *(f"new{number}" for number in range(fresh))]
    for server in (one, other):
        await until(partial(has, server, ids))
        for welcome in (hers, his):
            await until(partial(begins_anew, server, welcome))
        assert [op["id"] for op in await server.ops("b")] == ids


async def test_an_end_that_is_lost_and_not_filled_is_noticed(
    redis: RedisProcess, serve: Serve, tmp_path: Path
) -> None:
    """The first op after the loss takes a lost one's number: it gets it in another history."""
    one = serve_shared(serve, redis, tmp_path, "one")
    async with bare_socket(one.url, "b") as ada:
        welcome = await ada.enter()
        await draw(ada, ["s1"])
        redis.remember()
        await draw(ada, ["lost2"])
        redis.kill()
        redis.lose_the_newest()
        redis.start()
        assert await hear_the_end(ada) == close_codes.BOARD_FAILED.code
    async with bare_socket(one.url, "b") as lin:
        assert (await lin.enter())["epoch"] != welcome["epoch"]
        await draw(lin, ["new2"])
    assert [op["id"] for op in await one.ops("b")] == ["s1", "new2"]


def serve_shared(serve: Serve, redis: RedisProcess, tmp_path: Path, name: str) -> ServerProcess:
    """One more server on that Redis."""
    (tmp_path / name).mkdir()
    return serve("redis", "--redis-addr", redis.address, folder=tmp_path / name)


async def draw(person: BareSocket, elements: list[str]) -> None:
    """A point for each, one after the other, until each is acked."""
    for element in elements:
        op = {"type": "stroke", "id": element, "points": [[0, 0]]}
        await person.say(op)
        while (answer := await person.hear_kind("ack", "reject"))["type"] != "ack":
            assert answer["retry"], answer
            await trio.sleep(0.1)
            await person.say(op)


async def hear_the_end(person: BareSocket) -> int | None:
    """Listen until the server closes the connection; the close code."""
    try:
        with trio.fail_after(90):
            while True:
                await person.hear()
    except Ended as end:
        return end.code


async def begins_anew(server: ServerProcess, welcome: Json) -> bool:
    """Whether somebody who comes back with all that was lost is told to forget it; else they are sent away once more."""
    known = {name: welcome[name] for name in ("client", "key", "epoch")}
    async with bare_socket(server.url, "b") as back:
        try:
            again = await back.enter(since=5, **known)
        except Ended:
            return False
        if again["epoch"] == welcome["epoch"]:
            assert await hear_the_end(back) == close_codes.BOARD_FAILED.code
            return False
        await back.hear_kind("resync")
        return True


async def has(server: ServerProcess, ids: list[str]) -> bool:
    """Whether a server shows these elements, and no others."""
    status, _ = await server.fetch("/readyz")
    if status != 200:
        return False
    board: Json = await server.board("b")
    return sorted(one["id"] for one in board["elements"]) == sorted(ids)
