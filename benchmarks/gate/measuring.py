"""What one process measures of one work: CPU time, exact counts, and what is left of cycles.

CPU time is of the whole process. The collector runs before a sample and not within: when it runs depends on all
that is in memory, and what it costs has a benchmark of its own.
"""

import gc
import random
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final, Self

import trio
import trio.testing

from benchmarks.gate.works import Staged, Work

Turn = Callable[[], Awaitable[int]]

WARM_TURNS: Final = 3
"""Before anything is counted or timed."""
WARM_CYCLES: Final = 20
"""Before leaks are looked for: caches fill up, interpreters specialise."""
READINGS: Final = 12
"""Of what is alive, before the gap over which growth is looked for, and as many behind it."""
CYCLES_BETWEEN: Final = 3
"""Two readings."""


@asynccontextmanager
async def opened(work: Work, ops: int) -> AsyncIterator[Turn]:
    """The turn of a work that is ready for so many ops."""
    if isinstance(work, Staged):
        async with work.open(ops) as turn:
            yield turn
        return
    steady = work.prepare(ops)

    async def turn_of_it() -> int:
        return steady()

    yield turn_of_it


def run_staged(main: Callable[[], Awaitable[Any]]) -> Any:
    """Run on a virtual clock, with the same order of tasks every time."""
    scheduler: Any = trio._core._run  # noqa: SLF001 - as Hypothesis does it for Trio: there is no public way
    scheduler._ALLOW_DETERMINISTIC_SCHEDULING = True  # noqa: SLF001
    scheduler._r = random.Random(0)  # noqa: SLF001
    return trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


async def sample(turn: Turn, turns: int, times: int) -> float:
    """Seconds of CPU for one turn: the best of so many times so many."""
    best = float("inf")
    gc.collect()
    gc.freeze()  # the next time, what is there now need not be walked
    gc.disable()
    try:
        for _ in range(times):
            began = time.process_time_ns()
            for _ in range(turns):
                await turn()
            best = min(best, (time.process_time_ns() - began) / turns / 1e9)
    finally:
        gc.enable()
    return best


# --- exact counts -----------------------------------------------------------------------------


class Steps(trio.abc.Instrument):
    """How often any task was run."""

    def __init__(self) -> None:
        self.count = 0

    def before_task_step(self, task: trio.lowlevel.Task) -> None:  # noqa: ARG002 - the hook's
        self.count += 1


class Tally:
    """Byte codes that ran, and the blocks of memory that were there more after one of them than before.

    What a C function allocates and frees again within one byte code is not seen.
    """

    def __init__(self) -> None:
        self.codes = 0
        self.blocks = 0
        self._before = 0

    def __enter__(self) -> Self:
        self._before = sys.getallocatedblocks()
        sys.settrace(self._enter_frame)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)

    def _enter_frame(self, frame: FrameType, event: str, arg: object) -> Any:  # noqa: ARG002 - as settrace calls it
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self._step

    def _step(self, frame: FrameType, event: str, arg: object) -> Any:  # noqa: ARG002 - ditto
        if event == "opcode":
            now = sys.getallocatedblocks()
            self.codes += 1
            if now > self._before:
                self.blocks += now - self._before
            self._before = now
        return self._step


async def count(turn: Turn, ops: int) -> dict[str, float]:
    """Bytes sent, task steps, allocations and byte codes per op: the same every time for the same code."""
    for _ in range(WARM_TURNS):
        await turn()
    gc.collect()
    gc.disable()
    try:
        steps = Steps()
        trio.lowlevel.add_instrument(steps)
        sent = await turn()
        trio.lowlevel.remove_instrument(steps)
        with Tally() as tally:
            await turn()
    finally:
        gc.enable()
    return {
        "sent-B/op": sent / ops,
        "steps/op": steps.count / ops,
        "allocs/op": tally.blocks / ops,
        "codes/op": tally.codes / ops,
    }


# --- leaks ------------------------------------------------------------------------------------


async def _living() -> dict[str, int]:
    for _ in range(3):
        await trio.sleep(3)  # virtual: what ends behind a session's back ends
    gc.collect()
    return {
        "objects": len(gc.get_objects()),
        "tasks": trio.lowlevel.current_statistics().tasks_living,
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "threads": threading.active_count(),
    }


async def _least(turn: Turn) -> dict[str, int]:
    """The least that was alive in some readings: what a task that has just ended still holds comes and goes."""
    least = await _living()
    for _ in range(READINGS - 1):
        for _ in range(CYCLES_BETWEEN):
            await turn()
        least = {kind: min(least[kind], there) for kind, there in (await _living()).items()}
    return least


async def growth(turn: Turn) -> dict[str, float]:
    """What there is more of per cycle, once caches are full; all zero where nothing leaks."""
    for _ in range(WARM_CYCLES):
        await turn()
    before = await _least(turn)
    after = await _least(turn)
    return {kind: (after[kind] - before[kind]) / ((READINGS - 1) * CYCLES_BETWEEN) for kind in before}
