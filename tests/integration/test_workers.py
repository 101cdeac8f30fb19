"""Several workers behind one address (R37)."""

import json
import socket
import ssl
from collections.abc import Iterator
from functools import partial
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Self
from urllib.request import urlopen

import pytest
import trio
from certificates import make_certificate
from integration.bare_socket import bare_socket
from integration.crew import (
    TWO,
    WORKERS,
    begun,
    boards_of,
    hear_the_end,
    seated,
    stroke,
    workers,
)
from integration.polling import until
from integration.server_process import STOP_SECONDS, ServerProcess
from services.redis_process import redis_running

from whiteboard.client import open_board
from whiteboard.diagnostics.profiles.pprof import decoded
from whiteboard.diagnostics.profiles.profile import Profile
from whiteboard.ids import BoardId
from whiteboard.workers.routing import owner_of

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One server for the tests that do it no harm; each has boards of its own."""
    with ServerProcess(tmp_path_factory.mktemp("workers"), "sqlite", *TWO) as running:
        yield running


def profile_of(server: ServerProcess, number: int) -> Profile:
    """The tasks of a worker."""
    with urlopen(f"{server.url}/debug/workers/{number}/pprof/tasks", timeout=STOP_SECONDS) as answer:
        return decoded(answer.read())


def test_each_workers_profiles_are_its_own(standing: ServerProcess) -> None:
    """Whichever worker is asked, the profile is that of the worker in its address, and says so. [PRF-6]"""
    for number in (0, 1, 0, 1):
        assert f"worker {number}" in profile_of(standing, number).comments


# --- the same guarantees ----------------------------------------------------------------------


async def test_how_all_of_them_are_doing(standing: ServerProcess) -> None:
    """Whichever answers tells of all: sums, and each with what it has. [DBG-2]"""
    mine, theirs = boards_of(0, 1, "status"), boards_of(1, 1, "status")
    async with seated(standing, [*mine, *theirs]):
        status, told = await standing.fetch("/debug/status")
    assert status == 200
    assert [one["worker"] for one in told["processes"]] == [0, 1]
    assert len({one["pid"] for one in told["processes"]}) == WORKERS
    assert told["memory"]["rss"] == sum(one["memory"]["rss"] for one in told["processes"])
    found = {one["board"]: one["worker"] for one in told["boards"]}
    assert (found[mine[0]], found[theirs[0]]) == (0, 1)
    assert told["counts"]["sessions"] == sum(one["counts"]["sessions"] for one in told["processes"]) >= 2


async def test_boards_spread_and_people_meet(standing: ServerProcess) -> None:
    """Each worker has its boards; two on one board see each other and every op, by whatever connection they came."""
    server = standing
    boards = boards_of(0, 5, "meeting") + boards_of(1, 5, "meeting")
    async with seated(server, boards) as first:
        for board, ada in zip(boards, first, strict=True):
            async with bare_socket(server.url, board) as lin:
                welcome = await lin.enter()
                assert len(welcome["peers"]) == 1
                assert (await ada.hear_kind("join"))["session"] == welcome["session"]
                await ada.say(stroke("s1"))
                await lin.say(stroke("s2"))
                assert [(await ada.hear_kind("stroke"))["seq"] for _ in range(2)] == [1, 2]
                assert [(await lin.hear_kind("stroke"))["seq"] for _ in range(2)] == [1, 2]
        await until(partial(has_sessions, server, [5, 5]))  # those who have hung up go a moment later
        found = await workers(server)
        assert [one["worker"] for one in found] == list(range(WORKERS))
        for one in found:
            status, report = await server.fetch(f"/debug/workers/{one['worker']}")
            assert (status, report["pid"], report["worker"]) == (200, one["pid"], one["worker"])
        assert (await server.fetch(f"/debug/workers/{WORKERS}"))[0] == 404
    await trio.to_thread.run_sync(server.wait_ready)
    status, listed = await server.fetch("/api/boards")
    assert status == 200
    assert {one["board"] for one in listed["boards"]} >= set(boards)


class KeptAlive:
    """One HTTP connection for many requests: they all go to one worker."""

    def __init__(self, server: ServerProcess) -> None:
        self._connection = HTTPConnection("127.0.0.1", server.port, timeout=STOP_SECONDS)

    async def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Status and body."""

        def blocking() -> tuple[int, bytes]:
            self._connection.request(method, path, body)
            answer: HTTPResponse = self._connection.getresponse()
            return answer.status, answer.read()

        return await trio.to_thread.run_sync(blocking)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


async def test_the_api_is_right_on_any_connection(standing: ServerProcess) -> None:
    """On a connection of either worker: boards of both are created, seen, read and deleted, and people hear of it. [HTTP-6]"""
    server = standing
    boards = [*boards_of(0, 1, "api"), *boards_of(1, 1, "api")]
    for first in boards:
        line = KeptAlive(server)
        await line.ask("GET", f"/api/boards/{first}")  # now it is this worker's
        for board in boards:
            async with bare_socket(server.url, board) as ada:
                await ada.enter()  # a room is open that knows an epoch of its own
                status, body = await line.ask("POST", "/api/boards", b'{"board":"%s"}' % board.encode())
                assert status == 201, body
                assert (await line.ask("POST", "/api/boards", b'{"board":"%s"}' % board.encode()))[0] == 409
                await ada.say([stroke("s1"), stroke("s2")])
                assert [(await ada.hear_kind("ack"))["seq"] for _ in range(2)] == [1, 2]
                status, body = await line.ask("GET", f"/api/boards/{board}")
                assert (status, body.count(b'"id"')) == (200, 2)
                status, body = await line.ask("GET", f"/api/boards/{board}/ops")
                assert (status, body.count(b'"seq"')) == (200, 2)
                assert (await line.ask("DELETE", f"/api/boards/{board}"))[0] == 204
                assert await hear_the_end(ada) == 4404
            assert (await line.ask("GET", f"/api/boards/{board}"))[0] == 404
            assert (await line.ask("DELETE", f"/api/boards/{board}"))[0] == 404
        line.close()


async def test_what_is_told_of_a_server_is_told_of_all_its_workers(standing: ServerProcess) -> None:
    """Whichever worker answers: each session once, under its worker's name, and the sums of all. [CLU-2] [REC-1]"""
    server = standing
    boards = [*boards_of(0, 2, "told"), *boards_of(1, 3, "told")]
    async with seated(server, boards):
        for first in (boards[0], boards[-1]):
            line = KeptAlive(server)
            await line.ask("GET", f"/api/boards/{first}")  # now it is this worker's
            await until(partial(tells_sums, line, server))
            own = json.loads((await line.ask("GET", "/api/cluster"))[1])["instance"]
            await until(partial(tells_of, line, own["name"], boards))
            line.close()


async def has_sessions(server: ServerProcess, counts: list[int]) -> bool:
    """Whether its workers have so many each."""
    return [one["counts"]["sessions"] for one in await workers(server)] == counts


async def tells_sums(line: KeptAlive, server: ServerProcess) -> bool:
    """Whether the five who are there are told, and as many boards as all workers have: those that nobody is on go meanwhile."""
    own = json.loads((await line.ask("GET", "/api/cluster"))[1])["instance"]
    boards = sum(one["counts"]["boards"] for one in await workers(server))
    return (own["sessions"], own["boards"]) == (5, boards)


async def tells_of(line: KeptAlive, name: str, boards: list[str]) -> bool:
    """Whether the live sessions are those of one person on each board, each at the board's worker."""
    _, body = await line.ask("GET", "/debug/sessions")
    found = sorted((one["board"], one["instance"]) for one in json.loads(body)["sessions"])
    return found == sorted((board, f"{name}/{owner_of(BoardId(board), WORKERS)}") for board in boards)


# --- workers that die -------------------------------------------------------------------------


async def test_silent_peers_hold_up_nobody(standing: ServerProcess) -> None:
    """Hundreds that connect and say nothing, or a head by the byte: others come in meanwhile."""
    server = standing
    with Peers(server) as silent:
        silent.connect(300)
        silent.say(b"GET /ws/")
        for board in boards_of(0, 2) + boards_of(1, 2):
            async with bare_socket(server.url, board) as one:
                await one.enter()
        await trio.to_thread.run_sync(server.wait_ready)
        silent.say(b"b HTTP/1.1\r\n")
        assert silent.are_open()


class Peers:
    """Connections to a server that say what they are told to."""

    def __init__(self, server: ServerProcess) -> None:
        self._server = server
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._sockets:
            one.close()

    def connect(self, count: int) -> None:
        """Some more."""
        self._sockets += [socket.create_connection(("127.0.0.1", self._server.port)) for _ in range(count)]

    def say(self, data: bytes) -> None:
        """By all of them."""
        for one in self._sockets:
            one.sendall(data)

    def are_open(self) -> bool:
        """Whether the server has not closed one."""

        def is_open(one: socket.socket) -> bool:
            one.setblocking(False)
            try:
                return one.recv(1) != b""
            except BlockingIOError:
                return True

        return all(map(is_open, self._sockets))


async def test_many_connections_leave_nothing_behind(standing: ServerProcess) -> None:
    """Descriptors and tasks of front and workers are as before, after sessions, requests and peers that went."""
    server = standing
    boards = boards_of(0, 2) + boards_of(1, 2)

    async def come_and_go() -> None:
        for number in range(40):
            async with bare_socket(server.url, boards[number % len(boards)]) as one:
                await one.enter()
            await server.fetch(f"/api/boards/{boards[number % len(boards)]}")
            socket.create_connection(("127.0.0.1", server.port)).close()

    await come_and_go()
    await until(lambda: has_nobody(server))
    before = await held(server)
    for _ in range(3):
        await come_and_go()

    async def is_as_before() -> bool:
        after = await held(server)
        return all(now <= then for now, then in zip(after, before, strict=True))

    await until(is_as_before)


async def has_nobody(server: ServerProcess) -> bool:
    """Whether no session is left."""
    return not any(one["counts"]["sessions"] for one in await workers(server))


async def held(server: ServerProcess) -> list[int]:
    """Descriptors of all processes and tasks of the workers: the least of some looks, for who answers needs more."""
    looks: list[list[int]] = []
    for _ in range(8):
        found = await workers(server)
        pids = [server.pid, *(int(one["pid"]) for one in found)]
        descriptors = [sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir()) for pid in pids]
        looks.append([*descriptors, *(one["counts"]["tasks"] for one in found)])
    return [min(column) for column in zip(*looks, strict=True)]


async def test_a_unix_socket_is_shared_too(tmp_path: Path) -> None:
    """Who comes through it sits at the machine, at whichever worker; its file goes with the front."""
    path = tmp_path / "socket"
    command = [*ServerProcess(tmp_path, "sqlite", *TWO).command, "--addr", f"unix:{path}"]
    front = await begun(command, tmp_path, f"unix:{path}")
    answering = set()
    for _ in range(2 * WORKERS):
        stream = await trio.open_unix_socket(path)
        async with stream:
            await stream.send_all(
                b"GET /debug/tasks HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            )
            answer = b"".join([part async for part in stream])
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 "), head
        answering.add(json.loads(body)["worker"])
    assert answering == set(range(WORKERS))
    front.terminate()
    assert await trio.to_thread.run_sync(front.wait) == 0
    assert not path.exists()


# --- redis ------------------------------------------------------------------------------------


async def test_on_redis_tls_is_served_by_all(tmp_path: Path) -> None:
    """Nobody sees which board is wanted, and any worker will do: people at both are on one board."""
    (tmp_path / "redis").mkdir()
    certificate = make_certificate(tmp_path)
    with redis_running(tmp_path / "redis") as redis:
        files = ["--tls-cert", str(certificate.cert), "--tls-key", str(certificate.key)]
        server = ServerProcess(tmp_path, "redis", "--redis-addr", redis.address, *files, *TWO)
        front = await begun(server.command, tmp_path, f"https://127.0.0.1:{server.port}")
        url = f"https://localhost:{server.port}"
        trusting = ssl.create_default_context(cafile=certificate.cert)
        async with (
            open_board(url, "b", ssl_context=trusting) as ada,
            open_board(url, "b", ssl_context=trusting) as lin,
        ):
            await ada.stroke([[0, 0]])
            await lin.stroke([[1, 1]])
            await ada.reached(2)
            await lin.reached(2)
        front.terminate()
        assert await trio.to_thread.run_sync(front.wait) == 0
