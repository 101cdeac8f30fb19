"""What the Redis adapter does about the nodes of a cluster; what it promises is in the contract."""

import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
import trio
import trio.testing
from integration.polling import until
from services.ports import free_port
from services.redis_cluster import RedisCluster, cluster_running
from services.redis_process import RedisProcess

from whiteboard import timeouts
from whiteboard.errors import StorageUnavailable
from whiteboard.ids import BoardId, ClientId
from whiteboard.storage.ports import OpLog, Storage
from whiteboard.storage.redis import open_redis
from whiteboard.storage.redis.keys import Keys
from whiteboard.storage.redis.server import open_server
from whiteboard.testing.storage_samples import ADA, AT, BOB, EPOCH, append, as_stored, ops, read_all

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    """Three primaries, which stay."""
    with cluster_running(tmp_path_factory.mktemp("cluster")) as running:
        yield running


def boards_at(cluster: RedisCluster, node: RedisProcess, prefix: str, count: int = 1) -> list[BoardId]:
    """Boards whose keys are at a node."""
    ids, keys = [BoardId(f"b{number}") for number in range(60)], Keys(prefix)
    return [board for board in ids if cluster.owner(keys.of(board).log) is node][:count]


def listeners(node: RedisProcess) -> int:
    """How many connections of a node listen to sharded channels."""
    lines = node.order("CLIENT", "LIST").decode().splitlines()
    return sum("ssub=" in line and "ssub=0" not in line for line in lines)


async def test_one_connection_for_each_node_hears_all_boards(cluster: RedisCluster) -> None:
    """However many boards are followed: a node with some of them has one connection that listens, others have none."""
    prefix = "listen"
    one, two, _ = cluster.primaries
    boards = [*boards_at(cluster, one, prefix, 6), *boards_at(cluster, two, prefix, 6)]
    async with (
        open_redis(cluster.url, prefix=prefix) as here,
        open_redis(cluster.url, prefix=prefix) as there,
    ):
        async with trio.open_nursery() as nursery:
            for board in boards:
                nursery.start_soon(here.op_log.wait_beyond, board, 0)
            await until(lambda: [listeners(node) for node in cluster.primaries] == [1, 1, 0])
            await trio.testing.wait_all_tasks_blocked()
            for board in boards:
                await append(there.op_log, board, ops(ADA, [1]))


async def test_an_address_that_is_dead_does_not_matter(cluster: RedisCluster) -> None:
    """Of several addresses one that answers is enough."""
    url = f"redis://127.0.0.1:{free_port()},{cluster.nodes[1].address}/0"
    async with open_redis(url, prefix="seeds") as storage:
        await append(storage.op_log, BoardId("b"), ops(ADA, [1]))
        assert await read_all(storage.op_log, BoardId("b")) == as_stored(ops(ADA, [1]))


async def test_the_list_has_boards_of_all_nodes(cluster: RedisCluster) -> None:
    """Pages of the list are in order whichever nodes the boards are at, and leave out lines without a board."""
    boards = [BoardId(f"b{number:02}") for number in range(20)]
    async with (
        open_redis(cluster.url, prefix="list") as storage,
        open_server(cluster.url, None, "list") as server,
    ):
        for board in boards:
            await storage.boards.create(board, AT, EPOCH)
        await server.list_board(BoardId("b05-ghost"))
        first = await storage.boards.page(7, None)
        rest = await storage.boards.page(50, first[-1].board)
        assert [line.board for line in first + rest] == boards


async def test_a_board_that_moves_under_load_loses_nothing(cluster: RedisCluster) -> None:
    """While its slot goes from node to node, with some keys here and some there, ops are late and never lost or doubled."""
    board, prefix = BoardId("wanderer"), "move"
    names = Keys(prefix).of(board)
    slot = cluster.slot(names.log)
    total = 3 * 200
    followed: list[int] = []

    async def write(storage: Storage, client: ClientId) -> None:
        for counter in range(1, 201):
            await append_until_done(storage.op_log, board, client, counter)

    async def follow(storage: Storage) -> None:
        while len(followed) < total:
            await storage.op_log.wait_beyond(board, len(followed))
            followed.extend(op.seq for op in await storage.op_log.read(board, len(followed), 1_000))

    async def move() -> None:
        for _ in range(2):
            for node in cluster.primaries:
                if cluster.owner(names.log) is not node:
                    pause = partial(time.sleep, 0.1)
                    await trio.to_thread.run_sync(partial(cluster.move_slot, slot, node, between=pause))

    async with several(cluster, prefix) as storages:
        await append(storages[0].op_log, board, ops(ClientId("first"), [1]))
        total += 1
        async with trio.open_nursery() as nursery:
            nursery.start_soon(move)
            nursery.start_soon(follow, storages[1])
            for storage, client in zip(storages, (ADA, BOB, ClientId("cem")), strict=True):
                nursery.start_soon(write, storage, client)
        stored = await read_all(storages[2].op_log, board)
    assert [op.seq for op in stored] == list(range(1, total + 1))
    assert len({op.op_id for op in stored}) == total
    assert followed == list(range(1, total + 1))


async def test_a_board_between_two_nodes_is_read_and_takes_no_half_of_an_op(cluster: RedisCluster) -> None:
    """While its only key is at the new node and the slot at the old one, reading finds it, and an op waits to be stored whole."""
    board, prefix = BoardId("between"), "between"
    name, is_half, may_end = Keys(prefix).of(board).head, threading.Event(), threading.Event()

    def pause() -> None:
        is_half.set()
        may_end.wait(20)

    async with open_redis(cluster.url, prefix=prefix) as storage:
        await storage.boards.create(board, AT, EPOCH)
        target = next(node for node in cluster.primaries if node is not cluster.owner(name))
        move = partial(cluster.move_slot, cluster.slot(name), target, between=pause)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.to_thread.run_sync, move)
            await until(is_half.is_set)
            head = await storage.op_log.head(board)
            assert head is not None
            assert head.epoch == EPOCH
            async with trio.open_nursery() as storing:
                storing.start_soon(append, storage.op_log, board, ops(ADA, [1]))
                await trio.sleep(0.1)
                assert await storage.op_log.head(board) == head
                may_end.set()
        assert await read_all(storage.op_log, board) == as_stored(ops(ADA, [1]))


async def test_presence_moves_with_its_board(cluster: RedisCluster) -> None:
    """What is told of a board is heard again soon after its slot has gone to another node."""
    board, prefix = BoardId("crowd"), "presence"
    async with (
        open_redis(cluster.url, prefix=prefix) as here,
        open_redis(cluster.url, prefix=prefix) as there,
    ):
        assert here.bus
        assert there.bus
        async with here.bus.listen(board) as heard:
            await there.bus.tell(board, b"before")
            assert await heard.receive() == b"before"
            channel = Keys(prefix).of(board).news
            target = next(node for node in cluster.primaries if node is not cluster.owner(channel))
            await trio.to_thread.run_sync(cluster.move_slot, cluster.slot(channel), target)

            async def is_heard() -> bool:
                assert there.bus
                await there.bus.tell(board, b"after")
                with trio.move_on_after(0.1):
                    return await heard.receive() == b"after"
                return False

            await until(is_heard)


async def test_a_primary_that_dies_disturbs_its_own_boards_only(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Its replica takes over with all that it was given; meanwhile boards of other nodes take ops as if nothing were."""
    with cluster_running(tmp_path_factory.mktemp("failover")) as cluster:
        mortal = cluster.primaries[0]
        replica = await trio.to_thread.run_sync(cluster.add_replica, mortal)
        (disturbed,), (calm,) = (boards_at(cluster, node, "fail") for node in cluster.primaries[:2])
        async with open_redis(cluster.url, prefix="fail") as storage:
            await append(storage.op_log, disturbed, ops(ADA, range(1, 100)))
            await append(
                storage.op_log, calm, ops(ADA, [1])
            )  # begun: new ones need the node that has the list
            await trio.to_thread.run_sync(cluster.wait_level, mortal, replica)
            mortal.kill()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(append_until_done, storage.op_log, disturbed, ADA, 100)
                slowest, counter = 0.0, 1
                while cluster.owner(Keys("fail").of(disturbed).log) is mortal:
                    counter, began = counter + 1, trio.current_time()
                    await append(storage.op_log, calm, ops(ADA, [counter]))
                    await storage.probe()
                    slowest = max(slowest, trio.current_time() - began)
            assert cluster.owner(Keys("fail").of(disturbed).log) is replica
            assert await read_all(storage.op_log, disturbed) == as_stored(ops(ADA, range(1, 101)))
            assert len(await read_all(storage.op_log, calm)) == counter
            assert slowest < timeouts.REDIS_ANSWER.seconds, "as who waits for a dead node"


@asynccontextmanager
async def several(cluster: RedisCluster, prefix: str) -> AsyncIterator[list[Storage]]:
    """Three storages on a cluster, as three servers have them."""
    async with (
        open_redis(cluster.url, prefix=prefix) as one,
        open_redis(cluster.url, prefix=prefix) as two,
        open_redis(cluster.url, prefix=prefix) as three,
    ):
        yield [one, two, three]


async def append_until_done(log: OpLog, board: BoardId, client: ClientId, counter: int) -> None:
    """Append an op, again and again as long as storage is not available."""
    with trio.fail_after(30):
        while True:
            try:
                await append(log, board, ops(client, [counter]))
            except StorageUnavailable:
                await trio.sleep(0.02)
            else:
                return
