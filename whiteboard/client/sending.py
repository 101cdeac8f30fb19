"""Which ops go out next on a connection, and which of them the server has passed over. Pure.

Theory of operation. A server answers the ops of a session in their order (ACK-6), and answers a frame that it
cannot take with an `error` that names no op. So when a later op is answered, one sent before it and without an
answer never will have one; and when such an error comes, nobody knows whose it was. What is suspect goes out
once more, one frame at a time, with nothing else under way: a frame that gets an error again is halved, until one
op is left. That one is at fault, and is given up after MAX_CLIENT_STRIKES such errors. Good ops that shared a
frame with it pass.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import msgspec
import trio

from whiteboard.client.events import Answer, Welcome
from whiteboard.errors import WhiteboardError
from whiteboard.ids import ClientId, OpId
from whiteboard.limits import MAX_BATCH, MAX_CLIENT_STRIKES, MAX_FRAME_BYTES

_BRACKETS_BYTES = 2
"""What a batch costs beside its messages and the comma behind each but the last."""


@dataclass(frozen=True, slots=True)
class FrameLimits:
    """What the server takes in one frame (LIM-1)."""

    frame_bytes: int = MAX_FRAME_BYTES
    batch: int = MAX_BATCH
    """Messages."""

    @classmethod
    def of(cls, published: Mapping[str, float]) -> Self:
        """The bounds in `welcome.limits`; for what is missing there, those of this version."""
        return cls(
            int(published.get("frameBytes", MAX_FRAME_BYTES)), max(1, int(published.get("batch", MAX_BATCH)))
        )


class PendingOp:
    """One op on its way. Raises ValueError for one that is nested too deeply to be written."""

    def __init__(self, op_id: OpId, op: dict[str, Any], under: Welcome | None = None) -> None:
        self.op_id = op_id
        self.op = op
        self.encoded = _encode(op)
        self._under = under
        """The connection on which it was made, or the newest one that it has faced since."""
        self.was_sent = False
        """Whether any connection ever tried to send it."""
        self.strikes = 0
        """Errors that came while it was alone on its way."""
        self.answer: Answer | None = None
        self.failure: WhiteboardError | None = None
        """Why there will be no answer, if something else than the client's end is why."""
        self.done = trio.Event()

    def finish(self, answer: Answer | None) -> None:
        """Set the answer, or None for never."""
        self.answer = answer
        self.done.set()

    def fail(self, failure: WhiteboardError) -> None:
        """There will be no answer."""
        self.failure = failure
        self.done.set()

    def rename(self, client: ClientId) -> None:
        """Carry on under another client id."""
        self.op_id = OpId(client, self.op_id.counter)
        self._change({**self.op, "opId": str(self.op_id)})

    def face(self, welcome: Welcome) -> None:
        """Go out on this connection: say what the author can have seen of the board's history there.

        What was seen of another history counts as nothing. An op that left it to the server, because its
        author had no picture yet, must not do so on a later connection, as others have written since: it
        has seen what its author came to.
        """
        former, self._under = self._under or welcome, welcome
        if former.epoch != welcome.epoch:
            plain = {name: value for name, value in self.op.items() if name != "clock"}
            self._change({**plain, "seen": 0})
        elif former is not welcome and "seen" not in self.op and "clock" not in self.op:
            self._change({**self.op, "seen": former.seq})

    def _change(self, op: dict[str, Any]) -> None:
        self.op = op
        self.encoded = _encode(op)


def _encode(op: dict[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(op)
    except RecursionError:
        raise ValueError(f"op {op['opId']} is nested too deeply to be written") from None


Group = list[PendingOp]
"""Ops that fit into one frame."""


class Sending:
    """What is to be sent, what is under way, and what is suspect; of one client, over all its connections."""

    def __init__(self) -> None:
        self.limits = FrameLimits()
        self._unsent: dict[str, PendingOp] = {}
        self._sent: dict[str, PendingOp] = {}
        """In the order of sending, without an answer on this connection."""
        self._suspects: deque[Group] = deque()
        self._probe: Group = []
        """The suspects that are under way, with nothing else beside them."""
        self._nudged: Group = []

    @property
    def is_probing(self) -> bool:
        """Whether nothing else may be said now, lest an error be about that."""
        return bool(_open(self._probe))

    def add(self, pending: PendingOp) -> None:
        """An op is to be sent, behind all others."""
        self._unsent[str(pending.op_id)] = pending

    def restart(self, ops: Iterable[PendingOp], limits: FrameLimits) -> None:
        """A connection begins: all of these are to be sent, those that gave trouble before each alone."""
        self.limits = limits
        self._sent.clear()
        self._probe = []
        self._unsent = {}
        self._suspects.clear()
        for pending in ops:
            if pending.strikes:
                self._suspects.append([pending])
            else:
                self.add(pending)

    @property
    def has_more(self) -> bool:
        """Whether there is something to send, now or after what is under way."""
        return bool(self._unsent or self._suspects)

    def forget(self, pending: PendingOp) -> None:
        """An op is no longer to be sent."""
        key = str(pending.op_id)
        self._unsent.pop(key, None)
        self._sent.pop(key, None)

    def take(self) -> list[bytes]:
        """Encoded ops for one frame, within the limits; they count as sent."""
        if self.is_probing:
            return []
        self._probe = self._next_suspects()
        group = self._probe or self._next_unsent()
        for pending in group:
            pending.was_sent = True
        return [pending.encoded for pending in group]

    def answered(self, pending: PendingOp) -> None:
        """An op has its answer: those sent before it and still without one were passed over."""
        key = str(pending.op_id)
        if key not in self._sent:
            return
        passed: Group = []
        while (first := next(iter(self._sent))) != key:
            passed.append(self._sent.pop(first))
        del self._sent[key]
        self._suspects.extend(pack(passed, self.limits))

    def doubt(self) -> Group:
        """An error came that names no op; those that are at fault for good and given up."""
        probe, self._probe = _open(self._probe), []
        sent = list(self._sent.values())
        self._sent.clear()
        if len(probe) == 1 and not sent:
            return self._strike(probe[0])
        self._suspects.extendleft(reversed(_halved(pack([*probe, *sent], self.limits))))
        return []

    def nudge(self) -> Group:
        """To be called now and then: suspects that are under way since the last time count as refused."""
        overdue = self._nudged is self._probe and self.is_probing
        self._nudged = self._probe
        return self.doubt() if overdue else []

    def _strike(self, pending: PendingOp) -> Group:
        pending.strikes += 1
        if pending.strikes >= MAX_CLIENT_STRIKES:
            return [pending]
        self._suspects.appendleft([pending])
        return []

    def _next_suspects(self) -> Group:
        while self._suspects:
            if group := _open(self._suspects.popleft()):
                return group
        return []

    def _next_unsent(self) -> Group:
        group = next(iter(pack(self._unsent.values(), self.limits)), [])
        for pending in group:
            key = str(pending.op_id)
            self._sent[key] = self._unsent.pop(key)
        return group


def pack(ops: Iterable[PendingOp], limits: FrameLimits) -> Iterable[Group]:
    """The ops in their order, as many to a frame as fit; one that fits into none goes alone."""
    group: Group = []
    size_bytes = _BRACKETS_BYTES
    for pending in ops:
        cost_bytes = len(pending.encoded) + 1
        if group and (size_bytes + cost_bytes - 1 > limits.frame_bytes or len(group) >= limits.batch):
            yield group
            group, size_bytes = [], _BRACKETS_BYTES
        group.append(pending)
        size_bytes += cost_bytes
    if group:
        yield group


def _halved(groups: Iterable[Group]) -> list[Group]:
    """Several frames as they are; one, which would only fail as before, in two."""
    frames = list(groups)
    if len(frames) != 1 or len(frames[0]) == 1:
        return frames
    middle = len(frames[0]) // 2
    return [frames[0][:middle], frames[0][middle:]]


def _open(group: Sequence[PendingOp]) -> Group:
    """Those without an answer."""
    return [pending for pending in group if not pending.done.is_set()]
