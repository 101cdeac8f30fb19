"""Clients as cheap as Python can be: the generator must not be the bottleneck.

All parse what they get until they are seated. From then on most of them only count the marks in what
comes, and a few, the probes, take every frame apart, check that each op came once and in its author's
order, and time it.
"""

from array import array
from collections import Counter
from time import perf_counter
from typing import Final

from benchmarks.generator.marks import MARK, NUMBERED_BYTES, numbers_in
from benchmarks.generator.wire import (
    CLOSE,
    PING,
    PONG,
    Frame,
    Refused,
    client_frame,
    frame_end,
    frames_in,
    inflate,
    open_socket,
)
from benchmarks.peers.peer import Peer, Voice

_RECEIVE_BYTES: Final = 1 << 20
_KEPT_BYTES: Final = len(MARK) - 1
_KEPT_NUMBER_BYTES: Final = NUMBERED_BYTES - 1
_KNOWN_FRAMES: Final = 256
_RSV1: Final = 0x40

_buffer = bytearray(_RECEIVE_BYTES)
"""What one socket held; one for all, as only one is read at a time."""
_view = memoryview(_buffer)


class Ledger:
    """Every op of a run: who sent it and when, by its number."""

    def __init__(self) -> None:
        self.authors = array("l")
        self.previous = array("l")
        """The number of its author's op before it; -1 for none."""
        self.sent_at = array("d")
        """0 while it has not been sent."""
        self.latest: dict[int, int] = {}
        """Author -> number of the op made last."""

    def enter(self, author: int) -> int:
        """The number of this author's next op."""
        number = len(self.authors)
        self.authors.append(author)
        self.previous.append(self.latest.get(author, -1))
        self.latest[author] = number
        self.sent_at.append(0.0)
        return number


class Client:
    """One WebSocket and what came on it."""

    def __init__(self, peer: Peer, voice: Voice, port: int) -> None:
        """Connect, upgrade and say hello; blocks. Raises Refused."""
        self.voice = voice
        self.number = voice.client
        self.marks = 0
        """Ops that came, this client's own among them where the peer sends them back."""
        self.ended = ""
        """Why the connection is no more; empty while it is there."""
        self.arrived = 0.0
        """Just after the last read."""
        self.socket, self.deflates, rest = open_socket(
            port, peer.path(voice.room), offers_deflate=peer.offers_deflate
        )
        if peer.offers_deflate and not self.deflates:
            self.socket.close()
            raise Refused("does not agree to permessage-deflate")
        self.descriptor = self.socket.fileno()
        self._unsent = bytearray()
        self._parsed = bytearray(rest)
        self.send(voice.greeting())
        self._hear_all()

    @property
    def has_unsent(self) -> bool:
        """Whether the kernel has not taken everything yet."""
        return bool(self._unsent)

    def send(self, frames: bytes) -> None:
        """Send; what the kernel does not take waits for `flush`."""
        if self._unsent:
            self._unsent += frames
            return
        try:
            sent = self.socket.send(frames)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._end(error.strerror or str(error))
            return
        if sent < len(frames):
            self._unsent += frames[sent:]

    def flush(self) -> None:
        """Send what waits."""
        try:
            del self._unsent[: self.socket.send(self._unsent)]
        except BlockingIOError:
            return
        except OSError as error:
            self._end(error.strerror or str(error))

    def _receive(self, at: int) -> int:
        """Read into the buffer from `at`; where it ends then, `at` when nothing came."""
        try:
            size = self.socket.recv_into(_view[at:])
        except BlockingIOError:
            return at
        except OSError as error:
            self._end(error.strerror or str(error))
            return at
        if not size:
            self._end("hung up without a goodbye")
        return at + size

    def _end(self, why: str) -> None:
        self.ended = self.ended or why
        self._unsent.clear()

    def receive(self) -> None:
        """Take what has come, frame by frame."""
        size = self._receive(0)
        self.arrived = perf_counter()
        self._parsed += _view[:size]
        self._hear_all()

    def _hear_all(self) -> None:
        for frame in frames_in(self._parsed):
            if frame.opcode == PING:
                self.send(client_frame(frame.payload, PONG))
            elif frame.opcode == CLOSE:
                code = int.from_bytes(frame.payload[:2], "big")
                self._end(f"closed with {code} {frame.payload[2:].decode(errors='replace')}".strip())
            else:
                self._hear(frame)

    def _hear(self, frame: Frame) -> None:
        if answer := self.voice.hear(frame):
            self.send(answer)

    def be_seated(self) -> None:
        """What comes from now on is news."""

    def close(self) -> None:
        """Hang up."""
        self.socket.close()


class Probe(Client):
    """A client that looks at every op, frame by frame."""

    def __init__(self, peer: Peer, voice: Voice, port: int, ledger: Ledger) -> None:
        self._ledger = ledger
        self._last: dict[int, int] = {}
        self._is_seated = False
        self.latencies: list[tuple[int, float]] = []
        """Number and seconds from being sent to being here, of others' ops."""
        self.faults: Counter[str] = Counter()
        super().__init__(peer, voice, port)

    def be_seated(self) -> None:
        self._is_seated = True

    def _hear(self, frame: Frame) -> None:
        super()._hear(frame)
        if self._is_seated:
            self._see(numbers_in(frame.payload))

    def _see(self, numbers: list[int]) -> None:
        """These ops came."""
        self.marks += len(numbers)
        authors, previous, sent_at = self._ledger.authors, self._ledger.previous, self._ledger.sent_at
        for number in numbers:
            author = authors[number]
            if self._last.get(author, -1) != previous[number]:
                self.faults["ops missing, repeated or out of order"] += 1
            self._last[author] = number
            if author != self.number:
                self.latencies.append((number, self.arrived - sent_at[number]))


class StreamProbe(Probe):
    """The same from the stream, without taking frames apart; for peers whose frames are small and not deflated."""

    def be_seated(self) -> None:
        self._tail = bytes(self._parsed[-_KEPT_NUMBER_BYTES:])
        super().be_seated()

    def receive(self) -> None:
        if not self._is_seated:
            super().receive()
            return
        start = len(self._tail)
        _buffer[:start] = self._tail
        end = self._receive(start)
        self.arrived = perf_counter()
        data = bytes(_view[:end])
        self._see(numbers_in(data))
        self._tail = data[-_KEPT_NUMBER_BYTES:]


class MarkCounter(Client):
    """A client that counts marks in the stream; for peers whose frames are small and not deflated."""

    def be_seated(self) -> None:
        """From now on by marks."""
        self._tail = bytes(self._parsed[-_KEPT_BYTES:])

    def count(self) -> None:
        """Take what has come."""
        tail = self._tail
        start = len(tail)
        _buffer[:start] = tail
        end = self._receive(start)
        self.marks += _buffer.count(MARK, 0, end)
        self._tail = bytes(_view[max(0, end - _KEPT_BYTES) : end])


class _Node:
    """A frame that everybody in a room gets, and the one after it."""

    __slots__ = ("frame", "marks", "next", "size")

    def __init__(self, frame: bytes, marks: int) -> None:
        self.frame = frame
        self.size = len(frame)
        self.marks = marks
        self.next: _Node | None = None


class Chain:
    """The frames with ops that a room's clients get, each counted (and inflated) once for all of them.

    A client follows the nodes: comparing a frame with the one that is due costs a tenth of counting in it.
    Clients whose frames differ, by acks in between or by other batches, look theirs up or count anew.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, _Node] = {}

    def find(self, frame: bytes, payload_at: int, before: _Node) -> _Node:
        """The node of a frame that came after `before`."""
        node = self._known.get(frame)
        if node is None:
            payload = frame[payload_at:]
            node = _Node(frame, (inflate(payload) if frame[0] & _RSV1 else payload).count(MARK))
            if node.marks:
                self._keep(node)
        if node.marks and before.next is None and node is not before:
            before.next = node
        return node

    def _keep(self, node: _Node) -> None:
        if len(self._known) >= _KNOWN_FRAMES:
            del self._known[next(iter(self._known))]
        self._known[node.frame] = node


class FrameCounter(Client):
    """A client that counts by frames; for peers that send the same large ones to all, or deflate."""

    def __init__(self, peer: Peer, voice: Voice, port: int, chain: Chain) -> None:
        self._chain = chain
        self._node = _Node(b"", 0)
        super().__init__(peer, voice, port)

    def be_seated(self) -> None:
        """From now on by frames."""
        self._tail = bytes(self._parsed)

    def count(self) -> None:
        """Take what has come."""
        start = len(self._tail)
        _buffer[:start] = self._tail
        end = self._receive(start)
        at = self._follow(end)
        self._tail = bytes(_view[at:end])

    def _follow(self, end: int) -> int:
        """Count in the frames that are whole; where the rest begins."""
        at, node = 0, self._node
        while True:
            due = node.next
            if due is not None and at + due.size <= end and _buffer.startswith(due.frame, at):
                node, at = due, at + due.size
                self.marks += due.marks
            elif (bounds := frame_end(_buffer, at, end)) is not None:
                node = self._look_up(node, at, *bounds)
                at = bounds[1]
            else:
                self._node = node
                return at

    def _look_up(self, node: _Node, at: int, start: int, stop: int) -> _Node:
        """Count in a frame that is not the one due after `node`; the node of the last frame with ops then."""
        if _buffer[at] & 0x0F == CLOSE:
            self._end(f"closed with {int.from_bytes(_view[start : start + 2], 'big')}")
        found = self._chain.find(bytes(_view[at:stop]), start - at, node)
        self.marks += found.marks
        return found if found.marks else node


Counting = MarkCounter | FrameCounter
