"""Where giving memory back helps, where it does not, and what it costs the event loop (R43).

    python -m benchmarks.trim [--mib 200] [--quick] [--write docs/diagnostics.md]

Each line is a process of its own: it fills so much memory, lets most of it go, looks what the system has of it then, and asks the C library to give
back what is free (`malloc_trim`), while a task of Trio's beats every millisecond beside it. `called` says by whom it is called: by the
loop's own thread, or by another, which holds the loop up all the same: what allocates waits for the allocator.
"""

import argparse
import ctypes
import gc
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import attrs
import trio

from benchmarks.scenes.sections import Section, Table, write
from whiteboard.diagnostics.memory.allocator import find_allocator
from whiteboard.diagnostics.process import resident_bytes
from whiteboard.limits import KIB, MIB

BEAT_SECONDS: Final = 0.001
SETTLE_SECONDS: Final = 0.3
SURVIVORS: Final = 100
"""Of so many one stays, in the cases with survivors."""


@attrs.frozen
class Case:
    """What is allocated, and what stays of it."""

    name: str
    make: Callable[[int], list[Any]]
    """Takes bytes."""
    stays: int = 0
    """Of so many one; 0 for none."""
    environ: dict[str, str] = attrs.field(factory=dict)
    by_thread: bool = False
    arranged: bool = True
    """Whether the allocator is set as the server sets it."""


def buffers(low: int, high: int) -> Callable[[int], list[Any]]:
    """Buffers of sizes between two bounds, in bytes."""

    def make(total: int) -> list[Any]:
        chance, made, left = random.Random(1), [], total
        while left > 0:
            made.append(bytearray(chance.randrange(low, high)))
            left -= len(made[-1])
        return made

    return make


def small_objects(total: int) -> list[Any]:
    """Dicts with a list and a number, as decoded JSON is: some 300 bytes each."""
    return [{"id": number + 1_000, "points": [number, number + 1]} for number in range(total // 320)]


CASES: Final = (
    Case("buffers of 0.6 to 20 KiB, all let go", buffers(600, 20 * KIB)),
    Case("the same, 1 % stays", buffers(600, 20 * KIB), SURVIVORS),
    Case("the same, called by another thread", buffers(600, 20 * KIB), SURVIVORS, by_thread=True),
    Case("the same, glibc as it comes", buffers(600, 20 * KIB), SURVIVORS, arranged=False),
    Case("buffers of 512 KiB, 1 % stays", buffers(512 * KIB, 512 * KIB + 1), SURVIVORS),
    Case("small objects, all let go", small_objects),
    Case("small objects, 1 % stays", small_objects, SURVIVORS),
    Case(
        "the same, PYTHONMALLOC=malloc",
        small_objects,
        SURVIVORS,
        environ={"PYTHONMALLOC": "malloc"},
    ),
)


async def play(case: Case, total: int) -> dict[str, float]:
    """Fill, let go, give back; memory in bytes and pauses in seconds."""
    allocator = find_allocator()
    if allocator is None:
        raise SystemExit("benchmarks.trim needs glibc 2.33 or newer")
    if case.arranged:
        allocator.arrange()
    told = dict[str, float]()
    gc.disable()
    told["before"] = resident_bytes()
    made = case.make(total)
    told["full"] = resident_bytes()
    kept = made[:: case.stays] if case.stays else []
    del made
    told["let_go"] = resident_bytes()
    if case.by_thread:
        trim: Callable[[int], Any] = ctypes.CDLL(None).malloc_trim
        told |= await _beside(lambda: trio.to_thread.run_sync(trim, 0))
    else:

        async def in_turn() -> None:
            await trio.lowlevel.checkpoint()
            allocator.give_back()

        told |= await _beside(in_turn)
    told["given"] = resident_bytes()
    began = perf_counter()
    allocator.give_back()
    told["again"] = perf_counter() - began
    told["kept"] = len(kept)
    return told


async def _beside(work: Callable[[], Any]) -> dict[str, float]:
    """How long something took, and the longest that a task beside it had to wait for its turn."""
    gaps = [0.0]

    async def beat() -> None:
        before = perf_counter()
        while True:
            await trio.sleep(BEAT_SECONDS)
            bytearray(1_000)  # a loop that lives allocates
            now = perf_counter()
            gaps.append(now - before)
            before = now

    async with trio.open_nursery() as nursery:
        nursery.start_soon(beat)
        await trio.sleep(SETTLE_SECONDS)
        usual = max(gaps)
        gaps[:] = [0.0]
        began = perf_counter()
        await work()
        took = perf_counter() - began
        await trio.sleep(SETTLE_SECONDS)
        nursery.cancel_scope.cancel()
    return {"took": took, "gap": max(gaps), "usual_gap": usual}


def run(number: int, total: int) -> dict[str, float]:
    """A case in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.trim", "--case", str(number), "--mib", str(total // MIB)]
    answer = subprocess.run(
        command, env={**os.environ, **CASES[number].environ}, check=True, capture_output=True
    )
    told: dict[str, float] = json.loads(answer.stdout)
    return told


def row(case: Case, told: dict[str, float]) -> list[str]:
    """A line of the table; memory above what the process had at first."""
    full, let_go, given = ((told[name] - told["before"]) / MIB for name in ("full", "let_go", "given"))
    back = let_go - given
    return [
        case.name,
        f"{full:.0f}",
        f"{let_go:.0f}",
        f"{given:.0f}",
        f"{told['took'] * 1_000:.1f}",
        f"{told['took'] * 1_000 / back:.2f}" if back >= 1 else "-",
        f"{told['gap'] * 1_000:.1f} ({told['usual_gap'] * 1_000:.1f})",
        f"{told['again'] * 1_000:.1f}",
    ]


def section(total: int, numbers: Sequence[int]) -> Section:
    """Cases by their numbers, one after the other."""
    titles = [
        f"{total // MIB} MiB of",
        "full, MiB",
        "let go",
        "given back",
        "malloc_trim, ms",
        "ms for each MiB",
        "longest gap of the loop, ms (before)",
        "a second time, ms",
    ]
    rows = [row(CASES[number], run(number, total)) for number in numbers]
    return Section("trim", "Resident memory above that of the empty process.", [Table(titles, rows)])


def main() -> None:
    """See this file."""
    parser = argparse.ArgumentParser(prog="benchmarks.trim")
    parser.add_argument("--mib", type=int, default=200)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--case", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    total = (20 if given.quick else given.mib) * MIB
    if given.case is not None:
        print(json.dumps(trio.run(play, CASES[given.case], total)))
        return
    found = section(total, range(0, len(CASES), 3 if given.quick else 1))
    print(found.markdown())
    if given.write:
        write(given.write, found)


if __name__ == "__main__":
    main()
