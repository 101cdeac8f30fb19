"""Tells who waits for a board's log that it has grown, whoever appended.

The append script says on a channel how far the log goes (a blocking read would take a connection for each board in a
cluster, where one command has keys of one slot only). While the channel is carried nothing is missed: the log is looked at once
after that, then it is enough to listen. While it is not, the log is looked at every STORAGE_TAIL. A board is listened to for
TAIL_LINGER after the last waiter has left, because those who tail a log come back at once.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial

import trio

from whiteboard import timeouts
from whiteboard.deadlines import waiting
from whiteboard.ids import BoardId
from whiteboard.storage.ports import Head
from whiteboard.storage.redis.channels import Channels, Ear
from whiteboard.storage.redis.server import Server


class _Waiter:
    """One task that waits for a board to grow beyond a seq."""

    __slots__ = ("event", "seq")

    def __init__(self, seq: int) -> None:
        self.seq = seq
        self.event = trio.Event()


class _Tail:
    """A log that somebody waits on, or did a moment ago."""

    def __init__(self, channels: Channels, channel: str) -> None:
        self._channels = channels
        self._channel = channel
        self._ear = Ear(self._hear, self.wake_all)
        self._waiters: set[_Waiter] = set()
        self._users = 0
        self._turns = 0
        # how often something was heard or may have been missed
        self._left_at = trio.current_time()
        self.reached = 0
        """The highest seq that we know of."""
        self.is_certain = False
        """Whether whatever goes beyond that will be heard."""
        channels.listen(channel, self._ear)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Somebody waits, or is about to."""
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            self._left_at = trio.current_time()

    def is_abandoned(self, since: float) -> bool:
        """Whether nobody has waited since then."""
        return not self._users and self._left_at < since

    def close(self) -> None:
        """Listen no more."""
        self._channels.leave(self._channel, self._ear)

    async def look(self, head: Callable[[], Awaitable[Head | None]]) -> int:
        """The seq of the log; if nothing is heard or missed meanwhile, it is what we know from now on."""
        is_heard, turns = self._channels.is_placed(self._channel), self._turns
        found = await head()
        seq = found.seq if found else 0
        if turns == self._turns:
            self.reached, self.is_certain = seq, is_heard
        self._wake(seq)
        return seq

    def goes_beyond(self, seq: int) -> bool:
        """Whether the log is known to."""
        return self.is_certain and self.reached > seq

    async def pause(self) -> None:
        """Wait until what is said is heard, or until it is time to look again."""
        with waiting(timeouts.STORAGE_TAIL):
            await self._channels.wait_placed(self._channel)

    async def wait(self, seq: int) -> None:
        """Wait until the log is known to go beyond a seq, or something may have been missed."""
        await trio.lowlevel.checkpoint()
        if self.reached > seq or not self.is_certain:
            return
        waiter = _Waiter(seq)
        self._waiters.add(waiter)
        try:
            await waiter.event.wait()
        finally:
            self._waiters.discard(waiter)

    def note(self, seq: int) -> None:
        """The log goes up to a seq."""
        self._turns += 1
        self.reached = max(self.reached, seq)
        self._wake(seq)

    def wake_all(self) -> None:
        """Nothing is certain any more: let everybody look for themselves."""
        self._turns += 1
        self.is_certain = False
        for waiter in self._waiters:
            waiter.event.set()

    def _wake(self, seq: int) -> None:
        for waiter in self._waiters:
            if waiter.seq < seq:
                waiter.event.set()

    def _hear(self, text: bytes) -> None:
        if text.isdigit():
            self.note(int(text))


class Tailer:
    """Listens for all logs that somebody waits on."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._tails: dict[BoardId, _Tail] = {}

    async def wait_beyond(self, board: BoardId, seq: int) -> int:
        """See `whiteboard.storage.ports.OpLog.wait_beyond`."""
        tail = self._tail(board)
        with tail.in_use():
            while True:
                if not tail.is_certain or tail.reached > seq:
                    if (found := await tail.look(partial(self._server.head, board))) > seq:
                        return found
                    if not tail.is_certain:
                        await tail.pause()
                        continue
                await tail.wait(seq)
                if tail.goes_beyond(seq):
                    return tail.reached

    def note(self, board: BoardId, seq: int) -> None:
        """Somebody has found that a board's log goes up to a seq."""
        if board in self._tails:
            self._tails[board].note(seq)

    async def run(self) -> None:
        """Listen no more to boards that nobody waits for, for ever."""
        while True:
            await trio.sleep(timeouts.TAIL_LINGER.seconds)
            since = trio.current_time() - timeouts.TAIL_LINGER.seconds
            for board in [board for board, tail in self._tails.items() if tail.is_abandoned(since)]:
                self._tails.pop(board).close()

    def close(self) -> None:
        """Wake everybody: the server is closed, and they will hear it from it."""
        for tail in self._tails.values():
            tail.wake_all()

    def _tail(self, board: BoardId) -> _Tail:
        if board not in self._tails:
            self._tails[board] = _Tail(self._server.channels, self._server.keys.of(board).log)
        return self._tails[board]
