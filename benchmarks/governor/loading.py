"""What the collector costs while a large board comes into memory, element by element, and the walk through everything behind it.

    python -m benchmarks.governor.loading [--elements 200000] [--write docs/diagnostics.md]

Three ways, each a process of its own: as Python collects by itself, frozen as the server has it (`diagnostics/memory/cycles.py`), and not at
all until the board is there, then once and frozen. All elements are objects, which is more than a server ever has at a time.
"""

import argparse
import gc
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Final

import trio

from benchmarks.governor.phase import a_board
from benchmarks.scenes.sections import Section, Table, write
from benchmarks.tables import percentile
from whiteboard.diagnostics.memory.cycles import open_cycle_search

WAYS: Final = ("default", "frozen", "once, behind it")


async def load(way: str, elements: int) -> dict[str, float]:
    """Pauses in milliseconds, all else in seconds."""
    pauses: list[float] = []
    began = [0.0]

    def note(phase: str, _: Mapping[str, int]) -> None:
        if phase == "start":
            began[0] = perf_counter()
        else:
            pauses.append((perf_counter() - began[0]) * 1_000)

    gc.callbacks.insert(0, note)
    begin = perf_counter()
    if way == "frozen":
        async with open_cycle_search():
            pauses.clear()  # the walk at its start belongs to the server's
            begin = perf_counter()
            board = a_board(elements)
            took = perf_counter() - begin
            walk = _walk()
    else:
        if way != "default":
            gc.disable()
        board = a_board(elements)
        if way != "default":
            gc.collect()
            gc.freeze()
            gc.enable()
        took = perf_counter() - begin
        walk = _walk()
    assert len(board) == elements
    pauses.pop()  # the walk behind it
    return {
        "took": took,
        "count": len(pauses),
        "p99": percentile(pauses, 0.99),
        "longest": max(pauses, default=0.0),
        "sum": sum(pauses),
        "walk": walk,
    }


def _walk() -> float:
    """Milliseconds that the next collection of all that is not frozen takes."""
    began = perf_counter()
    gc.collect()
    return (perf_counter() - began) * 1_000


def row(way: str, elements: int) -> list[str]:
    """A way's line."""
    command = [sys.executable, "-m", "benchmarks.governor.loading", "--way", way, "--elements", str(elements)]
    told = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    cells = [f"{told['took']:.2f}", f"{told['count']:,}", f"{told['p99']:.2f}", f"{told['longest']:.1f}"]
    return [way, *cells, f"{told['sum']:.0f}", f"{told['walk']:.1f}"]


def main() -> None:
    """See this file."""
    parser = argparse.ArgumentParser(prog="benchmarks.governor.loading")
    parser.add_argument("--elements", type=int, default=200_000)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    if given.way:
        print(json.dumps(trio.run(load, given.way, given.elements)))
        return
    titles = [
        "",
        "s",
        "collections",
        "pause p99, ms",
        "longest",
        "all together",
        "a walk behind it, ms",
    ]
    found = Section(
        "loading",
        f"{given.elements:,} elements, all of them objects.",
        [Table(titles, [row(way, given.elements) for way in WAYS])],
    )
    print(found.markdown())
    if given.write:
        write(given.write, found)


if __name__ == "__main__":
    main()
