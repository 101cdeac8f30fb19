"""Scenarios with real files and real SQLite; what waits for the machine's clock is given one that waiting moves."""

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import pytest
import trio
import trio.testing
from rooms.conftest import BOARD, open_stage
from timeouts.scenarios.book import ALMOST, SURELY, SURELY_NOT, is_about_ten, scenario

from whiteboard.errors import StartupError, StorageUnavailable
from whiteboard.ids import BoardId
from whiteboard.storage.files import open_files
from whiteboard.storage.sqlite import adapter, connection, directory, op_log, readers, snapshots, writer
from whiteboard.storage.sqlite.adapter import open_sqlite
from whiteboard.storage.sqlite.connection import begin_writing, open_writer
from whiteboard.storage.sqlite.directory import LOCK_NAME, DataDirectory
from whiteboard.timeouts import Timeout

NOBODY = "4194305"
"""A pid beyond those that Linux gives."""


@contextmanager
def a_folder() -> Iterator[Path]:
    """An empty one, and gone afterwards."""
    with TemporaryDirectory() as made:
        yield Path(made)


class Clock:
    """Time as blocking code sees it. Only sleeping takes any; at a given moment something happens."""

    def __init__(self, at: float, happens: Callable[[], object]) -> None:
        self.now = 0.0
        self.sleeps = 0
        self._at = at
        self._happens: Callable[[], object] | None = happens

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.sleeps += 1
        self.now += seconds
        if self.now >= self._at and self._happens is not None:
            happens, self._happens = self._happens, None
            happens()

    @contextmanager
    def shown_to(self, module: ModuleType) -> Iterator[None]:
        """While the block runs, a module has this time."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "time", self)
            yield


def _write_beside(seconds: float) -> tuple[str, int]:
    """Begin to write beside somebody who does for so long; how that ends, and how often it was tried again."""
    with a_folder() as folder:
        other, own = (open_writer(sqlite3.connect, folder / "boards") for _ in range(2))
        other.execute("BEGIN IMMEDIATE")
        clock = Clock(seconds, lambda: other.execute("ROLLBACK"))
        end = "has its turn"
        with clock.shown_to(connection):
            try:
                begin_writing(own)
            except sqlite3.OperationalError:
                end = "gave up"
        own.close()
        other.close()
    return end, clock.sleeps


@scenario("a neighbour that writes for long", late="gave up")
async def a_neighbour_that_writes_for_long(entry: Timeout) -> str:
    """It ends just in time; later the commit fails as one that may be tried again."""
    end, _ = _write_beside(ALMOST * entry.default)
    return end


@scenario("a neighbour that writes")
async def a_neighbour_that_writes(entry: Timeout) -> str:
    """Whether it has ended is looked at so often, more or less."""
    _, looks = _write_beside(200 * entry.default)
    return is_about_ten(round(looks / 20))


def _start_after_the_dead(seconds: float) -> tuple[str, int]:
    """Hold a directory whose front was killed, and whose workers go on for so long."""
    with a_folder() as folder:
        left = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT)
        fcntl.flock(left, fcntl.LOCK_EX)
        os.write(left, NOBODY.encode())
        clock = Clock(seconds, lambda: fcntl.flock(left, fcntl.LOCK_UN))
        end = "started"
        with clock.shown_to(directory):
            try:
                DataDirectory(folder).close()
            except StartupError:
                end = "in use"
        os.close(left)
    return end, clock.sleeps


@scenario("workers that were left behind", late="in use")
async def workers_that_were_left_behind(entry: Timeout) -> str:
    """They let the directory go just in time for the next server; later it does not start."""
    end, _ = _start_after_the_dead(ALMOST * entry.default)
    return end


@scenario("a start that waits")
async def a_start_that_waits(entry: Timeout) -> str:
    """The lock is looked at so often."""
    _, looks = _start_after_the_dead(10 * entry.default)
    return is_about_ten(looks)


@contextmanager
def without_threads(seconds: float = 0.0) -> Iterator[None]:
    """SQLite is worked with in Trio's own thread; what the writer does takes its time, and nobody cuts it short."""

    async def run_inline(_: trio.CapacityLimiter, blocking: Callable[..., Any], *args: Any) -> Any:
        await trio.lowlevel.checkpoint()
        return blocking(*args)

    async def run_slowly(_: trio.CapacityLimiter, blocking: Callable[..., Any], *args: Any) -> Any:
        with trio.CancelScope(shield=True):
            await trio.sleep(seconds)
        return blocking(*args)

    with pytest.MonkeyPatch.context() as patch:
        for module in (adapter, op_log, readers, snapshots):
            patch.setattr(module, "run_blocking", run_inline)
        patch.setattr(writer, "run_blocking", run_slowly if seconds else run_inline)
        yield


@scenario("a slow disk at the end", late="one was refused")
async def a_slow_disk_at_the_end(entry: Timeout) -> str:
    """Of two writes that are under way the second has its turn just in time, or it is refused and may be tried again."""
    refused: list[StorageUnavailable] = []

    async def create(storage: adapter.SqliteStorage, board: BoardId) -> None:
        try:
            await storage.boards.create(board, 0, "e1")
        except StorageUnavailable as error:
            refused.append(error)

    with a_folder() as folder, without_threads(ALMOST * entry.default):
        async with trio.open_nursery() as nursery, AsyncExitStack() as stack:  # they wait while it closes
            storage = await stack.enter_async_context(open_sqlite(folder))
            for name in ("b1", "b2"):
                nursery.start_soon(create, storage, BoardId(name))
                await trio.testing.wait_all_tasks_blocked()
    return "one was refused" if len(refused) == 1 else f"{len(refused)} were refused"


@scenario("another process appends")
async def another_process_appends(entry: Timeout) -> str:
    """Who waits for a board's log hears of it with the next look."""
    with a_folder() as folder, without_threads():
        async with open_sqlite(folder, is_shared=True) as one, open_sqlite(folder, is_shared=True) as other:
            async with open_stage(other) as stage, trio.open_nursery() as nursery:
                line, _ = await stage.join()
                line.say({"type": "stroke", "id": "s1", "points": [[0, 0]]})
                await line.expect("ack", seq=1)
                heard: list[int] = []

                async def wait() -> None:
                    heard.append(await one.op_log.wait_beyond(BOARD, 1))

                nursery.start_soon(wait)
                await trio.sleep(10 * entry.default + 0.001)
                line.say({"type": "stroke", "id": "s2", "points": [[0, 0]]})
                await line.expect("ack", seq=2)
                await trio.sleep(SURELY * entry.default)
                nursery.cancel_scope.cancel()
    return "heard" if heard == [2] else "not yet"


@scenario("a dead process was writing a file")
async def a_dead_process_was_writing_a_file(entry: Timeout) -> str:
    """What it began stays for three quarters of the time, and goes with the next start after five quarters."""
    with a_folder() as folder:
        incoming = folder / "~"
        incoming.mkdir()
        for share in (SURELY_NOT, SURELY):
            begun = incoming / f"{share}"
            begun.write_bytes(b"half")
            then = time.time() - share * entry.default
            os.utime(begun, (then, then))
        async with open_files(folder, is_shared=True):
            return f"left: {sorted(one.name for one in incoming.iterdir())}"
