"""Many clients killed in one moment while others draw; and the same few who come, draw and are gone, again and again."""

import socket
import time
from math import nan
from time import perf_counter
from typing import Final

from benchmarks.load import Load, seated
from benchmarks.scenes.party import RESET, SEATED_SECONDS, Party, party
from benchmarks.scenes.sections import Section, Table
from benchmarks.scenes.systems import MIB, descriptors, rss_bytes, wait_until_gone
from benchmarks.serving import Server
from benchmarks.tables import percentile

KILLED: Final = 1_000
OTHERS: Final = 50
RATE: Final = 2.0
"""Ops a second of each of the others."""
BEFORE_SECONDS: Final = 3.0
AFTER_SECONDS: Final = 5.0
WAVES: Final = ("FIN", "RST", "FIN")
ROUNDS: Final = 20
ROUND_PEOPLE: Final = 200
ROUND_OPS: Final = 2
WARM_UP_ROUNDS: Final = 2
BOARD_PEOPLE: Final = 50
"""Of each round, on one board."""


def killed(people: int, others: int, seconds: float) -> list[list[str]]:
    """A line for each wave of people who are killed, all on one server: what a wave leaves behind would add up."""
    with Server("memory") as server:
        load = seated(server.port, ["crowd"], others)
        try:
            alone = rss_bytes(server)
            rows = []
            for end in WAVES:
                figures = _wave(server, load, people, seconds, resets=end == "RST")
                left = (rss_bytes(server) - alone) / MIB
                rows.append([end, *figures, f"{left:.1f}"])
            load.crowds[0].finish()
            faults = str(sum(load.crowds[0].faults.values()) or "none")
            return [[*row, faults] for row in rows]
        finally:
            load.close()


def _wave(server: Server, load: Load, people: int, seconds: float, *, resets: bool) -> list[str]:
    """They come, everybody draws on, they are killed: latency before and after, seconds, and their memory."""
    crowd = load.crowds[0]
    rss = rss_bytes(server)
    with party(server, ["crowd"], people, reset=resets) as many:
        load.wait_until(lambda: many.is_seated, SEATED_SECONDS)
        many.wait_seated()
        grown = (rss_bytes(server) - rss) / MIB
        crowd.forget_figures()
        load.draw_at_rate(RATE, min(BEFORE_SECONDS, seconds))
        before = crowd.seen_ms
        crowd.forget_figures()
        gone = _kill_beside(server, load, many, people, seconds)
    after = crowd.seen_ms
    quantiles = (percentile(before, 0.99), percentile(after, 0.99), max(after))
    return [*(f"{one:.1f}" for one in quantiles), f"{gone:.2f}", f"{grown:.1f}"]


def _kill_beside(server: Server, load: Load, many: Party, people: int, seconds: float) -> float:
    """Kill them while the others draw; seconds until the last connection is gone, nan when a session stayed."""
    files = descriptors(server)
    gone: list[float] = []
    begin = perf_counter()

    def look() -> bool:
        if not gone and descriptors(server) <= files - people:
            gone.append(perf_counter() - begin)
        return False

    many.kill()
    load.draw_at_rate(RATE, seconds, look)
    return gone[0] if gone and server.counts["sessions"] == len(load.drawers) else nan


def rounds(times: int, people: int) -> list[str]:
    """A line: what is left of so many rounds, after two that count as warming up."""
    with Server("sqlite") as server:
        for number in range(WARM_UP_ROUNDS):
            _round(server, people, number)
        rss, files, tasks = rss_bytes(server), descriptors(server), server.counts["tasks"]
        begin = time.monotonic()
        for number in range(times):
            _round(server, people, WARM_UP_ROUNDS + number)
        took = time.monotonic() - begin
        counts = server.counts
        return [
            f"{times} x {people}",
            f"{took / times:.2f}",
            f"{(rss_bytes(server) - rss) / MIB:.2f}",
            str(counts["tasks"] - tasks),
            str(descriptors(server) - files),
            str(counts["sessions"] + counts["leases"]),
        ]


def _round(server: Server, people: int, number: int) -> None:
    """Everybody comes, goes on with the last round's strokes and is gone with a reset."""
    load = seated(
        server.port, [f"round-{n}" for n in range(max(people // BOARD_PEOPLE, 1))], min(people, BOARD_PEOPLE)
    )
    for drawer in load.drawers:
        drawer.go_on_after(number * ROUND_OPS)
        drawer.draw(ROUND_OPS)
    load.settle()
    for drawer in load.drawers:
        drawer.line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    load.close()
    wait_until_gone(server)


def measure(*, quick: bool) -> Section:
    """Two tables."""
    people, others, seconds = (40, 4, 0.5) if quick else (KILLED, OTHERS, AFTER_SECONDS)
    times, few = (2, 8) if quick else (ROUNDS, ROUND_PEOPLE)
    titles = (
        "wave",
        "others' p99 ms before",
        "p99 ms after",
        "max ms",
        "all gone after s",
        "MiB that they added",
        "MiB since the start",
        "faults",
    )
    left = (
        "rounds x people",
        "s each",
        "MiB left of all",
        "tasks left",
        "descriptors left",
        "sessions left",
    )
    return Section(
        "abrupt",
        f"{people:,} people on the board of {others} who draw {RATE:g} ops/s each; their process is killed, three times. Then rounds: people come, "
        f"draw {ROUND_OPS} ops each and are gone with a reset. The first in memory mode, the rounds with sqlite.",
        [
            Table(
                titles,
                killed(people, others, seconds),
            ),
            Table(left, [rounds(times, few)]),
        ],
    )
