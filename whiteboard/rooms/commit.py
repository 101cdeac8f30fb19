"""What writes a board: it accepts ops, stores them in groups, merges, acks, spreads.

An op is merged, acked and broadcast only after the log has stored it, so nobody ever sees an op that a
crash can take back. There is no await between reading the board and stamping a batch, nor between a
receipt and what follows from it.

Theory of operation
-------------------
The tick calls `commit_now`, which takes all that waits. When nothing has to be waited for, the batch is
decided, stored, merged and answered in one go: the log stores at once, no op comes late, none touches
what only storage knows. Else a task of the room's takes the batch over and commits until nothing waits;
what arrives meanwhile forms its next one. Both do the same steps (`deciding.py` has those before the write,
`answering.py` the last), the task with awaits between them; it alone commits while it is there, and whatever goes wrong at once is done again by it, so that faults
have one way only. An op that comes alone, while nothing waits, need not wait for the tick: `direct.py`
has a shorter way for it, and leaves to this one whatever is not plain.
"""

import math
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from time import perf_counter
from typing import Final

import trio

from whiteboard import timeouts
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
    MAX_COMMIT_OPS,
    MAX_INBOX_BYTES,
)
from whiteboard.protocol import messages
from whiteboard.protocol.codec import encode, number_body
from whiteboard.protocol.validation import OpRequest
from whiteboard.rooms import figures
from whiteboard.rooms.answering import Answering, open_among, refusal_of
from whiteboard.rooms.broadcast import Broadcast
from whiteboard.rooms.claims import Claims
from whiteboard.rooms.deciding import Deciding, Waiting, Write, op_ids_of
from whiteboard.rooms.direct import Direct, ack_of
from whiteboard.rooms.inbox import Answer, Inbox, Item, Sender, Submission
from whiteboard.rooms.ports import NOBODY, Witness
from whiteboard.rooms.replica import Replica
from whiteboard.rooms.server_time import ServerTime
from whiteboard.rooms.tail import Tail
from whiteboard.storage.ports import ImmediateOpLog, Receipt

log = logs.get_logger()

StartTask = Callable[[Callable[[], Awaitable[None]]], None]
"""Runs something as a task of the room."""


_Numbered = Sequence[tuple[Write, Receipt]]

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
        self._answering = Answering()
        self._deciding = Deciding(replica, self._time)
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
        item.sender.reply(encode(item.answer or refusal_of(item, _CLOSING)))

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
        waiting = self._deciding.propose_all_now(batch)
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
        self._answering.begin(batch)
        return batch

    def _settle(self, batch: Sequence[Item]) -> None:
        """Let go of a batch that has its answers, or never gets them."""
        self._replica.keep_small(len(batch))
        self._answering.end()
        self.inbox.settle(batch)
        for sender in {one.sender for one in batch}:
            if not sender.waiting:
                self._claims.release(sender.claim)
        self._note_if_finished()

    def _note_if_finished(self) -> None:
        if self.inbox.is_closed and not self.inbox.unsettled:
            self._finished.set()

    # --- at once ------------------------------------------------------------------------------

    def _commit_at_once(self, waiting: Waiting, op_log: ImmediateOpLog) -> bool:
        """Whether all of it was stored and merged; if not, the task goes on with what has no answer yet."""
        while waiting:
            writes = self._deciding.accept(waiting, {})
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
        self._answering.tell()
        return True

    # --- as a task ----------------------------------------------------------------------------

    async def _commit(self, batch: Sequence[Item]) -> None:
        self._answering.tell()
        conflict: StorageConflict | None = None
        try:
            with deadline(timeouts.COMMIT):
                waiting = await self._prepare(open_among(batch))
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
            refused = open_among(batch)
            log.warning("commit_refused", count=len(refused), reason=str(error))
            note("refused", ops=len(refused), by=type(error).__name__)
            self._answering.refuse(refused, REFUSED)
        if conflict is not None:
            await self._replica.check_history()  # which gives a history that has lost its end another name
            raise conflict

    def _refuse_claimed(self, batch: Sequence[Item], conflict: ClaimConflict) -> None:
        """Refuse a client's ops, so that the rest can be committed: somebody at another server had its id first."""
        log.warning("claim_lost", client=conflict.client)
        lost = [one for one in open_among(batch) if one.sender.claim.client == conflict.client]
        self._answering.refuse(lost, _CLAIMED)

    def _note_refusal(self) -> None:
        figures.STORAGE_ERRORS.add()
        self._replica.is_behind = True
        self.refused_at = trio.current_time()

    # --- before the write: everything that needs storage, then the decision in one go ---------

    async def _prepare(self, batch: list[Submission]) -> Waiting:
        """Answer known repeats; proposals of the others, in order."""
        if self._replica.is_behind:
            await self.catch_up()
            self._replica.is_behind = False
        await self._answer_repeats(batch)
        return deque([(one, await self._deciding.propose(one)) for one in open_among(batch)])

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
        known = await self._replica.storage.op_log.find(self._replica.board_id, op_ids_of(suspects))
        if any(receipt.seq > self._replica.board.seq for receipt in known.values()):
            await self.catch_up()  # a write that was given up came to pass since we last looked
        for one in suspects:
            op_id = one.request.op_id
            if op_id is not None and op_id in known:
                one.answer = self._ack(one, op_id, known[op_id])
        self._answering.tell()

    # --- the write and what follows from it ---------------------------------------------------

    async def _write(self, waiting: Waiting) -> _Numbered:
        """Decide on and store a part of what waits; each accepted op with its receipt."""
        stored = await self._deciding.recall_for(waiting)
        accepting = perf_counter()
        writes = self._deciding.accept(waiting, stored)
        self._accepting = perf_counter() - accepting
        self._answering.tell()
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

    def _note_begin(self, writes: Sequence[Write], receipts: Sequence[Receipt]) -> None:
        if receipts[0].is_new and receipts[0].seq == 1:
            self._witness.board_begun(self._replica.board_id, writes[0].submission.sender.claim.client)

    async def _finish_writes(self, numbered: _Numbered) -> None:
        """Merge and ack what is stored. It is stored whatever else fails, so it is acked."""
        try:
            if not self._merge_timed(numbered):
                with deadline(timeouts.COMMIT):
                    await self.catch_up()
        except (StorageUnavailable, trio.TooSlowError):
            self._note_refusal()  # others' ops are missing here: the next commit reads them first
        self._answer_writes(numbered)
        self._answering.tell()

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

    def _outcome(self, write: Write, receipt: Receipt) -> Answer:
        """An ack; or a refusal when the number that we gave a thin client's op was taken already.

        That happens when an earlier write was given up and came to pass all the same, after the
        client's record was read.
        """
        submission = write.submission
        if receipt.is_new or submission.request.op_id is not None:
            return self._ack(submission, write.new.op_id, receipt)
        author = submission.sender.claim.author
        author.counter = max(author.counter, self._replica.board.clock.get(author.client, 0))
        return refusal_of(submission, _OVERTAKEN)

    def _ack(self, submission: Submission, op_id: OpId, receipt: Receipt) -> messages.Ack:
        return ack_of(submission.request, op_id, receipt, self._durable)


def _claims_of(writes: Iterable[Write]) -> dict[ClientId, bytes]:
    """The key digest of each client among writes."""
    return {one.new.op_id.client: one.submission.sender.claim.key_hash for one in writes}
