"""pycrdt-websocket, in a virtual environment of its own."""

import hashlib
import sys
from pathlib import Path

from benchmarks.peers.node import HERE, cache_folder, run_installer
from benchmarks.peers.peer import Peer
from benchmarks.peers.process import Command
from benchmarks.peers.yjs import YjsVoice


class Pycrdt(Peer):
    """Its `WebsocketServer` as an ASGI application."""

    name = "pycrdt-websocket"
    durability = "memory"
    echoes = True

    def prepare(self) -> None:
        place = self._place
        if not (place / "installed").exists():
            run_installer([sys.executable, "-m", "venv", str(place)], HERE, {})
            requirements = str(HERE / "pycrdt_websocket" / "requirements.txt")
            pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--only-binary", ":all:"]
            run_installer([*pip, "-r", requirements], HERE, {})
            (place / "installed").touch()

    @property
    def _place(self) -> Path:
        lock = (HERE / "pycrdt_websocket" / "requirements.txt").read_bytes() + sys.version.encode()
        return cache_folder() / f"pycrdt-{hashlib.sha256(lock).hexdigest()[:12]}"

    def command(self, folder: Path) -> Command:
        program = str(HERE / "pycrdt_websocket" / "server.py")
        return Command([str(self._place / "bin" / "python"), program], folder, {"PYTHONPATH": ""})

    @property
    def versions(self) -> str:
        lines = (HERE / "pycrdt_websocket" / "requirements.txt").read_text().splitlines()
        named = [line for line in lines if line.startswith(("pycrdt", "uvicorn", "uvloop"))]
        return ", ".join(line.replace("==", " ") for line in named)

    def voice(self, room: str, client: int) -> YjsVoice:
        return YjsVoice(room, client)
