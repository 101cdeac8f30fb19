"""Workers that end: killed, replaced, drained, without their front; what becomes of their people (R36, R37)."""

import os
import random
import signal
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import trio
from integration.authors import AUTHORS, SEED, Author, acked, check_log, has_more, resend, write
from integration.bare_socket import bare_socket
from integration.children import children_of
from integration.conftest import Serve
from integration.crew import (
    TWO,
    WORKERS,
    begun,
    boards_of,
    events,
    hear_the_end,
    is_alive,
    pid_of,
    seated,
    stroke,
    workers,
)
from integration.polling import until
from integration.server_process import LONG_NOTICE, ServerProcess, environment
from integration.test_drain import Heard, draw
from services.redis_process import redis_running

from whiteboard.ids import BoardId
from whiteboard.workers.routing import owner_of

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("uncounted_processes")]

KILLS = 3


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
    server = serve("sqlite", *TWO, "--timeouts", "worker-wait=90")
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
    server = serve("sqlite", *TWO, *LONG_NOTICE)
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
