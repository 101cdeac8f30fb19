"""People drawing on one board: what they send, and a check of everything that they are told.

Every one of them must see every seq once and in order, and get one answer to each op, with the seq under
which all others saw it. What differs is counted in `faults`; a measurement with faults is worthless.
"""

import json
from array import array
from collections import Counter
from random import Random
from time import perf_counter
from typing import Final

import msgspec

from benchmarks.sockets import Ended, Line, masked_frame

APPENDS_PER_STROKE: Final = 20
POINTS_PER_OP: Final = 3
_KEPT_FRAMES: Final = 64


class Told(msgspec.Struct, gc=False):
    """What matters of a message."""

    type: str
    seq: int = 0
    opId: str | None = None  # noqa: N815  named as on the wire
    by: str = ""
    part: int = 0
    parts: int = 0


class _Ops(msgspec.Struct):
    """A frame of ops. All get the same bytes, so it is read once for all."""

    first: int
    last: int
    sent: list[tuple[str, float]]
    """Who wrote each op, and when."""


_decode_one = msgspec.json.Decoder(Told).decode
_decode_many = msgspec.json.Decoder(list[Told]).decode


class Crowd:
    """The drawers of one board and what they have witnessed together."""

    def __init__(self, board: str, seed: int = 1) -> None:
        self.board = board
        self.random = Random(seed)
        self.drawers: list[Drawer] = []
        self.faults: Counter[str] = Counter()
        self.head_before = 0
        """Seq of what was on the board before anybody of these drew."""
        self.sent_at: dict[str, float] = {}
        self.seqs: dict[str, int] = {}
        """Op id -> seq, as broadcast."""
        self.seen_ms = array("d")
        """From sending to being seen, for every op and every drawer but its author."""
        self.ack_ms = array("d")
        self._frames: dict[bytes, _Ops | None] = {}

    def join(self, port: int, count: int) -> None:
        """Connect that many drawers; each has said hello when this returns."""
        for _ in range(count):
            self.drawers.append(Drawer(self, port, f"d{len(self.drawers)}"))

    def leave(self) -> None:
        """Hang up, all of them."""
        for drawer in self.drawers:
            drawer.line.close()

    def forget_figures(self) -> None:
        """Begin to measure anew."""
        self.seen_ms = array("d")
        self.ack_ms = array("d")

    @property
    def is_seated(self) -> bool:
        """Whether everybody has the whole snapshot."""
        return all(drawer.is_seated for drawer in self.drawers)

    @property
    def is_settled(self) -> bool:
        """Whether everybody has seen everything and no answer is due."""
        return all(not one.unanswered and one.seq == self.head for one in self.drawers)

    @property
    def head(self) -> int:
        """Seq that everybody should have seen."""
        return self.head_before + len(self.sent_at)

    def finish(self) -> None:
        """Count what never came."""
        for drawer in self.drawers:
            self._blame("ops unseen", self.head - drawer.seq)
            self._blame("acks missing", len(drawer.unanswered))

    def _blame(self, fault: str, count: int = 1) -> None:
        if count:
            self.faults[fault] += count

    # --- what arrives -------------------------------------------------------------------------

    def take(self, drawer: "Drawer", payload: bytes, now: float) -> None:
        """A frame arrived at a drawer."""
        ops = self._frames.get(payload) if payload in self._frames else self._read(payload)
        if ops is None:
            for told in _messages(payload):
                self._hear(drawer, told, now)
            return
        if ops.first != drawer.seq + 1:
            self._blame("seqs out of order")
        drawer.seq = ops.last
        name = drawer.name
        self.seen_ms.extend([(now - then) * 1_000 for author, then in ops.sent if author != name])

    def _read(self, payload: bytes) -> _Ops | None:
        told = _messages(payload)
        if not all(one.by for one in told):
            return None
        ops = _Ops(told[0].seq, told[-1].seq, [])
        for number, one in enumerate(told):
            if one.seq != ops.first + number:
                self._blame("seqs with gaps")
            if self.seqs.setdefault(str(one.opId), one.seq) != one.seq:
                self._blame("ops stored twice")
            ops.sent.append((one.by, self.sent_at[str(one.opId)]))
        if len(self._frames) >= _KEPT_FRAMES:
            del self._frames[next(iter(self._frames))]
        self._frames[payload] = ops
        return ops

    def _hear(self, drawer: "Drawer", told: Told, now: float) -> None:
        match told.type:
            case "ack":
                self._confirm(drawer, told, now)
            case "snapshot":
                drawer.is_seated = told.part == told.parts
                drawer.seq = max(drawer.seq, told.seq)
                if not self.sent_at:
                    self.head_before = max(self.head_before, told.seq)
            case "welcome" | "join" | "leave" | "cursors":
                pass
            case _ if told.by:
                self._blame("ops among other messages")
            case _:
                self._blame(f"{told.type} messages")

    def _confirm(self, drawer: "Drawer", told: Told, now: float) -> None:
        sent_at = drawer.unanswered.pop(str(told.opId), None)
        if sent_at is None:
            self._blame("acks repeated")
            return
        self.ack_ms.append((now - sent_at) * 1_000)
        if self.seqs.setdefault(str(told.opId), told.seq) != told.seq:
            self._blame("acks with another seq")


class Drawer:
    """One client, who says what the page says: op id, `seen`, `ts`, three points at a time."""

    def __init__(self, crowd: Crowd, port: int, name: str) -> None:
        self.name = name
        self.line = Line(port, crowd.board)
        self.is_seated = False
        self.seq = 0
        """Highest seq seen."""
        self.unanswered: dict[str, float] = {}
        """Op id -> when it was sent."""
        self._crowd = crowd
        self._counter = 0
        hello = {"type": "hello", "v": 1, "client": name, "key": f"key of {name}", "name": name}
        self.line.send(masked_frame(json.dumps(hello).encode()))

    def go_on_after(self, counter: int) -> None:
        """It has sent so many ops in an earlier session."""
        self._counter = counter

    def draw(self, count: int = 1) -> None:
        """Send the next ops: one as it is, several as one batch."""
        now = perf_counter()
        texts = [self._next_op(now) for _ in range(count)]
        self.line.send(masked_frame(texts[0] if count == 1 else b"[" + b",".join(texts) + b"]"))

    def _next_op(self, now: float) -> bytes:
        stroke, place = divmod(self._counter, APPENDS_PER_STROKE)
        self._counter += 1
        op_id = f"{self.name}:{self._counter}"
        points = ",".join(f"[{x},{x / 2},0.5]" for x in range(place * 9, place * 9 + POINTS_PER_OP * 3, 3))
        start = f',"from":{place * POINTS_PER_OP}' if place else ',"color":"#2b8a3e","width":2'
        kind = "append" if place else "stroke"
        self.unanswered[op_id] = self._crowd.sent_at[op_id] = now
        return (
            f'{{"type":"{kind}","id":"{self.name}-{stroke}"{start},"points":[{points}],'
            f'"opId":"{op_id}","seen":{self.seq},"ts":1700000000000}}'
        ).encode()

    def receive(self) -> None:
        """Take what has arrived. Raises Ended when the server has hung up."""
        try:
            payloads = self.line.receive()
            now = perf_counter()
            for payload in payloads:
                self._crowd.take(self, payload, now)
        except Ended as ended:
            self._crowd.faults[f"connections ended {ended}"] += 1
            raise


def _messages(payload: bytes) -> list[Told]:
    return _decode_many(payload) if payload[:1] == b"[" else [_decode_one(payload)]
