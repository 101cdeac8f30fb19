"""Deciding on ops before they are stored: what is refused, and the stamp of what is not. Pure.

The one place where a board's state may refuse an op. Replicas never run it: an op that got past here
merges everywhere. A batch is decided in order, and later ops see what earlier ones of the same batch
will do: to tombstones, because the states attached to ops are stored with them, and to all
that a refusal depends on, because a bound that holds from batch to batch only is none.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

import msgspec

from whiteboard.core.board import Board
from whiteboard.core.clocks import Rank, Ranks, Stamp
from whiteboard.core.elements import Element
from whiteboard.core.ops import (
    Append,
    Create,
    Delete,
    ElementType,
    Json,
    Op,
    Restore,
    SetProperties,
)
from whiteboard.core.outcomes import RejectCode, Rejected
from whiteboard.ids import MAX_COUNTER, ClientId, ElementId, OpId
from whiteboard.limits import MAX_BOARD_BYTES, MAX_ELEMENTS, MAX_POINTS_PER_STROKE, MAX_PROPERTIES


class Author(msgspec.Struct, gc=False):
    """The highest numbers that a client has used on a board. Changed by `Acceptance.accept`."""

    client: ClientId
    counter: int = 0
    lamport: int = 0


class Proposal(msgspec.Struct, frozen=True, gc=False):
    """An op as a session hands it in."""

    op: Op
    counter: int | None = None
    """The op id's counter; None for a thin client: the next one is taken."""
    seen: int | None = None
    """The seq that the author had seen; None for a thin client: what the board has now."""
    clock: Mapping[ClientId, int] | None = None
    """The author's vector clock, passed on as it came."""


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """An op that may be stored."""

    op: Op
    stamp: Stamp
    seen: int
    clock: Mapping[ClientId, int]
    """At least the author's own entry; with `seen` it is the whole causal context."""
    joined: Json | None
    """State to join besides applying the op, for replicas that forgot the element."""

    @property
    def op_id(self) -> OpId:
        """The op's name."""
        return self.stamp.op_id


class _Sketch(msgspec.Struct, gc=False):
    """What decisions depend on, of one element as the batch has left it so far."""

    standing: Element | None
    """As the board has it, which the batch does not change."""
    created: Stamp | None = None
    kind: ElementType | None = None
    names: AbstractSet[str] | None = None
    """Names of every property register; None while nobody has asked and the board knows them."""
    is_deleted: bool = False
    """Whether the board has it under a tombstone."""
    earlier: list[tuple[Op, Stamp]] = []
    """Ops of this batch, for a draft that begins in the middle of it."""
    draft: Element | None = None
    """The element as the batch leaves it, when a tombstone was on it before or within the batch."""

    @staticmethod
    def of(element: Element | None) -> "_Sketch":
        if element is None:
            return _Sketch(None, names=_NO_NAMES)
        return _Sketch(element, element.created, element.kind, is_deleted=element.is_deleted)

    def registers(self) -> AbstractSet[str]:
        if self.names is None:
            self.names = frozenset(self.standing.property_names) if self.standing else _NO_NAMES
        return self.names

    def add(self, op: Op, stamp: Stamp) -> None:
        self.earlier.append((op, stamp))
        if isinstance(op, Create | SetProperties) and op.properties:
            self.names = self.registers() | op.properties.keys()
        if isinstance(op, Create) and (self.created is None or stamp < self.created):
            self.created, self.kind = stamp, op.kind


_NO_NAMES: Final[AbstractSet[str]] = frozenset()


class _Past:
    """A client's ops around its late ones: their ranks, and the counters that this batch has."""

    def __init__(self, known: Iterable[Rank], batch: Iterable[Stamp]) -> None:
        self.ranks = Ranks(known)
        self.counters: set[int] = set()
        for stamp in batch:
            self.add(stamp)

    def add(self, stamp: Stamp) -> None:
        self.ranks.add(Rank(stamp.counter, stamp.lamport))
        self.counters.add(stamp.counter)


class Acceptance:
    """Decides on one batch of ops against one board. The board is not changed.

    What only late ops, tombstones or bounds ask for is put together when one of them does.

    Args:
        stored: for each client whose ops come late, below its highest counter, the stored ops next to
            them by counter.
    """

    def __init__(self, board: Board, stored: Mapping[ClientId, Iterable[Rank]] | None = None) -> None:
        self._board = board
        self._stored = stored or {}
        self._newest: dict[ClientId, tuple[int, int]] = {}
        # counter and rank with which each author came into this batch
        self._stamps: list[Stamp] = []
        # of the ops accepted in this batch; the store keeps the first of a name
        self._pasts: dict[ClientId, _Past] = {}
        # of the authors of late ops
        self._sketches: dict[ElementId, _Sketch] = {}
        # elements that accepted ops of this batch touch
        self._newcomers = 0
        # those among them that the board does not know yet

    def accept(self, proposal: Proposal, author: Author) -> Accepted | Rejected:
        """The decision on the next op; an accepted one advances `author`."""
        op, client = proposal.op, author.client
        if client not in self._newest:
            self._newest[client] = author.counter, author.lamport
        past = self._past(proposal, author)
        if past is not None and proposal.counter in past.counters:
            stamp, seen = self._stamp(proposal, author, past)  # the store will say so: nothing may come of it
            return Accepted(op, stamp, seen, {client: stamp.counter}, None)
        sketch = self._sketches.get(op.element) or _Sketch.of(self._board.get(op.element))
        refusal = self._refusal(proposal, author, sketch)
        if refusal is not None:
            return refusal
        stamp, seen = self._stamp(proposal, author, past)
        joined = _attach(sketch, op, stamp)
        self._note(author, op, stamp, sketch)
        clock = {**proposal.clock, client: stamp.counter} if proposal.clock else {client: stamp.counter}
        return Accepted(op, stamp, seen, clock, joined)

    def _past(self, proposal: Proposal, author: Author) -> _Past | None:
        """What a late op has to fit into; None for one behind all others of its author."""
        if proposal.counter is None or proposal.counter > author.counter:
            return None
        client = author.client
        past = self._pasts.get(client)
        if past is None:
            known = [Rank(*self._newest[client]), *self._stored.get(client, ())]
            past = _Past(known, [stamp for stamp in self._stamps if stamp.client == client])
            self._pasts[client] = past
        return past

    def _stamp(self, proposal: Proposal, author: Author, past: _Past | None) -> tuple[Stamp, int]:
        counter = author.counter + 1 if proposal.counter is None else proposal.counter
        head = self._board.seq
        seen = head if proposal.seen is None or proposal.seen > head else proposal.seen
        lamport = 2 * head + 1 if self._board.foreign_head(author.client) <= seen else 2 * seen
        if past is not None:
            lamport = past.ranks.place(counter, lamport)
        elif lamport < author.lamport:
            lamport = author.lamport
        return Stamp(lamport, author.client, counter), seen

    def _note(self, author: Author, op: Op, stamp: Stamp, sketch: _Sketch) -> None:
        author.counter = max(author.counter, stamp.counter)
        author.lamport = max(author.lamport, stamp.lamport)
        self._stamps.append(stamp)
        if stamp.client in self._pasts:
            self._pasts[stamp.client].add(stamp)
        if op.element not in self._sketches:
            self._sketches[op.element] = sketch
            self._newcomers += sketch.standing is None
        sketch.add(op, stamp)

    def _refusal(self, proposal: Proposal, author: Author, sketch: _Sketch) -> Rejected | None:
        op, board = proposal.op, self._board
        if proposal.counter is None and author.counter >= MAX_COUNTER:
            return Rejected(RejectCode.BAD_FIELD, f"client {author.client} has no op counter left", "$.opId")
        is_new = sketch.standing is None and not sketch.earlier
        if is_new and len(board) + self._newcomers >= MAX_ELEMENTS:
            return Rejected(RejectCode.BOARD_FULL, f"the board holds {MAX_ELEMENTS} elements")
        if board.size_bytes >= MAX_BOARD_BYTES and not isinstance(op, Delete | Restore):
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


def _attach(sketch: _Sketch, op: Op, stamp: Stamp) -> Json | None:
    """What replicas that forgot the element must know.

    Its whole state with the op that brings it back; the tombstone with a create under it, which
    would bring it back for them alone. Other ops on a deleted element show nothing anywhere.
    """
    draft = sketch.draft
    if draft is None:
        if not (sketch.is_deleted or isinstance(op, Delete | Restore)):
            return None
        draft = sketch.draft = _draft(sketch, op.element)
    was_deleted = draft.is_deleted
    draft.apply(op, stamp)
    if was_deleted and not draft.is_deleted:
        return draft.state()
    return draft.tombstone() if draft.is_deleted and isinstance(op, Create) else None


def _draft(sketch: _Sketch, element: ElementId) -> Element:
    """The element as the batch has left it so far."""
    draft = sketch.standing.copy() if sketch.standing else Element(element)
    for earlier, stamp in sketch.earlier:
        draft.apply(earlier, stamp)
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
    total = len(sketch.registers() | op.properties.keys())
    if total > MAX_PROPERTIES:
        return Rejected(
            RejectCode.TOO_LARGE,
            f"an element holds {MAX_PROPERTIES} properties, this op makes it {total}",
            "$.props" if isinstance(op, SetProperties) else "$",
        )
    return None
