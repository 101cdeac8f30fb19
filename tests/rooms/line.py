"""A connection without a socket: what a test writes, a session reads, and the reverse.

It keeps the promises of `rooms.ports.Connection`. The "kernel" takes bytes up to `window` and hands
them to the test's side at once; a test that sets `window = 0` is a client that stopped reading.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import trio

from whiteboard.errors import ConnectionLost, TooSlow
from whiteboard.protocol.packed import Packed
from whiteboard.rooms.ports import Connection, Incoming, Taker


class Line:
    """Both ends of one connection."""

    def __init__(self, window: float = float("inf")) -> None:
        self.window = window
        """Bytes that the peer still takes."""
        self.closed: tuple[int, str] | None = None
        """Code and reason of the server's goodbye."""
        self.pushed_late = 0
        """Messages after the goodbye: nobody gets them, and nobody should go on sending."""
        self.pings = 0
        self.answers_pings = True
        self._incoming: deque[Incoming] = deque()
        self._outgoing: deque[bytes] = deque()
        self._taken: deque[dict[str, Any]] = deque()
        self._heard = self._progress = trio.current_time()
        self._lost: str | None = None
        self._take: Taker | None = None
        self._held: list[bytes] = []
        self._is_nudged = False
        self._is_stirred = False
        self._unread_since: float | None = None
        self._is_given_up = False
        self._report: Callable[[Connection], object] | None = None
        self._bell = trio.lowlevel.ParkingLot()

    # --- the test's end -----------------------------------------------------------------------

    def say(self, *messages: object) -> None:
        """Send messages, each as a frame; bytes go as they are."""
        for message in messages:
            self._incoming.append(message if isinstance(message, bytes) else msgspec.json.encode(message))
        self._heard = trio.current_time()
        self._bell.unpark_all()

    def offer(self, message: object) -> bool:
        """Send a message as a reader of many sockets does; whether the session has handled it at once."""
        assert self._take is not None
        return self._take(msgspec.json.encode(message))

    def deliver(self, incoming: Incoming) -> None:
        """Send something that is no text."""
        self._incoming.append(incoming)
        self._bell.unpark_all()

    def hang_up(self, reason: str = "reset") -> None:
        """Vanish so that the server notices."""
        self._lost = reason
        self._bell.unpark_all()

    def open_window(self, size: float = float("inf")) -> None:
        """Begin to read again."""
        self.window = size
        self._bell.unpark_all()

    def leave_unread(self, *, since: float | None) -> None:
        """From then on the peer has not read what the kernel took, as if the test had not got it; None when it has."""
        self._unread_since = since
        self._note()

    def read(self) -> list[dict[str, Any]]:
        """Everything that has come so far, batches taken apart."""
        found = list(self._taken)
        self._taken.clear()
        return found

    async def expect(self, kind: str, **fields: object) -> dict[str, Any]:
        """The next message of this type with these fields; others before it are dropped."""
        while True:
            while self._taken:
                message = self._taken.popleft()
                if message["type"] == kind and fields.items() <= message.items():
                    return message
            if self.closed is not None:
                raise AssertionError(f"closed with {self.closed} before {kind} {fields}")
            await self._park(f"{kind} {fields}")

    async def wait_closed(self) -> tuple[int, str]:
        """Code and reason of the server's goodbye, once it came."""
        while self.closed is None:
            await self._park("the server's goodbye")
        return self.closed

    async def _park(self, wanted: str) -> None:
        """Wait for the next event, on the virtual clock: heartbeats would keep a test going for ever."""
        with trio.move_on_after(300) as patience:
            await self._bell.park()
        if patience.cancelled_caught:
            raise AssertionError(f"300 s without {wanted}")

    # --- the session's end: rooms.ports.Connection --------------------------------------------

    peer = "test:1"

    @property
    def last_heard(self) -> float:
        return self._heard

    @property
    def backlog_bytes(self) -> int:
        return sum(map(len, self._outgoing))

    def report_to(self, note: Callable[[Connection], object]) -> None:
        self._report = note
        self._note()

    def _note(self) -> None:
        if self._report is not None:
            self._report(self)

    def stands_still_for(self, now: float) -> float | None:
        since = self._progress if self._outgoing else self._unread_since
        return None if since is None else now - since

    def give_up(self) -> None:
        self._is_given_up = True
        self._bell.unpark_all()

    def _raise_if_given_up(self) -> None:
        if self._is_given_up:
            raise TooSlow

    async def receive(self) -> Sequence[Incoming]:
        await trio.lowlevel.checkpoint()
        while True:
            while self._incoming and self._take is not None and self._take(self._incoming[0]):
                self._incoming.popleft()
            if self._incoming:
                break
            if self._lost is not None:
                raise ConnectionLost(self._lost)
            if self._is_nudged:
                self._is_nudged = False
                return []
            await self._bell.park()
        found = list(self._incoming)
        self._incoming.clear()
        return found

    def listen(self, take: Taker) -> None:
        self._take = take

    def nudge(self) -> None:
        self._is_nudged = True
        self._bell.unpark_all()

    def hold(self, message: bytes) -> None:
        self._held.append(message)

    def release(self) -> None:
        held, self._held = self._held, []
        for message in held:
            self._send(message)

    def push(self, message: bytes | Packed) -> None:
        self.release()
        self._send(message if isinstance(message, bytes) else message.text)

    def push_some(self, messages: deque[Packed], most: int) -> None:
        for _ in range(min(most, len(messages))):
            self.push(messages.popleft())

    def _send(self, message: bytes) -> None:
        if self.closed is not None:
            self.pushed_late += 1
        if self.closed is None and self._lost is None:
            if not self._outgoing:
                self._progress = trio.current_time()
            self._outgoing.append(message)
            self._note()
            self._flow()
            self._bell.unpark_all()

    async def drain(self) -> None:
        await trio.lowlevel.checkpoint()
        self._flow()
        while self._outgoing:
            if self._lost is not None:
                raise ConnectionLost(self._lost)
            self._raise_if_given_up()
            await self._bell.park()
            self._flow()

    async def wait_backlog(self) -> None:
        self._is_stirred = False  # first: who stirs while this gives way means this very wait
        await trio.lowlevel.checkpoint()
        while not (self._outgoing or self._is_stirred or self._is_given_up):
            await self._bell.park()
        self._raise_if_given_up()

    def stir(self) -> None:
        self._is_stirred = True
        self._bell.unpark_all()

    async def ping(self) -> None:
        await trio.lowlevel.checkpoint()
        self.pings += 1
        if self.answers_pings:
            self._heard = trio.current_time()

    async def close(self, code: int, reason: str) -> None:
        await trio.lowlevel.checkpoint()
        self.closed = self.closed or (code, reason)
        self._take = self._report = None  # as a connection does: no cycle is left
        self._bell.unpark_all()

    def _flow(self) -> None:
        while self._outgoing and len(self._outgoing[0]) <= self.window:
            message = self._outgoing.popleft()
            self.window -= len(message)
            self._progress = trio.current_time()
            decoded = msgspec.json.decode(message)
            self._taken.extend(decoded if isinstance(decoded, list) else [decoded])
