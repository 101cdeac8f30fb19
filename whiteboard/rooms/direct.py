"""The short path of a commit: an op that nothing waits before, stored and merged while its bytes are still at hand.

`commit.py` commits whatever may come, in groups. This commits what nearly all ops are on a server in memory mode:
alone, named by an author whose ops come in order, with nothing to be asked of storage. It makes the same promises
in the same order: stored, merged, given to the tail, acked. All else it leaves as it is to the committer, so that
there is one way for refusals and faults.
"""

from whiteboard.core.acceptance import Accepted
from whiteboard.core.ops import StampedOp
from whiteboard.core.plain import accept_plainly
from whiteboard.errors import StorageError
from whiteboard.ids import OpId
from whiteboard.protocol import messages
from whiteboard.protocol.codec import encode, encode_body, number_body
from whiteboard.protocol.requests import OpRequest
from whiteboard.rooms import figures
from whiteboard.rooms.broadcast import Broadcast
from whiteboard.rooms.inbox import Sender
from whiteboard.rooms.ports import Witness
from whiteboard.rooms.replica import Replica
from whiteboard.rooms.server_time import ServerTime
from whiteboard.rooms.tail import Tail
from whiteboard.storage.ports import ImmediateOpLog, NewOp, Receipt


class Direct:
    """Commits single ops of one board."""

    def __init__(
        self,
        op_log: ImmediateOpLog,
        replica: Replica,
        *,
        tail: Tail,
        broadcast: Broadcast,
        witness: Witness,
        time: ServerTime,
    ) -> None:
        self._op_log = op_log
        self._replica = replica
        self._tail = tail
        self._broadcast = broadcast
        self._witness = witness
        self._time = time
        self._durable = op_log.durability.value

    def commit(self, sender: Sender, request: OpRequest, seen: int | None) -> bool:
        """Commit an op and answer it; whether it was. Else the committer has it to do, or to refuse.

        For when the committer has nothing under way. Never blocks. What it raises means that the board cannot be
        trusted any more.

        Args:
            seen: what its author had seen if the op does not say; None for all that the board has.
        """
        replica, op, op_id = self._replica, request.op, request.op_id
        board = replica.board
        if op_id is None or request.clock is not None:
            return False
        if replica.has_tombstones and op.element not in board:
            return False
        if request.seen is not None:
            seen = request.seen
        elif seen is None:
            seen = board.seq
        accepted = accept_plainly(board, op, op_id.counter, seen, sender.claim.author)
        if accepted is None:
            return False
        at = self._time.now()
        new = NewOp(op_id, at, accepted.stamp.lamport, encode_body(accepted, at, request.content))
        receipt = self._store(sender, new)
        if receipt is None:
            return False
        self._merge(accepted, new, receipt.seq)
        if receipt.seq == 1:
            self._witness.board_begun(replica.board_id, op_id.client)
        sender.reply(encode(ack_of(request, op_id, receipt, self._durable)))
        replica.keep_small(1)
        return True

    def _store(self, sender: Sender, new: NewOp) -> Receipt | None:
        """None when it could not be stored, or is not the board's next op: its name tells the committer which."""
        replica = self._replica
        try:
            receipt = self._op_log.append_one_now(
                replica.board_id, new, epoch=replica.epoch, claim=sender.claim.key_hash
            )
        except StorageError:
            return None
        if receipt.is_new:
            figures.FLOW.stored += 1
            if receipt.seq == replica.board.seq + 1:
                return receipt
        replica.is_behind = True
        return None

    def _merge(self, accepted: Accepted, new: NewOp, seq: int) -> None:
        """Unlike after other commits the replica notes no op: a log that stores at once is nobody else's."""
        self._replica.board.apply(StampedOp(seq, accepted.stamp, accepted.op, accepted.joined))
        self._tail.add(seq, number_body(seq, new.body))
        self._broadcast.ops_arrived()


def ack_of(request: OpRequest, op_id: OpId, receipt: Receipt, durable: str) -> messages.Ack:
    """What tells an op's author that it is stored, and under which numbers."""
    return messages.Ack(
        opId=str(op_id),
        id=request.op.element,
        seq=receipt.seq,
        at=receipt.at,
        durable=durable,
        ts=request.ts,
    )
