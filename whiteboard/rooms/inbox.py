"""What a board's sessions have handed in and its commit has not settled yet.

Bounded as a whole, in ops and in bytes, and for each session: whoever sends thousands of ops at once
waits behind its own, and the next op of another waits behind one session's part of them at most.
"""

from collections import deque
from collections.abc import Callable, Sequence

import msgspec
import trio

from whiteboard.core.ops import Json
from whiteboard.limits import MAX_INBOX_BYTES, MAX_INBOX_OPS, MAX_SESSION_OPS, OP_OVERHEAD_BYTES
from whiteboard.protocol import messages
from whiteboard.protocol.validation import OpRequest
from whiteboard.rooms.claims import Claim

Reply = Callable[[Json], None]
"""Puts a message for a session into its outbox; never blocks."""
Answer = messages.Ack | msgspec.Raw
"""To an op: an ack, or a reject that is encoded already. Several of one session are encoded in one go."""


class Sender:
    """A session, as the commit knows it."""

    __slots__ = ("claim", "reply", "waiting")

    def __init__(self, claim: Claim, reply: Reply) -> None:
        self.claim = claim
        self.reply = reply
        self.waiting = 0
        """Ops handed in and not settled."""


class Submission:
    """An op on its way from a session to the log. One for each op, so it is a plain class."""

    __slots__ = ("answer", "counter", "request", "seen", "sender", "size_bytes")

    def __init__(self, sender: Sender, request: OpRequest, seen: int | None = None) -> None:
        self.sender = sender
        self.request = request
        self.seen = seen
        """What its author had seen if the op does not say: a seq, None for all that the board has."""
        self.counter = 0 if request.op_id is None else request.op_id.counter
        """Of its op id, 0 while it has none."""
        self.size_bytes = len(request.content) + OP_OVERHEAD_BYTES
        """What it weighs while it waits."""
        self.answer: Answer | None = None
        """Its ack or reject, once that is known."""

    @property
    def is_late(self) -> bool:
        """Whether its author has used this counter or a higher one before."""
        return 0 < self.counter <= self.sender.claim.author.counter


class Refusal:
    """An op that its session refused: the answer waits behind those to the ops before it."""

    __slots__ = ("answer", "counter", "sender", "size_bytes")

    def __init__(self, sender: Sender, reject: Json) -> None:
        self.sender = sender
        self.answer: Answer | None = msgspec.Raw(reject)
        self.counter = 0
        self.size_bytes = len(reject) + OP_OVERHEAD_BYTES


Item = Submission | Refusal


class Inbox:
    """The queue between the sessions of a board and its commit: first come, first served."""

    def __init__(self, arrived: Callable[[], None]) -> None:
        """Args: `arrived` is called when the first op comes after none waited."""
        self._arrived = arrived
        self._queue: deque[Item] = deque()
        self.unsettled = 0
        """Ops handed in and not settled."""
        self._bytes = 0
        self.is_closed = False
        """Whether it takes nothing new."""
        self._space = trio.lowlevel.ParkingLot()

    @property
    def is_waiting(self) -> bool:
        """Whether there is something to take."""
        return bool(self._queue)

    async def put(self, item: Item) -> bool:
        """Hand an op in; False when the inbox is closed.

        Waits while the inbox or its sender's part of it is full, else does not give way to other
        tasks. When cancelled, the op was not taken.
        """
        while not self.has_room(item.sender, 1, 0) and not self.is_closed:
            await self._space.park()
        if self.is_closed:
            return False
        self.put_now(item)
        return True

    def put_now(self, item: Item) -> None:
        """Hand an op in for which there is room. While a session has ops here, they hold its claim."""
        sender = item.sender
        claim = sender.claim
        if not sender.waiting:
            claim.holders += 1
        claim.handed_in = max(claim.handed_in, item.counter)
        sender.waiting += 1
        self.unsettled += 1
        self._bytes += item.size_bytes
        self._queue.append(item)
        if len(self._queue) == 1:
            self._arrived()

    def has_room(self, sender: Sender, ops: int, size_bytes: int) -> bool:
        """Whether so many ops of a session, with about so many bytes together, can be handed in now."""
        return (
            sender.waiting + ops <= MAX_SESSION_OPS
            and self.unsettled + ops <= MAX_INBOX_OPS
            and self._bytes + size_bytes <= MAX_INBOX_BYTES
        )

    def take(self, most: int, most_bytes: int) -> list[Item]:
        """Take what waits: `most` of it at most, and nothing more once it weighs `most_bytes`."""
        queue = self._queue
        if len(queue) <= most and self._bytes <= most_bytes:
            taken = list(queue)
            queue.clear()
            return taken
        taken, size_bytes = [], 0
        while queue and len(taken) < most and size_bytes < most_bytes:
            item = queue.popleft()
            taken.append(item)
            size_bytes += item.size_bytes
        return taken

    def settle(self, items: Sequence[Item]) -> None:
        """Let go of what was taken: it has its answers."""
        self.unsettled -= len(items)
        for item in items:
            self._bytes -= item.size_bytes
            item.sender.waiting -= 1
        self._space.unpark_all()

    def close(self) -> None:
        """Take nothing new. What waits can still be taken."""
        self.is_closed = True
        self._space.unpark_all()
