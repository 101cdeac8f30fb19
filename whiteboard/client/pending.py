"""Ops on their way: posted, not yet answered. Bounded; keeps order; knows what this connection sent.

Theory of operation. An op enters at `post`, goes out at `take_unsent` and leaves at `answer`. A new
connection calls `rewind`: everything unanswered counts as unsent and goes out again as it was, with
the same op id and the same `seen`, so the server stores it once and ranks it by what its author had
seen when drawing it (rules 3 and 4). Owns no socket.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import trio

from whiteboard.client.events import Answer, Rejected
from whiteboard.ids import ClientId, OpId
from whiteboard.limits import MAX_BATCH, MAX_FRAME_BYTES

_FRAME_OVERHEAD_BYTES = 2
"""The brackets of a batch."""


class PendingOp:
    """One op on its way. `answer` stays None when the client ends before the server answers."""

    def __init__(self, op_id: OpId, op: dict[str, Any]) -> None:
        self.op_id = op_id
        self.op = op
        self.encoded = msgspec.json.encode(op)
        self.was_sent = False
        """Whether any connection ever tried to send it."""
        self.answer: Answer | None = None
        self.done = trio.Event()

    def finish(self, answer: Answer | None) -> None:
        """Set the answer, or None for never."""
        self.answer = answer
        self.done.set()


class PendingOps:
    """Unanswered ops, oldest first, at most `max_bytes` of them encoded."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._ops: dict[str, PendingOp] = {}
        self._unsent: dict[str, PendingOp] = {}
        self._bytes = 0
        self._changed = trio.Event()

    def __len__(self) -> int:
        return len(self._ops)

    def __iter__(self) -> Iterator[PendingOp]:
        return iter(tuple(self._ops.values()))

    def fits(self, pending: PendingOp) -> bool:
        """Whether there is room for it now; there always is when nothing else is pending."""
        return not self._ops or self._bytes + len(pending.encoded) <= self._max_bytes

    def post(self, pending: PendingOp) -> None:
        """Add an op behind all others; one that is pending already is not added twice."""
        key = str(pending.op_id)
        if key in self._ops:
            raise ValueError(f"op {key} is pending already")
        self._ops[key] = self._unsent[key] = pending
        self._bytes += len(pending.encoded)

    def rewind(self) -> None:
        """Count everything unanswered as unsent: a new connection begins."""
        self._unsent = dict(self._ops)

    def take_unsent(self) -> list[bytes]:
        """Encoded ops for one frame, within MAX_BATCH and MAX_FRAME_BYTES; they count as sent."""
        frame: list[bytes] = []
        size_bytes = _FRAME_OVERHEAD_BYTES
        while self._unsent and len(frame) < MAX_BATCH:
            key, pending = next(iter(self._unsent.items()))
            size_bytes += len(pending.encoded) + 1
            if frame and size_bytes > MAX_FRAME_BYTES:
                break
            del self._unsent[key]
            pending.was_sent = True
            frame.append(pending.encoded)
        return frame

    def answer(self, answer: Answer) -> None:
        """Take an answer of the server; one that nobody waits for changes nothing."""
        pending = self._remove(answer.op_id or "")
        if pending is not None:
            pending.finish(answer)

    def give_up(self) -> None:
        """Finish everything without an answer."""
        for pending in self:
            self._remove(str(pending.op_id))
            pending.finish(None)

    def rename(self, client: ClientId) -> list[Rejected]:
        """Carry on under another client id, which the server gave us.

        Ops that were never sent get a new op id. For the others nobody can say under the new name
        whether they were stored, so they are refused; sending those again could store them twice.
        """
        moved, refused = [], []
        for pending in self:
            self._remove(str(pending.op_id))
            if pending.was_sent:
                refused.append(_refuse_lost(pending))
            else:
                moved.append(pending)
        for pending in moved:
            pending.op_id = OpId(client, pending.op_id.counter)
            pending.op["opId"] = str(pending.op_id)
            pending.encoded = msgspec.json.encode(pending.op)
            self.post(pending)
        return refused

    async def wait_fits(self, pending: PendingOp) -> None:
        """Return when there is room for it."""
        await trio.lowlevel.checkpoint()
        while not self.fits(pending):
            await self._changed.wait()

    async def wait_empty(self) -> None:
        """Return when every op is answered or given up."""
        await trio.lowlevel.checkpoint()
        while self._ops:
            await self._changed.wait()

    def _remove(self, key: str) -> PendingOp | None:
        pending = self._ops.pop(key, None)
        self._unsent.pop(key, None)
        if pending is not None:
            self._bytes -= len(pending.encoded)
            self._changed.set()
            self._changed = trio.Event()
        return pending


def _refuse_lost(pending: PendingOp) -> Rejected:
    reason = "sent under a client id that is no longer ours; whether it was stored is unknown"
    refusal = Rejected(op_id=str(pending.op_id), id=element_of(pending.op), code="forged", reason=reason)
    pending.finish(refusal)
    return refusal


def refuse_oversize(pending: PendingOp) -> Rejected | None:
    """The refusal of an op that no frame can carry, or None when it can.

    The server answers such a frame with an `error` that names no op, so it must not be sent.
    """
    size = len(pending.encoded)
    if size <= MAX_FRAME_BYTES:
        return None
    reason = f"{size} bytes encoded, at most {MAX_FRAME_BYTES} fit into a frame"
    return Rejected(op_id=str(pending.op_id), id=element_of(pending.op), code="too_large", reason=reason)


def element_of(op: Mapping[str, Any]) -> str | None:
    """The element that an op is about, if it says so."""
    element = op.get("id")
    return element if isinstance(element, str) else None
