"""Boards with much on them: strokes as a mouse draws them, each whole in one op."""

import json
from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

from benchmarks.generator.wire import client_frame
from benchmarks.scenes.guests import Door, Guest
from benchmarks.scenes.systems import OURS, Running

POINTS: Final = 20
JOINED_STROKES: Final = 10_000
"""Of the board that people join in several scenes."""
_BATCH: Final = 200
_WINDOW: Final = 4
"""Batches without an answer."""
_WIDTH, _HEIGHT, _STEP = 4_000, 3_000, 9
_ACK: Final = b'"type":"ack"'


def walks(count: int, points: int = POINTS, seed: int = 1) -> Iterator[list[list[float]]]:
    """Strokes that begin anywhere and go on by a few pixels a point; pressure 0.5, as a mouse has it."""
    random = Random(seed)
    for _ in range(count):
        x, y = random.randrange(_WIDTH), random.randrange(_HEIGHT)
        walk: list[list[float]] = []
        for _ in range(points):
            walk.append([x, y, 0.5])
            x, y = x + random.randint(-_STEP, _STEP), y + random.randint(-_STEP, _STEP)
        yield walk


def stroke_op(client: str, number: int, walk: list[list[float]], names: str = "") -> bytes:
    """The op that draws one stroke, the client's `number`th; `names` is what the element's id begins with."""
    return json.dumps(
        {
            "type": "stroke",
            "id": f"{names or client}-{number}",
            "points": walk,
            "color": "#2b8a3e",
            "width": 2,
            "opId": f"{client}:{number}",
            "seen": 0,
            "ts": 1_700_000_000_000 + number,
        },
        separators=(",", ":"),
    ).encode()


def fill(server: Running, board: str, strokes: int, points: int = POINTS, client: str = "filler") -> None:
    """Draw so many strokes on a board; each is acked when this returns."""
    ops = [stroke_op(client, n, walk) for n, walk in enumerate(walks(strokes, points), start=1)]
    send(server, board, client, ops)


class Author(Guest):
    """A client that only counts its acks."""

    def __init__(self, server: Running, board: str, client: str) -> None:
        self.acked = 0
        hello = {"type": "hello", "v": 1, "client": client, "key": f"key of {client}"}
        super().__init__(server.port, OURS.path(board), client_frame(json.dumps(hello).encode()))

    def hear(self, opcode: int, payload: bytes, *, deflated: bool) -> None:  # noqa: ARG002  all ours are text
        self.acked += payload.count(_ACK)


def send(server: Running, board: str, client: str, ops: Sequence[bytes]) -> None:
    """Send ops in batches, a few of them ahead of the acks. Raises RuntimeError when not all are acked."""
    door: Door[Author] = Door()
    author = Author(server, board, client)
    door.let_in([author])
    try:
        for begin in range(0, len(ops), _BATCH):
            author.send(client_frame(b"[" + b",".join(ops[begin : begin + _BATCH]) + b"]"))
            due = begin - _BATCH * _WINDOW
            door.wait_until(lambda: author.acked >= due or author.end is not None)  # noqa: B023  called at once
        door.wait_until(lambda: author.acked >= len(ops) or author.end is not None)
    finally:
        door.close()
    if author.acked != len(ops):
        raise RuntimeError(
            f"{author.acked} of {len(ops)} ops were acked ({author.end or 'it stayed connected'})"
        )
