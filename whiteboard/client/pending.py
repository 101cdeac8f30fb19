"""Ops on their way: posted, not yet answered. Bounded; keeps order.

Theory of operation. An op enters at `post`, goes out at `take_unsent` and leaves at `answer`. A new
connection calls `restart`: everything unanswered counts as unsent and goes out again under the same
op id, so the server stores it once, and with the same `seen`, so it is ranked by what its author had
seen when drawing it (rules 3 and 4). Owns no socket; what is sent when is `sending.py`'s.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import trio

from whiteboard.client.events import Answer, Rejected, Welcome
from whiteboard.client.sending import FrameLimits, PendingOp, Sending
from whiteboard.errors import OpFailed, OpTooLarge, OpUnanswered
from whiteboard.ids import ClientId


class PendingOps:
    """Unanswered ops, oldest first, at most `max_bytes` of them encoded."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._ops: dict[str, PendingOp] = {}
        self._waiting: list[PendingOp] = []
        """Not posted yet, for lack of room, in the order in which they came."""
        self._bytes = 0
        self._changed = trio.Event()
        self._sending = Sending()

    def __len__(self) -> int:
        return len(self._ops)

    def __iter__(self) -> Iterator[PendingOp]:
        return iter(tuple(self._ops.values()))

    def knows(self, op_id: str) -> bool:
        """Whether an op of this id is pending, or waits for room."""
        return op_id in self._ops or any(str(pending.op_id) == op_id for pending in self._waiting)

    # --- room -----------------------------------------------------------------------------------

    def fits(self, pending: PendingOp) -> bool:
        """Whether it may be posted now: there is room, always so with nothing else, and nobody waits."""
        return not self._waiting and self._has_room(pending)

    async def wait_turn(self, pending: PendingOp) -> None:
        """Return when there is room for it and all that came before it have theirs; post it at once then.

        Cancelled: it waits no more, and was not posted.
        """
        self._waiting.append(pending)
        try:
            await trio.lowlevel.checkpoint()
            while self._waiting[0] is not pending or not self._has_room(pending):
                await self._changed.wait()
        finally:
            self._waiting.remove(pending)
            self._wake()

    async def wait_empty(self) -> None:
        """Return when every op is answered or given up."""
        await trio.lowlevel.checkpoint()
        while self._ops:
            await self._changed.wait()

    # --- the way of an op -------------------------------------------------------------------------

    def post(self, pending: PendingOp) -> None:
        """Add an op behind all others. Raises ValueError when one of its id is pending already."""
        key = str(pending.op_id)
        if key in self._ops:
            raise ValueError(f"op {key} is pending already")
        self._ops[key] = pending
        self._sending.add(pending)
        self._bytes += len(pending.encoded)

    def refuse_oversize(self, pending: PendingOp) -> None:
        """Raise OpTooLarge for an op that no frame can carry.

        The server would answer such a frame with an `error` that names no op.
        """
        limit_bytes = self._sending.limits.frame_bytes
        if len(pending.encoded) > limit_bytes:
            raise OpTooLarge(str(pending.op_id), len(pending.encoded), limit_bytes)

    @property
    def is_probing(self) -> bool:
        """Whether nothing but ops may be said now: see `sending.py`."""
        return self._sending.is_probing

    def take_unsent(self) -> list[bytes]:
        """Encoded ops for one frame, within the server's bounds; they count as sent."""
        return self._sending.take()

    @property
    def has_unsent(self) -> bool:
        """Whether there is something to send, now or after what is under way."""
        return self._sending.has_more

    def answer(self, answer: Answer) -> None:
        """Take an answer of the server; one that nobody waits for changes nothing."""
        pending = self._ops.get(answer.op_id or "")
        if pending is not None:
            pending.finish(answer)
            self._sending.answered(pending)
            self._remove(pending)

    def doubt(self, heard: str) -> list[Rejected]:
        """An error came that names no op: send again what may have been meant.

        Refusals of what is given up.
        """
        return self._fail(self._sending.doubt(), heard)

    def nudge(self) -> list[Rejected]:
        """What was sent again before the last call and has no answer yet counts as passed over again.

        Refusals of what is given up.
        """
        return self._fail(self._sending.nudge(), "nothing")

    def give_up(self) -> None:
        """Finish everything without an answer."""
        for pending in self:
            pending.finish(None)
            self._remove(pending)
        self._wake()

    # --- a new connection -----------------------------------------------------------------------

    def rename(self, client: ClientId) -> list[Rejected]:
        """Carry on under another client id, which the server gave us; refusals of what cannot.

        Ops that were never sent get a new op id. For the others nobody can say under the new name
        whether they were stored, so they are refused; sending those again could store them twice.
        """
        refused, moved = [], []
        for pending in self:
            self._remove(pending)
            if pending.was_sent:
                refused.append(_refuse_lost(pending))
            else:
                moved.append(pending)
        for pending in moved:
            pending.rename(client)
            self.post(pending)
        return refused

    def restart(self, welcome: Welcome) -> list[Rejected]:
        """A connection begins: all that is unanswered is to be sent on it.

        Refusals of what is too large for this server, which may not be the one of before.
        """
        for pending in self:
            pending.face(welcome)
        self._bytes = sum(len(pending.encoded) for pending in self)
        self._sending.restart(self, FrameLimits.of(welcome.limits))
        return [refusal for pending in self if (refusal := self._refuse_grown(pending))]

    def _refuse_grown(self, pending: PendingOp) -> Rejected | None:
        try:
            self.refuse_oversize(pending)
        except OpTooLarge as error:
            return self._end(pending, error, "too_large")
        return None

    # --- within ---------------------------------------------------------------------------------

    def _has_room(self, pending: PendingOp) -> bool:
        return not self._ops or self._bytes + len(pending.encoded) <= self._max_bytes

    def _fail(self, failed: Iterable[PendingOp], heard: str) -> list[Rejected]:
        return [
            self._end(one, OpUnanswered(str(one.op_id), one.strikes, heard), "unanswered") for one in failed
        ]

    def _end(self, pending: PendingOp, failure: OpFailed, code: str) -> Rejected:
        """An op ends without an answer of the server; what its author is told in place of one."""
        pending.fail(failure)
        self._remove(pending)
        return _refusal(pending, code, str(failure))

    def _remove(self, pending: PendingOp) -> None:
        del self._ops[str(pending.op_id)]
        self._sending.forget(pending)
        self._bytes -= len(pending.encoded)
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = trio.Event()


def _refuse_lost(pending: PendingOp) -> Rejected:
    reason = "sent under a client id that is no longer ours; whether it was stored is unknown"
    refusal = _refusal(pending, "forged", reason)
    pending.finish(refusal)
    return refusal


def _refusal(pending: PendingOp, code: str, reason: str) -> Rejected:
    return Rejected(op_id=str(pending.op_id), id=element_of(pending.op), code=code, reason=reason)


def element_of(op: Mapping[str, Any]) -> str | None:
    """The element that an op is about, if it says so."""
    element = op.get("id")
    return element if isinstance(element, str) else None
