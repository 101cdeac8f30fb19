"""Several servers on one Redis: one board for everybody, whichever server they are at (R30, R36)."""

import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
from integration.authors import AUTHORS, SEED, Author, acked, check_log, has_more, resend, write
from integration.balancer import balancing
from integration.bare_socket import BareSocket, Ended, bare_socket
from integration.board_replica import BoardReplica
from integration.conftest import Serve
from integration.polling import until
from integration.server_process import Json, ServerProcess
from services.redis_process import RedisProcess, redis_running

from whiteboard.client import BoardClient, open_board
from whiteboard.protocol import close_codes

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("uncounted_processes")]

ServeShared = Callable[[], ServerProcess]


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisProcess]:
    """A Redis server of the test's own."""
    (tmp_path / "redis").mkdir()
    with redis_running(tmp_path / "redis") as running:
        yield running


@pytest.fixture
def serve_shared(redis: RedisProcess, serve: Serve, tmp_path: Path) -> ServeShared:
    """Start one more server on that Redis."""

    def start() -> ServerProcess:
        folder = tmp_path / f"server-{random.randrange(10**9)}"
        folder.mkdir()
        return serve("redis", "--redis-addr", redis.address, folder=folder)

    return start


async def test_two_servers_are_one_board(serve_shared: ServeShared) -> None:
    """People at two servers draw at once: each is told of all ops, in one order, and all see the same board."""
    servers = [serve_shared(), serve_shared()]
    seen: list[list[dict[str, Any]]] = []
    total = 6 * 40

    async def draw(number: int) -> None:
        server = servers[number % 2]
        async with open_board(server.url, "b", replica=BoardReplica) as board:
            for count in range(20):
                await board.stroke([[count, number]], element=f"s{number}-{count}")
                # everybody changes what everybody has
                await board.send({"type": "set", "id": f"s{count % 6}-{count // 2}", "props": {"x": number}})
            await board.reached(total)
            assert isinstance(board.replica, BoardReplica)
            seen.append(board.replica.visible())

    async with trio.open_nursery() as nursery:
        for number in range(6):
            nursery.start_soon(draw, number)
    logs = [await server.ops("b") for server in servers]
    assert [op["seq"] for op in logs[0]] == list(range(1, total + 1))
    assert logs[0] == logs[1]
    elements = [(await server.board("b"))["elements"] for server in servers]
    assert elements[0] == elements[1]
    assert seen == [elements[0]] * 6


async def test_a_board_that_two_servers_begin_at_once(serve_shared: ServeShared) -> None:
    """Whoever draws first on a new board, the others at their own servers go on with it undisturbed."""
    one, other = serve_shared(), serve_shared()
    for name in ("b1", "b2", "b3"):
        async with bare_socket(one.url, name) as ada, bare_socket(other.url, name) as lin:
            await ada.enter()
            await lin.enter()
            await ada.say({"type": "stroke", "id": "s1", "points": [[0, 0]]})
            await lin.say({"type": "stroke", "id": "s2", "points": [[0, 0]]})
            for person in (ada, lin):
                heard = [await person.hear_kind("ack", "stroke") for _ in range(3)]
                assert sorted(one["id"] for one in heard if one["type"] == "stroke") == ["s1", "s2"]


async def test_what_one_server_acked_the_other_resumes_with(serve_shared: ServeShared) -> None:
    """Who comes to another server with what the first one told gets no resync, however far the other is. [RES-3]"""
    one, other = serve_shared(), serve_shared()
    async with open_board(one.url, "b") as first:
        for number in range(30):
            await first.stroke([[number, 0]], element=f"s{number}")
            await first.reached(number + 1)
            async with bare_socket(other.url, "b") as back:
                welcome = await back.enter(since=number + 1, epoch=first.epoch)
                assert welcome["seq"] == number + 1
                await back.say({"type": "ping", "ts": 1})
                assert (await back.hear())["type"] in {"pong", "join"}


@pytest.mark.usefixtures("quick_return")
async def test_a_server_that_is_killed_takes_nothing_along(serve_shared: ServeShared) -> None:
    """One of two is killed under load, ten times in turns: clients go on at the other, nothing acked is lost."""
    servers = [serve_shared(), serve_shared()]
    await lose_servers(servers, 10, lambda server: server.kill())


@pytest.mark.usefixtures("quick_return")
async def test_a_rolling_restart_takes_nothing_along(serve_shared: ServeShared) -> None:
    """One after the other gets SIGTERM under load: the same. [DRN-2]"""
    servers = [serve_shared(), serve_shared()]

    def restart(server: ServerProcess) -> None:
        assert server.stop() == 0

    await lose_servers(servers, 4, restart)


async def lose_servers(
    servers: list[ServerProcess], rounds: int, lose: Callable[[ServerProcess], object]
) -> None:
    """Draw through a balancer while servers go and come back, then check what is stored."""
    chance = random.Random(SEED)
    authors = [Author(number) for number in range(AUTHORS)]
    stop = trio.Event()
    async with balancing(*servers) as balancer, trio.open_nursery() as nursery:
        for author in authors:
            nursery.start_soon(
                write, balancer.url, author, authors, random.Random(SEED + author.number), stop
            )
        for number in range(rounds):
            before = acked(authors)
            await until(partial(has_more, authors, before))
            await trio.sleep(chance.uniform(0, 0.15))
            server = servers[number % 2]
            await trio.to_thread.run_sync(lose, server)
            there = acked(authors)
            await until(partial(has_more, authors, there))  # the other one serves them all
            await trio.to_thread.run_sync(server.start)
        stop.set()
    logs = [await server.ops("b") for server in servers]
    check_log(logs[0], authors)
    assert logs[0] == logs[1]
    for author in authors:
        await resend(servers[0], author)
    assert len(await servers[1].ops("b")) == len(logs[0])
    print(f"\n{rounds} rounds: {acked(authors)} ops acked, {len(logs[0])} stored, no gap, none twice")


async def test_people_at_either_server_see_each_other(serve_shared: ServeShared) -> None:
    """Who comes, points and goes at one server does so for those at the other, by way of Redis. [R21]"""
    one, other = serve_shared(), serve_shared()
    async with bare_socket(one.url, "b") as ada:
        await ada.enter(name="Ada")
        async with bare_socket(other.url, "b") as lin:
            welcome = await lin.enter(name="Lin")
            assert (await ada.hear_kind("join"))["name"] == "Lin"
            await lin.say({"type": "cursor", "x": 1, "y": 2})
            cursors = (await ada.hear_kind("cursors"))["cursors"]
            assert cursors == [{"session": welcome["session"], "x": 1.0, "y": 2.0}]
        assert (await ada.hear_kind("leave"))["session"] == welcome["session"]


async def test_redis_that_restarts_is_waited_for(serve_shared: ServeShared, redis: RedisProcess) -> None:
    """While Redis is away ops are refused as retryable; nobody is sent away, and nothing acked is lost. [R5]"""
    one, other = serve_shared(), serve_shared()
    async with bare_socket(one.url, "b") as ada, bare_socket(other.url, "b") as lin:
        await ada.enter()
        await lin.enter()
        await ada.say(stroke("s1"))
        assert (await ada.hear_kind("ack"))["seq"] == 1
        assert (await lin.hear_kind("stroke"))["id"] == "s1"
        redis.kill()
        await ada.say(stroke("s2"))
        refused = await ada.hear_kind("reject")
        assert (refused["code"], refused["retry"]) == ("storage_unavailable", True)
        await until(partial(is_ready, other, no=True))
        redis.start()
        await until(partial(is_ready, other))
        await say_until_acked(lin, stroke("s3"))
        assert (await ada.hear_kind("stroke"))["id"] == "s3"
        async with bare_socket(one.url, "b") as tom:
            await tom.enter(name="Tom")
            while (await lin.hear_kind("join"))["name"] != "Tom":
                pass
    assert [op["id"] for op in await one.ops("b")] == ["s1", "s3"]


async def test_redis_that_stands_still_is_waited_for(serve_shared: ServeShared, redis: RedisProcess) -> None:
    """A Redis that swallows everything: refused in the time for an answer, and acked with the same op id later."""
    server = serve_shared()
    async with bare_socket(server.url, "b") as ada:
        welcome = await ada.enter()
        await ada.say(stroke("s1"))
        await ada.hear_kind("ack")
        redis.stall()
        op = {**stroke("s2"), "opId": f"{welcome['client']}:2"}
        await ada.say(op)
        assert (await ada.hear_kind("reject"))["code"] == "storage_unavailable"
        redis.go_on()
        assert (await say_until_acked(ada, op))["seq"] == 2
    assert [op["id"] for op in await server.ops("b")] == ["s1", "s2"]


async def test_redis_that_comes_back_empty_is_noticed(serve_shared: ServeShared, redis: RedisProcess) -> None:
    """A board whose log is gone does not go on at seq 1 as if nothing had been: who comes back is told to begin anew."""
    server = serve_shared()
    async with bare_socket(server.url, "b") as ada:
        welcome = await ada.enter()
        await ada.say([stroke("s1"), stroke("s2")])
        await ada.hear_kind("ack")
        assert (await ada.hear_kind("ack"))["seq"] == 2
        redis.kill()
        redis.lose_everything()
        redis.start()
        assert await hear_the_end(ada) == close_codes.BOARD_FAILED.code
    async with bare_socket(server.url, "b") as back:
        again = await back.enter(
            client=welcome["client"], key=welcome["key"], since=2, epoch=welcome["epoch"]
        )
        assert again["epoch"] != welcome["epoch"]
        await back.hear_kind("resync")
        await say_until_acked(back, stroke("s3"))
    assert [op["id"] for op in await server.ops("b")] == ["s3"]


async def test_a_board_that_is_deleted_elsewhere_ends_here(serve_shared: ServeShared) -> None:
    """Who is on a board that is deleted at another server is sent away, and brings nothing of it back."""
    one, other = serve_shared(), serve_shared()
    async with bare_socket(one.url, "b") as ada:
        await ada.enter()
        await ada.say(stroke("s1"))
        await ada.hear_kind("ack")
        status, _ = await trio.to_thread.run_sync(other.request, "DELETE", "/api/boards/b")
        assert status == 204
        await hear_the_end(ada)
    assert (await one.fetch("/api/boards/b"))[0] == 404


async def test_old_boards_open_from_what_any_server_has_saved(serve_shared: ServeShared) -> None:
    """Two servers checkpoint, forget and compact one board beside each other; a third opens it whole."""
    servers = [serve_shared(), serve_shared()]

    async def draw(number: int) -> None:
        async with open_board(servers[number].url, "b") as board:
            for start in range(0, 900, 100):
                async with trio.open_nursery() as nursery:
                    for count in range(start, start + 100):
                        nursery.start_soon(draw_and_delete, board, f"s{number}-{count}", count)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(draw, 0)
        nursery.start_soon(draw, 1)
    expected = await same_at(servers[0], servers[1])
    assert expected["seq"] == 2 * 900 + 2 * 600
    for server in servers:
        assert server.stop() == 0
    third = serve_shared()
    assert await third.board("b") == expected
    ops = await third.ops("b")
    assert [op["seq"] for op in ops] == list(range(1, len(ops) + 1))
    async with open_board(third.url, "b") as board:
        await board.send({"type": "restore", "id": "s0-1"})
    (restored,) = [one for one in (await third.board("b"))["elements"] if one["id"] == "s0-1"]
    assert restored["points"] == [[1, 1]]


async def same_at(one: ServerProcess, other: ServerProcess) -> Json:
    """The board once both have it alike: an ack says that an op is stored, the other server hears of it a moment later."""
    with trio.fail_after(90):
        while True:
            found = await one.board("b")
            if found == await other.board("b"):
                return found
            await trio.sleep(0.02)


async def draw_and_delete(board: BoardClient, element: str, count: int) -> None:
    """A stroke; two of three are deleted again."""
    await board.stroke([[count, 1]], element=element)
    if count % 3:
        await board.send({"type": "delete", "id": element})


def stroke(element: str) -> Json:
    """A point."""
    return {"type": "stroke", "id": element, "points": [[0, 0]]}


async def is_ready(server: ServerProcess, *, no: bool = False) -> bool:
    """Whether a server says so, or that it is not."""
    return (await server.fetch("/readyz"))[0] == (503 if no else 200)


async def hear_the_end(person: BareSocket) -> int | None:
    """Listen until the server closes the connection; the close code."""
    try:
        while True:
            await person.hear()
    except Ended as end:
        return end.code


async def say_until_acked(person: BareSocket, op: Json) -> Json:
    """Send an op again as long as it is refused; its ack."""
    while True:
        await person.say(op)
        answer = await person.hear_kind("ack", "reject")
        if answer["type"] == "ack":
            return answer
        assert answer["retry"], answer
        await trio.sleep(0.1)
