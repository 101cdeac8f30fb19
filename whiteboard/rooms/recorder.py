"""Tells the metadata what happens in the rooms, without ever holding them up (R31).

Rooms say what happened in a call that returns at once. One task writes it, many changes at a time; while the metadata's place
is slow or away the changes wait in a queue with a bound, and what is past it is dropped, counted and logged. A batch of
unknown fate is written again whole, which the port allows.

A server gives one sign of life for all of its sessions. When it has been silent for too long others may have ended them, and
when changes were dropped some of them are not known: then the server takes a new name and begins all its live sessions
again under it. What is left under the old one ends by itself.
"""

import math
import secrets
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import islice
from typing import Final

import trio

from whiteboard import limits, timeouts
from whiteboard.deadlines import waiting, within
from whiteboard.diagnostics import logs
from whiteboard.errors import StorageError
from whiteboard.ids import BoardId, ClientId, SessionId
from whiteboard.storage.metadata import (
    AuditLine,
    BoardCreated,
    BoardDeleted,
    Change,
    Metadata,
    Scalar,
    ServerEnded,
    ServerId,
    ServerSeen,
    SessionBegun,
    SessionEnded,
    clean,
)

log = logs.get_logger()

STOPPED: Final = "its server stopped"
SERVER: Final = "server"
OPERATOR: Final = "operator"


class Recorder:
    """See `whiteboard.rooms.ports.Witness`. `run` is its task.

    Args:
        instance: what operators call this server.
        clock_ms: the server's clock, milliseconds since 1970.
        is_shared: whether other servers look at these metadata. Else a server without sessions says nothing, so that
            its disk can rest.
    """

    def __init__(
        self, metadata: Metadata, instance: str, clock_ms: Callable[[], int], *, is_shared: bool = True
    ) -> None:
        self._is_shared = is_shared
        self._is_resting = False
        # no sign of life was given when it was time
        self.metadata = metadata
        self._instance = clean(instance)
        self._clock_ms = clock_ms
        self._server = _new_server()
        self._live: dict[SessionId, SessionBegun] = {}
        self._queue: deque[Change] = deque()
        self._has_work = trio.Event()
        self._dropped = 0
        # since the last time that it was logged
        self._must_introduce = True
        # the server and its live sessions are not known under its present name
        self._beat_at = -math.inf
        self._sweep_at = -math.inf
        self._wrote_at = -math.inf
        self._well_since = math.inf
        # when writing began to succeed without a break
        self._fault: str | None = None

    # --- what rooms say -------------------------------------------------------------------------

    def session_opened(
        self, session: SessionId, board: BoardId, client: ClientId, name: str, address: str
    ) -> None:
        begun = SessionBegun(
            session, board, self._server, client, clean(name), clean(address), self._clock_ms()
        )
        self._live[session] = begun
        self._put(begun)
        self._note(
            f"client:{client}",
            "session.begun",
            board,
            f"session:{session}",
            name=begun.name,
            address=begun.address,
        )

    def session_closed(self, session: SessionId, why: str) -> None:
        begun = self._live.pop(session, None)
        if begun is None:
            return
        at, why = self._clock_ms(), clean(why)
        self._put(SessionEnded(session, at, why))
        self._note(f"client:{begun.client}", "session.ended", begun.board, f"session:{session}", why=why)

    def board_created(self, board: BoardId) -> None:
        self._put(BoardCreated(board, self._clock_ms()))
        self._note(SERVER, "board.created", board)

    def board_begun(self, board: BoardId, client: ClientId) -> None:
        self._put(BoardCreated(board, self._clock_ms()))
        self._note(f"client:{client}", "board.begun", board)

    def board_deleted(self, board: BoardId) -> None:
        self._put(BoardDeleted(board, self._clock_ms()))
        self._note(OPERATOR, "board.deleted", board)

    def _note(self, who: str, what: str, board: BoardId | None, subject: str = "", **detail: Scalar) -> None:
        entry = secrets.token_urlsafe(12)
        line = AuditLine(entry, self._clock_ms(), self._instance, who, what, board, subject, detail)
        self._put(line)

    def _put(self, change: Change) -> None:
        if len(self._queue) >= limits.MAX_RECORDS_WAITING:
            self._dropped += 1
            self._must_introduce = True
            return
        self._queue.append(change)
        self._has_work.set()

    # --- how it stands --------------------------------------------------------------------------

    @property
    def waiting(self) -> int:
        """Changes that are not written yet."""
        return len(self._queue)

    def degraded(self) -> Sequence[str]:
        """What does not work now, though people draw on; empty when all is well."""
        return [] if self._fault is None else [f"metadata cannot be written: {len(self._queue)} changes wait"]

    # --- the task -------------------------------------------------------------------------------

    async def run(self) -> None:
        """Write what there is, give signs of life, sweep; until cancelled."""
        while True:
            with waiting(timeouts.SERVER_BEAT, since=self._beat_at):
                await self._has_work.wait()
                if len(self._queue) < limits.MAX_RECORD_BATCH:
                    await trio.sleep(timeouts.RECORD_LINGER.seconds)
            try:
                await self._write()
                await self._sweep()
            except StorageError as error:
                self._note_failure(error)
                await trio.sleep(timeouts.RECORD_RETRY.seconds)

    async def finish(self) -> None:
        """Write what is left, and that the server stops; within RECORD_CLOSE, or it stays unsaid."""
        with within(timeouts.RECORD_CLOSE, shield=True):
            await trio.lowlevel.checkpoint()
            try:
                await self._write_rest()
            except StorageError as error:
                self._note_failure(error)
        if self._queue:
            log.warning("records_dropped", count=len(self._queue), at="stop")

    async def _write_rest(self) -> None:
        while self._queue:
            await self._write()
        await self.metadata.chronicle.record([ServerEnded(self._server, self._clock_ms(), STOPPED)])

    async def _write(self) -> None:
        """One batch, with a sign of life when it is time. Raises StorageError, and nothing is taken then."""
        now = trio.current_time()
        is_time = self._is_resting or now - self._beat_at >= timeouts.SERVER_BEAT.seconds
        if not (self._is_shared or self._live or self._queue or self._must_introduce):
            self._is_resting, self._beat_at, self._wrote_at = True, now, now
            return
        if self._must_introduce or now - self._wrote_at > timeouts.SERVER_SILENT.seconds:
            await self._introduce()
        batch = list(islice(self._queue, limits.MAX_RECORD_BATCH - 1))
        changes = [self._as_ours(change) for change in batch]
        if is_time:
            changes.append(ServerSeen(self._server, self._instance))
        if changes:
            await self.metadata.chronicle.record(changes)
        for _ in batch:
            self._queue.popleft()
        if not self._queue:
            self._has_work = trio.Event()
        if is_time:
            self._is_resting, self._beat_at = False, now
        self._note_success()

    async def _introduce(self) -> None:
        """Make the server and all its live sessions known under a new name. Raises StorageError."""
        self._must_introduce = False
        self._server = _new_server()
        try:
            await self.metadata.chronicle.record([ServerSeen(self._server, self._instance)])
            live = list(self._live.values())
            for start in range(0, len(live), limits.MAX_RECORD_BATCH):
                some = [
                    one for one in live[start : start + limits.MAX_RECORD_BATCH] if one.session in self._live
                ]
                if some:
                    await self.metadata.chronicle.record([self._as_ours(one) for one in some])
        except BaseException:
            self._must_introduce = True
            raise
        self._beat_at = trio.current_time()

    def _as_ours(self, change: Change) -> Change:
        """A session begins under the name that the server has when it is written."""
        return replace(change, server=self._server) if isinstance(change, SessionBegun) else change

    async def _sweep(self) -> None:
        """End the sessions of lost servers and forget what is old, now and then. Raises StorageError.

        Not before writing has gone well for as long as a server may be silent: after an outage of their place the
        others have to have had the time to give a sign.
        """
        now = trio.current_time()
        is_due = now - self._sweep_at >= timeouts.METADATA_SWEEP.seconds
        if not is_due or now - self._well_since < timeouts.SERVER_SILENT.seconds:
            return
        chronicle = self.metadata.chronicle
        lost = await chronicle.end_lost(limits.MAX_RECORD_PAGE, silent_ms=timeouts.SERVER_SILENT.milliseconds)
        for record in lost:
            self._note(
                SERVER, "session.lost", record.board, f"session:{record.session}", instance=record.instance
            )
        for instance, count in Counter(record.instance for record in lost).items():
            log.warning("sessions_lost", instance=instance, count=count)
        await chronicle.forget(
            limits.MAX_RECORD_PAGE, before=self._clock_ms() - timeouts.METADATA_KEPT.milliseconds
        )
        if len(lost) < limits.MAX_RECORD_PAGE:
            self._sweep_at = now

    def _note_success(self) -> None:
        now = trio.current_time()
        self._wrote_at = now
        if self._well_since == math.inf:
            self._well_since = now
        if self._fault is not None:
            self._fault = None
            log.info("metadata_back", waiting=len(self._queue))
        if self._dropped:
            log.warning("records_dropped", count=self._dropped, at="overflow")
            self._dropped = 0

    def _note_failure(self, error: StorageError) -> None:
        self._well_since = math.inf
        if self._fault is None:
            log.warning("metadata_away", waiting=len(self._queue), reason=str(error))
        self._fault = str(error)


def _new_server() -> ServerId:
    return ServerId(f"v-{secrets.token_urlsafe(9)}")


@asynccontextmanager
async def open_recorder(
    metadata: Metadata, instance: str, clock_ms: Callable[[], int], *, is_shared: bool = True
) -> AsyncIterator[Recorder]:
    """A recorder and its task. Leaving the block writes what is left, within RECORD_CLOSE."""
    recorder = Recorder(metadata, instance, clock_ms, is_shared=is_shared)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(recorder.run, name="recorder")
        try:
            yield recorder
        finally:
            nursery.cancel_scope.cancel()
    await recorder.finish()
