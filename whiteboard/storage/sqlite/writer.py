"""Group commit: the one writer task, the one connection that writes. Knows no table.

While one transaction is being committed, the jobs that arrive wait in a bounded queue; the next
transaction takes them together, and every caller gets its result when COMMIT has returned. A lone job on a
quiet server is committed at once; under load commits keep a pace. When a transaction fails as a whole, its
jobs are tried again one by one, so that a job which cannot be done fails alone.

Jobs of one kind whose requests stand next to each other are done by one call: few statements for many jobs,
because Python gives up its lock for each, and the busy thread beside us takes it.
"""

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Generic, Protocol, TypeVar, cast

import trio

from whiteboard import limits, timeouts
from whiteboard.deadlines import within
from whiteboard.errors import StorageUnavailable
from whiteboard.ids import BoardId
from whiteboard.storage.blocking import run_blocking
from whiteboard.storage.sqlite.connection import begin_writing, translate, translated
from whiteboard.storage.sqlite.pace import Pace
from whiteboard.storage.wakeups import Wakeups

Result = TypeVar("Result")


class Batch(Protocol):
    """Work on many requests in one go."""

    def store(self, connection: sqlite3.Connection, requests: Sequence[Any]) -> Sequence[Any]:
        """For each its result, or an exception: why nothing of it was written. What it raises undoes them all.

        Runs in the writer's thread inside a transaction, and maybe twice.
        """

    def forget(self) -> None:
        """Something that was stored has been undone: what it knows may not be so. In the writer's thread."""


@dataclass(slots=True, eq=False)
class _Job(Generic[Result]):
    """A caller's write on its way."""

    work: Callable[[sqlite3.Connection], Result] | None
    request: object
    # for the batch, in place of work
    weight: int
    rings: BoardId | None
    done: trio.Event = field(default_factory=trio.Event)
    result: Result | None = None
    fault: Exception | None = None
    is_stored: bool = False

    def unwrap(self) -> Result:
        if self.fault is not None:
            raise self.fault
        if not self.is_stored:
            raise StorageUnavailable("the storage was closed before this write")
        return cast(Result, self.result)


def weigh(rows: int, size_bytes: int) -> int:
    """The weight of a job that writes so many rows with so much in them."""
    return max(rows, size_bytes // limits.COMMIT_ROW_BYTES)


class Writer:
    """The write side of one database. `run` is its task; `submit` is for everybody.

    Args:
        connect: opens a new writing connection, in a worker thread, after one could not even roll back.
        wakeups: rung for a job's board when the job is committed.
        connection: the writing connection to begin with.
        batch: does what is handed to `submit_request`.
    """

    def __init__(
        self,
        connect: Callable[[], sqlite3.Connection],
        wakeups: Wakeups,
        connection: sqlite3.Connection,
        batch: Batch,
    ) -> None:
        self._batch = batch
        self._pace = Pace()
        self._connect = connect
        self._wakeups = wakeups
        self._connection: sqlite3.Connection | None = connection
        self._data_version: int | None = None
        self._thread = trio.CapacityLimiter(1)
        self._send, self._receive = trio.open_memory_channel[_Job[Any]](limits.MAX_WRITE_JOBS)
        self._scope = trio.CancelScope(shield=True)
        self._finished = trio.Event()

    async def submit(
        self,
        work: Callable[[sqlite3.Connection], Result],
        *,
        weight: int = 1,
        rings: BoardId | None = None,
    ) -> Result:
        """What `work` returns, once it is committed; or what it raises, and then nothing of it is stored.

        Args:
            work: reads and writes; runs in a worker thread inside a transaction and maybe twice, so it
                has no other effect.
            weight: as `weigh` gives it; bounds how much one transaction takes.

        Raises: StorageUnavailable, StorageCorrupt, and whatever `work` raises.

        Cancellation: before the job is queued nothing happens. After that it is done nevertheless and
        its result is dropped.
        """
        return await self._done(_Job(work, None, weight, rings))

    async def submit_request(self, request: object, *, weight: int, rings: BoardId) -> Any:
        """The same for a request of the batch: its result."""
        return await self._done(_Job[Any](None, request, weight, rings))

    async def _done(self, job: _Job[Result]) -> Result:
        try:
            await self._send.send(job)
        except (trio.ClosedResourceError, trio.BrokenResourceError):
            raise StorageUnavailable("the storage is closed") from None
        await job.done.wait()
        return job.unwrap()

    async def run(self) -> None:
        """The writer task. Ends after `aclose`, not by cancellation from outside: callers wait for it."""
        with self._scope:
            try:
                async for job in self._receive:
                    await self._commit(job)
            finally:
                self._abandon_queue()
                self._finished.set()

    async def aclose(self) -> None:
        """Take no more jobs, finish those queued, end `run`.

        Jobs for which STORAGE_CLOSE does not suffice fail with StorageUnavailable. A commit that
        already runs is not abandoned: `run` ends, and with it its nursery, when the disk has answered.
        """
        self._send.close()
        with within(timeouts.STORAGE_CLOSE, shield=True):
            await self._finished.wait()
        self._scope.cancel()

    def close_connection(self) -> None:
        """Close the connection, in a worker thread, after `run` has ended. Folds the WAL into the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def saw_foreign_commit(self) -> bool:
        """Whether somebody else wrote to the database since the last call."""
        return await run_blocking(self._thread, self._has_changed)

    def _has_changed(self) -> bool:
        with translated():
            (version,) = self._connected().execute("PRAGMA data_version").fetchone()
        before, self._data_version = self._data_version, version
        return bool(before != version)

    def _gather(self, jobs: list[_Job[Any]]) -> None:
        """Add to the first job those that wait behind it, as much as one transaction should take."""
        weight = jobs[0].weight
        while weight < limits.MAX_COMMIT_OPS:
            try:
                job = self._receive.receive_nowait()
            except (trio.WouldBlock, trio.EndOfChannel):
                break
            jobs.append(job)
            weight += job.weight

    async def _commit(self, first: _Job[Any]) -> None:
        """Commit a job and those that come until it is time; all of them hear of it, also when we are cancelled."""
        jobs = [first]
        try:
            if rest := self._pace.rest(trio.current_time()):
                await trio.sleep(rest)
            self._gather(jobs)
            cpu = await run_blocking(self._thread, self._store_timed, jobs)
            self._pace.spend(trio.current_time(), cpu)
        finally:
            for job in jobs:
                job.done.set()
                if job.is_stored and job.rings is not None:
                    self._wakeups.ring(job.rings)

    def _abandon_queue(self) -> None:
        """Wake all whose jobs will not be done; new ones find the queue closed."""
        while True:
            try:
                self._receive.receive_nowait().done.set()
            except (trio.WouldBlock, trio.EndOfChannel):
                break
        self._receive.close()

    # --- in the worker thread ------------------------------------------------------------------

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._connect()
            self._data_version = None
        return self._connection

    def _store_timed(self, jobs: Sequence[_Job[Any]]) -> float:
        """`_store`; the seconds that this thread spent on a core."""
        begun = time.thread_time()
        self._store(jobs)
        return time.thread_time() - begun

    def _store(self, jobs: Sequence[_Job[Any]]) -> None:
        """Give every job its result or its fault."""
        has_begun = False
        try:
            connection = self._connected()
            begin_writing(connection)
            has_begun = True
            for is_request, some in groupby(jobs, key=_is_request):
                if is_request:
                    self._run_together(connection, list(some))
                else:
                    for job in some:
                        self._run_in_savepoint(connection, job)
            connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001  not swallowed: raised in the tasks whose writes these are
            self._roll_back()
            if has_begun and len(jobs) > 1:
                for job in jobs:
                    self._store([job])
            else:
                for job in jobs:
                    job.fault = _fault(error)
        else:
            for job in jobs:
                job.is_stored = job.fault is None

    def _roll_back(self) -> None:
        """End a failed transaction; a connection that cannot even do that is replaced."""
        self._batch.forget()
        connection = self._connection
        try:
            if connection is not None and connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error:
            self._connection = None
            with suppress(sqlite3.Error):
                cast(sqlite3.Connection, connection).close()

    def _run_together(self, connection: sqlite3.Connection, jobs: Sequence[_Job[Any]]) -> None:
        outcomes = self._batch.store(connection, [job.request for job in jobs])
        for job, outcome in zip(jobs, outcomes, strict=True):
            job.fault = outcome if isinstance(outcome, Exception) else None
            job.result = outcome

    def _run_in_savepoint(self, connection: sqlite3.Connection, job: _Job[Any]) -> None:
        """Run one job so that what it raises undoes the job alone. SQLite's errors pass: they may undo all."""
        assert job.work is not None
        job.fault = None
        connection.execute("SAVEPOINT job")
        try:
            job.result = job.work(connection)
        except sqlite3.Error:
            raise
        except Exception as fault:  # noqa: BLE001  not swallowed: raised in the task whose write this is
            connection.execute("ROLLBACK TO job")
            self._batch.forget()
            job.fault = fault
        connection.execute("RELEASE job")


def _is_request(job: _Job[Any]) -> bool:
    return job.work is None


def _fault(error: Exception) -> Exception:
    """What the caller of a job is told when the transaction failed with this."""
    return translate(error) if isinstance(error, (sqlite3.Error, StorageUnavailable)) else error
