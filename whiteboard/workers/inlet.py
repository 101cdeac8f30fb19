"""A worker's side of the link: connections and questions in, readiness out, and when it is time to end.

Time to end is when the front says so, when SIGTERM comes, or when the front is gone: nobody is left behind to
hold boards that a next server wants. Asked once more while it drains, a worker ends at once.
"""

import resource
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import trio

from whiteboard import timeouts
from whiteboard.diagnostics import logs
from whiteboard.transport.doorstep import Begin
from whiteboard.workers.link import Kind, Link, LinkLost, Parcel

log = logs.get_logger()

Answer = Callable[[socket.socket], Awaitable[object]]
"""Reads a question and answers it. Owns the socket; lets nothing out but cancellation."""


class Inlet:
    """What comes to this worker. Made by `open_inlet`."""

    def __init__(self, link: Link, scope: trio.CancelScope) -> None:
        self._link = link
        self._scope = scope
        self._begin: Begin | None = None
        self._answer: Callable[[socket.socket], None] | None = None
        self.drain_wanted = trio.Event()
        """Set when this worker is to end."""

    async def serve(
        self, begin: Begin, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Have connections given to `begin` until cancelled."""
        self._begin = begin
        try:
            with suppress(LinkLost):  # `listen` notices it too
                await self._link.send(Kind.READY)
            task_status.started()
            await trio.sleep_forever()
        finally:
            self._begin = None
            self._say_leaving()

    async def answer_questions(
        self, answer: Answer, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Have questions given to `answer` until cancelled. Children: one task per question."""
        async with trio.open_nursery() as answering:

            def begin(sock: socket.socket) -> None:
                answering.start_soon(answer, sock)

            self._answer = begin
            try:
                task_status.started()
                await trio.sleep_forever()
            finally:
                self._answer = None

    async def ask(self, number: int, stream: socket.socket) -> None:
        """Give a stream with a question to another worker; its end shows when nobody is there. Raises LinkLost."""
        await self._link.send(Kind.QUESTION, number.to_bytes(2, "big"), stream)

    # --- its tasks ----------------------------------------------------------------------------

    async def listen(self) -> None:
        """Take what the front sends, for ever."""
        try:
            while True:
                await self._sort(await self._link.receive())
        except LinkLost:
            self.end()
            log.warning("front_lost")

    async def _sort(self, parcel: Parcel) -> None:
        if parcel.kind is Kind.DRAIN:
            self.drain_wanted.set()
        elif parcel.passed is None:
            log.warning("accept_paused", descriptors=resource.getrlimit(resource.RLIMIT_NOFILE)[0])
            await trio.sleep(timeouts.ACCEPT_BACKOFF.seconds)
        elif parcel.kind is Kind.CONNECTION and self._begin is not None:
            self._begin(parcel.passed, parcel.payload)
        elif parcel.kind is Kind.QUESTION and self._answer is not None:
            self._answer(parcel.passed)
        else:
            parcel.passed.close()

    async def heed_signals(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """End on SIGTERM, for ever."""
        with trio.open_signal_receiver(signal.SIGTERM) as signals:
            task_status.started()
            async for _ in signals:
                self._say_leaving()
                self.end()

    async def beat(self) -> None:
        """Show the front that the event loop runs, for ever."""
        while True:
            with suppress(LinkLost):  # `listen` notices it too
                self._link.send_nowait(Kind.ALIVE)
            await trio.sleep(timeouts.WORKER_BEAT.seconds)

    def end(self) -> None:
        """Drain; or, when that was asked for already, end at once."""
        if self.drain_wanted.is_set():
            self._scope.cancel()
        self.drain_wanted.set()

    def _say_leaving(self) -> None:
        with suppress(LinkLost):
            self._link.send_nowait(Kind.LEAVING)


@asynccontextmanager
async def open_inlet(link: Link) -> AsyncIterator[Inlet]:
    """A worker's inlet while the block runs. Children: one that listens to the front, one to signals, the beat."""
    async with trio.open_nursery() as nursery:
        inlet = Inlet(link, nursery.cancel_scope)
        nursery.start_soon(inlet.listen, name="inlet: front")
        await nursery.start(inlet.heed_signals, name="inlet: signals")
        nursery.start_soon(inlet.beat, name="inlet: beat")
        yield inlet
        nursery.cancel_scope.cancel()
