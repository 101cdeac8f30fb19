"""Several servers on a Redis Cluster: people on boards of different nodes, while nodes die and slots move (R30, R36)."""

import random
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import trio
from integration.authors import AUTHORS, SEED, Author, acked, check_log, has_more, resend, write
from integration.bare_socket import bare_socket
from integration.conftest import Serve
from integration.polling import until
from integration.server_process import ServerProcess
from services.redis_cluster import RedisCluster, cluster_running
from services.redis_process import RedisProcess

from whiteboard import timeouts
from whiteboard.client import Ack, BoardClient, Rejected, open_board
from whiteboard.ids import BoardId
from whiteboard.storage.redis.keys import Keys

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("uncounted_processes")]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    """Three primaries. The last test of the module kills one."""
    with cluster_running(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture
def servers(cluster: RedisCluster, serve: Serve, tmp_path: Path) -> list[ServerProcess]:
    """Two servers that know all its nodes, with boards of the test's own."""
    found = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        where = ("--redis-addr", cluster.address, "--redis-prefix", tmp_path.name)
        found.append(serve("redis", *where, folder=tmp_path / name))
    return found


NodeOf = Callable[[str], RedisProcess]


@pytest.fixture
def node_of(cluster: RedisCluster, tmp_path: Path) -> NodeOf:
    """Tells the primary that has a board."""
    return lambda board: cluster.owner(Keys(tmp_path.name).of(BoardId(board)).log)


async def test_people_at_either_server_see_each_other(
    cluster: RedisCluster, servers: list[ServerProcess], node_of: NodeOf
) -> None:
    """On a board of each node: who comes to one server is seen at the other, and who draws."""
    for node in cluster.primaries:
        board = next(f"b{number}" for number in range(60) if node_of(f"b{number}") is node)
        async with bare_socket(servers[0].url, board) as ada, bare_socket(servers[1].url, board) as lin:
            await ada.enter(name="Ada")
            await lin.enter(name="Lin")
            assert (await ada.hear_kind("join"))["name"] == "Lin"
            await lin.say({"type": "stroke", "id": "s1", "points": [[0, 0]]})
            assert (await ada.hear_kind("stroke"))["id"] == "s1"


async def test_a_board_that_moves_while_people_draw_loses_nothing(
    cluster: RedisCluster, servers: list[ServerProcess], node_of: NodeOf
) -> None:
    """Its slot goes twice around the nodes, half-way through each time for a while: no acked op is lost, none stored twice."""
    authors = [Author(number) for number in range(AUTHORS)]
    slot, stop = cluster.slot("{b}"), trio.Event()
    async with trio.open_nursery() as nursery:
        for author in authors:
            url = servers[author.number % 2].url
            nursery.start_soon(write, url, author, authors, random.Random(SEED + author.number), stop)
        for _ in range(2):
            for node in cluster.primaries:
                if node_of("b") is not node:
                    await until(partial(has_more, authors, acked(authors) + 50))
                    pause = partial(time.sleep, 0.2)
                    await trio.to_thread.run_sync(partial(cluster.move_slot, slot, node, between=pause))
        await until(partial(has_more, authors, acked(authors) + 50))
        stop.set()
    logs = [await server.ops("b") for server in servers]
    check_log(logs[0], authors)
    assert logs[0] == logs[1]
    await until(partial(agree, servers))


async def agree(servers: list[ServerProcess]) -> bool:
    """Whether both show the same board."""
    boards = [(await server.board("b"))["elements"] for server in servers]
    return bool(boards[0] == boards[1])


async def test_a_primary_that_dies_is_replaced_and_disturbs_nobody_else(
    cluster: RedisCluster, servers: list[ServerProcess], node_of: NodeOf
) -> None:
    """Its boards go on at the replica with all that this one had; people on boards of other nodes notice nothing."""
    mortal = node_of("b")
    calm = next(f"calm{number}" for number in range(60) if node_of(f"calm{number}") is not mortal)
    replica = await trio.to_thread.run_sync(cluster.add_replica, mortal)
    authors = [Author(number) for number in range(AUTHORS)]
    async with open_board(servers[0].url, calm) as quiet, open_board(servers[1].url, "b") as struck:
        await quiet.stroke([[0, 0]], element="s")
        await draw_for_a_while(servers, authors, 50)
        await trio.to_thread.run_sync(cluster.wait_level, mortal, replica)
        mortal.kill()
        slowest = 0.0
        async with trio.open_nursery() as nursery:
            nursery.start_soon(draw_until_acked, struck)
            while node_of("b") is mortal:
                began = trio.current_time()
                answer = await quiet.send({"type": "set", "id": "s", "props": {"x": began}})
                assert isinstance(answer, Ack)
                slowest = max(slowest, trio.current_time() - began)
        assert slowest < timeouts.REDIS_ANSWER.seconds, "as who waits for a dead node"
    assert node_of("b") is replica
    ops = await servers[1].ops("b")
    assert [op["seq"] for op in ops] == list(range(1, len(ops) + 1))
    by_id = {op["opId"]: op["seq"] for op in ops}
    assert all(by_id[op_id] == seq for author in authors for op_id, seq in author.acked.items())
    for author in authors:
        await resend(servers[0], author)


async def draw_for_a_while(servers: list[ServerProcess], authors: list[Author], count: int) -> None:
    """Have authors draw at both servers until so many ops are acked."""
    stop = trio.Event()
    async with trio.open_nursery() as nursery:
        for author in authors:
            url = servers[author.number % 2].url
            nursery.start_soon(write, url, author, authors, random.Random(SEED + author.number), stop)
        await until(partial(has_more, authors, count))
        stop.set()


async def draw_until_acked(board: BoardClient) -> None:
    """A stroke, again and again as long as it is refused for now."""
    with trio.fail_after(30):
        while isinstance(answer := await board.stroke([[0, 0]], element="after"), Rejected):
            assert answer.retry
            await trio.sleep(0.1)
