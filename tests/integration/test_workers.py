"""Several workers behind one address (R37)."""

import json
import os
import random
import signal
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Self
from urllib.request import urlopen

import pytest
import trio
from certificates import make_certificate
from integration.authors import AUTHORS, SEED, Author, acked, check_log, has_more, resend, write
from integration.bare_socket import BareSocket, Ended, bare_socket
from integration.conftest import Serve
from integration.polling import until
from integration.server_process import STOP_SECONDS, Json, ServerProcess, environment
from integration.test_drain import Heard, draw
from services.redis_process import redis_running

from whiteboard.client import open_board
from whiteboard.diagnostics.profiles.pprof import decoded
from whiteboard.diagnostics.profiles.profile import Profile
from whiteboard.ids import BoardId
from whiteboard.workers.routing import owner_of

pytestmark = pytest.mark.integration

WORKERS = 2
KILLS = 3
TWO = ("--workers", str(WORKERS))


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One server for the tests that do it no harm; each has boards of its own."""
    with ServerProcess(tmp_path_factory.mktemp("workers"), "sqlite", *TWO) as running:
        yield running


def boards_of(number: int, count: int, kind: str = "board") -> list[str]:
    """Names of boards that a worker has."""
    names = (f"{kind}-{count}" for count in range(1_000))
    return [name for name in names if owner_of(BoardId(name), WORKERS) == number][:count]


async def workers(server: ServerProcess) -> list[Json]:
    """What `/debug/workers` tells of each."""
    status, body = await server.fetch("/debug/workers")
    assert status == 200, (status, body)
    found: list[Json] = body["workers"]
    return found


async def pid_of(server: ServerProcess, number: int) -> int:
    """A worker's process."""
    return int((await workers(server))[number]["pid"])


def events(server: ServerProcess, name: str) -> list[str]:
    """Lines of the log with an event."""
    return [line for line in server.log.splitlines() if f'"event": "{name}"' in line]


def is_alive(pid: int) -> bool:
    """Whether there is such a process, and not only what is left of it."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def stroke(element: str) -> Json:
    """A point."""
    return {"type": "stroke", "id": element, "points": [[0, 0]]}


@asynccontextmanager
async def seated(server: ServerProcess, boards: list[str]) -> AsyncIterator[list[BareSocket]]:
    """One person on each board."""
    async with AsyncExitStack() as stack:
        people = [await stack.enter_async_context(bare_socket(server.url, board)) for board in boards]
        for person in people:
            await person.enter()
        yield people


async def begun(command: list[str], folder: Path, told: str) -> subprocess.Popen[bytes]:
    """A server in a process group of its own, once it has told something."""
    log = folder / "begun.log"
    front = begin(command, folder, log)
    await until(lambda: told in log.read_text())
    return front


def begin(command: list[str], folder: Path, log: Path) -> subprocess.Popen[bytes]:
    """A process that writes both its outputs to a log."""
    with log.open("wb") as output:
        return subprocess.Popen(
            command, stdout=output, stderr=output, env=environment(), cwd=folder, process_group=0
        )


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
        found = await workers(server)
        assert [one["worker"] for one in found] == list(range(WORKERS))
        assert [one["counts"]["sessions"] for one in found] == [5, 5]
        for one in found:
            status, report = await server.fetch(f"/debug/workers/{one['worker']}")
            assert (status, report["pid"], report["worker"]) == (200, one["pid"], one["worker"])
        assert (await server.fetch(f"/debug/workers/{WORKERS}"))[0] == 404
    assert (await server.fetch("/readyz"))[0] == 200
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


async def hear_the_end(person: BareSocket) -> int | None:
    """Listen until the server closes the connection; the close code."""
    try:
        while True:
            await person.hear()
    except Ended as end:
        return end.code


async def test_what_is_told_of_a_server_is_told_of_all_its_workers(standing: ServerProcess) -> None:
    """Whichever worker answers: each session once, under its worker's name, and the sums of all. [CLU-2] [REC-1]"""
    server = standing
    boards = [*boards_of(0, 2, "told"), *boards_of(1, 3, "told")]
    async with seated(server, boards):
        for first in (boards[0], boards[-1]):
            line = KeptAlive(server)
            await line.ask("GET", f"/api/boards/{first}")  # now it is this worker's
            own = json.loads((await line.ask("GET", "/api/cluster"))[1])["instance"]
            assert own["sessions"] == 5
            assert own["boards"] == sum(one["counts"]["boards"] for one in await workers(server))
            await until(partial(tells_of, line, own["name"], boards))
            line.close()


async def tells_of(line: KeptAlive, name: str, boards: list[str]) -> bool:
    """Whether the live sessions are those of one person on each board, each at the board's worker."""
    _, body = await line.ask("GET", "/debug/sessions")
    found = sorted((one["board"], one["instance"]) for one in json.loads(body)["sessions"])
    return found == sorted((board, f"{name}/{owner_of(BoardId(board), WORKERS)}") for board in boards)


# --- workers that die -------------------------------------------------------------------------


@pytest.mark.usefixtures("quick_return")
async def test_a_killed_worker_loses_nothing_and_disturbs_nobody(serve: Serve) -> None:
    """`kill -9` of one worker under load: its clients come back, no acked op is lost or doubled, others go on."""
    server = serve("sqlite", *TWO)
    killed = owner_of(BoardId("b"), WORKERS)
    chance = random.Random(SEED)
    authors = [Author(number) for number in range(AUTHORS)]
    stop = trio.Event()
    away: list[float] = []
    elsewhere: list[int] = []
    async with trio.open_nursery() as nursery:
        for author in authors:
            nursery.start_soon(write, server.url, author, authors, random.Random(SEED + author.number), stop)
        nursery.start_soon(draw_undisturbed, server, boards_of(1 - killed, 1)[0], stop, elsewhere)
        for _ in range(KILLS):
            before = acked(authors)
            await until(partial(has_more, authors, before))
            await trio.sleep(chance.uniform(0, 0.15))
            pid, drawn = await pid_of(server, killed), len(elsewhere)
            os.kill(pid, signal.SIGKILL)
            began, before = trio.current_time(), acked(authors)
            await until(partial(has_more, authors, before + 2 * 10 * AUTHORS))
            away.append(trio.current_time() - began)
            assert len(elsewhere) > drawn
        stop.set()
    log = await server.ops("b")
    check_log(log, authors)
    assert (await server.board("b"))["seq"] == len(log)
    for author in authors:
        await resend(server, author)
    assert len(await server.ops("b")) == len(log)
    assert elsewhere == list(range(1, len(elsewhere) + 1))
    assert len(events(server, "worker_ended")) == KILLS
    print(f"\n{KILLS} kills: {len(log)} ops, back after {', '.join(f'{one:.1f}' for one in away)} s")
    print(f"{len(elsewhere)} ops at the other worker meanwhile")


async def draw_undisturbed(server: ServerProcess, board: str, stop: trio.Event, seqs: list[int]) -> None:
    """Draw, one op at a time, on one connection."""
    async with bare_socket(server.url, board) as one:
        await one.enter()
        while not stop.is_set():
            await one.say(stroke(f"s{len(seqs)}"))
            seqs.append((await one.hear_kind("ack"))["seq"])


async def test_a_worker_can_be_replaced_by_a_signal(serve: Serve) -> None:
    """SIGTERM to one worker: its people are asked to come back, find another process there, and their board."""
    server = serve("sqlite", *TWO)
    (board,) = boards_of(1, 1)
    pid = await pid_of(server, 1)
    async with bare_socket(server.url, board) as ada:
        await ada.enter()
        await ada.say(stroke("s1"))
        await ada.hear_kind("ack")
        os.kill(pid, signal.SIGTERM)
        assert (await ada.hear_kind("drain"))["reconnect"] == [0, 5]
        assert await hear_the_end(ada) == 1001
    async with bare_socket(server.url, board) as ada:  # waits for the next process
        assert (await ada.enter())["seq"] == 1
    assert await pid_of(server, 1) != pid
    (ended,) = events(server, "worker_ended")
    assert '"status": "exit code 0"' in ended


# --- the end ----------------------------------------------------------------------------------


async def test_sigterm_drains_all_workers(serve: Serve) -> None:
    """Everybody on boards of both hears `drain` and 1001, what was acked is stored, exit code 0. [DRN-2]"""
    server = serve("sqlite", *TWO)
    all_heard = {board: Heard() for board in ("b", *boards_of(1 - owner_of(BoardId("b"), WORKERS), 1))}
    pids = [int(one["pid"]) for one in await workers(server)]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(draw, server.url, 0, all_heard["b"])
        (other,) = [board for board in all_heard if board != "b"]
        nursery.start_soon(listen, server, other, all_heard[other])
        await until(lambda: len(all_heard["b"].acked) >= 20 and other_is_there(server))
        server.process.send_signal(signal.SIGTERM)
        code = await trio.to_thread.run_sync(server.wait)
    assert code == 0, server.log
    assert are_gone(pids)
    for heard in all_heard.values():
        assert (heard.drain, heard.code) == ([0, 5], 1001)
    server.start()
    stored = {op["opId"]: op["seq"] for op in await server.ops("b")}
    assert all_heard["b"].acked == stored


def other_is_there(server: ServerProcess) -> bool:
    """Whether two sessions were opened."""
    return len(events(server, "session_opened")) >= 2


async def listen(server: ServerProcess, board: str, heard: Heard) -> None:
    """Be on a board until the server ends it."""
    async with bare_socket(server.url, board) as one:
        await one.enter()
        heard.drain = (await one.hear_kind("drain"))["reconnect"]
        heard.code = await hear_the_end(one)


async def test_a_draining_server_answers_and_lets_nobody_in(serve: Serve) -> None:
    """As one process does: 503 from `/readyz` and for API and sockets, until the boards are stored. [HTTP-3] [DRN-2]"""
    server = serve("sqlite", *TWO)
    async with seated(server, [boards_of(0, 1)[0], boards_of(1, 1)[0]]) as people:
        server.process.send_signal(signal.SIGTERM)
        for person in people:
            await person.hear_kind("drain")
        status, body = await server.fetch("/readyz")
        assert (status, body["error"]["code"]) in {(503, "not_ready"), (503, "unavailable")}
    assert await trio.to_thread.run_sync(server.wait) == 0


Ending = Callable[[subprocess.Popen[bytes]], None]


def interrupt_all(process: subprocess.Popen[bytes]) -> None:
    """Ctrl-C at a terminal."""
    os.killpg(process.pid, signal.SIGINT)


def insist(process: subprocess.Popen[bytes]) -> None:
    """Two signals, one after the other."""
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGINT)


@pytest.mark.parametrize(
    ("end", "codes"),
    [(interrupt_all, {0}), (insist, {-signal.SIGINT, -signal.SIGTERM, 130}), (subprocess.Popen.kill, {-9})],
)
async def test_no_worker_outlives_its_front(
    serve: Serve, tmp_path: Path, end: Ending, codes: set[int]
) -> None:
    """Whether it drains, is told twice, or is killed: all are gone soon, and a next server finds everything."""
    other = ServerProcess(tmp_path, "sqlite", *TWO)
    front = await begun(other.command, tmp_path, other.url)
    pids = [int(one["pid"]) for one in await workers(other)]
    async with bare_socket(other.url, "b") as ada:
        await ada.enter()
        await ada.say(stroke("s1"))
        await ada.hear_kind("ack")
        end(front)
        assert await trio.to_thread.run_sync(front.wait) in codes
        following = await trio.to_thread.run_sync(serve, "sqlite")  # on the same data, at once
        await until(partial(are_gone, pids))  # they let the data go a little before they end
    assert [op["id"] for op in await following.ops("b")] == ["s1"]


async def test_a_front_that_dies_while_it_starts_leaves_nobody(tmp_path: Path) -> None:
    """Its workers find nobody to serve for, whatever they were doing."""
    for moment in (0.0, 0.3):
        front = await begun(ServerProcess(tmp_path, "sqlite", *TWO).command, tmp_path, "")
        await until(partial(has_children, front.pid, WORKERS))
        await trio.sleep(moment)
        pids = children_of(front.pid)
        front.kill()
        await trio.to_thread.run_sync(front.wait)
        await until(partial(are_gone, pids))


def has_children(pid: int, count: int) -> bool:
    """Whether a process has started so many others."""
    return len(children_of(pid)) >= count


def are_gone(pids: list[int]) -> bool:
    """Whether none of them is alive."""
    return not any(map(is_alive, pids))


def children_of(pid: int) -> list[int]:
    """Processes that a process has started."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


async def test_one_directory_takes_one_server(serve: Serve) -> None:
    """While workers share it, neither a single process nor another front gets in; a worker's end changes nothing."""
    server = serve("sqlite", *TWO)
    os.kill(await pid_of(server, 0), signal.SIGKILL)
    for options in ((), TWO):
        second = ServerProcess(server.folder, "sqlite", *options)
        ended = await trio.to_thread.run_sync(
            partial(
                subprocess.run, second.command, env=environment(), capture_output=True, text=True, check=False
            )
        )
        assert ended.returncode == 1
        assert f"in use by another server (pid {server.pid})" in ended.stderr


# --- what it holds ----------------------------------------------------------------------------


async def test_silent_peers_hold_up_nobody(standing: ServerProcess) -> None:
    """Hundreds that connect and say nothing, or a head by the byte: others come in meanwhile."""
    server = standing
    with Peers(server) as silent:
        silent.connect(300)
        silent.say(b"GET /ws/")
        for board in boards_of(0, 2) + boards_of(1, 2):
            async with bare_socket(server.url, board) as one:
                await one.enter()
        assert (await server.fetch("/readyz"))[0] == 200
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


async def test_on_redis_another_worker_takes_over(serve: Serve, tmp_path: Path) -> None:
    """Boards are shared there: while a worker is away its people are at another one, with all that was drawn."""
    (tmp_path / "redis").mkdir()
    with redis_running(tmp_path / "redis") as redis:
        server = serve("redis", "--redis-addr", redis.address, *TWO)
        (board,) = boards_of(0, 1)
        async with bare_socket(server.url, board) as ada:
            await ada.enter()
            await ada.say(stroke("s1"))
            await ada.hear_kind("ack")
            found = await workers(server)
            assert [one["counts"]["sessions"] for one in found] == [1, 0]
            os.kill(int(found[0]["pid"]), signal.SIGSTOP)  # there, and of no use
            os.kill(int(found[0]["pid"]), signal.SIGKILL)
            await hear_the_end(ada)
        async with bare_socket(server.url, board) as ada, bare_socket(server.url, board) as lin:
            assert (await ada.enter())["seq"] == 1
            await lin.enter()
            await ada.hear_kind("join")
            await lin.say(stroke("s2"))
            assert (await ada.hear_kind("stroke"))["seq"] == 2
        assert server.stop() == 0


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
