"""What a board's sessions have handed in and its commit has not settled yet.

Bounded as a whole, in ops and in bytes, and for each session: whoever sends thousands of ops at once
waits behind its own, and the next op of another waits behind one session's part of them at most.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import trio

from whiteboard.core.ops import Json
from whiteboard.limits import MAX_INBOX_BYTES, MAX_INBOX_OPS, MAX_SESSION_OPS, OP_OVERHEAD_BYTES
from whiteboard.protocol.validation import OpRequest
from whiteboard.rooms.claims import Claim

Reply = Callable[[Json], None]
"""Puts a message for a session into its outbox; never blocks."""


@dataclass(slots=True, eq=False)
class Sender:
    """A session, as the commit knows it."""

    claim: Claim
    reply: Reply
    waiting: int = 0
    """Ops handed in and not settled."""


@dataclass(frozen=True, slots=True, eq=False)
class Submission:
    """An op on its way from a session to the log."""

    sender: Sender
    request: OpRequest
    seen: int | None = None
    """What its author had seen if the op does not say: a seq, None for all that the board has."""

    @property
    def size_bytes(self) -> int:
        """What it weighs while it waits."""
        return len(self.request.content) + OP_OVERHEAD_BYTES

    @property
    def is_late(self) -> bool:
        """Whether its author has used this counter or a higher one before."""
        op_id = self.request.op_id
        return op_id is not None and op_id.counter <= self.sender.claim.author.counter


@dataclass(frozen=True, slots=True, eq=False)
class Refusal:
    """An op that its session refused: the answer waits behind those to the ops before it."""

    sender: Sender
    text: Json

    @property
    def size_bytes(self) -> int:
        """What it weighs while it waits."""
        return len(self.text) + OP_OVERHEAD_BYTES


Item = Submission | Refusal


class Inbox:
    """The queue between the sessions of a board and its commit: first come, first served."""

    def __init__(self) -> None:
        self._queue: deque[Item] = deque()
        self._unsettled = 0
        self._bytes = 0
        self._is_closed = False
        self._arrival = trio.Event()
        self._space = trio.lowlevel.ParkingLot()

    def __len__(self) -> int:
        """Ops handed in and not settled."""
        return self._unsettled

    async def put(self, item: Item) -> bool:
        """Hand an op in; False when the inbox is closed.

        Waits while the inbox or its sender's part of it is full, else does not give way to other
        tasks. When cancelled, the op was not taken.
        """
        while self._is_full_for(item.sender) and not self._is_closed:
            await self._space.park()
        if self._is_closed:
            return False
        self._queue.append(item)
        self._count(item, 1)
        self._arrival.set()
        return True

    async def take(self, most: int) -> list[Item]:
        """Take what waits, `most` of it at most and something at least; nothing once closed and empty."""
        while not self._queue and not self._is_closed:
            self._arrival = trio.Event()
            await self._arrival.wait()
        await trio.lowlevel.checkpoint()
        return [self._queue.popleft() for _ in range(min(most, len(self._queue)))]

    def settle(self, items: list[Item]) -> None:
        """Let go of what was taken: it has its answers."""
        for item in items:
            self._count(item, -1)
        self._space.unpark_all()

    def close(self) -> None:
        """Take nothing new. What waits can still be taken."""
        self._is_closed = True
        self._arrival.set()
        self._space.unpark_all()

    def _is_full_for(self, sender: Sender) -> bool:
        is_full = self._unsettled >= MAX_INBOX_OPS or self._bytes > MAX_INBOX_BYTES
        return is_full or sender.waiting >= MAX_SESSION_OPS

    def _count(self, item: Item, sign: int) -> None:
        self._unsettled += sign
        self._bytes += sign * item.size_bytes
        item.sender.waiting += sign
