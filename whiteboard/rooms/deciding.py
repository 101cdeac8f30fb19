"""What becomes of ops before they are written: each is proposed to the board, which decides on it in order.

A decision counts on everything decided before it, so there is no await between deciding and writing. What only
storage knows is asked for first: `propose_all_now` does without, and says when that cannot be.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from whiteboard.core.acceptance import Acceptance, Accepted, Proposal
from whiteboard.core.clocks import Rank, covers
from whiteboard.core.outcomes import Rejected
from whiteboard.ids import ClientId, OpId
from whiteboard.limits import MAX_COMMIT_BYTES
from whiteboard.protocol.codec import encode_body
from whiteboard.rooms.answering import refusal_of
from whiteboard.rooms.inbox import Item, Submission
from whiteboard.rooms.replica import Replica
from whiteboard.rooms.server_time import ServerTime
from whiteboard.storage.ports import NewOp

StoredRanks = Mapping[ClientId, Sequence[Rank]]
Waiting = deque[tuple[Submission, Proposal]]
"""Ops that are proposed and not decided on, in order."""


class Write:
    """An accepted op and what it came from. One for each op, so it is a plain class."""

    __slots__ = ("accepted", "new", "submission")

    def __init__(self, submission: Submission, accepted: Accepted, new: NewOp) -> None:
        self.submission = submission
        self.accepted = accepted
        self.new = new


class Deciding:
    """Has a board decide on ops."""

    def __init__(self, replica: Replica, time: ServerTime) -> None:
        self._replica = replica
        self._time = time

    def propose_all_now(self, batch: Sequence[Item]) -> Waiting | None:
        """Proposals of the ops of a batch; None when storage has to be asked for something first."""
        waiting: Waiting = deque()
        replica = self._replica
        for one in batch:
            if type(one) is not Submission:
                continue
            if one.is_late or (replica.has_tombstones and one.request.op.element not in replica.board):
                return None
            proposal = self._propose_now(one)
            if proposal is None:
                return None
            waiting.append((one, proposal))
        return waiting

    async def propose(self, submission: Submission) -> Proposal:
        """The op as the board's rules want it. Raises StorageUnavailable."""
        proposal = self._propose_now(submission)
        if proposal is not None:
            return proposal
        clock, author = _clock_of(submission), submission.sender.claim.client
        foreign = {client: number for client, number in clock.items() if client != author}
        seen = await self._replica.storage.op_log.seen_by(self._replica.board_id, foreign)
        return _with_clock(submission, clock, seen)

    def _propose_now(self, submission: Submission) -> Proposal | None:
        """The op as the board's rules want it; None when only storage knows what its clock amounts to.

        The author's own entry does not count for what it has seen.
        """
        request = submission.request
        if request.clock is None:
            seen = submission.seen if request.seen is None else request.seen
            return Proposal(request.op, submission.counter or None, seen)
        board, author = self._replica.board, submission.sender.claim.client
        known = _clock_of(submission)
        others = {client: number for client, number in board.clock.items() if client != author}
        return _with_clock(submission, known, board.seq) if covers(known, others) else None

    async def recall_for(self, waiting: Waiting) -> StoredRanks:
        """Ranks between which those of late ops have to be; elements that ops are about are at hand then.

        Raises StorageUnavailable.
        """
        replica = self._replica
        late = op_ids_of([one for one, _ in waiting if one.is_late])
        found = await replica.storage.op_log.ranks_about(replica.board_id, late) if late else {}
        await replica.recall(one.request.op.element for one, _ in waiting)
        return {client: [Rank(*one) for one in known] for client, known in found.items()}

    def accept(self, waiting: Waiting, stored: StoredRanks) -> list[Write]:
        """Decide on what waits, in order, until it is enough for one write; the rest goes on waiting."""
        acceptance = Acceptance(self._replica.board, stored)
        at = self._time.now()
        writes: list[Write] = []
        size_bytes = 0
        while waiting and size_bytes < MAX_COMMIT_BYTES:
            submission, proposal = waiting.popleft()
            decision = acceptance.accept(proposal, submission.sender.claim.author)
            if isinstance(decision, Rejected):
                submission.answer = refusal_of(submission, decision)
            else:
                body = encode_body(decision, at, submission.request.content)
                new = NewOp(decision.op_id, at, decision.stamp.lamport, body)
                writes.append(Write(submission, decision, new))
                size_bytes += len(body)
        return writes


def op_ids_of(submissions: Iterable[Submission]) -> list[OpId]:
    """Of those that have one already."""
    return [one.request.op_id for one in submissions if one.request.op_id is not None]


def _clock_of(submission: Submission) -> dict[ClientId, int]:
    """The author's vector clock, empty when it gave none."""
    return {ClientId(client): number for client, number in (submission.request.clock or {}).items()}


def _with_clock(submission: Submission, clock: Mapping[ClientId, int], known: int) -> Proposal:
    """An op for the board to decide on, whose author has a clock that amounts to the seq `known`."""
    request = submission.request
    return Proposal(request.op, submission.counter or None, max(request.seen or 0, known), clock)
