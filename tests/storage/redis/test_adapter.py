"""What the Redis adapter does about Redis, connections and other servers; what it promises is in the contract."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
import trio
from integration.polling import until
from services.redis_process import RedisProcess, redis_running

from whiteboard import timeouts
from whiteboard.errors import StorageConflict, StorageUnavailable
from whiteboard.ids import BoardId, ElementId
from whiteboard.limits import REDIS_CONNECTIONS
from whiteboard.storage.ports import Checkpoint, Storage
from whiteboard.storage.redis import open_redis
from whiteboard.storage.redis.channels import Ear
from whiteboard.storage.redis.keys import Keys
from whiteboard.storage.redis.pool import MendingPool
from whiteboard.storage.redis.server import Server, open_server
from whiteboard.testing.storage_samples import ADA, AT, BOARD, EPOCH, append, as_stored, key, ops, read_all

pytestmark = pytest.mark.integration


@pytest.fixture
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    """A Redis server of the test's own."""
    with redis_running(tmp_path_factory.mktemp("redis")) as running:
        yield running


@asynccontextmanager
async def serving(redis: RedisProcess) -> AsyncIterator[tuple[Server, MendingPool]]:
    """A server and its pool."""
    async with open_server(redis.url, None, "test") as server:
        await server.probe()
        (node,) = server.nodes.all
        yield server, node.pool


async def test_places_come_back_from_cancelled_commands(redis: RedisProcess) -> None:
    """However commands are cancelled, while they connect or block, there are as many connections as before."""
    async with serving(redis) as (server, pool):
        for turns in range(40):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(server.ask, server.client.blpop(["nothing"], timeout=60))
                for _ in range(turns // 2):
                    await trio.lowlevel.checkpoint()
                nursery.cancel_scope.cancel()
        await server.probe()
        assert pool.free_places == REDIS_CONNECTIONS


async def test_places_come_back_when_redis_goes(redis: RedisProcess) -> None:
    """Connections that are lost in use, also those that block and those that hear channels, are made again."""
    async with serving(redis) as (server, pool):
        went: list[None] = []
        with server.channels.listening("somewhere", Ear(lambda _: None, partial(went.append, None))):
            for number in range(3):
                await server.channels.wait_placed("somewhere")
                async with trio.open_nursery() as nursery:
                    for _ in range(3):
                        nursery.start_soon(fails, server)
                    await trio.sleep(0.2)
                    redis.kill()
                await until(partial(has_gone, went, number))
                redis.start()
            await server.channels.wait_placed("somewhere")
            await server.probe()
            assert pool.free_places == REDIS_CONNECTIONS - 1  # which the channel has


async def test_a_silent_redis_is_noticed_by_who_listens(
    redis: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection on which only Redis would speak is given up when Redis stands still, and made again when it goes on."""
    monkeypatch.setattr(timeouts, "CHANNELS_PING", timeouts.Timeout("test-ping", 0.05, "short"))
    heard: list[bytes] = []
    lost: list[None] = []
    ear = Ear(heard.append, partial(lost.append, None))
    async with serving(redis) as (server, _):
        with server.channels.listening("somewhere", ear):
            await server.channels.wait_placed("somewhere")
            with monkeypatch.context() as patched:
                patched.setattr(timeouts, "REDIS_ANSWER", timeouts.Timeout("test-answer", 0.3, "short"))
                redis.stall()
                await until(partial(has_gone, lost, 0))
            redis.go_on()
            await server.channels.wait_placed("somewhere")
            await server.ask(server.client.spublish("somewhere", b"news"))
            await until(lambda: heard == [b"news"])


def has_gone(times: list[None], before: int) -> bool:
    """Whether it has once more."""
    return len(times) > before


async def fails(server: Server) -> None:
    """Block until Redis goes."""
    with pytest.raises(StorageUnavailable):
        await server.ask(server.client.blpop(["nothing"], timeout=60))


async def test_many_boards_are_followed(redis: RedisProcess) -> None:
    """Boards that are opened one after the other are all told of what another server appends."""
    async with open_redis(redis.url) as one, open_redis(redis.url) as other:
        boards = [BoardId(f"b{number}") for number in range(40)]
        async with trio.open_nursery() as nursery:
            for board in boards:
                nursery.start_soon(one.op_log.wait_beyond, board, 0)
                await trio.sleep(0.02)
            for board in boards:
                with trio.fail_after(30):  # who is not told waits for ever
                    await append(other.op_log, board, ops(ADA, [1]))
                    await one.op_log.wait_beyond(board, 0)


async def test_a_follower_that_reads_ahead_is_woken_at_once(redis: RedisProcess) -> None:
    """Who has read on by itself is not woken for entries that it has, and hears of the next one at once."""
    async with open_redis(redis.url) as one, open_redis(redis.url) as other:
        await append(other.op_log, BOARD, ops(ADA, [1]))
        await one.op_log.wait_beyond(BOARD, 0)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(one.op_log.wait_beyond, BOARD, 1)
            for counter in range(2, 1_000):
                await append(other.op_log, BOARD, ops(ADA, [counter]))
        reached = len(await read_all(one.op_log, BOARD))
        waited = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(one.op_log.wait_beyond, BOARD, reached)
            await trio.sleep(0.3)
            await append(other.op_log, BOARD, ops(ADA, [1_000]))
        assert trio.current_time() - waited < 30  # who is not woken waits for ever


async def test_a_tombstone_that_may_be_newer_holds_a_checkpoint_up(redis: RedisProcess) -> None:
    """A checkpoint is not taken while one of its tombstones may be older than what another server kept."""
    element = ElementId("e")
    async with open_redis(redis.url) as storage:
        await append(storage.op_log, BOARD, ops(ADA, range(1, 200)))
        save, load = storage.snapshots.save, storage.snapshots.load
        await save(BOARD, Checkpoint(100, b"100"), {element: b"state@100"}, epoch=EPOCH, until=150)
        with pytest.raises(StorageConflict, match="newer states"):
            await save(BOARD, Checkpoint(120, b"120"), {element: b"state@120"}, epoch=EPOCH, until=120)
        assert await load(BOARD) == Checkpoint(100, b"100")
        await save(BOARD, Checkpoint(130, b"130"), {element: b"state@100"}, epoch=EPOCH, until=130)
        await save(BOARD, Checkpoint(150, b"150"), {element: b"state@150"}, epoch=EPOCH, until=160)
        assert await load(BOARD) == Checkpoint(150, b"150")
        assert await storage.snapshots.tombstones(BOARD, [element]) == {element: b"state@150"}


async def test_a_segment_of_a_board_that_was_deleted_is_not_put_into_the_next_one(
    redis: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compaction that has read the old history leaves the new one alone."""
    async with open_redis(redis.url) as storage:
        await append(storage.op_log, BOARD, ops(ADA, range(1, 10)))
        run = Server.run

        async def run_late(self: Server, script: str, *arguments: object) -> object:
            if script == "compact":
                monkeypatch.undo()
                await storage.boards.delete(BOARD)
                await append(storage.op_log, BOARD, ops(ADA, range(1, 5)), epoch="epoch-2")
            return await run(self, script, *arguments)  # type: ignore[arg-type]  # handed on

        monkeypatch.setattr(Server, "run", run_late)
        await storage.op_log.compact(BOARD, 9, 9)
        assert await read_all(storage.op_log, BOARD) == as_stored(ops(ADA, range(1, 5)))


async def test_deleting_leaves_no_key(redis: RedisProcess) -> None:
    """A board that is deleted leaves nothing behind, in whatever it had."""
    async with open_redis(redis.url) as storage, open_server(redis.url, None, "whiteboard") as server:
        assert await storage.op_log.agree(BOARD, EPOCH) == EPOCH
        await append(storage.op_log, BOARD, ops(ADA, range(1, 10)))
        await storage.op_log.compact(BOARD, 5, 5)
        gone = {ElementId("e"): b"gone"}
        await storage.snapshots.save(BOARD, Checkpoint(7, b"seven"), gone, epoch=EPOCH)
        await storage.boards.delete(BOARD)
        kept = [name async for name in server.client.scan_iter()]
        assert kept in ([], [Keys("whiteboard").probes[0].encode()])


async def test_servers_agree_on_the_epoch_of_a_board_without_ops(redis: RedisProcess) -> None:
    """Whoever asks first names it; deleting the board makes room for another."""
    async with open_redis(redis.url) as one, open_redis(redis.url) as other:
        assert await one.op_log.agree(BOARD, "epoch-a") == "epoch-a"
        assert await other.op_log.agree(BOARD, "epoch-b") == "epoch-a"
        await append(one.op_log, BOARD, ops(ADA, [1]), epoch="epoch-a")
        await one.boards.delete(BOARD)
        assert await other.op_log.agree(BOARD, "epoch-b") == "epoch-b"


async def test_a_board_begun_while_it_is_struck_off_is_listed(redis: RedisProcess) -> None:
    """A deletion whose last step comes late does not hide the board that was begun again meanwhile."""
    async with open_redis(redis.url) as storage, open_server(redis.url, None, "whiteboard") as server:
        await append(storage.op_log, BOARD, ops(ADA, [1]))
        await storage.boards.delete(BOARD)
        await storage.boards.create(BOARD, AT, "epoch-2")
        await server.unlist_board(BOARD)
        assert [line.board for line in await storage.boards.page(9, None)] == [BOARD]


async def test_redis_that_is_away_is_unavailable(redis: RedisProcess) -> None:
    """Every call says so, and works again once it is back."""
    async with open_redis(redis.url) as storage:
        await append(storage.op_log, BOARD, ops(ADA, [1]))
        redis.kill()
        with pytest.raises(StorageUnavailable):
            await storage.op_log.append(BOARD, ops(ADA, [2]), epoch=EPOCH, claims={ADA: key(ADA)})
        with pytest.raises(StorageUnavailable):
            await storage.probe()
        redis.start()
        await recovers(storage)
        assert await read_all(storage.op_log, BOARD) == as_stored(ops(ADA, [1]))


async def recovers(storage: Storage) -> None:
    """Wait until a probe passes."""
    with trio.fail_after(10):
        while True:
            try:
                await storage.probe()
            except StorageUnavailable:
                await trio.sleep(0.05)
            else:
                return
