"""Measured series that decisions are looked back at by: each run a pair, before and after, in turns.

    python -m benchmarks.series messages --write adr/series/messages-by-msgspec.yaml
    python -m benchmarks.series snapshots --write adr/series/snapshot-in-steps.yaml
    python -m benchmarks.series joins OLD --runs 8 --write adr/series/joins-of-500.yaml

What a decision did away with is built here again as far as it can be had with today's libraries. For joins, memory,
rooms and delay OLD is a folder with the `whiteboard` package of an older commit and named by that (`git archive COMMIT
whiteboard | tar -x -C OLD`); the other side is today's, or that of a second folder. So both sides of a series are of one
machine and one minute. `python -m whiteboard adr retro SLUG` judges a series.
"""

import argparse
import gc
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

import attrs
import msgspec
import trio
import yaml
from cattrs import Converter
from cattrs.strategies import configure_tagged_union

import whiteboard
from benchmarks.hotpath import board_of
from benchmarks.rounds import ROUNDS
from whiteboard.core.board import Board
from whiteboard.rooms.snapshots import Snapshots

RUNS: Final = 12
WARM_UP: Final = 2
"""Runs that are not written down: caches fill, processors wake."""


class Kind(NamedTuple):
    """A series: what it is about, its two sides, and how one run of both is taken."""

    metric: str
    unit: str
    method: str
    before: str
    after: str
    run: Callable[..., tuple[float, float]]
    """By the run's number, from 0, and the versions where they are needed; both sides, before first."""
    warm_up: int = WARM_UP


# --- messages ---------------------------------------------------------------------------------
_MESSAGES: Final = 20_000
_APPEND: Final = (
    b'{"type":"append","id":"s-0001","opId":"c-AbCdEfGhIj1:1001","seen":77,"ts":1700000001000,"from":3,'
    b'"points":[[120,20],[30,40],[50.5,60.25]]}'
)


@attrs.frozen
class _Stroke:
    id: str
    points: list[Any]
    """As they come: neither side looks at points here."""
    opId: str | None = None  # noqa: N815 - as on the wire
    seen: int | None = None
    ts: float | None = None


@attrs.frozen
class _Append(_Stroke):
    """The same shape, another tag."""


@attrs.frozen
class _Delete:
    id: str
    opId: str | None = None  # noqa: N815 - as on the wire


_Union = _Stroke | _Append | _Delete


def _by_cattrs() -> Callable[[bytes], object]:
    converter = Converter(detailed_validation=True)
    names = {"_Stroke": "stroke", "_Append": "append", "_Delete": "delete"}
    configure_tagged_union(_Union, converter, lambda kind: names[kind.__name__], tag_name="type")
    union: Any = _Union
    return lambda text: converter.structure(json.loads(text), union)


class _Fields(msgspec.Struct, kw_only=True):
    id: str
    opId: str | None = None  # noqa: N815 - as on the wire
    seen: int | None = None
    ts: float | None = None


class _RawStroke(_Fields, tag_field="type", tag="stroke"):
    points: msgspec.Raw


class _RawAppend(_Fields, tag_field="type", tag="append"):
    start: int = msgspec.field(name="from")
    points: msgspec.Raw


class _RawDelete(_Fields, tag_field="type", tag="delete"):
    pass


def _by_msgspec() -> Callable[[bytes], object]:
    return msgspec.json.Decoder(_RawStroke | _RawAppend | _RawDelete).decode


def _microseconds(read: Callable[[bytes], object]) -> float:
    gc.collect()
    began = time.process_time_ns()
    for _ in range(_MESSAGES):
        read(_APPEND)
    return (time.process_time_ns() - began) / _MESSAGES / 1000


def _read_messages(number: int) -> tuple[float, float]:
    """The one that goes first changes with each run."""
    sides = [_by_cattrs(), _by_msgspec()]
    if number % 2:
        after, before = _microseconds(sides[1]), _microseconds(sides[0])
    else:
        before, after = _microseconds(sides[0]), _microseconds(sides[1])
    return before, after


# --- snapshots --------------------------------------------------------------------------------
_STROKES: Final = 10_000
_POINTS: Final = 20


def _walk(random: Random) -> Iterator[list[float]]:
    """Points with one decimal, as a page gives them at another zoom than 100 %."""
    x, y = random.randrange(40_000), random.randrange(30_000)
    for _ in range(_POINTS):
        yield [x / 10, y / 10]
        x, y = x + random.randint(-90, 90), y + random.randint(-90, 90)


def _drawn(seed: int) -> Board:
    random = Random(seed)
    ops = [
        {
            "type": "stroke", "id": f"s-{n:05d}", "opId": f"c-AbCdEfGhIj0:{n + 1}", "seen": n,
            "ts": 1_700_000_000_000 + n, "points": list(_walk(random)), "color": "#2b8a3e", "width": 2,
        }
        for n in range(_STROKES)
    ]  # fmt: skip
    board, _ = board_of([json.dumps(op, separators=(",", ":")).encode() for op in ops])
    return board


def _send_snapshots(number: int) -> tuple[float, float]:
    """MB that one who joins is sent, plain points and steps, of a board of its own for each run."""
    board = _drawn(number + 1)
    plain, steps = (_megabytes(board, in_steps=in_steps) for in_steps in (False, True))
    return plain, steps


def _megabytes(board: Board, *, in_steps: bool) -> float:
    async def make() -> int:
        snapshot = await Snapshots().newest(board, in_steps=in_steps)
        return sum(len(message.payload) for message in snapshot.messages)

    return trio.run(make) / 1e6


# --- versions of the server -----------------------------------------------------------------------
_ROUND_SECONDS: Final = 60.0


def _by_turns(name: str, number: int, old: Path, new: Path | None = None) -> tuple[float, float]:
    """A round of `benchmarks.rounds` with each version of the server; the older one goes first in every second run."""
    new = new or Path(whiteboard.__file__).parents[1]
    order = (old, new) if number % 2 else (new, old)
    found = {package: _round(name, package) for package in order}
    return found[old], found[new]


def _round(name: str, package: Path) -> float:
    paths = os.pathsep.join([str(package), str(Path(__file__).parents[1])])
    command = [sys.executable, "-m", "benchmarks.rounds", name]
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONSAFEPATH": "1"}
    ended = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=_ROUND_SECONDS, check=True
    )
    return float(ended.stdout)


# --- all ----------------------------------------------------------------------------------------
KINDS: Final = {
    "messages": Kind(
        "CPU time to read a typical message",
        "µs",
        "An append of three points from bytes to an object, 20,000 times a run; process time, both sides in turns.",
        "json.loads and cattrs, attrs classes in a tagged union",
        "msgspec, structs in a tagged union, points kept as bytes",
        _read_messages,
    ),
    "snapshots": Kind(
        "MB sent to who joins a board of 10,000 strokes",
        "MB",
        "Strokes of 20 points with one decimal, random walks, another board each run; bytes of the deflated messages.",
        "points as they came",
        "points as steps",
        _send_snapshots,
        warm_up=0,
    ),
    "joins": Kind(
        "CPU time of one of 500 who join at once and ask for steps",
        "ms",
        "User and system time of a fresh server in memory mode, a board of 10,000 strokes, deflated; both sides in turns.",
        "a task for each newcomer",
        "hello is answered in the reader's turn",
        partial(_by_turns, "joins"),
        warm_up=0,
    ),
    "memory": Kind(
        "resident memory that 1,000 strokes just drawn add in memory mode",
        "MiB",
        "A fresh server, a board of 10,000 strokes of 20 points, looked at when the last one is acked; both sides in turns.",
        "elements laid to rest by the upkeep alone",
        "laid to rest by the commits that bring them, free memory given back",
        partial(_by_turns, "memory"),
        warm_up=0,
    ),
    "rooms": Kind(
        "CPU time of a million deliveries in 100 rooms of 4 who draw 60 ops/s each",
        "s",
        "User and system time of a fresh server in memory mode, no deflate, three seconds of load; both sides in turns.",
        "every op by way of a batch",
        "an op that nothing waits before is committed alone",
        partial(_by_turns, "rooms"),
        warm_up=0,
    ),
    "delay": Kind(
        "median time from an op's send to its being at the others in 100 rooms of 4 who draw 60 ops/s each",
        "ms",
        "A fresh server in memory mode, no deflate, three seconds of load; both sides in turns.",
        "every op by way of a batch",
        "an op that nothing waits before is committed alone",
        partial(_by_turns, "delay"),
        warm_up=0,
    ),
}


def taken(name: str, runs: int, *older: Path) -> dict[str, object]:
    """Take a series; the document as `adr retro` reads it."""
    kind = KINDS[name]
    pairs = [kind.run(number, *older) for number in range(-kind.warm_up, runs)][kind.warm_up :]
    sides = [[round(value, 4) for value in side] for side in zip(*pairs, strict=True)]
    return {
        "metric": kind.metric,
        "unit": kind.unit,
        "taken": datetime.now(UTC).date(),
        "source": " ".join(["python -m benchmarks.series", name, *(one.name for one in older)]),
        "machine": f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}",
        "method": kind.method,
        "baseline": {"what": kind.before, "values": sides[0]},
        "observed": {"what": kind.after, "values": sides[1]},
    }


def main() -> None:
    """Take one series; print it or write it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument(
        "versions", metavar="OLD [NEW]", nargs="*", type=Path, help="folders, for rounds of servers"
    )
    parser.add_argument("--write", metavar="FILE", type=Path)
    arguments = parser.parse_args()
    if (arguments.kind in ROUNDS) != bool(arguments.versions) or len(arguments.versions) > 2:
        parser.error(f"OLD and NEW are for {', '.join(ROUNDS)}, which need the first")
    document = taken(arguments.kind, arguments.runs, *(path.resolve() for path in arguments.versions))
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)
    if arguments.write:
        arguments.write.write_text(text, encoding="utf-8")
    print(text, end="")


if __name__ == "__main__":
    main()
