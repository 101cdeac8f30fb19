"""The server of this repository, in memory and on SQLite, with and without permessage-deflate."""

import json
import sys
from importlib.metadata import version
from pathlib import Path

from benchmarks.generator.marks import stroke_op
from benchmarks.generator.wire import TEXT, Frame, client_frame
from benchmarks.peers.peer import Peer, Voice
from benchmarks.peers.process import Command


class WhiteboardVoice(Voice):
    """A client that says what the page says."""

    def __init__(self, room: str, client: int, *, deflates: bool) -> None:
        super().__init__(room, client)
        self._name = f"d{client}"
        self._deflates = deflates

    def greeting(self) -> bytes:
        hello = {
            "type": "hello",
            "v": 1,
            "client": self._name,
            "key": f"key of {self._name}",
            "compact": True,
        }
        return client_frame(json.dumps(hello).encode())

    def hear(self, frame: Frame) -> bytes:
        """Seated once the last part of the snapshot is here."""
        if frame.opcode == TEXT and not self.is_seated:
            told = json.loads(frame.payload)
            for one in told if isinstance(told, list) else [told]:
                self.is_seated |= one["type"] == "snapshot" and one["part"] == one["parts"]
        return b""

    def op(self, number: int, seen: int) -> bytes:
        self.counter += 1
        return client_frame(stroke_op(self._name, self.counter, number, seen), deflated=self._deflates)


class Whiteboard(Peer):
    """`python -m whiteboard serve`."""

    echoes = True
    counts_frames = True

    def __init__(self, mode: str = "memory", *, offers_deflate: bool = False) -> None:
        self._mode = mode
        self.offers_deflate = offers_deflate
        self.name = "whiteboard" + ("-sqlite" * (mode == "sqlite")) + ("-deflate" * offers_deflate)
        self.durability = "on disk, synced" if mode == "sqlite" else "memory"

    @property
    def versions(self) -> str:
        return f"whiteboard {version('whiteboard')}, Python {sys.version.split()[0]}, trio {version('trio')}"

    def path(self, room: str) -> str:
        return f"/ws/{room}"

    def command(self, folder: Path) -> Command:
        data = str(folder / "data")
        serve = [sys.executable, "-m", "whiteboard", "serve", "--mode", self._mode, "--data", data]
        # the folder that we were started in has the code under test, whichever way it is installed
        return Command([*serve, "--addr", "127.0.0.1:0", "--log-level", "warning"], Path.cwd())

    def voice(self, room: str, client: int) -> WhiteboardVoice:
        return WhiteboardVoice(room, client, deflates=self.offers_deflate)
