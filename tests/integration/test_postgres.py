"""Servers in redis mode with their metadata in PostgreSQL: there, away, stalled and back (R31)."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trio
from integration.bare_socket import bare_socket
from integration.conftest import Serve
from integration.polling import until
from integration.server_process import ServerProcess
from services.postgres_process import PostgresProcess, postgres_running
from services.redis_process import RedisProcess, redis_running

from whiteboard import timeouts
from whiteboard.client import open_board
from whiteboard.storage.migration_files import Migration
from whiteboard.storage.postgres.connection import open_connection
from whiteboard.storage.postgres.migrate import migrate, shipped

pytestmark = pytest.mark.integration

ServeBoth = Callable[..., ServerProcess]


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    """One Redis server for the module; each server has a prefix of the test's."""
    with redis_running(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresProcess]:
    """One PostgreSQL server for the module, which tests leave running."""
    with postgres_running() as running:
        yield running


@pytest.fixture
def dsn(postgres: PostgresProcess) -> str:
    """A database of the test's own."""
    return postgres.new_database()


@pytest.fixture
def serve_both(redis: RedisProcess, dsn: str, serve: Serve, tmp_path: Path) -> ServeBoth:
    """Start one more server on both."""

    def start() -> ServerProcess:
        folder = tmp_path / f"server-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        where = ["--redis-addr", redis.address, "--redis-prefix", f"test-{dsn.rpartition('/')[2]}"]
        return serve("redis", *where, "--postgres-dsn", dsn, folder=folder)

    return start


async def sessions(server: ServerProcess, query: str = "") -> list[dict[str, Any]]:
    """The live sessions that a server tells of."""
    status, body = await server.fetch(f"/debug/sessions{query}")
    assert status == 200, body
    return list(body["sessions"])


async def names(server: ServerProcess) -> list[str]:
    """Who is here, as a server tells."""
    return sorted(one["name"] for one in await sessions(server))


async def audit(server: ServerProcess) -> list[str]:
    """What happened, the oldest first."""
    status, body = await server.fetch("/debug/audit?limit=999")
    assert status == 200, body
    return [line["what"] for line in reversed(body["audit"])]


async def test_two_servers_see_each_others_sessions(serve_both: ServeBoth, dsn: str) -> None:
    """Who is where, whichever server is asked; who goes leaves the list; all of it is in the audit. [REC-1] [REC-2] [REC-4]"""
    one, other = serve_both(), serve_both()
    async with bare_socket(one.url, "b1") as ada, bare_socket(other.url, "b2") as lin:
        await ada.enter(name="Ada")
        await lin.enter(name="Lin")
        await ada.say({"type": "stroke", "id": "s1", "points": [[0, 0]]})

        async def both_see_both() -> bool:
            return await names(one) == await names(other) == ["Ada", "Lin"]

        await until(both_see_both)
        here = {one["name"]: one for one in await sessions(other)}
        ports = {name: int(line["instance"].rpartition(":")[2]) for name, line in here.items()}
        assert ports == {"Ada": one.port, "Lin": other.port}
        assert here["Ada"]["board"] == "b1"
        assert here["Ada"]["address"].startswith("127.0.0.1:")
        assert [line["name"] for line in await sessions(one, "?board=b2")] == ["Lin"]
    await until(lambda: _is_empty(one))
    assert sorted(await audit(one)) == [
        "board.begun",
        "session.begun",
        "session.begun",
        "session.ended",
        "session.ended",
    ]
    assert await audit(one) == await audit(other)
    status, _ = await trio.to_thread.run_sync(other.request, "DELETE", "/api/boards/b1")
    assert status == 204
    await until(lambda: _has(one, "board.deleted"))


async def test_a_server_that_is_killed_leaves_the_list(
    serve_both: ServeBoth, postgres: PostgresProcess, dsn: str
) -> None:
    """Its people are gone when it has been silent long enough; the other's stay. [REC-4]"""
    one, other = serve_both(), serve_both()
    async with bare_socket(other.url, "b") as lin:
        await lin.enter(name="Lin")
        async with bare_socket(one.url, "b") as ada:
            await ada.enter(name="Ada")
            await until(lambda: _names_are(other, ["Ada", "Lin"]))
            await trio.to_thread.run_sync(one.kill)
        assert await names(other) == ["Ada", "Lin"]
        # 45 s later, for the test's patience
        statement = f"UPDATE servers SET seen_at = seen_at - 45000 WHERE instance LIKE '%:{one.port}'"
        await trio.to_thread.run_sync(postgres.execute, statement, dsn)
        assert await names(other) == ["Lin"]


@pytest.mark.parametrize("way", ["killed", "stalled"])
async def test_postgres_is_away_for_a_while(
    serve_both: ServeBoth, postgres: PostgresProcess, way: str
) -> None:
    """People come, draw and go as if nothing were; it is told as degraded; all of it is written afterwards. [REC-3]"""
    away = {"killed": postgres.kill, "stalled": postgres.stall}[way]
    back = {"killed": postgres.start, "stalled": postgres.go_on}[way]
    server = serve_both()
    async with open_board(server.url, "b", name="Ada") as board:
        await board.stroke([[0, 0]])
        await board.reached(1)
        await until(lambda: _names_are(server, ["Ada"]))
        await trio.to_thread.run_sync(away)
        try:
            drawing = 0.0
            for number in range(2, 8):
                async with open_board(server.url, "b", name=f"Guest {number}") as guest:
                    began = trio.current_time()
                    await guest.stroke([[number, 0]])
                    await board.reached(number)
                    drawing += trio.current_time() - began
            assert drawing < 6 * timeouts.POSTGRES_ANSWER.seconds / 2, "as if each had waited for it"
            await until(lambda: _is_degraded(server))
            assert "metadata_away" in server.log
            status, body = await server.fetch("/debug/sessions")
            assert (status, body["error"]["code"]) == (503, "storage_unavailable")
        finally:
            back()
        await until(lambda: _is_well(server), 60)
        await until(lambda: _names_are(server, ["Ada"]))
        told = await audit(server)
        assert (told.count("session.begun"), told.count("session.ended")) == (7, 6)
    assert "metadata_back" in server.log
    assert "records_dropped" not in server.log


async def test_a_server_stops_although_postgres_stands_still(
    serve_both: ServeBoth, postgres: PostgresProcess
) -> None:
    """SIGTERM ends it with 0, and soon."""
    server = serve_both()
    async with bare_socket(server.url, "b") as ada:
        await ada.enter(name="Ada")
        await until(lambda: _names_are(server, ["Ada"]))
        postgres.stall()
        try:
            with trio.fail_after(60):
                assert await trio.to_thread.run_sync(server.stop) == 0
        finally:
            postgres.go_on()


async def test_postgres_comes_after_the_server(
    serve_both: ServeBoth, postgres: PostgresProcess, redis: RedisProcess, dsn: str
) -> None:
    """A server starts without it, says so, and makes its tables when it is there."""
    await trio.to_thread.run_sync(postgres.stop)
    try:
        server = serve_both()
        assert "postgres_away" in server.log
        # As on a Redis that has seen the archive: on another one nobody could begin a board before it is there.
        redis.ask("SET", f"test-{dsn.rpartition('/')[2]}:whole", "whole")
        async with bare_socket(server.url, "b") as ada:
            await ada.enter(name="Ada")
            await until(lambda: _is_degraded(server))
            await trio.to_thread.run_sync(postgres.start)
            await until(lambda: _is_well(server))
            await until(lambda: _names_are(server, ["Ada"]))
    finally:
        if not postgres.is_running:
            postgres.start()


def test_a_newer_database_stops_the_start(redis: RedisProcess, dsn: str, tmp_path: Path) -> None:
    """One sentence says what to do, exit code 1."""
    with open_connection(dsn, None) as connection:
        migrate(connection, [*shipped(), Migration(len(shipped()) + 1, "later.sql", "SELECT 1")])
    server = ServerProcess(tmp_path, "redis", "--redis-addr", redis.address, "--postgres-dsn", dsn)
    with pytest.raises(AssertionError, match="the server ended with 1"):
        server.start()
    assert "run the release that wrote it, or a newer one" in server.log


async def test_one_server_keeps_its_metadata_beside_its_boards(serve: Serve) -> None:
    """In sqlite mode the audit of one life is there in the next, and nobody is left on the list. [REC-2]"""
    server = serve("sqlite")
    async with open_board(server.url, "b", name="Ada") as board:
        await board.stroke([[0, 0]])
        await board.reached(1)
        await until(lambda: _names_are(server, ["Ada"]))
        assert await trio.to_thread.run_sync(server.stop) == 0
    await trio.to_thread.run_sync(server.start)
    assert await names(server) == []
    assert await audit(server) == ["session.begun", "board.begun", "session.ended"]


# --- conditions to wait for ---------------------------------------------------------------------
async def _names_are(server: ServerProcess, wanted: list[str]) -> bool:
    return await names(server) == wanted


async def _is_empty(server: ServerProcess) -> bool:
    return await sessions(server) == []


async def _has(server: ServerProcess, what: str) -> bool:
    return what in await audit(server)


async def _is_degraded(server: ServerProcess) -> bool:
    status, body = await server.fetch("/readyz")
    assert status == 200, body
    return "degraded" in body


async def _is_well(server: ServerProcess) -> bool:
    status, body = await server.fetch("/readyz")
    return (status, body) == (200, {"ready": True})
