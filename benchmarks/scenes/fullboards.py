"""A full board on every peer that keeps one: what it takes in memory, and to open it."""

from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Final

from benchmarks.generator.wire import Frame, inflate
from benchmarks.peers import PEERS, available
from benchmarks.peers.peer import Peer, Unavailable
from benchmarks.scenes.drawings import AUTHOR, drawn_in, frames
from benchmarks.scenes.guests import Door
from benchmarks.scenes.joins import BOARD, alone, join
from benchmarks.scenes.sections import Section, Table
from benchmarks.scenes.strokes import JOINED_STROKES, POINTS
from benchmarks.scenes.systems import MIB, Running, Visitor, rest, rss_bytes, seat

TIMES: Final = 10
CROWD: Final = 100
WARM_UP: Final = 20
SETTLE_SECONDS: Final = 1.0
LOOKS: Final = 20
"""At the board, a second apart, before it counts as not drawn."""
_IN_FLIGHT: Final = 100


class Counter(Visitor):
    """Counts the strokes that come."""

    def __init__(self, server: Running, peer: Peer, room: str, number: int) -> None:
        self.drawn: set[bytes] = set()
        super().__init__(server, peer, room, number)

    def hear(self, opcode: int, payload: bytes, *, deflated: bool) -> None:
        frame = Frame(opcode, inflate(payload) if deflated else payload)
        self.drawn |= drawn_in(frame.payload)
        super().hear(opcode, frame.payload, deflated=False)


@contextmanager
def filled(server: Running, peer: Peer, room: str, strokes: int) -> Iterator[bool]:
    """A room with so many strokes and their author in it; whether whoever joins gets them all.

    The author stays, because some servers forget a document that nobody looks at and nothing stores.
    """
    drawing = frames(peer, room, strokes, POINTS)
    door: Door[Visitor] = Door()
    author = Visitor(server, peer, room, AUTHOR)
    try:
        seat(door, [author])
        for number, frame in enumerate(drawing or ()):
            author.send(frame)
            if number % _IN_FLIGHT == 0:
                door.wait_until(lambda: not author.has_unsent)
        _take_all(door, author)
        yield any(_is_drawn(server, peer, room, strokes) for _ in range(LOOKS))
    finally:
        door.close()


def _take_all(door: Door[Visitor], author: Visitor) -> None:
    """Until all is sent and nothing comes any more: some servers send an author everything back, and wait with it."""
    before = -1
    while author.has_unsent or author.bytes_in != before:
        before = author.bytes_in
        rest(door, SETTLE_SECONDS)


def _is_drawn(server: Running, peer: Peer, room: str, strokes: int) -> bool:
    door: Door[Visitor] = Door()
    counter = Counter(server, peer, room, AUTHOR + 1)
    door.let_in([counter])
    try:
        rest(door, SETTLE_SECONDS)
        return len(counter.drawn) >= strokes
    finally:
        door.close()


def row(peer: Peer, strokes: int, times: int, crowd: int) -> list[str]:
    """A line."""
    with peer.serve() as server, filled(server, peer, "warm-up", WARM_UP):
        before = rss_bytes(server)
        with filled(server, peer, BOARD, strokes) as is_whole:
            if not is_whole:
                return [peer.name, f"does not give all {strokes} strokes to who joins"]
            kept = (rss_bytes(server) - before) / MIB / strokes * 1_000
            one = alone(server, times, peer)
            many = join(server, crowd, peer)
    return [
        peer.name,
        f"{kept:.2f}",
        f"{one.mb:.2f}",
        f"{median(one.ms):.1f}",
        f"{one.cpu_ms:.2f}",
        f"{many.cpu_ms:.2f}",
    ]


def measure(*, quick: bool) -> Section:
    """One table."""
    strokes, times, crowd = (200, 2, 10) if quick else (JOINED_STROKES, TIMES, CROWD)
    wanted = (
        ["whiteboard"]
        if quick
        else [name for name, peer in PEERS.items() if frames(peer, "", 0, 0) is not None]
    )
    rows = []
    for name, found in available(wanted).items():
        rows.append(
            [name, str(found)] if isinstance(found, Unavailable) else row(found, strokes, times, crowd)
        )
    titles = (
        "server",
        "MiB for 1,000 strokes",
        "MB to join",
        "alone: ms",
        "CPU ms",
        f"{crowd} at once: CPU ms each",
    )
    return Section(
        "peers-boards",
        f"A board of {strokes:,} strokes of {POINTS} points, each drawn in one op. Yjs servers get points as one array of "
        "numbers, tldraw packed as its own tool packs those of a mouse.",
        [Table(titles, rows)],
    )
