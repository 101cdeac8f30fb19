"""Checks of what callers hand to the ports, the same for every adapter."""

from collections.abc import Mapping, Sequence

from whiteboard import limits
from whiteboard.errors import StorageConflict
from whiteboard.ids import MAX_COUNTER, BoardId, ClientId
from whiteboard.storage.ports import Newest, NewOp, Receipt


def check_append(ops: Sequence[NewOp], claims: Mapping[ClientId, bytes]) -> None:
    """An append is 1 to MAX_COMMIT_OPS well-formed ops whose clients all have a claim. Raises ValueError."""
    if not 1 <= len(ops) <= limits.MAX_COMMIT_OPS:
        raise ValueError(f"an append takes 1 to {limits.MAX_COMMIT_OPS} ops, not {len(ops)}")
    for op in ops:
        client, counter = op.op_id
        if not 1 <= counter <= MAX_COUNTER:
            raise ValueError(f"op {op.op_id}: the counter is out of range")
        if client not in claims:
            raise ValueError(f"op {op.op_id}: its client has no claim")


def check_reaches(board: BoardId, seq: int, known: int) -> None:
    """A log has what the caller has read of it. Raises StorageConflict."""
    if seq < known:
        raise StorageConflict(
            f"the log of board {board} ends at op {seq}, before op {known} that was read from it"
        )


def check_newest(board: BoardId, known: int, newest: Newest | None, found: Receipt | None) -> None:
    """The op that the caller has read last is where it was read. Raises StorageConflict.

    Args:
        found: what the log has under its op id.
    """
    if newest is not None and (found is None or (found.seq, found.at) != (known, newest[1])):
        raise StorageConflict(f"the log of board {board} has lost op {known}, which was {newest[0]}")


def check_epoch(board: BoardId, epoch: str, wanted: str | None) -> None:
    """A board's history is the one that is meant; None means whichever there is. Raises StorageConflict."""
    if wanted is not None and epoch != wanted:
        raise StorageConflict(f"board {board} has epoch {epoch}, not {wanted}")


def check_read(after: int, limit: int) -> None:
    """A read starts after seq 0 or higher and takes at least one op. Raises ValueError."""
    if after < 0:
        raise ValueError(f"`after` is {after}, below 0")
    check_limit(limit)


def check_limit(limit: int) -> None:
    """A bound on an answer lets something through. Raises ValueError."""
    if limit < 1:
        raise ValueError(f"`limit` is {limit}, below 1")
