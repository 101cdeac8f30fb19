"""One round of a scene on a fresh server, one figure: what `benchmarks.series` takes by turns of two versions of the server.

python -m benchmarks.rounds joins|memory|rooms|delay
"""

import argparse
from collections.abc import Callable, Mapping
from typing import Final

from benchmarks.peers.whiteboard import Whiteboard
from benchmarks.scenes.joins import BOARD, WHOLE, join
from benchmarks.scenes.memory import Kept
from benchmarks.scenes.strokes import JOINED_STROKES, fill
from benchmarks.serving import Server
from benchmarks.workloads.rooms import Rooms

LEAST_PART: Final = 0.95
ATTEMPTS: Final = 3


def joins() -> float:
    """Milliseconds of CPU for each of 500 at once. One joins before, who has the snapshot made that the others share."""
    peer = Whiteboard(offers_deflate=True)
    with Server("memory") as server:
        fill(server, BOARD, WHOLE.strokes)
        join(server, 1, peer)
        return join(server, WHOLE.crowd, peer).cpu_ms


def memory() -> float:
    """MiB of resident memory for 1,000 strokes of a board that was just drawn."""
    with Server("memory") as server:
        return float(Kept(server, JOINED_STROKES).mib())


def rooms() -> float:
    """CPU seconds of a million deliveries in a hundred small rooms. Raises RuntimeError, see `_small_rooms`."""
    return _small_rooms()["cpu"]


def delay() -> float:
    """Milliseconds from an op's send to its being at the others there, the median. Raises RuntimeError."""
    return _small_rooms()["p50"]


def _small_rooms() -> Mapping[str, float]:
    """The first of ATTEMPTS rounds that carried its load: where ops wait they are gathered, and cost less for each delivery.

    Raises RuntimeError when none did. The choice does not look at the other figures.
    """
    for _ in range(ATTEMPTS):
        figures = Rooms().measure(Whiteboard(), (), quick=False).figures
        if figures["part"] >= LEAST_PART:
            return figures
    raise RuntimeError(f"less than {LEAST_PART} of the load was delivered, {ATTEMPTS} times")


ROUNDS: Final[Mapping[str, Callable[[], float]]] = {
    "joins": joins,
    "memory": memory,
    "rooms": rooms,
    "delay": delay,
}


def main() -> None:
    """Print the figure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=ROUNDS)
    print(f"{ROUNDS[parser.parse_args().name]():.4f}")


if __name__ == "__main__":
    main()
