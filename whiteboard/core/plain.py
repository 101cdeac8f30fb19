"""The short path of acceptance: an op that is alone and plain is accepted without a batch. Pure.

`acceptance.py` decides on whatever may come. This decides on what nearly all ops are: named by an author whose
ops come in order, on an element without a tombstone, far from every bound. What it accepts it gives the same
stamp as `Acceptance` would; all else, refusals included, it leaves to that.
"""

from whiteboard.core.acceptance import Accepted, Author
from whiteboard.core.board import Board
from whiteboard.core.clocks import Stamp
from whiteboard.core.elements import Element
from whiteboard.core.ops import Append, Delete, ElementType, Op, Restore
from whiteboard.limits import MAX_BOARD_BYTES, MAX_ELEMENTS, MAX_POINTS_PER_STROKE, MAX_PROPERTIES


def accept_plainly(board: Board, op: Op, counter: int, seen: int, author: Author) -> Accepted | None:
    """The op with its stamp, and `author` advanced; None, and nothing is changed, when it is not plain.

    Args:
        counter: of the op's id.
        seen: the seq that the author had seen; it gave no clock besides.
    """
    if counter <= author.counter or board.size_bytes >= MAX_BOARD_BYTES:
        return None
    element = board.get(op.element)
    is_plain = len(board) < MAX_ELEMENTS if element is None else not element.is_deleted
    if not is_plain or not _is_within_bounds(op, element, author):
        return None
    client, head = author.client, board.seq
    seen = min(seen, head)
    lamport = 2 * head + 1 if board.foreign_head(client) <= seen else 2 * seen
    lamport = max(lamport, author.lamport)
    author.counter, author.lamport = counter, lamport
    return Accepted(op, Stamp(lamport, client, counter), seen, {client: counter}, None)


def _is_within_bounds(op: Op, element: Element | None, author: Author) -> bool:
    """Whether nothing that the element is, or may hold, speaks against the op."""
    if isinstance(op, Append):
        return op.run.end <= MAX_POINTS_PER_STROKE and (
            element is None
            or element.created is None
            or (element.kind is ElementType.STROKE and element.created.client == author.client)
        )
    if isinstance(op, Delete | Restore):
        return False
    return len(op.properties) + (0 if element is None else element.register_count) <= MAX_PROPERTIES
