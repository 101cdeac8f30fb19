"""What the watch over the event loop costs a server that has nothing to do: CPU time as a share of one core.

    python -m benchmarks.watching
    python -m benchmarks.watching --quick

Each limit in turn, round after round, so that a noisy minute meets all of them; the medians are shown. A loop that has other work pays
less: it is awake already.
"""

import argparse
import sys
import time
from statistics import median
from typing import Final

import trio

from whiteboard.diagnostics.stalls.watcher import open_stall_watch

LIMITS: Final = (0.0, 0.2, 0.05)
"""Seconds; 0 is no watch."""
ROUNDS: Final = 7
ROUND_SECONDS: Final = 3.0
QUICK_SECONDS: Final = 0.5


async def idle(limit: float, seconds: float) -> float:
    """The share of a core that an idle loop takes with this limit, in per cent."""
    async with open_stall_watch(limit):
        await trio.sleep(0.1)
        began, worked = time.perf_counter(), time.process_time()
        await trio.sleep(seconds)
        return 100 * (time.process_time() - worked) / (time.perf_counter() - began)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one short round, to see that it runs")
    is_quick = parser.parse_args().quick
    shares: dict[float, list[float]] = {limit: [] for limit in LIMITS}
    for _ in range(1 if is_quick else ROUNDS):
        for limit, found in shares.items():
            found.append(trio.run(idle, limit, QUICK_SECONDS if is_quick else ROUND_SECONDS))
    print("| limit, ms | % of a core |")
    print("| --- | --- |")
    for limit, found in shares.items():
        print(f"| {limit * 1_000:.0f} | {median(found):.3f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
