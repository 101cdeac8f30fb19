"""What writes a board: it accepts ops, stores them in groups, merges, acks, spreads.

A commit starts at once when none runs; what arrives meanwhile forms the next one. An op is merged,
acked and broadcast only after the log has stored it, so nobody ever sees an op that a crash can take
back. There is no await between reading the board and stamping a batch, nor between a receipt
and what follows from it.
"""

import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import trio

from whiteboard import timeouts
from whiteboard.core.acceptance import Acceptance, Accepted, Proposal
from whiteboard.core.clocks import Rank, covers
from whiteboard.core.ops import Json, StampedOp
from whiteboard.core.outcomes import RejectCode, Rejected
from whiteboard.diagnostics import logs
from whiteboard.errors import ClaimConflict, StorageConflict, StorageUnavailable
from whiteboard.ids import ClientId, OpId
from whiteboard.limits import MAX_COMMIT_BYTES, MAX_COMMIT_OPS
from whiteboard.protocol import messages
from whiteboard.protocol.codec import encode, encode_body, encode_reject, frame, number_body
from whiteboard.protocol.validation import OpRequest
from whiteboard.rooms.broadcast import Broadcast
from whiteboard.rooms.claims import Claims
from whiteboard.rooms.inbox import Inbox, Item, Refusal, Sender, Submission
from whiteboard.rooms.ports import NOBODY, Witness
from whiteboard.rooms.replica import Replica
from whiteboard.rooms.tail import Tail
from whiteboard.storage.ports import NewOp, Receipt

log = logs.get_logger()

StoredRanks = Mapping[ClientId, Sequence[Rank]]


@dataclass(frozen=True, slots=True)
class _Write:
    """An accepted op and what it came from."""

    submission: Submission
    accepted: Accepted
    new: NewOp


REFUSED: Final = Rejected(
    RejectCode.STORAGE_UNAVAILABLE, "storage does not take writes now; send the same op again later"
)
"""Storage refused; or did not answer."""

_CLAIMED: Final = Rejected(
    RejectCode.FORGED, "this client id belongs to another key by now; connect again for one of your own"
)

_OVERTAKEN: Final = Rejected(
    RejectCode.STORAGE_UNAVAILABLE, "an earlier op came late and has this one's number; send it again"
)

_CLOSING: Final = Rejected(
    RejectCode.DRAINING, "the board closes here; send the same op again after the next welcome"
)


class Committer:
    """The loop that empties a board's inbox."""

    def __init__(
        self,
        replica: Replica,
        tail: Tail,
        broadcast: Broadcast,
        claims: Claims,
        clock_ms: Callable[[], int],
        *,
        witness: Witness = NOBODY,
    ) -> None:
        self._witness = witness
        self._replica = replica
        self._tail = tail
        self._broadcast = broadcast
        self._claims = claims
        self._clock_ms = clock_ms
        self._inbox = Inbox()
        self._finished = trio.Event()
        self._at = replica.updated_at
        self._is_log_ahead = False
        # a write failed with unknown fate: read the log before trusting `board.seq` again
        self.refused_at = -math.inf
        """`trio.current_time()` when storage last refused a commit."""
        self.turn = trio.Lock()
        """Whoever changes the board holds it: a commit, or who follows a shared log."""
        self._open: dict[Item, Json | None] = {}
        # the batch at work, in order, with answers that wait for those before them

    @property
    def waiting(self) -> int:
        """Ops handed in and not yet settled."""
        return len(self._inbox)

    async def submit(self, item: Item) -> None:
        """Hand an op in; waits while the inbox is full, refuses it once `finish` has returned.

        Does not give way to other tasks while there is room. When cancelled, the op was not taken.
        """
        if await self._inbox.put(item):
            item.sender.claim.hand_in(item.request.op_id if isinstance(item, Submission) else None)
            return
        await self._finished.wait()  # answers come in the order of the ops
        item.sender.reply(_refuse(item, _CLOSING))

    async def is_stored(self, request: OpRequest) -> bool:
        """Whether an op with this id is in the log. Raises StorageUnavailable, TooSlowError after COMMIT."""
        if request.op_id is None:
            return False
        with trio.fail_after(timeouts.COMMIT.seconds):
            found = await self._replica.storage.op_log.find(self._replica.board_id, [request.op_id])
        return request.op_id in found

    async def finish(self) -> None:
        """Take nothing new; return when everything handed in is settled."""
        self._inbox.close()
        await self._finished.wait()

    async def run(self) -> None:
        """Commit until `finish`.

        Raises StorageCorrupt, StorageConflict: the room cannot go on then.
        """
        while batch := await self._inbox.take(MAX_COMMIT_OPS):
            self._open = {one: one.text if isinstance(one, Refusal) else None for one in batch}
            try:
                async with self.turn:
                    await self._commit([one for one in batch if isinstance(one, Submission)])
            finally:
                self._open.clear()
                self._inbox.settle(batch)
                for one in batch:
                    self._claims.release(one.sender.claim)
        self._finished.set()

    # --- a commit -----------------------------------------------------------------------------

    async def _commit(self, batch: list[Submission]) -> None:
        self._answer(())
        conflict: StorageConflict | None = None
        try:
            with trio.fail_after(timeouts.COMMIT.seconds):
                waiting = await self._prepare(batch)
            while waiting:
                with self._replica.keeping(one.request.op.element for one, _ in waiting):
                    with trio.fail_after(timeouts.COMMIT.seconds):
                        numbered = await self._write(waiting)
                    await self._settle(numbered)
        except ClaimConflict as claimed:
            await self._commit(self._without(batch, claimed))
        except StorageConflict as error:
            conflict = error
        except (StorageUnavailable, trio.TooSlowError) as error:
            self._note_refusal()
            refused = [one for one in batch if self._is_open(one)]
            log.warning("commit_refused", count=len(refused), reason=str(error))
            self._answer((submission, _refuse(submission, REFUSED)) for submission in refused)
        if conflict is not None:
            await self._replica.check_history()  # which gives a history that has lost its end another name
            raise conflict

    def _without(self, batch: list[Submission], conflict: ClaimConflict) -> list[Submission]:
        """What is left to commit once a client's ops are refused: somebody at another server had its id first."""
        log.warning("claim_lost", client=conflict.client)
        lost = [one for one in batch if one.sender.claim.client == conflict.client and self._is_open(one)]
        self._answer((one, _refuse(one, _CLAIMED)) for one in lost)
        return [one for one in batch if self._is_open(one)]

    def _note_refusal(self) -> None:
        self._is_log_ahead = True
        self.refused_at = trio.current_time()

    # --- before the write: everything that needs storage, then the decision in one go ---------

    async def _prepare(self, batch: list[Submission]) -> deque[tuple[Submission, Proposal]]:
        """Answer known repeats; proposals of the others, in order."""
        if self._is_log_ahead:
            await self.catch_up()
            self._is_log_ahead = False
        return deque([(one, await self._propose(one)) for one in await self._answer_repeats(batch)])

    async def catch_up(self) -> None:
        """Merge and spread what the log has beyond the board; only with the turn in hand.

        Raises StorageUnavailable, StorageConflict, StorageCorrupt; what was read before is merged then.
        """
        while news := await self._replica.catch_up():
            self._spread(news)

    async def _answer_repeats(self, batch: list[Submission]) -> list[Submission]:
        """Ack the ops that are stored already. Only a counter that was passed can be one."""
        suspects = [one for one in batch if one.is_late]
        if not suspects:
            return batch
        known = await self._replica.storage.op_log.find(self._replica.board_id, _op_ids(suspects))
        if any(receipt.seq > self._replica.board.seq for receipt in known.values()):
            await self.catch_up()  # a write that was given up came to pass since we last looked
        self._answer(
            (one, self._ack(one, op_id, known[op_id]))
            for one in suspects
            if (op_id := one.request.op_id) is not None and op_id in known
        )
        return [one for one in batch if self._is_open(one)]

    async def _propose(self, submission: Submission) -> Proposal:
        request = submission.request
        counter = request.op_id.counter if request.op_id else None
        clock = None
        if request.clock is not None:
            clock = {ClientId(client): number for client, number in request.clock.items()}
        seen = request.seen
        if clock is not None:
            seen = max(seen or 0, await self._seen_by(clock, submission.sender.claim.client))
        elif seen is None:
            seen = submission.seen
        return Proposal(request.op, counter, seen, clock)

    async def _seen_by(self, clock: dict[ClientId, int], author: ClientId) -> int:
        """The board seq that a vector clock amounts to; the author's own entry does not count."""
        board = self._replica.board
        others = {client: number for client, number in board.clock.items() if client != author}
        if covers(clock, others):
            return board.seq
        foreign = {client: number for client, number in clock.items() if client != author}
        return await self._replica.storage.op_log.seen_by(self._replica.board_id, foreign)

    def _accept(self, waiting: deque[tuple[Submission, Proposal]], stored: StoredRanks) -> list[_Write]:
        """Decide on what waits, in order, until it is enough for one write; the rest goes on waiting."""
        acceptance = Acceptance(self._replica.board, stored)
        self._at = max(self._at, self._clock_ms())
        writes: list[_Write] = []
        refusals: list[tuple[Submission, Json]] = []
        size_bytes = 0
        while waiting and size_bytes < MAX_COMMIT_BYTES:
            submission, proposal = waiting.popleft()
            decision = acceptance.accept(proposal, submission.sender.claim.author)
            if isinstance(decision, Rejected):
                refusals.append((submission, _refuse(submission, decision)))
            else:
                body = encode_body(decision, self._at, submission.request.content)
                new = NewOp(decision.op_id, self._at, decision.stamp.lamport, body)
                writes.append(_Write(submission, decision, new))
                size_bytes += len(body)
        self._answer(refusals)
        return writes

    # --- the write and what follows from it ---------------------------------------------------

    async def _write(self, waiting: deque[tuple[Submission, Proposal]]) -> list[tuple[_Write, Receipt]]:
        """Decide on and store a part of what waits; each accepted op with its receipt."""
        stored = await self._ranks_about([one for one, _ in waiting if one.is_late])
        await self._replica.recall(one.request.op.element for one, _ in waiting)
        writes = self._accept(waiting, stored)
        if not writes:
            return []
        claims = {one.submission.sender.claim.client: one.submission.sender.claim.key_hash for one in writes}
        receipts = await self._replica.storage.op_log.append(
            self._replica.board_id,
            [one.new for one in writes],
            epoch=self._replica.epoch,
            claims=claims,
            known=self._replica.board.seq,
            newest=self._replica.newest,
        )
        if receipts[0].is_new and receipts[0].seq == 1:
            self._witness.board_begun(self._replica.board_id, writes[0].submission.sender.claim.client)
        return list(zip(writes, receipts, strict=True))

    async def _ranks_about(self, late: list[Submission]) -> StoredRanks:
        """Ranks between which those of late ops have to be."""
        if not late:
            return {}
        found = await self._replica.storage.op_log.ranks_about(self._replica.board_id, _op_ids(late))
        return {client: [Rank(*one) for one in known] for client, known in found.items()}

    async def _settle(self, numbered: list[tuple[_Write, Receipt]]) -> None:
        """Merge and ack what is stored. It is stored whatever else fails, so it is acked."""
        try:
            with trio.fail_after(timeouts.COMMIT.seconds):
                await self._merge(numbered)
        except (StorageUnavailable, trio.TooSlowError):
            self._note_refusal()  # others' ops are missing here: the next commit reads them first
        self._answer((one.submission, self._outcome(one, receipt)) for one, receipt in numbered)

    def _outcome(self, write: _Write, receipt: Receipt) -> Json:
        """An ack; or a refusal when the number that we gave a thin client's op was taken already.

        That happens when an earlier write was given up and came to pass all the same, after the
        client's record was read.
        """
        submission = write.submission
        if receipt.is_new or submission.request.op_id is not None:
            return self._ack(submission, write.accepted.op_id, receipt)
        author = submission.sender.claim.author
        author.counter = max(author.counter, self._replica.board.clock.get(author.client, 0))
        return _refuse(submission, _OVERTAKEN)

    async def _merge(self, numbered: list[tuple[_Write, Receipt]]) -> None:
        """Merge what was stored; what others stored in between, the log tells."""
        board = self._replica.board
        stored = [(one, receipt.seq) for one, receipt in numbered if receipt.is_new]
        if stored and stored[0][1] == board.seq + 1:
            for one, seq in stored:
                board.apply(StampedOp(seq, one.accepted.stamp, one.accepted.op, one.accepted.joined))
                self._replica.note(one.accepted.op_id, one.new.at)
            self._spread((seq, number_body(seq, one.new.body)) for one, seq in stored)
        if any(receipt.seq > board.seq for _, receipt in numbered):
            await self.catch_up()

    def _spread(self, news: Iterable[tuple[int, Json]]) -> None:
        for seq, text in news:
            self._tail.add(seq, text)
        self._broadcast.ops_arrived()

    def _is_open(self, submission: Submission) -> bool:
        """Whether an op of the batch at work has no answer yet."""
        return submission in self._open and self._open[submission] is None

    def _answer(self, answers: Iterable[tuple[Submission, Json]]) -> None:
        """Note answers; give each session as one frame those that nothing before them holds up.

        A client that leaves op ids to us knows its ops by this order only.
        """
        self._open.update(answers)
        by_sender: dict[Sender, list[Json]] = {}
        for item, text in list(self._open.items()):
            if text is None:
                break
            del self._open[item]
            by_sender.setdefault(item.sender, []).append(text)
        for sender, texts in by_sender.items():
            sender.reply(frame(texts))

    def _ack(self, submission: Submission, op_id: OpId, receipt: Receipt) -> Json:
        return encode(
            messages.Ack(
                opId=str(op_id),
                id=submission.request.op.element,
                seq=receipt.seq,
                at=receipt.at,
                durable=self._replica.storage.op_log.durability.value,
                ts=submission.request.ts,
            )
        )


def _op_ids(submissions: Iterable[Submission]) -> list[OpId]:
    return [one.request.op_id for one in submissions if one.request.op_id is not None]


def _refuse(item: Item, refusal: Rejected) -> Json:
    """A reject of the op; one that is refused already keeps its own reason."""
    if isinstance(item, Refusal):
        return item.text
    op_id = item.request.op_id
    return encode_reject(str(op_id) if op_id else None, item.request.op.element, refusal)
