"""What the generator has to know of a server: how it is started, and what its clients say.

A `Peer` is one server with one set of options, so one line of the tables. A `Voice` is what one client
says to it: it owns the client's side of the protocol and no socket.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.generator.marks import stroke_op
from benchmarks.generator.wire import PONG, TEXT, Frame, client_frame
from benchmarks.peers.process import Command, Process, data_folder


class Unavailable(Exception):
    """A peer that cannot be had on this machine; says why, for its line of the table."""


class Voice(ABC):
    """One client of a peer."""

    def __init__(self, room: str, client: int) -> None:
        """`client` is its number among all clients of the run."""
        self.room = room
        self.client = client
        self.counter = 0
        """Ops made so far."""
        self.is_seated = False
        """Whether it has been told all that there is, so that from now on only news come."""

    def greeting(self) -> bytes:
        """Frames to send once the WebSocket is open."""
        return b""

    def hear(self, frame: Frame) -> bytes:  # noqa: ARG002  most have nothing to answer
        """Take a frame; frames that the protocol demands as an answer. WebSocket pings do not come here."""
        return b""

    @abstractmethod
    def op(self, number: int, seen: int) -> bytes:
        """The frame of this client's next op, the run's `number`th; each client's are made in the order sent.

        Args:
            number: of the op among all of the run, from 0.
            seen: ops of the room that this client will surely have seen by then.
        """

    def beat(self) -> bytes:
        """What has to be said every 10 s to be taken for alive, whatever was heard: a pong nobody asked for."""
        return client_frame(b"", PONG)


class Peer(ABC):
    """A server with its options."""

    name: str
    durability: str
    """What an op has survived by the time others see it."""
    echoes: bool = False
    """Whether the author gets its own op, too; such copies are no deliveries."""
    offers_deflate: bool = False
    """Whether clients offer permessage-deflate, as browsers do."""
    counts_frames: bool = False
    """Whether clients count by frames (cheap where all get the same large ones) or by marks in the stream."""

    def prepare(self) -> None:  # noqa: B027  most of ours need nothing
        """Install what is needed and not there yet. Raises Unavailable."""

    @abstractmethod
    def command(self, folder: Path) -> Command:
        """How to start it with its data in `folder`, which is empty."""

    @abstractmethod
    def voice(self, room: str, client: int) -> Voice:
        """A new client."""

    def path(self, room: str) -> str:
        """Of a room's WebSocket."""
        return f"/{room}"

    @property
    def versions(self) -> str:
        """Of what runs, for the table's caption."""
        return ""

    @contextmanager
    def serve(self, place: Path | None = None) -> Iterator[Process]:
        """Running with empty data, in `place` if that is given. Raises NotRunning."""
        with data_folder(place) as folder, Process(self.command(folder), folder) as process:
            yield process


class RelayVoice(Voice):
    """A client of a relay that hands on whatever it gets."""

    def __init__(self, room: str, client: int) -> None:
        super().__init__(room, client)
        self.is_seated = True

    def op(self, number: int, seen: int) -> bytes:
        self.counter += 1
        return client_frame(stroke_op(f"d{self.client}", self.counter, number, seen), TEXT)
