"""Hypothesis strategies for boards: values, ops, histories. Shared by the tests of core and protocol.

A *history* is what a board's log holds: stamped ops in the order of their seq. `histories` simulates
clients with delays who write against one board through `Acceptance`, so that stamps, `seen` and the
states attached to ops are those that a server gives. `stamped_ops` draws stamps out of thin air: the
merge may not rely on how they were made.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from whiteboard.core.acceptance import Acceptance, Accepted, Author, Proposal
from whiteboard.core.board import Board
from whiteboard.core.clocks import Rank, Stamp
from whiteboard.core.ops import (
    Append,
    Create,
    Delete,
    ElementType,
    Json,
    Op,
    Restore,
    Run,
    SetProperties,
    StampedOp,
)
from whiteboard.core.order_keys import DIGITS
from whiteboard.ids import ClientId, ElementId, OpId
from whiteboard.protocol import codec

CLIENTS = tuple(ClientId(name) for name in ("a", "B", "c-9f2", "__proto__"))
ELEMENTS = tuple(ElementId(name) for name in ("e1", "e2", "é\N{GRINNING FACE}"))
NAMES = ("x", "z", "color", "my prop", "__proto__", "constructor")
"""Few names, so that writers meet; some are traps for objects used as maps."""

numbers = st.one_of(
    st.integers(-1000, 1000),
    st.floats(-1e9, 1e9, allow_nan=False, width=32),
    st.sampled_from([0, -0.0, 1e9, -1e9, 0.1, 5e-324]),
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), numbers, texts),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
"""JSON values that every JSON reader takes alike: integers up to 2**53."""


def encode(value: object) -> Json:
    """JSON text as a client might send it."""
    return json.dumps(value, ensure_ascii=False).encode()


# --- order keys -------------------------------------------------------------------------------


@st.composite
def order_keys(draw: st.DrawFn) -> str:
    """Well-formed order keys, short heads more often than long ones."""
    head = draw(st.sampled_from("aaabbcZZYzA"))
    size = ord(head) - ord("a") + 1 if head >= "a" else ord("Z") - ord(head) + 1
    integer = head + "".join(draw(st.lists(st.sampled_from(DIGITS), min_size=size, max_size=size)))
    fraction = draw(st.text(DIGITS, max_size=4)).rstrip("0")
    key = integer + fraction
    return key if key != "A" + "0" * 26 else key + "1"


# --- ops --------------------------------------------------------------------------------------

points = st.one_of(
    st.lists(numbers, min_size=2, max_size=2),
    st.tuples(numbers, numbers, st.sampled_from([0, 0.25, 1.0])).map(list),
)


def run(start: int, some_points: Sequence[Sequence[float]]) -> Run:
    """A run of points from an index on."""
    return Run(start, len(some_points), encode(list(some_points))[1:-1])


def _values(name: str) -> st.SearchStrategy[Json]:
    if name == "z":
        return st.one_of(st.none(), order_keys()).map(encode)
    if name == "x":
        return st.one_of(st.none(), numbers).map(encode)
    if name == "color":
        return st.one_of(st.none(), st.sampled_from(["#000", "red"])).map(encode)
    return json_values.map(encode)


properties = st.lists(st.sampled_from(NAMES), max_size=3, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: _values(name) for name in names})
)


def creates(element: ElementId) -> st.SearchStrategy[Create]:
    """A create of any type; strokes with a few points."""
    strokes = st.builds(
        lambda props, some: Create(element, ElementType.STROKE, props, run(0, some)),
        properties,
        st.lists(points, max_size=4),
    )
    shapes = properties.map(lambda props: Create(element, ElementType.SHAPE, {"kind": b'"line"', **props}))
    notes = properties.map(lambda props: Create(element, ElementType.NOTE, props))
    return st.one_of(strokes, strokes, shapes, notes)


def appends(element: ElementId) -> st.SearchStrategy[Append]:
    """An append that may leave a gap or overlap what is there."""
    return st.builds(
        lambda start, some: Append(element, run(start, some)),
        st.integers(0, 6),
        st.lists(points, max_size=4),
    )


def ops(elements: Sequence[ElementId] = ELEMENTS) -> st.SearchStrategy[Op]:
    """Any op on one of a few elements."""
    return st.sampled_from(elements).flatmap(
        lambda element: st.one_of(
            creates(element),
            appends(element),
            properties.filter(bool).map(lambda props: SetProperties(element, props)),
            st.just(Delete(element)),
            st.just(Restore(element)),
        )
    )


@st.composite
def stamped_ops(draw: st.DrawFn, max_size: int = 10) -> list[StampedOp]:
    """Ops with stamps out of thin air: distinct op ids, any rank."""
    names = draw(
        st.lists(st.tuples(st.sampled_from(CLIENTS), st.integers(1, 5)), max_size=max_size, unique=True)
    )
    return [
        StampedOp(seq, Stamp(draw(st.integers(0, 6)), client, counter), draw(ops()))
        for seq, (client, counter) in enumerate(names, start=1)
    ]


# --- histories --------------------------------------------------------------------------------


@dataclass
class Writer:
    """A simulated client: it sees the board's log up to `seen` and writes."""

    author: Author
    seen: int = 0
    outbox: list[Proposal] = field(default_factory=list)
    """Written and not sent yet."""


@dataclass
class History:
    """A board with its log."""

    board: Board = field(default_factory=Board)
    log: list[StampedOp] = field(default_factory=list)
    accepted: list[Accepted] = field(default_factory=list)
    """As `log`, with `seen` and clock."""
    heads: list[int] = field(default_factory=list)
    """As `log`: the seq that the board had when an op was decided on."""

    def commit(
        self,
        batch: Sequence[tuple[Writer, Proposal]],
        stored: Mapping[ClientId, Sequence[Rank]] | None = None,
    ) -> None:
        """Accept, store and apply a batch, as a room does."""
        acceptance = Acceptance(self.board, stored)
        answers = [acceptance.accept(proposal, writer.author) for writer, proposal in batch]
        head = len(self.log)
        for accepted in answers:
            if isinstance(accepted, Accepted):
                self._store(accepted)
                self.heads.append(head)

    def _store(self, accepted: Accepted) -> None:
        op = StampedOp(len(self.log) + 1, accepted.stamp, accepted.op, accepted.joined)
        self.log.append(op)
        self.accepted.append(accepted)
        self.board.apply(op)


@st.composite
def histories(draw: st.DrawFn, max_steps: int = 25) -> History:
    """What clients with delays, offline times and common batches leave in a board's log."""
    history = History()
    writers = [Writer(Author(client)) for client in CLIENTS[: draw(st.integers(1, 4))]]
    for _ in range(draw(st.integers(0, max_steps))):
        writer = draw(st.sampled_from(writers))
        match draw(st.sampled_from(["write", "write", "write", "read", "send", "thin"])):
            case "write":
                writer.outbox.append(Proposal(draw(ops()), seen=writer.seen))
            case "read":
                writer.seen = draw(st.integers(writer.seen, len(history.log)))
            case "thin":
                history.commit([(writer, Proposal(draw(ops())))])
            case "send":
                history.commit(_sendings(writers if draw(st.booleans()) else [writer]))
    history.commit(_sendings(writers))
    return history


def _sendings(writers: Sequence[Writer]) -> list[tuple[Writer, Proposal]]:
    batch = [(writer, proposal) for writer in writers for proposal in writer.outbox]
    for writer in writers:
        writer.outbox.clear()
    return batch


# --- replicas ---------------------------------------------------------------------------------


def states(board: Board) -> list[Any]:
    """Full states of a board, decoded, sorted by id: what two replicas are compared by."""
    return [json.loads(element.state()) for element in sorted(board, key=lambda one: one.id)]


def replica(ops_in_order: Sequence[StampedOp]) -> Board:
    """A board that met these ops."""
    board = Board()
    for op in ops_in_order:
        board.apply(op)
    return board


def wire(op: StampedOp, seen: int | None = None) -> dict[str, Any]:
    """A stamped op as everybody gets it, decoded; `seen` decides no merge and may be made up."""
    stamps: dict[str, Any] = {
        "seq": op.seq,
        "at": 1_700_000_000_000 + op.seq,
        "opId": str(op.stamp.op_id),
        "by": op.stamp.client,
        "clock": {op.stamp.client: op.stamp.counter},
        "seen": op.stamp.lamport // 2 if seen is None else seen,
        "lamport": op.stamp.lamport,
    }
    if op.joined is not None:
        stamps["element"] = json.loads(op.joined)
    return stamps | content(op.op)


def content(op: Op) -> dict[str, Any]:
    """An op as a client sends it, decoded."""
    match op:
        case Create():
            head: dict[str, Any] = {"type": op.kind.value, "id": op.element}
            if op.run is not None:
                head["points"] = json.loads(b"[" + op.run.points + b"]")
            return head | _decoded(op.properties)
        case Append():
            some = json.loads(b"[" + op.run.points + b"]")
            return {"type": "append", "id": op.element, "from": op.run.start, "points": some}
        case SetProperties():
            return {"type": "set", "id": op.element, "props": _decoded(op.properties)}
        case Delete():
            return {"type": "delete", "id": op.element}
        case Restore():
            return {"type": "restore", "id": op.element}


def _decoded(values: Any) -> dict[str, Any]:
    return {name: json.loads(value) for name, value in values.items()}


def read_wire(op: dict[str, Any]) -> StampedOp:
    """A stamped op out of its decoded wire form; Raises ValueError when it is none."""
    client, _, counter = op["opId"].rpartition(":")
    name = OpId(ClientId(client), int(counter))
    return codec.decode_body(op["seq"], name, encode(op))
