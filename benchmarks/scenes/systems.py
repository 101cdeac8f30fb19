"""What the scenes ask of a server, whoever made it, and how our own answers."""

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

from benchmarks.scenes.guests import Door, Guest, inflated
from benchmarks.serving import Server
from benchmarks.sockets import masked_frame

KIB: Final = 1024
MIB: Final = 1024 * 1024
_PEEK_CHARS: Final = 120
_LONGEST_REST_SECONDS: Final = 20.0


class Process(Protocol):
    """A server that runs."""

    port: int
    pid: int


def cpu_seconds(process: Process) -> float:
    """CPU time of all its threads so far, to the microsecond: Linux's CPU clock of another process."""
    return time.clock_gettime((~process.pid << 3) | 2)


def rss_bytes(process: Process) -> int:
    """Resident memory."""
    return _status(process, "VmRSS:") * KIB


def peak_rss_bytes(process: Process) -> int:
    """The most resident memory that it ever had."""
    return _status(process, "VmHWM:") * KIB


def _status(process: Process, name: str) -> int:
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    raise RuntimeError("the server has ended")


def descriptors(process: Process) -> int:
    """Files and sockets that it has open."""
    return sum(1 for _ in Path(f"/proc/{process.pid}/fd").iterdir())


def path_of(board: str) -> str:
    """Where our server has a board."""
    return f"/ws/{board}"


def hello(name: str) -> bytes:
    """A client's first frame."""
    said = {"type": "hello", "v": 1, "client": name, "key": f"key of {name}", "name": name}
    return masked_frame(json.dumps(said).encode())


class Seat:
    """Whether somebody has the whole snapshot. Each message is only glanced at, so that timing stays true."""

    def __init__(self, *, keep: bool = False) -> None:
        self.payloads: list[tuple[bytes, bool]] = []
        """All messages, if they are to be kept."""
        self.is_whole = False
        self.took = 0.0
        """Seconds from the first SYN to the last byte of the snapshot."""
        self._keep = keep

    def hear(self, guest: Guest, payload: bytes, compressed: bool) -> None:
        """A message came."""
        if self._keep:
            self.payloads.append((payload, compressed))
        if self.is_whole:
            return
        start = inflated(payload, _PEEK_CHARS) if compressed else payload[:_PEEK_CHARS]
        if b'"type":"snapshot"' not in start:
            return
        part, parts = _part(start)
        if part == parts:
            self.is_whole = True
            self.took = guest.arrived - guest.began


def _part(start: bytes) -> tuple[int, int]:
    """The numbers in `…"part":3,"parts":17…`."""
    after = start.partition(b'"part":')[2]
    part, _, rest = after.partition(b',"parts":')
    return int(part), int(rest.partition(b",")[0])


def elements_in(seat: Seat) -> int:
    """Elements of the snapshot that somebody kept."""
    messages = (
        json.loads(inflated(payload) if compressed else payload) for payload, compressed in seat.payloads
    )
    flat = (one for message in messages for one in (message if isinstance(message, list) else [message]))
    return sum(len(one["elements"]) for one in flat if one["type"] == "snapshot")


@contextmanager
def looking(server: Process, boards: Iterable[str], each: int) -> Iterator[Door]:
    """So many people on each board, who have its snapshot and only look."""
    door, seats = Door(), []
    try:
        for board in boards:
            fresh = [Seat() for _ in range(each)]
            door.let_in(
                Guest(server.port, path_of(board), hello(f"g{n}"), hear=seat.hear)
                for n, seat in enumerate(fresh)
            )
            seats += fresh
            door.wait_until(lambda: all(one.is_whole for one in fresh))  # noqa: B023  called at once
        if not all(one.is_whole for one in seats):
            raise RuntimeError(f"not everybody was let in: {door.ends()}")
        yield door
    finally:
        door.close()


def rest(door: Door, seconds: float) -> None:
    """Let time go by, with pings answered."""
    door.wait_until(lambda: False, seconds)


def wait_until_gone(server: Server, sessions: int = 0, seconds: float = _LONGEST_REST_SECONDS) -> float:
    """Seconds until no more sessions than that are left; nan when it did not come to that."""
    begin = time.perf_counter()
    while (waited := time.perf_counter() - begin) < seconds:
        counts = server.counts
        if counts["sessions"] <= sessions and counts["leases"] <= sessions:
            return waited
        time.sleep(0.02)
    return float("nan")
