"""The workers as the front keeps them: real processes, without a front."""

import os
import signal
import socket
from pathlib import Path

import pytest
import trio
from integration.polling import until
from workers.places import PLACE

from whiteboard import timeouts
from whiteboard.config import LogLevel, LogSettings, Mode, Settings, TimeoutOverride
from whiteboard.errors import StartupError
from whiteboard.ids import BoardId
from whiteboard.workers.crew import Crew, Outfit, State, _in_words
from whiteboard.workers.routing import owner_of
from whiteboard.workers.share import Share

pytestmark = pytest.mark.integration

REQUEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def of_memory(count: int, *durations: TimeoutOverride) -> Outfit:
    """Workers that keep boards in memory: each its own, which is enough here."""
    settings = Settings(
        mode=Mode.MEMORY, data=Path("unused"), log=LogSettings(level=LogLevel.ERROR), timeouts=durations
    )

    def outfit(number: int, link: int) -> tuple[bytes, tuple[int, ...]]:
        return Share(number, count, settings, None, place=PLACE, link=link, lease=None).packed(), ()

    return outfit


def without_sense(_: int, __: int) -> tuple[bytes, tuple[int, ...]]:
    """What no worker can begin with."""
    return b"", ()


async def healthz(crew: Crew, board: BoardId | None = None) -> bytes:
    """Ask through a connection that the crew gives away; what comes back."""
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            theirs.setblocking(False)
            assert await crew.give(theirs, REQUEST, board)
        stream = trio.SocketStream(trio.socket.from_stdlib_socket(ours))
        return b"".join([part async for part in stream])


async def test_connections_go_to_their_worker_or_take_turns() -> None:
    """And a crew that drains is gone when it says so, and takes nothing any more."""
    crew = Crew(2, of_memory(2), is_exclusive=True)
    async with trio.open_nursery() as nursery:
        await nursery.start(crew.run)
        assert [worker.state for worker in crew.workers] == [State.READY, State.READY]
        for board in (None, None, BoardId("a"), BoardId("b")):
            assert (await healthz(crew, board)).startswith(b"HTTP/1.1 200 ")
        pids = [worker.pid for worker in crew.workers]
        await crew.drain(5.0)
        assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
        ours, theirs = socket.socketpair()
        with ours, theirs:
            assert not await crew.give(theirs, REQUEST, None)


async def test_a_board_waits_for_its_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that dies is started again; meanwhile others serve what is no board of its, and nobody else that."""
    monkeypatch.setattr(timeouts.WORKER_WAIT, "seconds", 90.0)
    crew = Crew(2, of_memory(2), is_exclusive=True)
    board = BoardId("b")
    worker = crew.workers[owner_of(board, 2)]
    async with trio.open_nursery() as nursery:
        await nursery.start(crew.run)
        first = worker.pid
        os.kill(first, signal.SIGKILL)
        await until(lambda: worker.state is not State.READY)
        assert (await healthz(crew)).startswith(b"HTTP/1.1 200 ")
        assert (await healthz(crew, board)).startswith(b"HTTP/1.1 200 ")
        assert worker.pid != first
        assert worker.starts == 2
        nursery.cancel_scope.cancel()
    assert not any(Path(f"/proc/{worker.pid}").exists() for worker in crew.workers)


async def test_a_board_that_all_share_goes_to_the_next() -> None:
    """At once, while its first worker is away."""
    crew = Crew(2, of_memory(2), is_exclusive=False)
    board = BoardId("b")
    worker = crew.workers[owner_of(board, 2)]
    async with trio.open_nursery() as nursery:
        await nursery.start(crew.run)
        os.kill(worker.pid, signal.SIGKILL)
        await until(lambda: worker.state is not State.READY)
        assert (await healthz(crew, board)).startswith(b"HTTP/1.1 200 ")
        nursery.cancel_scope.cancel()


async def test_a_worker_that_cannot_begin_ends_the_server() -> None:
    """As a server that cannot start does; nothing is tried again."""
    with pytest.RaisesGroup(pytest.RaisesExc(StartupError, match="exit code 1"), flatten_subgroups=True):
        async with trio.open_nursery() as nursery:
            await nursery.start(Crew(1, without_sense, is_exclusive=True).run)


async def test_a_worker_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draining is over then, however stuck it was."""
    short = timeouts.Timeout("test-stop", 0.2, "nobody is there to be waited for")
    monkeypatch.setattr(timeouts, "WORKER_STOP", short)
    crew = Crew(1, of_memory(1), is_exclusive=True)
    async with trio.open_nursery() as nursery:
        await nursery.start(crew.run)
        pid = crew.workers[0].pid
        os.kill(pid, signal.SIGSTOP)
        await crew.drain(0.1)
        assert not Path(f"/proc/{pid}").exists()


async def test_a_worker_that_stands_still_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """And started again; one that shows signs of life is left alone."""
    silence = timeouts.Timeout("test-silent", timeouts.WORKER_BEAT.seconds + 2, "many beats may be late")
    monkeypatch.setattr(timeouts, "WORKER_SILENT", silence)
    crew = Crew(2, of_memory(2, TimeoutOverride("worker-beat", 0.5)), is_exclusive=True)
    stuck, well = crew.workers
    async with trio.open_nursery() as nursery:
        await nursery.start(crew.run)
        os.kill(stuck.pid, signal.SIGSTOP)
        await until(lambda: stuck.starts == 2 and stuck.state is State.READY)
        await trio.sleep(silence.seconds / 2)
        assert (stuck.starts, well.starts) == (2, 1)
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("code", "words"), [(0, "exit code 0"), (1, "exit code 1"), (-9, "SIGKILL"), (-99, "signal 99")]
)
def test_an_exit_is_told_in_words(code: int, words: str) -> None:
    """As people look for it."""
    assert _in_words(code) == words
