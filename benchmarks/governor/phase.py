"""One server that renders, in a process of its own: what its collector, its memory and its frames did.

    python -m benchmarks.governor.phase WAY ELEMENTS WARM_UP SECONDS

Says where it is as `serve` does; whoever started it lets people draw there, and ends it by SIGTERM. The last line that it says is what it saw,
as JSON. WAY is `governed` (the server with a soft limit), `frozen` (the server without one) or `default` (as Python collects by itself).
"""

import gc
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from time import perf_counter, process_time, thread_time
from typing import Any, Final

import msgspec
import trio

from benchmarks.governor import guests
from benchmarks.governor.canvas import FRAME_SECONDS, Screen
from benchmarks.tables import percentile
from whiteboard import serve as serving
from whiteboard.composition.stores import storage_of
from whiteboard.config import Mode, Settings, TcpAddress
from whiteboard.core.board import Board
from whiteboard.core.clocks import Stamp
from whiteboard.core.ops import Create, ElementType, StampedOp
from whiteboard.diagnostics import logs, tasks
from whiteboard.diagnostics.memory.allocator import find_allocator
from whiteboard.diagnostics.memory.governor import Levers
from whiteboard.diagnostics.memory.soft_limit import CLIMBED, DONE, TOOK, SoftLimit
from whiteboard.ids import ClientId, ElementId

HEADROOM: Final = 1.2
"""The soft limit, of what there is at first."""
BOARD: Final = "drawn"
LOOK_SECONDS: Final = 0.02
LONG_MS: Final = 1.7
_NO_LIMIT: Final = 1 << 50


@dataclass
class Seen:
    """What one process saw while it was measured."""

    way: str
    base_mib: float = 0.0
    limit_mib: float = 0.0
    peak_mib: float = 0.0
    above_seconds: float = 0.0
    """Above the limit, whether anybody cared for it or not."""
    pauses_ms: dict[str, list[float]] = field(default_factory=dict)
    """Of the collector, by generation."""
    worked_ms: list[float] = field(default_factory=list)
    """CPU time of the same: less where others had the core meanwhile."""
    frames: int = 0
    skipped: int = 0
    late_frames: int = 0
    """There more than a frame's time after their moment."""
    paint_ms: tuple[float, float, float] = (0, 0, 0)
    """p50, p99 and the longest."""
    behind_ms: tuple[float, float, float] = (0, 0, 0)
    """The same of how long after its moment a frame was there."""
    cpu_share: float = 0.0
    walked_share: float = 0.0
    """Of the time: what the governor's walks took."""
    steps: dict[str, float] = field(default_factory=dict)
    rungs: dict[str, float] = field(default_factory=dict)
    pool: dict[str, int] = field(default_factory=dict)


class Witness:
    """Sees pauses and memory from now on."""

    def __init__(self, limit: SoftLimit) -> None:
        self._limit = limit
        self._began = self._worked = 0.0
        self.pauses_ms: dict[str, list[float]] = {}
        self.worked_ms: list[float] = []
        self.peak = 0
        self.above_seconds = 0.0

    def __call__(self, phase: str, details: Mapping[str, int]) -> None:
        if phase == "start":
            self._began, self._worked = perf_counter(), thread_time()
        else:
            took, worked = perf_counter() - self._began, thread_time() - self._worked
            self.pauses_ms.setdefault(str(details["generation"]), []).append(took * 1_000)
            self.worked_ms.append(worked * 1_000)

    async def look(self, bound: int) -> None:
        """For ever."""
        before = trio.current_time()
        while True:
            await trio.sleep(LOOK_SECONDS)
            taken, now = self._limit.resident(), trio.current_time()
            self.peak = max(self.peak, taken)
            self.above_seconds += (now - before) * (taken > bound)
            before = now


def a_board(elements: int) -> Board:
    """A board with so many elements, all of them objects, as while they are worked on."""
    board, author = Board(), ClientId("a")
    for seq in range(1, elements + 1):
        points = b"[[%d,%d],[%d,%d]]" % (seq, seq + 1, seq + 2, seq + 3)
        op = Create(ElementId(f"e{seq}"), ElementType.STROKE, {"points": points, "color": b'"#123"'})
        board.apply(StampedOp(seq, Stamp(seq, author, seq), op))
    return board


async def measure(way: str, elements: int, warm_up: float, seconds: float) -> Seen:
    """Serve, render and have guests until a signal comes; what was seen in `seconds` after the warm-up."""
    limit, screen = SoftLimit(_NO_LIMIT if way == "governed" else None), Screen()
    limit.declare_figures()
    board = a_board(elements)
    screen.begin()
    settings = Settings(mode=Mode.MEMORY, addr=TcpAddress("127.0.0.1", 0))
    replaced = {"soft_limit_of": lambda _: limit} | (
        {"open_quiet_work": _nothing} if way == "default" else {}
    )
    for name, own in replaced.items():
        setattr(serving, name, own)
    seen = Seen(way)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_see, seen, limit, screen, warm_up, seconds)
        nursery.start_soon(screen.run)
        await serving.serve(settings, storage_of(settings), tasks.TaskAges())
        nursery.cancel_scope.cancel()
    assert len(board) == elements
    return seen


async def _see(seen: Seen, limit: SoftLimit, screen: Screen, warm_up: float, seconds: float) -> None:
    await trio.sleep(warm_up)
    if allocator := find_allocator():
        allocator.give_back()
    base = limit.resident()
    bound = int(base * HEADROOM)
    if limit.size_bytes:
        limit.size_bytes = bound
    witness = Witness(limit)
    screen.forget()
    gc.callbacks.insert(0, witness)
    began, worked = perf_counter(), process_time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(witness.look, bound)
        nursery.start_soon(guests.come_and_go)
        await trio.sleep(seconds)
        nursery.cancel_scope.cancel()
    took = perf_counter() - began
    gc.callbacks.remove(witness)
    seen.cpu_share = (process_time() - worked) / took
    seen.walked_share = sum(TOOK.values().get(step, 0) for step in ("collect", "collect_all")) / took
    seen.base_mib, seen.limit_mib, seen.peak_mib = (one / 2**20 for one in (base, bound, witness.peak))
    seen.above_seconds, seen.pauses_ms = witness.above_seconds, witness.pauses_ms
    seen.worked_ms = witness.worked_ms
    seen.frames, seen.skipped = len(screen.late_ms), screen.skipped
    seen.late_frames = sum(late > FRAME_SECONDS * 1_000 for late in screen.late_ms)
    seen.paint_ms, seen.behind_ms = _spread(screen.painted_ms), _spread(screen.late_ms)
    seen.steps, seen.rungs = DONE.values(), CLIMBED.values()
    seen.pool = asdict(screen.pool.statistics())


def _spread(values: Any) -> tuple[float, float, float]:
    return percentile(values, 0.5), percentile(values, 0.99), max(values, default=0.0)


@asynccontextmanager
async def _nothing(limit: SoftLimit, levers: Levers) -> AsyncIterator[None]:  # noqa: ARG001 - as the server calls it
    """Neither freezes nor limits."""
    yield


def main() -> None:
    """See this file."""
    way, elements, warm_up, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
    logs.configure(Settings().log.format, Settings().log.level)
    if allocator := find_allocator():
        allocator.arrange()
    seen = trio.run(measure, way, elements, warm_up, seconds)
    print(msgspec.json.encode(seen).decode(), flush=True)


if __name__ == "__main__":
    main()
