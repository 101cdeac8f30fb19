"""What writes a board: it accepts ops, stores them in groups, merges, acks, spreads.

An op is merged, acked and broadcast only after the log has stored it, so nobody ever sees an op that a
crash can take back. There is no await between reading the board and stamping a batch, nor between a
receipt and what follows from it.

Theory of operation
-------------------
The tick calls `commit_now`, which takes all that waits. When nothing has to be waited for, the batch is
decided, stored, merged and answered in one go: the log stores at once, no op comes late, none touches
what only storage knows. Else a task of the room's takes the batch over and commits until nothing waits;
what arrives meanwhile forms its next one. Both do the same steps, the task with awaits between them; it
alone commits while it is there, and whatever goes wrong at once is done again by it, so that faults
have one way only. An op that comes alone, while nothing waits, need not wait for the tick: `direct.py`
has a shorter way for it, and leaves to this one whatever is not plain.
"""

import math
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from time import perf_counter
from typing import Final

import msgspec
import trio

from whiteboard import timeouts
from whiteboard.core.acceptance import Acceptance, Accepted, Proposal
from whiteboard.core.clocks import Rank, covers
from whiteboard.core.ops import Json, StampedOp
from whiteboard.core.outcomes import RejectCode, Rejected
from whiteboard.deadlines import deadline
from whiteboard.diagnostics import logs
from whiteboard.diagnostics.tracing import note, span
from whiteboard.errors import ClaimConflict, StorageConflict, StorageError, StorageUnavailable
from whiteboard.ids import ClientId, OpId
from whiteboard.limits import (
    COMMIT_TURN_BYTES,
    COMMIT_TURN_OPS,
    MAX_COMMIT_BYTES,
    MAX_COMMIT_OPS,
    MAX_INBOX_BYTES,
)
from whiteboard.protocol import messages
from whiteboard.protocol.codec import encode, encode_body, encode_reject, number_body
from whiteboard.protocol.validation import OpRequest
from whiteboard.rooms import figures
from whiteboard.rooms.broadcast import Broadcast
from whiteboard.rooms.claims import Claims
from whiteboard.rooms.direct import Direct, ack_of
from whiteboard.rooms.inbox import Answer, Inbox, Item, Sender, Submission
from whiteboard.rooms.ports import NOBODY, Witness
from whiteboard.rooms.replica import Replica
from whiteboard.rooms.server_time import ServerTime
from whiteboard.rooms.tail import Tail
from whiteboard.storage.ports import ImmediateOpLog, NewOp, Receipt

log = logs.get_logger()

StoredRanks = Mapping[ClientId, Sequence[Rank]]
StartTask = Callable[[Callable[[], Awaitable[None]]], None]
"""Runs something as a task of the room."""
_Waiting = deque[tuple[Submission, Proposal]]


class _Write:
    """An accepted op and what it came from. One for each op, so it is a plain class."""

    __slots__ = ("accepted", "new", "submission")

    def __init__(self, submission: Submission, accepted: Accepted, new: NewOp) -> None:
        self.submission = submission
        self.accepted = accepted
        self.new = new


_Numbered = Sequence[tuple[_Write, Receipt]]

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
    """Empties a board's inbox."""

    def __init__(
        self,
        replica: Replica,
        tail: Tail,
        broadcast: Broadcast,
        claims: Claims,
        clock_ms: Callable[[], int],
        *,
        commit_soon: Callable[[], None],
        start_task: StartTask,
        fail: Callable[[Exception], None],
        witness: Witness = NOBODY,
    ) -> None:
        """Args: `commit_soon` sees to it that `commit_now` is called; `fail` ends the room."""
        self._witness = witness
        self._replica = replica
        self._tail = tail
        self._broadcast = broadcast
        self._claims = claims
        self._time = ServerTime(clock_ms, replica.updated_at)
        self._start_task = start_task
        op_log = replica.storage.op_log
        self._immediate_log = op_log if isinstance(op_log, ImmediateOpLog) else None
        self._durable = op_log.durability.value
        self.inbox = Inbox(commit_soon)
        self._finished = trio.Event()
        self.refused_at = -math.inf
        """`trio.current_time()` when storage last refused a commit."""
        self.turn = trio.Lock()
        """Whoever changes the board and awaits meanwhile holds it: the task, or who follows a shared log."""
        self._has_task = False
        self._batch: Sequence[Item] = ()
        self._answered = 0
        # items of the batch at work that have been sent their answers
        self._fail = fail
        self._direct = self._make_direct()
        self._untimed = figures.OP_SAMPLE
        # ops that come alone until one of them is timed
        self._accepting = 0.0
        # seconds that it took to decide on the ops of the write at work

    def _make_direct(self) -> Direct | None:
        if self._immediate_log is None:
            return None
        return Direct(
            self._immediate_log,
            self._replica,
            tail=self._tail,
            broadcast=self._broadcast,
            witness=self._witness,
            time=self._time,
        )

    @property
    def waiting(self) -> int:
        """Ops handed in and not yet settled."""
        return self.inbox.unsettled

    # --- handing in ---------------------------------------------------------------------------

    def commit_directly(self, sender: Sender, request: OpRequest, seen: int | None) -> bool:
        """Commit and answer an op on the spot, if it can be; whether it was. Else it is to be handed in.

        A fault ends the room, and nothing more is taken: the op may be in the log and not on the board.
        """
        inbox = self.inbox
        if self._direct is None or inbox.unsettled or inbox.is_closed:
            return False
        if self._has_task or self._replica.is_behind or self.turn.locked():
            return False
        self._untimed -= 1
        try:
            if self._untimed:
                return self._direct.commit(sender, request, seen)
            return self._commit_timed(self._direct, sender, request, seen)
        except Exception as fault:  # noqa: BLE001 - not swallowed: a task of the room raises it
            inbox.close()
            self._fail(fault)
            return True

    def _commit_timed(self, direct: Direct, sender: Sender, request: OpRequest, seen: int | None) -> bool:
        self._untimed = figures.OP_SAMPLE
        began = perf_counter()
        is_done = direct.commit(sender, request, seen)
        figures.APPLY.note(perf_counter() - began)
        return is_done

    async def submit(self, item: Item) -> None:
        """Hand an op in; waits while the inbox is full, refuses it once `finish` has returned.

        Does not give way to other tasks while there is room. When cancelled, the op was not taken.
        """
        if await self.inbox.put(item):
            return
        await self._finished.wait()  # answers come in the order of the ops
        item.sender.reply(encode(item.answer or _refuse(item, _CLOSING)))

    async def is_stored(self, request: OpRequest) -> bool:
        """Whether an op with this id is in the log. Raises StorageUnavailable, TooSlowError after COMMIT."""
        if request.op_id is None:
            return False
        with deadline(timeouts.COMMIT):
            found = await self._replica.storage.op_log.find(self._replica.board_id, [request.op_id])
        return request.op_id in found

    async def finish(self) -> None:
        """Take nothing new; return when everything handed in is settled."""
        self.inbox.close()
        self._note_if_finished()
        await self._finished.wait()

    # --- committing: at once, or as a task ----------------------------------------------------

    def commit_now(self) -> bool:
        """Commit some of what waits, or see to it that the task does; whether more waits for this."""
        if self._has_task or not self.inbox.is_waiting:
            return False
        if self._immediate_log is None or self._replica.is_behind or self.turn.locked():
            self._start(self._take(MAX_COMMIT_OPS))
            return False
        batch = self._take(COMMIT_TURN_OPS, COMMIT_TURN_BYTES)
        began = perf_counter()
        with span("commit", board=self._replica.board_id, ops=len(batch), durable=self._durable):
            is_done = self._commit_all_now(batch, self._immediate_log)
        if not is_done:
            self._start(batch)
            return False
        figures.APPLY.note(perf_counter() - began)
        self._settle(batch)
        return self.inbox.is_waiting

    def _commit_all_now(self, batch: Sequence[Item], op_log: ImmediateOpLog) -> bool:
        waiting = self._propose_all_now(batch)
        return waiting is not None and self._commit_at_once(waiting, op_log)

    def _start(self, batch: list[Item]) -> None:
        self._has_task = True
        self._start_task(partial(self._run, batch))

    async def _run(self, batch: list[Item]) -> None:
        """Commit a batch, then what has come meanwhile, until nothing waits.

        Raises StorageCorrupt, StorageConflict: the room cannot go on then.
        """
        while batch:
            try:
                async with self.turn:
                    with span("commit", board=self._replica.board_id, ops=len(batch), durable=self._durable):
                        await self._commit(batch)
            finally:
                self._settle(batch)
            batch = self._take(MAX_COMMIT_OPS)
        self._has_task = False  # when it fails, nobody commits any more: the room ends

    def _take(self, most: int, most_bytes: int = MAX_INBOX_BYTES) -> list[Item]:
        batch = self.inbox.take(most, most_bytes)
        self._batch, self._answered = batch, 0
        return batch

    def _settle(self, batch: Sequence[Item]) -> None:
        """Let go of a batch that has its answers, or never gets them."""
        self._replica.keep_small(len(batch))
        self._batch = ()  # until the next one comes it would keep what people sent
        self.inbox.settle(batch)
        for sender in {one.sender for one in batch}:
            if not sender.waiting:
                self._claims.release(sender.claim)
        self._note_if_finished()

    def _note_if_finished(self) -> None:
        if self.inbox.is_closed and not self.inbox.unsettled:
            self._finished.set()

    # --- at once ------------------------------------------------------------------------------

    def _propose_all_now(self, batch: Sequence[Item]) -> _Waiting | None:
        """Proposals of the ops of a batch; None when storage has to be asked for something first."""
        waiting: _Waiting = deque()
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

    def _commit_at_once(self, waiting: _Waiting, op_log: ImmediateOpLog) -> bool:
        """Whether all of it was stored and merged; if not, the task goes on with what has no answer yet."""
        while waiting:
            writes = self._accept(waiting, {})
            if not writes:
                break
            try:
                receipts = op_log.append_now(
                    self._replica.board_id,
                    [one.new for one in writes],
                    epoch=self._replica.epoch,
                    claims=_claims_of(writes),
                )
            except StorageError:
                return False
            self._note_begin(writes, receipts)
            numbered = list(zip(writes, receipts, strict=True))
            is_merged = self._merge(numbered)
            self._answer_writes(numbered)
            if not is_merged:
                self._replica.is_behind = True  # a room that failed before us has stored its last ops late
                return False
            if any(one.is_late for one, _ in waiting):
                return False  # by this write: their ranks depend on what storage has now
        self._tell_answers()
        return True

    # --- as a task ----------------------------------------------------------------------------

    async def _commit(self, batch: Sequence[Item]) -> None:
        self._tell_answers()
        conflict: StorageConflict | None = None
        try:
            with deadline(timeouts.COMMIT):
                waiting = await self._prepare(_open(batch))
            while waiting:
                with self._replica.keeping(one.request.op.element for one, _ in waiting):
                    with deadline(timeouts.COMMIT):
                        numbered = await self._write(waiting)
                    await self._finish_writes(numbered)
        except ClaimConflict as claimed:
            self._refuse_claimed(batch, claimed)
            await self._commit(batch)
        except StorageConflict as error:
            conflict = error
        except (StorageUnavailable, trio.TooSlowError) as error:
            self._note_refusal()
            refused = _open(batch)
            log.warning("commit_refused", count=len(refused), reason=str(error))
            note("refused", ops=len(refused), by=type(error).__name__)
            self._refuse_all(refused, REFUSED)
        if conflict is not None:
            await self._replica.check_history()  # which gives a history that has lost its end another name
            raise conflict

    def _refuse_claimed(self, batch: Sequence[Item], conflict: ClaimConflict) -> None:
        """Refuse a client's ops, so that the rest can be committed: somebody at another server had its id first."""
        log.warning("claim_lost", client=conflict.client)
        lost = [one for one in _open(batch) if one.sender.claim.client == conflict.client]
        self._refuse_all(lost, _CLAIMED)

    def _note_refusal(self) -> None:
        figures.STORAGE_ERRORS.add()
        self._replica.is_behind = True
        self.refused_at = trio.current_time()

    # --- before the write: everything that needs storage, then the decision in one go ---------

    async def _prepare(self, batch: list[Submission]) -> _Waiting:
        """Answer known repeats; proposals of the others, in order."""
        if self._replica.is_behind:
            await self.catch_up()
            self._replica.is_behind = False
        await self._answer_repeats(batch)
        return deque([(one, await self._propose(one)) for one in _open(batch)])

    async def catch_up(self) -> None:
        """Merge and spread what the log has beyond the board; only with the turn in hand.

        Raises StorageUnavailable, StorageConflict, StorageCorrupt; what was read before is merged then.
        """
        while news := await self._replica.catch_up():
            self._spread(news)

    async def _answer_repeats(self, batch: list[Submission]) -> None:
        """Ack the ops that are stored already. Only a counter that was passed can be one."""
        suspects = [one for one in batch if one.is_late]
        if not suspects:
            return
        known = await self._replica.storage.op_log.find(self._replica.board_id, _op_ids(suspects))
        if any(receipt.seq > self._replica.board.seq for receipt in known.values()):
            await self.catch_up()  # a write that was given up came to pass since we last looked
        for one in suspects:
            op_id = one.request.op_id
            if op_id is not None and op_id in known:
                one.answer = self._ack(one, op_id, known[op_id])
        self._tell_answers()

    async def _propose(self, submission: Submission) -> Proposal:
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

    def _accept(self, waiting: _Waiting, stored: StoredRanks) -> list[_Write]:
        """Decide on what waits, in order, until it is enough for one write; the rest goes on waiting."""
        acceptance = Acceptance(self._replica.board, stored)
        at = self._time.now()
        writes: list[_Write] = []
        size_bytes = 0
        while waiting and size_bytes < MAX_COMMIT_BYTES:
            submission, proposal = waiting.popleft()
            decision = acceptance.accept(proposal, submission.sender.claim.author)
            if isinstance(decision, Rejected):
                submission.answer = _refuse(submission, decision)
            else:
                body = encode_body(decision, at, submission.request.content)
                new = NewOp(decision.op_id, at, decision.stamp.lamport, body)
                writes.append(_Write(submission, decision, new))
                size_bytes += len(body)
        return writes

    # --- the write and what follows from it ---------------------------------------------------

    async def _write(self, waiting: _Waiting) -> _Numbered:
        """Decide on and store a part of what waits; each accepted op with its receipt."""
        stored = await self._ranks_about([one for one, _ in waiting if one.is_late])
        await self._replica.recall(one.request.op.element for one, _ in waiting)
        accepting = perf_counter()
        writes = self._accept(waiting, stored)
        self._accepting = perf_counter() - accepting
        self._tell_answers()
        if not writes:
            return []
        began = trio.current_time()
        receipts = await self._replica.storage.op_log.append(
            self._replica.board_id,
            [one.new for one in writes],
            epoch=self._replica.epoch,
            claims=_claims_of(writes),
            known=self._replica.board.seq,
            newest=self._replica.newest,
        )
        figures.STORAGE_WRITE.note(trio.current_time() - began)
        self._note_begin(writes, receipts)
        return list(zip(writes, receipts, strict=True))

    def _note_begin(self, writes: Sequence[_Write], receipts: Sequence[Receipt]) -> None:
        if receipts[0].is_new and receipts[0].seq == 1:
            self._witness.board_begun(self._replica.board_id, writes[0].submission.sender.claim.client)

    async def _ranks_about(self, late: list[Submission]) -> StoredRanks:
        """Ranks between which those of late ops have to be."""
        if not late:
            return {}
        found = await self._replica.storage.op_log.ranks_about(self._replica.board_id, _op_ids(late))
        return {client: [Rank(*one) for one in known] for client, known in found.items()}

    async def _finish_writes(self, numbered: _Numbered) -> None:
        """Merge and ack what is stored. It is stored whatever else fails, so it is acked."""
        try:
            if not self._merge_timed(numbered):
                with deadline(timeouts.COMMIT):
                    await self.catch_up()
        except (StorageUnavailable, trio.TooSlowError):
            self._note_refusal()  # others' ops are missing here: the next commit reads them first
        self._answer_writes(numbered)
        self._tell_answers()

    def _merge_timed(self, numbered: _Numbered) -> bool:
        began = perf_counter()
        is_merged = self._merge(numbered)
        if numbered:
            figures.APPLY.note(self._accepting + perf_counter() - began)
        return is_merged

    def _merge(self, numbered: _Numbered) -> bool:
        """Count and merge what was stored; False when the log has to tell what others stored in between."""
        board = self._replica.board
        stored = [(one, receipt.seq) for one, receipt in numbered if receipt.is_new]
        figures.FLOW.stored += len(stored)
        if stored and stored[0][1] == board.seq + 1:
            for one, seq in stored:
                accepted = one.accepted
                board.apply(StampedOp(seq, accepted.stamp, accepted.op, accepted.joined))
                self._tail.add(seq, number_body(seq, one.new.body))
            self._replica.note(one.new.op_id, one.new.at)
            self._broadcast.ops_arrived()
        return all(receipt.seq <= board.seq for _, receipt in numbered)

    def _spread(self, news: Iterable[tuple[int, Json]]) -> None:
        for seq, text in news:
            self._tail.add(seq, text)
        self._broadcast.ops_arrived()

    # --- answers ------------------------------------------------------------------------------

    def _answer_writes(self, numbered: _Numbered) -> None:
        for write, receipt in numbered:
            write.submission.answer = self._outcome(write, receipt)

    def _outcome(self, write: _Write, receipt: Receipt) -> Answer:
        """An ack; or a refusal when the number that we gave a thin client's op was taken already.

        That happens when an earlier write was given up and came to pass all the same, after the
        client's record was read.
        """
        submission = write.submission
        if receipt.is_new or submission.request.op_id is not None:
            return self._ack(submission, write.new.op_id, receipt)
        author = submission.sender.claim.author
        author.counter = max(author.counter, self._replica.board.clock.get(author.client, 0))
        return _refuse(submission, _OVERTAKEN)

    def _refuse_all(self, submissions: Iterable[Submission], refusal: Rejected) -> None:
        for one in submissions:
            one.answer = _refuse(one, refusal)
        self._tell_answers()

    def _tell_answers(self) -> None:
        """Give each session as one frame those answers of the batch at work that nothing before them holds up.

        A client that leaves op ids to us knows its ops by this order only.
        """
        by_sender: dict[Sender, list[Answer]] = {}
        told = self._answered
        for item in self._batch[told:] if told else self._batch:
            if item.answer is None:
                break
            told += 1
            known = by_sender.get(item.sender)
            if known is None:
                by_sender[item.sender] = [item.answer]
            else:
                known.append(item.answer)
        self._answered = told
        for sender, answers in by_sender.items():
            sender.reply(encode(answers if len(answers) > 1 else answers[0]))

    def _ack(self, submission: Submission, op_id: OpId, receipt: Receipt) -> messages.Ack:
        return ack_of(submission.request, op_id, receipt, self._durable)


def _clock_of(submission: Submission) -> dict[ClientId, int]:
    """The author's vector clock, empty when it gave none."""
    return {ClientId(client): number for client, number in (submission.request.clock or {}).items()}


def _with_clock(submission: Submission, clock: Mapping[ClientId, int], known: int) -> Proposal:
    """An op for the board to decide on, whose author has a clock that amounts to the seq `known`."""
    request = submission.request
    return Proposal(request.op, submission.counter or None, max(request.seen or 0, known), clock)


def _open(batch: Iterable[Item]) -> list[Submission]:
    """Ops of a batch that have no answer yet."""
    return [one for one in batch if one.answer is None and isinstance(one, Submission)]


def _claims_of(writes: Iterable[_Write]) -> dict[ClientId, bytes]:
    """The key digest of each client among writes."""
    return {one.new.op_id.client: one.submission.sender.claim.key_hash for one in writes}


def _op_ids(submissions: Iterable[Submission]) -> list[OpId]:
    return [one.request.op_id for one in submissions if one.request.op_id is not None]


def _refuse(item: Item, refusal: Rejected) -> msgspec.Raw:
    """A reject of the op."""
    op_id, element = None, None
    if isinstance(item, Submission):
        op_id, element = item.request.op_id, item.request.op.element
    return msgspec.Raw(encode_reject(str(op_id) if op_id else None, element, refusal))
