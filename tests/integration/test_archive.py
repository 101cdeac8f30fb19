"""Boards that leave Redis for a bucket or for PostgreSQL and come back, while servers and stores come and go (R31, R32)."""

import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import trio
from integration.authors import AUTHORS, SEED, Author, acked, check_log, has_more, resend, write
from integration.balancer import balancing
from integration.bare_socket import Ended, bare_socket
from integration.board_replica import BoardReplica
from integration.conftest import Serve
from integration.polling import until
from integration.server_process import ServerProcess
from services.postgres_process import PostgresProcess, postgres_running
from services.redis_process import RedisProcess, redis_running
from services.s3_process import BUCKET, REGION, S3Process, s3_running

from whiteboard.client import BoardClient, open_board

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("uncounted_processes")]

ServeArchiving = Callable[..., ServerProcess]
HEAD = "whiteboard:{b}:head"


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisProcess]:
    """A Redis server of the test's own."""
    (tmp_path / "redis").mkdir()
    with redis_running(tmp_path / "redis") as running:
        yield running


@pytest.fixture
def s3(tmp_path: Path) -> Iterator[S3Process]:
    """A bucket of the test's own."""
    (tmp_path / "s3").mkdir()
    with s3_running(tmp_path / "s3") as running:
        yield running


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresProcess]:
    """One PostgreSQL server for the module; each test that wants one has a database of its own."""
    with postgres_running() as running:
        yield running


@pytest.fixture(params=["bucket"])
def places(
    request: pytest.FixtureRequest, s3: S3Process, postgres: PostgresProcess, tmp_path: Path
) -> list[str]:
    """The settings that say where the archive is."""
    secret = tmp_path / "secret"
    secret.write_text(s3.secret_key)
    bucket = [
        *("--s3-bucket", BUCKET, "--s3-endpoint", s3.endpoint, "--s3-region", REGION),
        *("--s3-access-key", s3.access_key, "--s3-secret-key-file", str(secret)),
    ]
    dsn = ["--postgres-dsn", postgres.new_database()]
    return {"bucket": bucket, "postgres": dsn, "both": [*bucket, *dsn]}[request.param]


@pytest.fixture
def serve_archiving(redis: RedisProcess, places: list[str], serve: Serve, tmp_path: Path) -> ServeArchiving:
    """Start one more server, which looks for cold boards all the time."""

    def start(cold_after: float = 0.2) -> ServerProcess:
        folder = tmp_path / f"server-{random.randrange(10**9)}"
        folder.mkdir()
        when = ["--archive-every", "0.1", "--archive-cold-after", str(cold_after)]
        return serve("redis", "--redis-addr", redis.address, *when, *places, folder=folder)

    return start


def is_cold(redis: RedisProcess) -> bool:
    """Whether Redis has nothing but the head of the board."""
    return redis.ask("HEXISTS", HEAD, "cold") == ":1"


@pytest.mark.parametrize("places", ["bucket", "postgres", "both"], indirect=True)
async def test_a_cold_board_opens_complete(serve_archiving: ServeArchiving, redis: RedisProcess) -> None:
    """With its history from op 1, its deleted elements, its people's claims and their repeats; drawing goes on."""
    first = serve_archiving(cold_after=3600)
    async with open_board(first.url, "b", replica=BoardReplica) as board:
        for number in range(40):
            await board.stroke([[number, 0]], element=f"s{number}")
        for number in range(0, 40, 3):
            await board.delete(f"s{number}")
        client, key, since, epoch = board.client, board.key, 54, board.epoch
    before, log = await first.board("b"), await first.ops("b")
    assert first.stop() == 0
    second = serve_archiving()
    await until(lambda: is_cold(redis))
    assert redis.ask("EXISTS", HEAD.replace("head", "receipts")) == ":0"
    assert await second.ops("b") == log
    assert await second.board("b") == before
    async with bare_socket(second.url, "b") as back:
        welcome = await back.enter(client=client, key=key, since=since, epoch=epoch)
        assert (welcome["client"], welcome["epoch"], welcome["seq"]) == (client, epoch, since)
        repeat = {"type": "stroke", "id": "s0", "points": [[0, 0]], "opId": log[0]["opId"]}
        await back.say(repeat)
        assert (await back.hear_kind("ack"))["seq"] == 1
        await back.say({"type": "restore", "id": "s3"})
        assert (await back.hear_kind("ack"))["seq"] == since + 1
    assert "s3" in {one["id"] for one in (await second.board("b"))["elements"]}


@pytest.mark.usefixtures("quick_return")
async def test_servers_are_killed_while_they_archive(
    serve_archiving: ServeArchiving, redis: RedisProcess, s3: S3Process
) -> None:
    """Two servers send a busy board's old ops to the bucket and are killed in turns: nothing lost, nothing doubled. [R36]"""
    servers = [serve_archiving(cold_after=0.5), serve_archiving(cold_after=0.5)]
    chance = random.Random(SEED)
    authors = [Author(number) for number in range(AUTHORS)]
    stop = trio.Event()
    async with balancing(*servers) as balancer, trio.open_nursery() as nursery:
        for author in authors:
            seeds = random.Random(SEED + author.number)
            nursery.start_soon(write, balancer.url, author, authors, seeds, stop)
        for number in range(4):
            before = acked(authors)
            await until(partial(has_more, authors, before + 600), 120)
            await trio.sleep(chance.uniform(0, 0.15))
            server = servers[number % 2]
            await trio.to_thread.run_sync(server.kill)
            await trio.to_thread.run_sync(server.start)
        await until(partial(has_archived, redis), 180)
        stop.set()
    logs = [await server.ops("b") for server in servers]
    check_log(logs[0], authors)
    assert logs[0] == logs[1]
    archived = sorted(name.split("-")[-3:-1] for name in s3.objects() if "/segment-" in name)
    assert archived
    for author in authors:
        await resend(servers[0], author)
    assert len(await servers[1].ops("b")) == len(logs[0])
    assert [server.stop() for server in servers] == [0, 0]
    last = serve_archiving()
    await until(lambda: is_cold(redis), 120)
    assert await last.ops("b") == logs[0]
    print(f"\n{acked(authors)} ops acked, {len(logs[0])} stored, in {len(s3.objects())} objects")


def has_archived(redis: RedisProcess) -> bool:
    """Whether some of the board's ops have left Redis."""
    return redis.ask("HEXISTS", HEAD, "archived") == ":1"


async def test_a_bucket_that_stands_still(
    serve_archiving: ServeArchiving, redis: RedisProcess, s3: S3Process
) -> None:
    """People draw and begin boards as ever; what should go there stays in Redis, and goes when the bucket is back."""
    server = serve_archiving()
    async with open_board(server.url, "other") as board:
        await board.stroke([[0, 0]])
    await until(lambda: redis.ask("GET", "whiteboard:whole") == "$5")  # all of the archive is known
    s3.stall()
    async with open_board(server.url, "b") as board:
        await draw_some(board, 30)
    await trio.to_thread.run_sync(server.wait_ready)
    await until(lambda: "archive_waits" in server.log, 180)
    s3.go_on()
    assert server.stop() == 0
    again = serve_archiving()
    await until(lambda: is_cold(redis), 180)
    assert len(await again.ops("b")) == 30


async def draw_some(board: BoardClient, count: int) -> None:
    """Strokes, each acked before the next."""
    for number in range(count):
        await board.stroke([[number, 0]], element=f"s{number}")


async def test_a_redis_that_comes_back_empty(serve_archiving: ServeArchiving, redis: RedisProcess) -> None:
    """What was archived is there again under another epoch, whoever asks first, and on the list of boards."""
    first = serve_archiving(cold_after=3600)
    async with open_board(first.url, "b") as board:
        await draw_some(board, 20)
        epoch, client, key = board.epoch, board.client, board.key
    assert first.stop() == 0
    second = serve_archiving()
    await until(lambda: is_cold(redis))
    before = await second.board("b")
    redis.kill()
    redis.lose_everything()
    redis.start()
    await until(partial(lists, second, "b"))
    assert (await second.board("b"))["elements"] == before["elements"]
    await until(partial(has_another_history, second, epoch))  # a room that was open looks every LOG_CHECK
    async with bare_socket(second.url, "b") as back:
        welcome = await back.enter(client=client, key=key, since=20, epoch=epoch)
        assert welcome["epoch"] != epoch
        assert (welcome["client"], welcome["seq"]) == (client, 20)
        await back.hear_kind("resync")
        await back.say({"type": "stroke", "id": "new", "points": [[0, 0]]})
        assert (await back.hear_kind("ack"))["seq"] == 21


async def has_another_history(server: ServerProcess, epoch: str | None) -> bool:
    """Whether who comes now is told another epoch; the room that has the old one sends people away."""
    told = epoch
    try:
        async with bare_socket(server.url, "b") as visitor:
            told = (await visitor.enter())["epoch"]
    except* Ended:
        pass
    return told != epoch


async def lists(server: ServerProcess, board: str) -> bool:
    """Whether a server's list of boards has one."""
    status, body = await server.fetch("/api/boards")
    return status == 200 and board in {one["board"] for one in body["boards"]}
