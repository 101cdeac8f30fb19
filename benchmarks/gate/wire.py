"""A connection without a socket, as cheap as one can be: what a work says, a session reads; what is sent is counted."""

import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import trio

from whiteboard.errors import ConnectionLost
from whiteboard.ids import BoardId
from whiteboard.protocol.packed import Packed
from whiteboard.rooms.hub import Hub, open_hub
from whiteboard.rooms.ports import Connection, Incoming, Taker
from whiteboard.storage.memory import open_memory
from whiteboard.storage.ports import Storage

BOARD = BoardId("gate")
AT_MS = 1_700_000_000_000


class Wire:
    """Both ends of one connection, whose peer takes everything at once. Keeps the promises of `rooms.ports.Connection`."""

    peer = "gate:1"
    backlog_bytes = 0

    def __init__(self) -> None:
        self.sent_bytes = 0
        self.mark = b'"type":"snapshot"'
        """What is counted in the messages."""
        self.marked = 0
        self._wanted = sys.maxsize
        self.is_closed = False
        self._heard = trio.current_time()
        self._incoming: list[Incoming] = []
        self._held: list[bytes] = []
        self._take: Taker | None = None
        self._is_lost = self._is_nudged = self._is_stirred = self._is_read = False
        self._reader = trio.lowlevel.ParkingLot()
        self._writer = trio.lowlevel.ParkingLot()
        self._peer = trio.lowlevel.ParkingLot()

    # --- the peer's end -----------------------------------------------------------------------

    def say(self, text: bytes) -> None:
        """Send a message, as the reader of all sockets brings it: taken at once where the session can."""
        self._heard += 1e-9  # another read, also where the clock stands
        if not self._is_read or self._incoming or self._take is None or not self._take(text):
            self._incoming.append(text)
            self._reader.unpark_all()

    def hang_up(self) -> None:
        """Vanish, so that the server notices."""
        self._is_lost = True
        self._reader.unpark_all()
        self._writer.unpark_all()

    async def wait_marked(self, count: int) -> None:
        """Return once the mark has come so many times since the beginning."""
        while self.marked < count:
            self._wanted = count
            await self._peer.park()
        self._wanted = sys.maxsize

    async def wait_closed(self) -> None:
        """Return once the server has said goodbye."""
        while not self.is_closed:
            await self._peer.park()

    # --- the session's end --------------------------------------------------------------------

    @property
    def last_heard(self) -> float:
        return self._heard

    async def receive(self) -> Sequence[Incoming]:
        await trio.lowlevel.checkpoint()
        while not self._incoming:
            if self._is_lost:
                raise ConnectionLost("hung up")
            if self._is_nudged:
                self._is_nudged = False
                return []
            self._is_read = True
            await self._reader.park()
            self._is_read = False
        found, self._incoming = self._incoming, []
        return found

    def listen(self, take: Taker) -> None:
        self._take = take

    def nudge(self) -> None:
        self._is_nudged = True
        self._reader.unpark_all()

    def push(self, message: bytes | Packed) -> None:
        if self._held:
            self.release()
        self._send(message if isinstance(message, bytes) else message.text)

    def push_some(self, messages: deque[Packed], most: int) -> None:
        for _ in range(min(most, len(messages))):
            self.push(messages.popleft())

    def hold(self, message: bytes) -> None:
        self._held.append(message)

    def release(self) -> None:
        held, self._held = self._held, []
        for message in held:
            self._send(message)

    def _send(self, message: bytes) -> None:
        self.sent_bytes += len(message)
        self.marked += message.count(self.mark)
        if self.marked >= self._wanted:
            self._peer.unpark_all()

    async def drain(self) -> None:
        await trio.lowlevel.checkpoint()

    async def wait_backlog(self) -> None:
        self._is_stirred = False
        await trio.lowlevel.checkpoint()
        while not self._is_stirred:
            await self._writer.park()

    def stir(self) -> None:
        self._is_stirred = True
        self._writer.unpark_all()

    def report_to(self, note: Callable[[Connection], object]) -> None:
        """Nothing is ever under way."""

    def stands_still_for(self, now: float) -> float | None:  # noqa: ARG002 - the port's
        return None

    def give_up(self) -> None:
        """Nobody waits."""

    async def ping(self) -> None:
        await trio.lowlevel.checkpoint()
        self._heard = trio.current_time()

    async def close(self, code: int, reason: str) -> None:  # noqa: ARG002 - the port's
        await trio.lowlevel.checkpoint()
        self.is_closed = True
        self._take = None  # as a connection does: no cycle is left
        self._peer.unpark_all()


async def connect(hub: Hub, board: BoardId = BOARD) -> Wire:
    """A session with nobody who has said hello."""
    wire = Wire()

    @asynccontextmanager
    async def accept() -> AsyncIterator[Wire]:
        await trio.lowlevel.checkpoint()
        yield wire

    await hub.serve(board, accept)
    return wire


async def join(hub: Hub, name: str, board: BoardId = BOARD) -> Wire:
    """A session that has been welcomed and has the board."""
    wire = await connect(hub, board)
    wire.say(b'{"type":"hello","client":"%s"}' % name.encode())
    await wire.wait_marked(1)
    return wire


@asynccontextmanager
async def open_rooms(storage: Storage | None = None) -> AsyncIterator[Hub]:
    """A hub on memory storage, or on a given one."""
    async with open_memory() as in_memory, open_hub(storage or in_memory, lambda: AT_MS) as hub:
        yield hub
