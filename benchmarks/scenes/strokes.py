"""Boards with much on them: strokes as a mouse draws them, each whole in one op."""

import json
from collections.abc import Iterator
from random import Random
from typing import Final

from benchmarks.scenes.guests import Door, Guest
from benchmarks.scenes.systems import Process, hello, path_of
from benchmarks.sockets import masked_frame

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


def stroke_op(client: str, number: int, walk: list[list[float]]) -> bytes:
    """The op that draws one stroke."""
    return json.dumps(
        {
            "type": "stroke",
            "id": f"{client}-{number}",
            "points": walk,
            "color": "#2b8a3e",
            "width": 2,
            "opId": f"{client}:{number}",
            "seen": 0,
            "ts": 1_700_000_000_000 + number,
        },
        separators=(",", ":"),
    ).encode()


def fill(server: Process, board: str, strokes: int, points: int = POINTS, client: str = "filler") -> None:
    """Draw so many strokes on a board; each is acked when this returns."""
    ops = [stroke_op(client, n, walk) for n, walk in enumerate(walks(strokes, points), start=1)]
    send(server, board, client, ops)


def send(server: Process, board: str, client: str, ops: list[bytes]) -> None:
    """Send ops in batches, a few of them ahead of the acks. Raises RuntimeError when not all are acked."""
    acked = 0

    def count(_: Guest, payload: bytes, __: bool) -> None:
        nonlocal acked
        acked += payload.count(_ACK)

    door = Door()
    author = Guest(server.port, path_of(board), hello(client), hear=count)
    door.let_in([author])
    try:
        sent = 0
        while sent < len(ops):
            author.send(masked_frame(b"[" + b",".join(ops[sent : sent + _BATCH]) + b"]"))
            sent = min(sent + _BATCH, len(ops))
            due = sent - _BATCH * _WINDOW
            if not door.wait_until(lambda: acked >= due or author.end is not None):  # noqa: B023  called at once
                break
        door.wait_until(lambda: acked >= len(ops) or author.end is not None)
        if acked != len(ops):
            raise RuntimeError(f"{acked} of {len(ops)} ops were acked ({author.end or 'still connected'})")
    finally:
        door.close()
