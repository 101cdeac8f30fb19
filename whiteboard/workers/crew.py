"""The workers of a server, seen from the front: started, given connections, started again when they die.

```
crew nursery      one task per worker: its process, again and again
  a run's nursery   listen to its link · patience with its start
```

A worker that dies takes its sessions with it and nothing of the others'; one whose event loop stands still for
WORKER_SILENT is killed, for its boards would stand still with it. It is started again for ever, with
growing pauses while it keeps dying: its boards wait, those of the others live on. Only a worker that cannot even
start the first time ends the server, as it would alone.
"""

import math
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from enum import Enum, auto
from typing import Final

import trio

from whiteboard import timeouts
from whiteboard.deadlines import waiting, within
from whiteboard.diagnostics import logs
from whiteboard.errors import StartupError
from whiteboard.ids import BoardId
from whiteboard.workers.link import Kind, Link, LinkLost, Parcel, link_pair
from whiteboard.workers.remains import is_taken_down
from whiteboard.workers.routing import ranking

log = logs.get_logger()

COMMAND: Final = (sys.executable, "-P", "-c", "import sys; from whiteboard.cli import work; sys.exit(work())")
"""What a worker runs. `-P`: the directory that we were started in is no place to import from."""


class State(Enum):
    """Where a worker is in its life."""

    AWAY = auto()
    """Not there, or not ready yet."""
    READY = auto()
    LEAVING = auto()
    """Ends; takes no more connections."""


class Worker:
    """One place in the crew; processes come and go in it."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.state = State.AWAY
        self.pid = 0
        """Of the process that is or was here; 0 before the first."""
        self.starts = 0
        self.ready_at: float | None = None
        """When this process became ready; None as long as it has not."""
        self.link: Link | None = None
        self.process: trio.Process | None = None

    def kill(self) -> None:
        """End its process at once, if there is one."""
        if self.process is not None:
            self.process.kill()


Outfit = Callable[[int, int], tuple[bytes, tuple[int, ...]]]
"""By a worker's number and its end of the link: what its process reads at its start, and the descriptors that it gets."""


class Crew:
    """All workers of this server.

    Args:
        count: how many.
        outfit: what a process is started with.
        is_exclusive: a board's connections go to the worker that has it and to nobody else.
    """

    def __init__(self, count: int, outfit: Outfit, *, is_exclusive: bool) -> None:
        self.workers = [Worker(number) for number in range(count)]
        self._outfit = outfit
        self._is_exclusive = is_exclusive
        self._next = 0
        self._changed = trio.Event()
        self._draining = trio.Event()
        self._ended = trio.Event()

    # --- life ---------------------------------------------------------------------------------

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep all workers alive until `drain`; started once all are ready. Cancelled, they are killed.

        Raises StartupError when one ends before it has ever been ready.
        """
        try:
            async with trio.open_nursery() as nursery:
                for worker in self.workers:
                    nursery.start_soon(self._keep, worker, name=f"worker {worker.number}")
                while any(worker.state is State.AWAY for worker in self.workers):
                    await self._changed.wait()
                task_status.started()
        finally:
            self._ended.set()

    async def drain(self, grace_seconds: float) -> None:
        """Ask all workers to end in good order; return when all have, or were killed WORKER_STOP after the grace."""
        self._draining.set()
        self._note()
        for worker in self.workers:
            self._ask_to_drain(worker)
        with within(timeouts.WORKER_STOP, plus=grace_seconds) as patience:
            await self._ended.wait()
        if patience.cancelled_caught:
            for worker in self.workers:
                if worker.process is not None:
                    _kill(worker)
            await self._ended.wait()

    def _ask_to_drain(self, worker: Worker) -> None:
        try:
            if worker.link is None or worker.link.send_nowait(Kind.DRAIN):
                return
        except LinkLost:
            return  # it is gone already
        if worker.process is not None:
            worker.process.send_signal(signal.SIGTERM)  # too far behind to read it soon

    async def _keep(self, worker: Worker) -> None:
        """A worker's process, again and again, until the crew drains."""
        pause = 0.0
        while not self._draining.is_set():
            worker.starts += 1
            status = await self._run_once(worker)
            lived = 0.0 if worker.ready_at is None else trio.current_time() - worker.ready_at
            if self._draining.is_set():
                break
            if worker.starts == 1 and worker.ready_at is None:
                raise StartupError(
                    f"worker {worker.number} ended with {status} before it could serve; see what it said above"
                )
            pause = 0.0 if worker.starts == 1 or lived >= timeouts.WORKER_STEADY.seconds else pause
            log.error("worker_ended", number=worker.number, pid=worker.pid, status=status, seconds=pause)
            with trio.move_on_after(pause):
                await self._draining.wait()
            pause = _longer(pause)

    async def _run_once(self, worker: Worker) -> str:
        """One process from its start to its end, in words."""
        ours, theirs = link_pair()
        with Link(ours) as link:
            worker.link, worker.ready_at = link, None
            with theirs:
                equipment, descriptors = self._outfit(worker.number, theirs.fileno())
                process = await trio.lowlevel.open_process(
                    COMMAND,
                    stdin=subprocess.PIPE,
                    pass_fds=(theirs.fileno(), *descriptors),
                    start_new_session=True,  # Ctrl-C is for the front
                )
            worker.process, worker.pid = process, process.pid
            try:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._listen, worker, link)
                    nursery.start_soon(_give_up_starting, worker)
                    await _equip(process, equipment)
                    code = await process.wait()
                    nursery.cancel_scope.cancel()
            finally:
                worker.link, worker.process = None, None
                self._set(worker, State.AWAY)
                with trio.move_on_after(
                    timeouts.WORKER_STOP.seconds, shield=True
                ):  # a killed process ends, unless its disk hangs
                    process.kill()
                    await process.wait()
        return _in_words(code)

    async def _listen(self, worker: Worker, link: Link) -> None:
        """Hear what a worker says, until it says nothing any more; then it has to end."""
        try:
            while True:
                with waiting(timeouts.WORKER_SILENT, plus=_more_patience(worker)) as patience:
                    parcel = await link.receive()
                if patience.cancelled_caught:
                    _kill(worker)
                    return
                match parcel.kind:
                    case Kind.ALIVE:
                        pass
                    case Kind.READY:
                        worker.ready_at = trio.current_time()
                        log.info("worker_ready", number=worker.number, pid=worker.pid)
                        self._set(worker, State.READY)
                    case Kind.LEAVING:
                        self._set(worker, State.LEAVING)
                    case Kind.QUESTION:
                        await self._pass_on(parcel)
                    case _:
                        log.error("worker_unclear", number=worker.number)
        except LinkLost:
            self._set(worker, State.AWAY)
        await trio.sleep(timeouts.WORKER_STOP.seconds)
        worker.kill()

    def _set(self, worker: Worker, state: State) -> None:
        worker.state = state
        self._note()

    def _note(self) -> None:
        self._changed.set()
        self._changed = trio.Event()

    # --- connections --------------------------------------------------------------------------

    async def give(self, sock: socket.socket, data: bytes, board: BoardId | None) -> bool:
        """Pass a connection to a worker that may serve it; False when there is none within WORKER_WAIT.

        While the crew drains nobody waits: who cannot be given away at once has to be refused.
        """
        with within(timeouts.WORKER_WAIT):
            while (worker := await self._wait_for(board)) is not None:
                if await self._send(worker, data, sock):
                    return True
            return False
        log.warning("connection_unserved", board=board)
        return False

    async def _wait_for(self, board: BoardId | None) -> Worker | None:
        """A worker that may serve a connection and is ready; None when the crew drains and none is left."""
        await trio.lowlevel.checkpoint()
        while (worker := self._choose(board)) is None and not self._draining.is_set():
            await self._changed.wait()
        return worker

    async def _send(self, worker: Worker, data: bytes, sock: socket.socket) -> bool:
        """Pass a connection to a worker that was there just now; False when it is not any more."""
        link = worker.link
        try:
            if link is not None and not is_taken_down(worker.pid):  # a killed one's link may still be there
                await link.send(Kind.CONNECTION, data, sock)
                return True
        except LinkLost:
            pass
        if worker.link is link:  # and not the next process's by now
            self._set(worker, State.AWAY)
        return False

    def _choose(self, board: BoardId | None) -> Worker | None:
        """The worker that a connection is for, if it is ready."""
        count = len(self.workers)
        if board is None:
            self._next += 1
            order = [(self._next + step) % count for step in range(count)]
        else:
            order = list(ranking(board, count))[: 1 if self._is_exclusive else count]
        return next(
            (self.workers[number] for number in order if self.workers[number].state is State.READY), None
        )

    async def _pass_on(self, parcel: Parcel) -> None:
        """Give a question to the worker that is asked, if it is there; else the asker sees its stream end."""
        if parcel.passed is None:
            return
        with parcel.passed:
            link = self.workers[int.from_bytes(parcel.payload, "big") % len(self.workers)].link
            if link is None:
                return
            try:
                link.send_nowait(
                    Kind.QUESTION, passed=parcel.passed
                )  # one that is far behind is as good as away
            except LinkLost:
                return


async def _equip(process: trio.Process, equipment: bytes) -> None:
    """Tell a new process what it is. One that has ended already is noticed elsewhere."""
    assert process.stdin is not None
    async with process.stdin:
        try:
            await process.stdin.send_all(equipment)
        except trio.BrokenResourceError:
            return


async def _give_up_starting(worker: Worker) -> None:
    await trio.sleep(timeouts.WORKER_START.seconds)
    if worker.ready_at is None:
        _kill(worker)


def _more_patience(worker: Worker) -> float:
    """How much longer a worker may say nothing: while it starts, `_give_up_starting` sees to it."""
    return math.inf if worker.ready_at is None else 0.0


def _kill(worker: Worker) -> None:
    log.error("worker_killed", number=worker.number, pid=worker.pid)
    worker.kill()


def _longer(pause: float) -> float:
    """The pause after one of so many seconds."""
    return min(timeouts.WORKER_RETRY_CAP.seconds, pause * 2 or timeouts.WORKER_RETRY_FIRST.seconds)


def _in_words(code: int) -> str:
    """An exit code as people say it: `SIGKILL`, or `exit code 1`."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
