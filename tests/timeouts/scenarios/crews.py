"""Scenarios with a real crew and real links; what a worker's process would do, a task does."""

import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
import trio
import trio.testing
from timeouts.scenarios.book import ALMOST, SURELY, SURELY_NOT, before_and_after, is_about_ten, scenario
from workers.two import two_workers

from whiteboard.errors import RoomClosed, StartupError
from whiteboard.timeouts import Timeout
from whiteboard.workers.asking import Question, ask
from whiteboard.workers.crew import Crew
from whiteboard.workers.inlet import open_inlet
from whiteboard.workers.link import Kind, Link, LinkLost, link_pair

GRACE = 1.0


class Process:
    """A process of Trio's, played by a task: ready after a while, drains when it is asked to, and may fall silent or die."""

    def __init__(self, link: int, script: "Script") -> None:
        self.pid = os.getpid()  # a task of this process, which lives: nothing is sent by it
        self.code = 0
        self.stdin = trio.testing.MemorySendStream()
        self._link = socket.socket(fileno=os.dup(link))
        self._script = script
        self._scope = trio.CancelScope()
        self._ended = trio.Event()

    async def live(self) -> None:
        """From its start to its end."""
        try:
            with self._scope, suppress(LinkLost), Link(self._link) as link:
                await self._script.play(link, self._script.count)
        finally:
            self._link.close()
            self._ended.set()

    async def wait(self) -> int:
        await self._ended.wait()
        return self.code

    def kill(self) -> None:
        if not self._ended.is_set():
            self.code = -9
            self._scope.cancel()

    def send_signal(self, _: int) -> None:
        self.kill()


class Script:
    """What the processes of one worker do."""

    def __init__(
        self, starts: float = 0.0, ends: float = 0.0, lives: Sequence[float] = (), beats: bool = True
    ) -> None:
        """Args: seconds from the start until it is ready and from the wish to drain to the end; and how long each lives."""
        self.count = 0
        self.processes: list[Process] = []
        self._starts, self._ends, self._lives, self._beats = starts, ends, lives, beats

    async def play(self, link: Link, number: int) -> None:
        """One process of it."""
        await trio.sleep(self._starts)
        if not self._beats:
            await link.send(Kind.READY)
            await trio.sleep_forever()
        async with open_inlet(link) as inlet, trio.open_nursery() as nursery:
            await nursery.start(inlet.serve, _take)
            lives = self._lives[number - 1] if number <= len(self._lives) else None
            with trio.move_on_after(lives if lives is not None else float("inf")):
                await inlet.drain_wanted.wait()
                await trio.sleep(self._ends)
            nursery.cancel_scope.cancel()


def _take(sock: socket.socket, _: bytes) -> None:
    sock.close()


def _outfit(_: int, __: int) -> tuple[bytes, tuple[int, ...]]:
    return b"", ()


@asynccontextmanager
async def open_crew(script: Script) -> AsyncIterator[SimpleNamespace]:
    """A crew of one whose processes follow a script, in a nursery of its own; not started yet."""
    async with trio.open_nursery() as nursery:

        async def open_process(*_: object, pass_fds: Sequence[int], **__: Any) -> Process:
            await trio.lowlevel.checkpoint()
            script.count += 1
            process = Process(pass_fds[0], script)
            script.processes.append(process)
            nursery.start_soon(process.live)
            return process

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(trio.lowlevel, "open_process", open_process)
            yield SimpleNamespace(crew=Crew(1, _outfit, is_exclusive=True), nursery=nursery)
            nursery.cancel_scope.cancel()


@scenario("a worker that starts slowly", late="killed")
async def a_worker_that_starts_slowly(entry: Timeout) -> str:
    """It is ready just in time; later it is killed, and the server does not start."""
    async with open_crew(Script(starts=ALMOST * entry.default)) as stage:
        end = "ready"
        try:
            await stage.nursery.start(stage.crew.run)
        except* StartupError:
            end = "killed"
    return end


@scenario("a connection whose worker is away", late="turned away")
async def a_connection_whose_worker_is_away(entry: Timeout) -> str:
    """It is back just in time; later who waits is turned away."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        async with open_crew(Script(starts=ALMOST * entry.default)) as stage:
            stage.nursery.start_soon(stage.crew.run)
            return "served" if await stage.crew.give(theirs, b"", None) else "turned away"


@scenario("a worker that ends slowly", late="killed")
async def a_worker_that_ends_slowly(entry: Timeout) -> str:
    """It has drained just in time; later it is killed."""
    script = Script(ends=GRACE + ALMOST * entry.default)
    async with open_crew(script) as stage:
        await stage.nursery.start(stage.crew.run)
        await stage.crew.drain(GRACE)
    return "killed" if script.processes[0].code else "ended"


@scenario("a worker that stands still")
async def a_worker_that_stands_still(entry: Timeout) -> str:
    """It is left alone for three quarters of the time, and another one is there after five quarters."""
    script, starts = Script(beats=False), []
    async with open_crew(script) as stage:
        await stage.nursery.start(stage.crew.run)
        for wait in before_and_after(entry):
            await trio.sleep(wait)
            starts.append(script.count)
    return f"starts: {starts}"


@scenario("a worker that dies now and then")
async def a_worker_that_dies_now_and_then(entry: Timeout) -> str:
    """After a long life it is started again at once, after a short one not."""
    script = Script(lives=(1.0, SURELY_NOT * entry.default, SURELY * entry.default))
    async with open_crew(script) as stage:
        with structlog.testing.capture_logs() as logged:
            await stage.nursery.start(stage.crew.run)
            await trio.sleep(2.5 * entry.default)
    pauses = [line["seconds"] > 0 for line in logged if line["event"] == "worker_ended"]
    return f"pauses: {pauses}"


@scenario("a worker shows that it lives")
async def a_worker_shows_that_it_lives(entry: Timeout) -> str:
    """Again and again."""
    ours, theirs = link_pair()
    beats = 0
    with Link(ours) as front, Link(theirs) as link:
        async with open_inlet(link):
            with trio.move_on_after(10 * entry.default):
                while True:
                    beats += (await front.receive()).kind is Kind.ALIVE
    return is_about_ten(beats)


@scenario("a question to another worker", late="no answer")
async def a_question_to_another_worker(entry: Timeout) -> str:
    """It is answered just in time; later that worker counts as away."""

    async def reply(_: Question) -> bytes:
        await trio.sleep(ALMOST * entry.default)
        return b"yes"

    async with two_workers(reply) as inlet:
        try:
            return (await ask(inlet, 1, Question("view", "b"))).decode()
        except RoomClosed:
            return "no answer"
