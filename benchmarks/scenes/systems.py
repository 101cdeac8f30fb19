"""What the scenes ask of a server, whoever made it, and people who look at its boards."""

import json
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

from benchmarks.generator.wire import Frame, inflate
from benchmarks.peers.peer import Peer, Voice
from benchmarks.peers.whiteboard import Whiteboard
from benchmarks.scenes.guests import Door, Guest
from benchmarks.serving import Server

KIB: Final = 1024
MIB: Final = 1024 * 1024
OURS: Final = Whiteboard()
LOOKERS: Final = 100_000
"""Numbers of those who only look begin here, so that none of them is somebody who draws."""
_PEEK_BYTES: Final = 120
_FLUSH_END: Final = b"\x00\x00\xff\xff"
_LONGEST_REST_SECONDS: Final = 20.0
_BEAT_SECONDS: Final = 10.0


class Running(Protocol):
    """A server that runs."""

    port: int
    pid: int


def cpu_seconds(server: Running) -> float:
    """CPU time of all its threads so far, to the microsecond: Linux's CPU clock of another process."""
    return time.clock_gettime((~server.pid << 3) | 2)


def rss_bytes(server: Running) -> int:
    """Resident memory."""
    return _status(server, "VmRSS:") * KIB


def peak_rss_bytes(server: Running) -> int:
    """The most resident memory that it had since `forget_peak`, or ever."""
    return _status(server, "VmHWM:") * KIB


def forget_peak(server: Running) -> None:
    """The peak begins at what there is now (proc(5), `clear_refs`)."""
    Path(f"/proc/{server.pid}/clear_refs").write_text("5")


def _status(server: Running, name: str) -> int:
    for line in Path(f"/proc/{server.pid}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    raise RuntimeError("the server has ended")


def descriptors(server: Running) -> int:
    """Files and sockets that it has open."""
    return sum(1 for _ in Path(f"/proc/{server.pid}/fd").iterdir())


class Visitor(Guest):
    """Somebody who takes a room's content and then looks on, in whatever protocol the peer speaks."""

    def __init__(
        self, server: Running, peer: Peer, room: str, number: int, *, receive_bytes: int | None = None
    ) -> None:
        self._voice = peer.voice(room, LOOKERS + number)
        self.is_seated = self._voice.is_seated
        """Whether all of the room's content is here."""
        self.took = 0.0
        """Seconds from the first packet to the last byte of the content."""
        buffer = {} if receive_bytes is None else {"receive_bytes": receive_bytes}
        super().__init__(
            server.port, peer.path(room), self._voice.greeting(), deflate=peer.offers_deflate, **buffer
        )

    def hear(self, opcode: int, payload: bytes, *, deflated: bool) -> None:
        if answer := self._voice.hear(Frame(opcode, inflate(payload) if deflated else payload)):
            self.send(answer)
        if self._voice.is_seated and not self.is_seated:
            self._sit_down()

    def _sit_down(self) -> None:
        self.is_seated = True
        self.took = self.arrived - self.began

    def draw(self, number: int) -> None:
        """Send the next op, the run's `number`th."""
        self.send(self._voice.op(number, 0))

    def beat(self) -> None:
        """Say what the protocol wants to hear every 10 s. A pong that nobody asked for is left out."""
        if type(self._voice).beat is not Voice.beat:
            self.send(self._voice.beat())


class Reader(Visitor):
    """A visitor of ours who only glances at each message, so that timing stays true."""

    def __init__(self, server: Running, peer: Peer, room: str, number: int, *, keeps: bool = False) -> None:
        self.payloads: list[tuple[bytes, bool]] | None = [] if keeps else None
        """All messages and whether they are deflated, if they are to be kept."""
        super().__init__(server, peer, room, number)

    def hear(self, opcode: int, payload: bytes, *, deflated: bool) -> None:  # noqa: ARG002  all ours are text
        if self.payloads is not None:
            self.payloads.append((payload, deflated))
        if self.is_seated:
            return
        start = _beginning(payload) if deflated else payload[:_PEEK_BYTES]
        if b'"type":"snapshot"' in start:
            part, parts = _part(start)
            if part == parts:
                self._sit_down()

    @property
    def elements(self) -> int:
        """Of the snapshot that was kept."""
        kept = self.payloads or []
        messages = (json.loads(inflate(payload) if deflated else payload) for payload, deflated in kept)
        flat = (one for message in messages for one in (message if isinstance(message, list) else [message]))
        return sum(len(one["elements"]) for one in flat if one["type"] == "snapshot")


def _beginning(payload: bytes) -> bytes:
    return zlib.decompressobj(-zlib.MAX_WBITS).decompress(payload + _FLUSH_END, _PEEK_BYTES)


def _part(start: bytes) -> tuple[int, int]:
    """The numbers in `…"part":3,"parts":17…`."""
    after = start.partition(b'"part":')[2]
    part, _, rest = after.partition(b',"parts":')
    return int(part), int(rest.partition(b",")[0])


def visitor(server: Running, peer: Peer, room: str, number: int) -> Visitor:
    """Somebody who looks at a room."""
    kind = Reader if isinstance(peer, Whiteboard) else Visitor
    return kind(server, peer, room, number)


def seat(door: Door[Visitor], people: Sequence[Visitor]) -> None:
    """Let them in, the first before the others: not every peer bears several who open a room at once.

    Raises RuntimeError when somebody does not get the room's content.
    """
    for some in (people[:1], people[1:]):
        door.let_in(some)
        if not door.wait_until(lambda: all(one.is_seated for one in some)):  # noqa: B023  called at once
            raise RuntimeError(f"not everybody was let in: {door.ends()}")


@contextmanager
def looking(server: Running, rooms: Sequence[str], each: int, peer: Peer = OURS) -> Iterator[Door[Visitor]]:
    """So many people in each room, who have its content and only look."""
    door: Door[Visitor] = Door()
    try:
        for place, room in enumerate(rooms):
            seat(door, [visitor(server, peer, room, place * each + n) for n in range(each)])
        yield door
    finally:
        door.close()


def rest(door: Door[Visitor], seconds: float) -> None:
    """Let time go by, with pings answered and beats where the protocol wants them."""
    left = seconds
    while left > 0:
        for one in door.guests.values():
            one.beat()
        door.wait_until(lambda: False, min(left, _BEAT_SECONDS))
        left -= _BEAT_SECONDS


def wait_until_gone(server: Server, sessions: int = 0, seconds: float = _LONGEST_REST_SECONDS) -> float:
    """Seconds until no more sessions than that are left; nan when it did not come to that."""
    begin = time.perf_counter()
    while (waited := time.perf_counter() - begin) < seconds:
        counts = server.counts
        if counts["sessions"] <= sessions and counts["leases"] <= sessions:
            return waited
        time.sleep(0.02)
    return float("nan")
