"""One reader for all WebSockets of a process, so that a message costs no task switch.

Owns an epoll of its own, and which sockets are in it. It knows nothing of frames or messages: a source
reads its own socket when it is told that there is something. Where there is no epoll (macOS), there is no
pump, and each connection waits for its own socket.

Theory of operation. Trio can wait for the epoll as for any other descriptor, so that one task waits for
all sockets. It wakes, asks which sockets are ready, lets each source read once, lets others have their
turn, and looks again. A pass is bounded in sockets, in bytes of each and in milliseconds: what tasks do
with what was read must get its turn too. Sockets that a pass did not come to are the first of the next.

A thousand sockets may end in the same instant, when a network or a process behind them does. To find that out is
cheap, to take a session down is not; so ends come out a few at a time, and whoever draws is read in between. The same goes
for those who come: newcomers have an epoll of their own inside the other, of which a pass reads a few, behind everybody else.

A pass costs some 15 µs of looking and of task switches, however little it finds. Under load, when what is read would
only wait for the next flush, the pump naps after a pass that found little and left nothing, and the next one finds more.

There is never a second reader: a source that nobody waits for leaves the pump, and its socket is not read
until it comes back.
"""

import select
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol

import trio

from whiteboard import limits, timeouts
from whiteboard.transport.stragglers import Stragglers, open_stragglers


class Source(Protocol):
    """A socket's owner, as the pump sees it."""

    def read_now(self, now: float) -> bool:
        """Read what the socket has, at most once; whether there is more of which the socket will not tell.

        Called when the socket is readable, closed or broken. It may leave the pump, or put others into it.
        Blocks and raises never: what goes wrong is the owner's affair.
        """

    def part_now(self) -> None:
        """Let its end come out, which was put off by `part`. Called once, and never blocks or raises."""


def _nothing() -> float:
    """What follows a pass when nobody has asked for anything."""
    return 0.0


class Pump:
    """Sockets that are watched. Made by `open_pump`."""

    def __init__(self, stragglers: Stragglers) -> None:
        self.after_pass: Callable[[], float] = _nothing
        """Called behind every pass, before other tasks have their turn. Must neither block nor raise.

        It says for how many seconds whatever is read now would only wait.
        """
        self.stragglers = stragglers
        """For those who have left it for good and whose peers have to read their last words yet."""
        self._epoll = select.epoll()
        self._sources: dict[int, Source] = {}
        self._door = select.epoll()  # of newcomers
        self._newcomers: set[int] = set()
        self._is_crowded = False  # the last pass may have left some at the door
        self._epoll.register(self._door, select.EPOLLIN)
        self._due: deque[int] = deque()  # ready, and not read yet
        self._again: list[int] = []  # have more, of which their sockets do not tell
        self._parting: deque[Source] = deque()  # have ended, and nobody knows it yet

    @property
    def watched(self) -> int:
        """How many sockets are watched."""
        return len(self._sources)

    def watch(self, descriptor: int, source: Source, *, is_new: bool = False) -> None:
        """Have `source` read whenever `descriptor`, an open socket, is ready, until `leave`.

        Args: `is_new` lets others go first, until `settle`: what comes then is work that many may bring at once.
        """
        (self._door if is_new else self._epoll).register(descriptor, select.EPOLLIN)
        self._sources[descriptor] = source
        if is_new:
            self._newcomers.add(descriptor)

    def settle(self, descriptor: int) -> None:
        """It is no newcomer any more. Idempotent. Raises OSError when the system is out of something; it stays one then."""
        if descriptor in self._newcomers:
            self._epoll.register(descriptor, select.EPOLLIN)
            self._newcomers.remove(descriptor)
            self._door.unregister(descriptor)

    def leave(self, descriptor: int) -> None:
        """Watch it no more. Before it is closed: the next socket may get its number. Idempotent."""
        if self._sources.pop(descriptor, None) is not None:
            (self._door if descriptor in self._newcomers else self._epoll).unregister(descriptor)
            self._newcomers.discard(descriptor)

    def part(self, source: Source) -> None:
        """Let the end of a source come out in its turn; it has left."""
        self._parting.append(source)

    async def run(self) -> None:
        """Let sources read for ever."""
        while True:
            if self._find():
                await trio.lowlevel.checkpoint()
            else:
                await trio.lowlevel.wait_readable(self._epoll.fileno())
                self._find()
            found, nap = len(self._due), timeouts.PUMP_NAP.seconds
            spent = self._pass()
            self._let_part()
            has_found_little = found < limits.PUMP_SMALL_PASS and spent < nap and not self._has_more
            if self.after_pass() > nap and has_found_little:
                await trio.sleep(nap)

    def close(self) -> None:
        """Forget all sockets, which stay open; sources are not told."""
        self._sources.clear()
        self._newcomers.clear()
        self._parting.clear()
        self._door.close()
        self._epoll.close()

    def _find(self) -> bool:
        """Whether there is anything to read."""
        if not self._due:
            self._due.extend(self._again)
            self._again.clear()
            self._due.extend([ready for ready, _ in self._epoll.poll(0, limits.PUMP_SOCKETS)])
        return bool(self._due or self._parting)

    @property
    def _has_more(self) -> bool:
        """Whether there is something to do of which no socket has to tell, or more newcomers than a pass takes."""
        return bool(self._due or self._again or self._parting) or self._is_crowded

    def _let_part(self) -> None:
        for _ in range(min(len(self._parting), limits.PUMP_ENDS)):
            self._parting.popleft().part_now()

    def _pass(self) -> float:
        """Read; how many seconds that took."""
        time = trio.lowlevel.current_clock().current_time  # asked for each socket
        began = now = time()
        ends = began + timeouts.PUMP_PASS.seconds
        while self._due and now < ends:
            descriptor = self._due.popleft()
            source = self._sources.get(descriptor)
            if source is None:
                continue  # it has left since the epoll told of it, or it is the door, which has its turn in any case
            if source.read_now(now) and descriptor in self._sources:
                self._again.append(descriptor)
            now = time()
        self._is_crowded = bool(self._newcomers) and self._let_in(now) == limits.PUMP_NEWCOMERS
        return now - began

    def _let_in(self, now: float) -> int:
        """Read newcomers, in every pass: the door is one socket of many, and comes late when all are ready; how many were."""
        ready = self._door.poll(0, limits.PUMP_NEWCOMERS)
        for descriptor, _ in ready:
            source = self._sources.get(descriptor)
            if source is not None and source.read_now(now) and descriptor in self._sources:
                self._again.append(descriptor)
        return len(ready)


@asynccontextmanager
async def open_pump() -> AsyncIterator[Pump | None]:
    """A running pump, None where there is no epoll. Connections must have ended when the block does.

    Opens a nursery with one child, the pump's task, and behind it that of the stragglers, who are not waited for.
    """
    if sys.platform != "linux":
        yield None
        return
    async with open_stragglers() as stragglers:
        pump = Pump(stragglers)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(pump.run, name="pump")
                yield pump
                nursery.cancel_scope.cancel()
        finally:
            pump.close()
