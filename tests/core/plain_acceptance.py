"""Acceptance as it was first written: every step for every op. What the quicker one is compared with."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from whiteboard.core.acceptance import Accepted, Author, Proposal
from whiteboard.core.board import Board
from whiteboard.core.clocks import Rank, Ranks, Stamp
from whiteboard.core.elements import Element
from whiteboard.core.ops import Append, Create, Delete, ElementType, Json, Op, Restore, SetProperties
from whiteboard.core.outcomes import RejectCode, Rejected
from whiteboard.ids import MAX_COUNTER, ClientId, ElementId, OpId
from whiteboard.limits import MAX_BOARD_BYTES, MAX_ELEMENTS, MAX_POINTS_PER_STROKE, MAX_PROPERTIES


@dataclass(slots=True)
class _Sketch:
    """What refusals depend on, of one element as the batch has left it so far."""

    created: Stamp | None = None
    kind: ElementType | None = None
    names: set[str] = field(default_factory=set)
    """Names of every property register."""

    @staticmethod
    def of(element: Element | None) -> "_Sketch":
        if element is None:
            return _Sketch()
        return _Sketch(element.created, element.kind, set(element.property_names))

    def add(self, op: Op, stamp: Stamp) -> None:
        if isinstance(op, Create | SetProperties):
            self.names |= op.properties.keys()
        if isinstance(op, Create) and (self.created is None or stamp < self.created):
            self.created, self.kind = stamp, op.kind


class PlainAcceptance:
    """Decides on one batch of ops against one board. The board is not changed.

    Args:
        stored: for each client whose ops come late, below its highest counter, the stored ops next to
            them by counter.
    """

    def __init__(self, board: Board, stored: Mapping[ClientId, Iterable[Rank]] | None = None) -> None:
        self._board = board
        self._stored = stored or {}
        self._ranks: dict[ClientId, Ranks] = {}
        # of the authors of this batch
        self._drafts: dict[ElementId, Element] = {}
        # elements under a tombstone before or within this batch, as the batch leaves them
        self._earlier: dict[ElementId, list[tuple[Op, Stamp]]] = {}
        # accepted ops of this batch, for a draft that begins in the middle of it
        self._sketches: dict[ElementId, _Sketch] = {}
        # elements that accepted ops of this batch touch
        self._newcomers = 0
        # those among them that the board does not know yet
        self._named: set[OpId] = set()
        # ops accepted in this batch; the store keeps the first of a name

    def accept(self, proposal: Proposal, author: Author) -> Accepted | Rejected:
        """The decision on the next op; an accepted one advances `author`."""
        ranks = self._ranks_of(author)
        if self._is_repeat(proposal, author):
            stamp, seen = self._stamp(proposal, author, ranks)
            return Accepted(proposal.op, stamp, seen, {stamp.client: stamp.counter}, None)
        sketch = self._sketch(proposal.op.element)
        refusal = self._refusal(proposal, author, sketch)
        if refusal is not None:
            return refusal
        stamp, seen = self._stamp(proposal, author, ranks)
        ranks.add(Rank(stamp.counter, stamp.lamport))
        author.counter = max(author.counter, stamp.counter)
        author.lamport = max(author.lamport, stamp.lamport)
        self._named.add(stamp.op_id)
        self._note(proposal.op, stamp, sketch)
        clock = {**(proposal.clock or {}), stamp.client: stamp.counter}
        return Accepted(proposal.op, stamp, seen, clock, self._attach(proposal.op, stamp))

    def _ranks_of(self, author: Author) -> Ranks:
        ranks = self._ranks.get(author.client)
        if ranks is None:
            newest = Rank(author.counter, author.lamport)
            ranks = self._ranks[author.client] = Ranks([newest, *self._stored.get(author.client, ())])
        return ranks

    def _stamp(self, proposal: Proposal, author: Author, ranks: Ranks) -> tuple[Stamp, int]:
        counter = author.counter + 1 if proposal.counter is None else proposal.counter
        seen = self._board.seq if proposal.seen is None else min(proposal.seen, self._board.seq)
        is_fresh = self._board.foreign_head(author.client) <= seen
        lamport = 2 * self._board.seq + 1 if is_fresh else 2 * seen
        return Stamp(ranks.place(counter, lamport), author.client, counter), seen

    def _is_repeat(self, proposal: Proposal, author: Author) -> bool:
        """Whether this batch has the op already: the store will say so, and nothing may come of it."""
        return proposal.counter is not None and OpId(author.client, proposal.counter) in self._named

    def _sketch(self, element: ElementId) -> _Sketch:
        return self._sketches.get(element) or _Sketch.of(self._board.get(element))

    def _note(self, op: Op, stamp: Stamp, sketch: _Sketch) -> None:
        if op.element not in self._sketches and op.element not in self._board:
            self._newcomers += 1
        self._sketches[op.element] = sketch
        sketch.add(op, stamp)

    def _refusal(self, proposal: Proposal, author: Author, sketch: _Sketch) -> Rejected | None:
        op = proposal.op
        if proposal.counter is None and author.counter >= MAX_COUNTER:
            return Rejected(RejectCode.BAD_FIELD, f"client {author.client} has no op counter left", "$.opId")
        is_new = op.element not in self._board and op.element not in self._sketches
        if is_new and len(self._board) + self._newcomers >= MAX_ELEMENTS:
            return Rejected(RejectCode.BOARD_FULL, f"the board holds {MAX_ELEMENTS} elements")
        if self._board.size_bytes >= MAX_BOARD_BYTES and not isinstance(op, Delete | Restore):
            return Rejected(
                RejectCode.BOARD_FULL, f"the board holds {MAX_BOARD_BYTES} bytes; delete something"
            )
        match op:
            case Append():
                return _refuse_append(op, sketch, author.client)
            case Create() | SetProperties():
                return _refuse_properties(op, sketch)
            case Delete() | Restore():
                return None

    def _attach(self, op: Op, stamp: Stamp) -> Json | None:
        """What replicas that forgot the element must know.

        Its whole state with the op that brings it back; the tombstone with a create under it, which
        would bring it back for them alone. Other ops on a deleted element show nothing anywhere.
        """
        draft = self._draft(op)
        self._earlier.setdefault(op.element, []).append((op, stamp))
        if draft is None:
            return None
        was_deleted = draft.is_deleted
        draft.apply(op, stamp)
        if was_deleted and not draft.is_deleted:
            return draft.state()
        return draft.tombstone() if draft.is_deleted and isinstance(op, Create) else None

    def _draft(self, op: Op) -> Element | None:
        """The element as this batch has left it so far; None while no tombstone is in play."""
        draft = self._drafts.get(op.element)
        if draft is not None:
            return draft
        standing = self._board.get(op.element)
        is_deleted = standing is not None and standing.is_deleted
        if not is_deleted and not isinstance(op, Delete | Restore):
            return None
        draft = standing.copy() if standing else Element(op.element)
        for earlier, stamp in self._earlier.get(op.element, ()):
            draft.apply(earlier, stamp)
        self._drafts[op.element] = draft
        return draft


def _refuse_append(op: Append, sketch: _Sketch, client: ClientId) -> Rejected | None:
    if op.run.end > MAX_POINTS_PER_STROKE:
        return Rejected(
            RejectCode.TOO_MANY_POINTS,
            f"a stroke holds {MAX_POINTS_PER_STROKE} points, this append ends at {op.run.end}",
            "$.points",
        )
    if sketch.created is None:
        return None
    if sketch.kind is not ElementType.STROKE:
        return Rejected(RejectCode.NOT_A_STROKE, f"element {op.element!r} has no points", "$.id")
    if sketch.created.client != client:
        author = sketch.created.client
        return Rejected(RejectCode.NOT_AUTHOR, f"stroke {op.element!r} belongs to {author}", "$.id")
    return None


def _refuse_properties(op: Create | SetProperties, sketch: _Sketch) -> Rejected | None:
    total = len(sketch.names | op.properties.keys())
    if total > MAX_PROPERTIES:
        return Rejected(
            RejectCode.TOO_LARGE,
            f"an element holds {MAX_PROPERTIES} properties, this op makes it {total}",
            "$.props" if isinstance(op, SetProperties) else "$",
        )
    return None
