"""Two workers against one: what the same people get out of the same machine, in runs that take turns.

    python -m benchmarks.workers [--quick] [--runs 5] [--seconds 4]

On each board a few people draw as fast as their acks come, and the others listen. Boards are as many for each
worker. The load is as cheap as Python can make it: it counts what arrives in the bytes as they are, and takes
nothing apart. It still needs a core's time that two workers on two cores would otherwise have, so the ratio of
deliveries understates two workers; what a delivery costs the server's processes, together, does not depend on it.
"""

import argparse
import json
import os
import resource
import select
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Final
from urllib.request import urlopen

from benchmarks.serving import Server, cpu_seconds_of
from benchmarks.sockets import Line, masked_frame
from benchmarks.tables import spread, table
from whiteboard.ids import BoardId
from whiteboard.workers.routing import owner_of

WORKERS: Final = 2
BOARDS_EACH: Final = 2
AUTHORS: Final = 2
"""Of each board's people."""
WINDOW: Final = 200
"""Ops of an author that have no ack yet, at most."""
BATCH: Final = 20
SETTLE_SECONDS: Final = 20.0
_OP: Final = b'"seq":'
_ACK: Final = b'"type":"ack"'
_RECEIVE_BYTES: Final = 1 << 18
TITLES: Final = (
    "boards x people",
    "1 worker: deliveries/s",
    f"{WORKERS} workers: deliveries/s",
    "ratio",
    "1 worker: CPU s per million",
    f"{WORKERS} workers: CPU s per million",
    "load's share of the machine",
    "faults",
)


class Person:
    """One client, whose messages are counted and not read."""

    def __init__(self, port: int, board: str, name: str) -> None:
        self.line = Line(port, board)
        self.name = name
        self.count = 0
        """Of ops for a listener, of acks for an author."""
        self.sent = 0
        self._end = b""
        hello = {"type": "hello", "v": 1, "client": name, "key": f"key of {name}"}
        self.line.send(masked_frame(json.dumps(hello).encode()))

    def count_in(self, mark: bytes) -> None:
        """Take what has arrived and count a mark in it, one that comes in two pieces too."""
        try:
            data = self._end + self.line.socket.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return
        self.count += data.count(mark)
        self._end = data[1 - len(mark) :]

    def draw(self) -> None:
        """Send the next batch, when there is room for it in the window."""
        if self.sent - self.count > WINDOW - BATCH or self.line.has_unsent:
            return
        texts = [
            b'{"type":"stroke","id":"%s-%d","points":[[%d,1,0.5],[%d,2,0.5],[%d,3,0.5]],"opId":"%s:%d","seen":0}'
            % (self.name.encode(), n, n, n, n, self.name.encode(), n)
            for n in range(self.sent + 1, self.sent + 1 + BATCH)
        ]
        self.sent += BATCH
        self.line.send(masked_frame(b"[" + b",".join(texts) + b"]"))


class Hall:
    """Everybody on all boards."""

    def __init__(self, port: int, boards: Sequence[str], people: int) -> None:
        self.authors = [Person(port, board, f"a{n}") for board in boards for n in range(AUTHORS)]
        self.listeners = [Person(port, board, f"l{n}") for board in boards for n in range(people - AUTHORS)]
        self._per_board = people - AUTHORS
        self._epoll = select.epoll()
        self._by_descriptor: dict[int, tuple[Person, bytes]] = {}
        for person, mark in [(one, _ACK) for one in self.authors] + [(one, _OP) for one in self.listeners]:
            self._by_descriptor[person.line.socket.fileno()] = (person, mark)
            self._epoll.register(person.line.socket.fileno(), select.EPOLLIN)

    @property
    def delivered(self) -> int:
        """Ops that listeners got."""
        return sum(one.count for one in self.listeners)

    @property
    def missing(self) -> int:
        """Acks and deliveries that are due."""
        sent = sum(one.sent for one in self.authors)
        return sent - sum(one.count for one in self.authors) + sent * self._per_board - self.delivered

    def settle_in(self, seconds: float) -> None:
        """Let welcomes and snapshots go by, which count for nothing."""
        self._pass(seconds)
        for person, _ in self._by_descriptor.values():
            person.count = 0

    def draw(self, seconds: float) -> None:
        """All authors draw for so long."""
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            for author in self.authors:
                author.draw()
            self._pass_once(0.01)

    def finish(self) -> int:
        """Wait for what is due; how much did not come, or came too often."""
        end = time.perf_counter() + SETTLE_SECONDS
        while self.missing > 0 and time.perf_counter() < end:
            self._pass_once(0.05)
        return abs(self.missing)

    def close(self) -> None:
        """Hang up."""
        self._epoll.close()
        for person, _ in self._by_descriptor.values():
            person.line.close()

    def _pass(self, seconds: float) -> None:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            self._pass_once(0.05)

    def _pass_once(self, seconds: float) -> None:
        for descriptor, _ in self._epoll.poll(seconds):
            person, mark = self._by_descriptor[descriptor]
            person.count_in(mark)
            if person.line.has_unsent:
                person.line.flush()


@dataclass
class Figures:
    """One run."""

    per_second: float
    cpu_per_million: float
    load_share: float
    """CPU time of the load, of what all cores had."""
    faults: int


def measure(workers: int, people: int, seconds: float) -> Figures:
    """One run on a fresh server."""
    options = ["--workers", str(workers)]
    with Server("sqlite", options=options, core=None) as server, seated(server, people) as hall:
        pids = processes_of(server, workers)
        hall.draw(seconds / 4)  # caches, files and windows fill
        begin, before, cpu, own = time.perf_counter(), hall.delivered, cpu_of(pids), own_cpu()
        hall.draw(seconds)
        took, delivered = time.perf_counter() - begin, hall.delivered - before
        cpu, own = cpu_of(pids) - cpu, own_cpu() - own
        cores = os.cpu_count() or 1
        return Figures(delivered / took, cpu / delivered * 1e6, own / took / cores, hall.finish())


@contextmanager
def seated(server: Server, people: int) -> Iterator[Hall]:
    """Everybody, in their places."""
    hall = Hall(server.port, boards(), people)
    try:
        hall.settle_in(0.5)
        yield hall
    finally:
        hall.close()


def boards() -> list[str]:
    """As many boards of each of the workers."""
    names = [f"board-{number}" for number in range(1_000)]
    owners = [(owner_of(BoardId(name), WORKERS), name) for name in names]
    return [
        name
        for number in range(WORKERS)
        for name in islice((name for owner, name in owners if owner == number), BOARDS_EACH)
    ]


def processes_of(server: Server, workers: int) -> list[int]:
    """The front and its workers; or the one process."""
    if workers == 1:
        return [server.pid]
    with urlopen(f"http://127.0.0.1:{server.port}/debug/workers", timeout=10) as answer:
        return [server.pid, *(one["pid"] for one in json.load(answer)["workers"])]


def cpu_of(pids: Sequence[int]) -> float:
    """CPU seconds of all of them."""
    return sum(map(cpu_seconds_of, pids))


def own_cpu() -> float:
    """CPU seconds of the load."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def compare(people: int, runs: int, seconds: float) -> list[str]:
    """One row: the runs of both take turns, and each pair gives a ratio."""
    one: list[Figures] = []
    several: list[Figures] = []
    for _ in range(runs):
        one.append(measure(1, people, seconds))
        several.append(measure(WORKERS, people, seconds))
    ratios = [more.per_second / less.per_second for less, more in zip(one, several, strict=True)]
    faults = sum(figures.faults for figures in one + several)
    return [
        f"{BOARDS_EACH * WORKERS} x {people}",
        spread([figures.per_second for figures in one], 0),
        spread([figures.per_second for figures in several], 0),
        spread(ratios),
        spread([figures.cpu_per_million for figures in one], 1),
        spread([figures.cpu_per_million for figures in several], 1),
        " / ".join(f"{statistics.median(f.load_share for f in many):.0%}" for many in (one, several)),
        str(faults) if faults else "none",
    ]


def main() -> None:
    """Parse the arguments, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one short run, to see that it works")
    parser.add_argument("--runs", type=int, default=5, help="of each kind (default: 5)")
    parser.add_argument("--seconds", type=float, default=4.0, help="per run (default: 4)")
    arguments = parser.parse_args()
    runs, seconds = arguments.runs, arguments.seconds
    crowds: tuple[int, ...] = (6, 20)
    if arguments.quick:
        runs, seconds, crowds = 1, 0.4, (4,)
    rows = [compare(people, runs, seconds) for people in crowds]
    print(
        f"{AUTHORS} people of each board draw, the others listen; {runs} x {seconds:g} s in turns: median (range)\n"
    )
    print(table(TITLES, rows))


if __name__ == "__main__":
    main()
