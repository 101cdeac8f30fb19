"""How CPU, latency and memory grow with people on a board, ops per second, boards, strokes and the age of the log.

Each point is a fresh server. Drawing is at a rate (open loop), so a point past what the server can do shows how it
bears that; what people say is what the page says (`benchmarks.crowd`).
"""

import json
from array import array
from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter
from typing import Final

from benchmarks.load import Load, seated
from benchmarks.scenes.growth import Curve, Point
from benchmarks.scenes.sections import Section
from benchmarks.scenes.strokes import POINTS, fill, send, stroke_op, walks
from benchmarks.scenes.systems import MIB, cpu_seconds, rss_bytes
from benchmarks.serving import Server
from benchmarks.tables import percentile

PEOPLE: Final = (2, 5, 10, 20, 50, 100, 200, 400)
PEOPLE_OPS: Final = 100.0
"""Ops a second of all of them together, so that only the fan-out grows."""
RATES: Final = (100, 300, 1_000, 3_000, 10_000, 20_000, 40_000, 60_000)
RATE_PEOPLE: Final = 20
BOARDS: Final = (1, 10, 100, 500, 1_000, 2_000)
BOARD_PEOPLE: Final = 2
BOARDS_OPS: Final = 500.0
STROKES: Final = (100, 1_000, 10_000, 50_000)
AGES: Final = (1_000, 10_000, 100_000, 300_000)
AGED_ELEMENTS: Final = 100
FEW_PEOPLE: Final = 10
FEW_OPS: Final = 200.0
SECONDS: Final = 3.0
WARM_UP_SECONDS: Final = 0.5
QUICK: Final = 1
"""Points of a curve: the smallest one."""


def point(x: float, load: Load, server: Server, before_bytes: int, *, ops: float, seconds: float) -> Point:
    """Draw so many ops a second, all together, and see what it costs."""
    rate = ops / len(load.drawers)
    load.draw_at_rate(rate, min(WARM_UP_SECONDS, seconds))
    for crowd in load.crowds:
        crowd.forget_figures()
    load.late_ms = array("d")
    cpu, begin = cpu_seconds(server), perf_counter()
    load.draw_at_rate(rate, seconds)
    took, cpu = perf_counter() - begin, cpu_seconds(server) - cpu
    for crowd in load.crowds:
        crowd.finish()
    seen = [one for crowd in load.crowds for one in crowd.seen_ms]
    acked = sum(len(crowd.ack_ms) for crowd in load.crowds)
    return Point(
        x,
        cpu / max(acked, 1) * 1e6,
        percentile(seen, 0.5),
        percentile(seen, 0.99),
        (rss_bytes(server) - before_bytes) / MIB,
        acked / took,
        percentile(load.late_ms, 0.99),
        sum(sum(crowd.faults.values()) for crowd in load.crowds),
    )


def drawn(
    x: float,
    boards: Sequence[str],
    each: int,
    ops: float,
    seconds: float,
    *,
    mode: str = "memory",
    prepare: Callable[[Server], None] = lambda _: None,
) -> Point:
    """A point on a fresh server, which is prepared before people come."""
    with Server(mode) as server:
        before = rss_bytes(server)
        prepare(server)
        load = seated(server.port, boards, each)
        try:
            return point(x, load, server, before, ops=ops, seconds=seconds)
        finally:
            load.close()


def people(quick: int | None, seconds: float) -> Curve:
    """Clients on one board."""
    points = [drawn(n, ["crowd"], n, PEOPLE_OPS, seconds) for n in PEOPLE[:quick]]
    held = f"{PEOPLE_OPS:g} ops a second of all together, each of which goes to everybody"
    return Curve("curve-people", "Clients per board", "clients on the board", held, {"memory": points})


def rates(quick: int | None, seconds: float) -> Curve:
    """Ops per second on one board, past what the server can do."""
    points = [drawn(n, ["busy"], RATE_PEOPLE, n, seconds) for n in RATES[:quick]]
    held = (
        f"{RATE_PEOPLE} people on one board, who send at that rate whatever comes back. `acked/s` counts until everything is "
        "answered"
    )
    return Curve(
        "curve-rate", "Ops per second", "ops sent in a second", held, {"memory": points}, asks_throughput=True
    )


def boards(quick: int | None, seconds: float) -> Curve:
    """Boards that are open at the same time."""
    points = [
        drawn(n, [f"b{number}" for number in range(n)], BOARD_PEOPLE, BOARDS_OPS, seconds)
        for n in BOARDS[:quick]
    ]
    held = f"{BOARD_PEOPLE} people on each, {BOARDS_OPS:g} ops a second of all together"
    return Curve("curve-boards", "Open boards", "boards", held, {"memory": points})


def strokes(quick: int | None, seconds: float) -> Curve:
    """Strokes on a board before people come."""
    points = [
        drawn(n, ["full"], FEW_PEOPLE, FEW_OPS, seconds, prepare=partial(fill, board="full", strokes=n))
        for n in STROKES[:quick]
    ]
    held = f"strokes of {POINTS} points; then {FEW_PEOPLE} people draw {FEW_OPS:g} ops a second together"
    return Curve("curve-strokes", "Strokes on the board", "strokes on the board", held, {"memory": points})


def ages(quick: int | None, seconds: float) -> Curve:
    """Ops that the board's log ever took, while the board itself stays small."""
    lines = {
        mode: [
            drawn(n, ["old"], FEW_PEOPLE, FEW_OPS, seconds, mode=mode, prepare=partial(age, ops=n))
            for n in AGES[:quick]
        ]
        for mode in ("memory", "sqlite")
    }
    held = f"{AGED_ELEMENTS} strokes, moved so often; then {FEW_PEOPLE} people draw {FEW_OPS:g} ops a second together"
    return Curve("curve-age", "Age of the log", "ops ever written", held, lines)


def age(server: Server, ops: int) -> None:
    """Write so many ops that change the same few strokes."""
    client = "ager"
    drawing = [stroke_op(client, n, walk) for n, walk in enumerate(walks(AGED_ELEMENTS), start=1)]
    moves = [_move(client, n) for n in range(AGED_ELEMENTS + 1, ops + 1)]
    send(server, "old", client, drawing + moves)


def _move(client: str, number: int) -> bytes:
    op = {
        "type": "set",
        "id": f"{client}-{number % AGED_ELEMENTS + 1}",
        "props": {"x": number % 977, "y": number % 751},
        "opId": f"{client}:{number}",
        "seen": 0,
        "ts": 1_700_000_000_000 + number,
    }
    return json.dumps(op, separators=(",", ":")).encode()


CURVES: Final = {"people": people, "rate": rates, "boards": boards, "strokes": strokes, "age": ages}


def measure(name: str, *, quick: bool) -> Section:
    """One curve, with its picture."""
    curve = CURVES[name](QUICK if quick else None, 0.3 if quick else SECONDS)
    return Section(f"curve-{name}", curve.growth, [curve.table], plots=[curve.plot])
