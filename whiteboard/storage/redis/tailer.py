"""Tells who waits for a board's log that it has grown, whoever appended. One blocking read for all boards.

The reader asks Redis for the first entry beyond where the waiters of each board stand, in short rounds: a read
that is given up to ask for one board more would cost its connection. It goes on asking for a board for TAIL_LINGER after
the last waiter has left, because those who tail a log come back at once.
"""

import trio

from whiteboard import timeouts
from whiteboard.diagnostics import logs
from whiteboard.errors import StorageUnavailable
from whiteboard.ids import BoardId
from whiteboard.storage.redis.records import entry_range
from whiteboard.storage.redis.server import Server

log = logs.get_logger()


class _Waiter:
    """One task that waits for a board to grow beyond a seq."""

    __slots__ = ("event", "seq")

    def __init__(self, seq: int) -> None:
        self.seq = seq
        self.event = trio.Event()


class Tailer:
    """The one reader of all streams that somebody waits on."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._waiters: dict[BoardId, set[_Waiter]] = {}
        self._reached: dict[BoardId, int] = {}
        # boards that the reader asks for, and the last seq of each that it or we know of
        self._left_at: dict[BoardId, float] = {}
        # boards among them that nobody waits for, and since when
        self._wanted = trio.Event()

    async def wait_beyond(self, board: BoardId, seq: int) -> int:
        """See `whiteboard.storage.ports.OpLog.wait_beyond`."""
        while True:
            reached = self._reached.get(board)
            if reached is None or reached > seq:
                head = await self._server.head(board)
                if head is not None and head.seq > seq:
                    return head.seq
                self._follow(board, seq)
            if (found := await self._wait(board, seq)) > seq:
                return found

    def note(self, board: BoardId, seq: int) -> None:
        """Somebody has found that a board's log goes up to a seq."""
        if board in self._reached:
            self._reached[board] = max(self._reached[board], seq)
        for waiter in self._waiters.get(board, ()):
            if waiter.seq < seq:
                waiter.event.set()

    async def run(self) -> None:
        """Read for ever. Redis may go and come back meanwhile."""
        while True:
            await self._wanted.wait()
            try:
                await self._read()
            except StorageUnavailable as error:
                log.warning("redis_tail_lost", reason=str(error))
                await trio.sleep(timeouts.STORAGE_RETRY.seconds)
                self._forget_all()

    def close(self) -> None:
        """Wake everybody: the server is closed, and they will hear it from it."""
        self._forget_all()

    # --- who waits for what -------------------------------------------------------------------

    def _follow(self, board: BoardId, seq: int) -> None:
        """Have the reader ask for what is beyond a seq of a board, from its next round on."""
        self._reached[board] = seq
        self._wanted.set()

    async def _wait(self, board: BoardId, seq: int) -> int:
        """Wait to be woken; the highest seq that is known of the board then, or -1. Raises StorageUnavailable."""
        if self._server.is_closed:  # nobody would wake us any more
            raise StorageUnavailable("the storage is closed")
        waiter = _Waiter(seq)
        self._waiters.setdefault(board, set()).add(waiter)
        self._left_at.pop(board, None)
        try:
            await waiter.event.wait()
        finally:
            waiters = self._waiters[board]
            waiters.discard(waiter)
            if not waiters:
                del self._waiters[board]
                self._left_at[board] = trio.current_time()
        return self._reached.get(board, -1)

    def _forget_all(self) -> None:
        """Nothing is certain any more: let everybody look for themselves."""
        self._reached.clear()
        self._left_at.clear()
        self._wanted = trio.Event()
        for waiters in self._waiters.values():
            for waiter in waiters:
                waiter.event.set()

    # --- the reader ---------------------------------------------------------------------------

    async def _read(self) -> None:
        """One round: until a board grows, or TAIL_ROUND has passed."""
        keys = {self._server.keys.of(board).log: board for board in self._reached}
        positions = {name: f"{self._position(board)}-{_LAST}" for name, board in keys.items()}
        found = await self._server.ask(
            self._server.client.xread(positions, count=1, block=int(timeouts.TAIL_ROUND.seconds * 1000))
        )
        for name, entries in (found or {}).items():
            _, last = entry_range(_bytes(entries[-1].identifier))
            self.note(keys[_bytes(name).decode()], last)
        self._drop_abandoned()
        await trio.lowlevel.checkpoint()  # those who were woken come back before the next round

    def _position(self, board: BoardId) -> int:
        """The seq beyond which somebody wants to hear of a board: waiters may have read on by themselves."""
        standing = (waiter.seq for waiter in self._waiters.get(board, ()))
        return min(standing, default=self._reached[board])

    def _drop_abandoned(self) -> None:
        """Ask no more for boards that nobody has waited for during TAIL_LINGER."""
        since = trio.current_time() - timeouts.TAIL_LINGER.seconds
        for board in [board for board, left_at in self._left_at.items() if left_at < since]:
            del self._left_at[board]
            self._reached.pop(board, None)
        if not self._reached:
            self._wanted = trio.Event()


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


_LAST = 2**64 - 1
"""Higher than the second part of any entry id: the entry that ends with the seq itself is left out."""
