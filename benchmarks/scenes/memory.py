"""What boards keep in memory: full ones, after an eviction and when reopened, and many that are only open."""

import time
from typing import Final

from benchmarks.scenes.sections import Section, Table
from benchmarks.scenes.strokes import JOINED_STROKES, POINTS, fill
from benchmarks.scenes.systems import KIB, MIB, looking, rest, rss_bytes
from benchmarks.serving import Server
from whiteboard import timeouts

SETTLE_SECONDS: Final = 1.0
EVICTED_SECONDS: Final = timeouts.ROOM_IDLE.seconds + timeouts.EVICT_SWEEP.seconds + 5.0
BOARDS: Final = 1_000
PEOPLE: Final = 4
WARM_UP_STROKES: Final = 200


class Kept:
    """A full board on a fresh server, looked at in its states."""

    def __init__(self, server: Server, strokes: int) -> None:
        self._server = server
        self._strokes = strokes
        fill(server, "warm-up", WARM_UP_STROKES)
        self._before = rss_bytes(server)
        fill(server, "full", strokes)

    def mib(self) -> str:
        """Resident memory that came since the board is there, for each 1,000 strokes."""
        return f"{(rss_bytes(self._server) - self._before) / MIB / self._strokes * 1_000:.2f}"

    def mib_open(self, people: int = 1) -> str:
        """The same while people look at the board."""
        with looking(self._server, ["full"], people) as door:
            rest(door, SETTLE_SECONDS)
            return self.mib()


def kept(strokes: int, evicted_seconds: float) -> list[list[str]]:
    """A line for each mode. Both servers wait for the eviction together."""
    with Server("memory") as memory, Server("sqlite") as sqlite:
        boards = {"memory": Kept(memory, strokes), "sqlite": Kept(sqlite, strokes)}
        rows = {mode: [mode, board.mib(), board.mib_open()] for mode, board in boards.items()}
        time.sleep(evicted_seconds)
        for server, mode in ((memory, "memory"), (sqlite, "sqlite")):
            left = server.counts["boards"]
            rows[mode] += [
                boards[mode].mib() if not left else f"{left} boards still open",
                boards[mode].mib_open(),
            ]
    return list(rows.values())


def open_boards(boards: int) -> list[str]:
    """Empty boards with people on them, then the same people on few boards: the difference is the boards'."""
    with Server("memory") as server:
        with looking(server, ["warm-up"], PEOPLE):
            pass
        rss = rss_bytes(server)
        with looking(server, [f"open-{n}" for n in range(boards)], PEOPLE) as door:
            rest(door, SETTLE_SECONDS)
            together = (rss_bytes(server) - rss) / KIB / boards
    with Server("memory") as server:
        with looking(server, ["warm-up"], PEOPLE):
            pass
        rss = rss_bytes(server)
        few = max(boards * PEOPLE // 100, 1)
        with looking(server, [f"open-{n}" for n in range(few)], boards * PEOPLE // few) as door:
            rest(door, SETTLE_SECONDS)
            people = (rss_bytes(server) - rss) / KIB / boards
    return [f"{boards:,} x {PEOPLE}", f"{together:.1f}", f"{together - people:.1f}"]


def measure(*, quick: bool) -> Section:
    """Two tables."""
    strokes, seconds, boards = (500, 0.5, 20) if quick else (JOINED_STROKES, EVICTED_SECONDS, BOARDS)
    titles = ("mode", "just drawn, MiB", "somebody looks", "evicted", "reopened")
    return Section(
        "memory",
        f"Resident memory that a board of {strokes:,} strokes of {POINTS} points adds, in MiB for each 1,000 strokes; in memory "
        "mode an evicted board is its op log.",
        [
            Table(titles, kept(strokes, seconds)),
            Table(
                ("boards x people", "KiB for each board with its people", "of it the board's"),
                [open_boards(boards)],
            ),
        ],
    )
