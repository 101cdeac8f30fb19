"""New connections until they have said what they want.

Owns a connection from the accept to its first bytes, and gives it away then: a plain upgrade at once to its board, within the
turn of whoever read it, and everything else to a task of its own. Must not know what is asked for: `demux` judges.

Hundreds who come back at once are nearly all the first kind. A task, a deadline and a wait for each of their heads would cost
as much as all that is done for them after that. So the pump reads heads as it reads messages, and one clock looks after
those who stay silent. Where there is no pump, or TLS has to be spoken first, each has a task from the start.
"""

import socket
from collections.abc import Callable
from typing import Protocol

import trio

from whiteboard import timeouts
from whiteboard.deadlines import within
from whiteboard.diagnostics import logs
from whiteboard.rooms.patience import Patience
from whiteboard.rooms.sleeper import Sleeper
from whiteboard.transport.demux import Demux
from whiteboard.transport.pump import Pump
from whiteboard.transport.wire import Wire

log = logs.get_logger()

Begin = Callable[[socket.socket, bytes], object]
"""Takes over a connection of which something may have been read already: blocks and raises never, and owns the socket."""


class Accept(Protocol):
    """Takes connections from where they come and gives each to `begin`, until cancelled."""

    async def __call__(
        self, begin: Begin, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None: ...


class Doorstep:
    """Where connections wait. `serve` lets them come."""

    def __init__(self, demux: Demux, pump: Pump | None = None) -> None:
        self._demux = demux
        self._pump = None if demux.is_sealed else pump
        self._patience = Patience(timeouts.REQUEST_HEAD)
        self._nursery: trio.Nursery
        self._goings = Sleeper()  # until one more has gone from here

    def __len__(self) -> int:
        """Connections that wait here without a task."""
        return len(self._patience)

    async def serve(
        self,
        accept: Accept,
        nursery: trio.Nursery,
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Let connections come until cancelled. Those that have come go on until `nursery` is.

        Starts in `nursery` one task that looks after all who have not spoken, and one for each connection that has to
        wait for something.
        """
        self._nursery = nursery
        if self._pump is not None:
            nursery.start_soon(self._look_after, name="doorstep")
        async with trio.open_nursery() as accepting:
            await accepting.start(accept, self.take)
            task_status.started()

    async def hear_out(self) -> None:
        """Return when nobody waits here any more, or after LAST_HEADS: behind the last accept, who is here is served yet."""
        with within(timeouts.LAST_HEADS):
            while len(self):
                await self._goings.sleep()

    def take(self, sock: socket.socket, begun: bytes = b"") -> None:
        """Take over a connection; blocks and raises never."""
        if self._pump is None:
            self._nursery.start_soon(self._demux.serve, sock, begun)
            return
        arrival = Arrival(self, Wire(sock), trio.current_time())
        if begun:
            self._hear(arrival, begun)
            return
        try:
            self._pump.watch(sock.fileno(), arrival, is_new=True)
        except OSError:  # out of memory, or of what may be watched
            log.exception("connection_failed")
            arrival.wire.close()
        else:
            self._patience.wait_for(arrival)

    def read(self, arrival: "Arrival", *, is_last: bool = False) -> None:
        """It has something to read, or has ended; or its time is up, and this is its last chance."""
        try:
            data = arrival.wire.receive_nowait()
        except trio.BrokenResourceError:
            data = b""
        if data:
            self._let_go(arrival)
            self._hear(arrival, data)
        elif is_last or data is not None:
            self.send_away(arrival)

    def send_away(self, arrival: "Arrival") -> None:
        """It has gone, or has said nothing in time. No answer: browsers open connections ahead of need."""
        self._let_go(arrival)
        arrival.wire.close()

    def _let_go(self, arrival: "Arrival") -> None:
        self._patience.let_go(arrival)
        if self._pump is not None:
            self._pump.leave(arrival.wire.socket.fileno())
        self._goings.wake()

    def _hear(self, arrival: "Arrival", data: bytes) -> None:
        """Serve at once, or have a task do it."""
        wire = arrival.wire
        try:
            judged = self._demux.judge(wire, data)
            if judged is None or not self._demux.serve_now(judged):
                self._nursery.start_soon(self._demux.serve_wire, wire, data, judged, arrival.since)
        except trio.BrokenResourceError:
            wire.close()  # the peer went before it had said what it wants
        except Exception:
            log.exception("connection_failed")
            wire.close()

    async def _look_after(self) -> None:
        try:
            await self._patience.run()
        finally:
            for arrival in self._patience.waiting():
                arrival.lose_patience()


class Arrival:
    """A connection that has said nothing yet: `pump.Source` and `patience.Patient`."""

    __slots__ = ("_doorstep", "since", "wire")

    def __init__(self, doorstep: Doorstep, wire: Wire, since: float) -> None:
        self._doorstep = doorstep
        self.wire = wire
        self.since = since
        """`trio.current_time()` of the accept."""

    def read_now(self, now: float) -> bool:  # noqa: ARG002 - the pump's
        self._doorstep.read(self)
        return False

    def part_now(self) -> None:
        """Never asked for: nobody waits for its end."""

    def lose_patience(self) -> None:
        # That nobody has come to read it yet would be no fault of its own.
        self._doorstep.read(self, is_last=True)
