"""A real Redis server as a process of its own, on a free port of loopback."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from services.ports import free_port
from services.stallable import Stallable

START_SECONDS = 120.0
STOP_SECONDS = 60.0
POLL_SECONDS = 0.01


class RedisProcess(Stallable):
    """`redis-server`, started, stalled, killed and watched."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.port = free_port()
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What a client opens."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def address(self) -> str:
        """`HOST:PORT`, as `--redis-addr` takes it."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, with the data of the run before; return once it answers."""
        program = shutil.which("redis-server")
        assert program, "no redis-server: let tools/check install it"
        where = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder)]
        how = ["--save", "", "--appendonly", "yes", "--appendfsync", "always", "--daemonize", "no"]
        with (self.folder / "redis.log").open("ab") as log:
            command = [program, *where, *how, *self._options]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while self.ask("PING") != "+PONG":
            assert self._process.poll() is None, (self.folder / "redis.log").read_text()
            assert time.monotonic() < deadline, "redis-server did not answer"
            time.sleep(POLL_SECONDS)

    def ask(self, *words: str) -> str:
        """The first line that it answers to a command; empty when it does not."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=STOP_SECONDS) as line:
                line.sendall(" ".join(words).encode() + b"\r\n")
                return line.makefile().readline().strip()
        except OSError:
            return ""

    def order(self, *words: object) -> Any:
        """The whole answer to a command, as RESP 2 has it; AssertionError for an error."""
        parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        with socket.create_connection(("127.0.0.1", self.port), timeout=STOP_SECONDS) as line:
            line.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts))
            return _answer(line.makefile("rb"))

    def lose_everything(self) -> None:
        """Throw away what a killed server has kept."""
        shutil.rmtree(self.folder / "appendonlydir", ignore_errors=True)

    def remember(self) -> None:
        """Keep a copy of what it has on disk now."""
        shutil.rmtree(self.folder / "copy", ignore_errors=True)
        shutil.copytree(self.folder / "appendonlydir", self.folder / "copy")

    def lose_the_newest(self) -> None:
        """Put a killed server back to what was remembered, as a crash with `appendfsync everysec` may."""
        self.lose_everything()
        shutil.copytree(self.folder / "copy", self.folder / "appendonlydir")


def _answer(lines: BinaryIO) -> Any:
    kind, rest = (head := lines.readline().strip())[:1], head[1:]
    assert kind != b"-", rest.decode()
    if kind == b"*":
        return [_answer(lines) for _ in range(int(rest))]
    if kind == b"$":
        return lines.read(int(rest) + 2)[:-2] if int(rest) >= 0 else None
    return int(rest) if kind == b":" else rest


@contextmanager
def redis_running(folder: Path, *options: str) -> Iterator[RedisProcess]:
    """A Redis server for the length of the block."""
    server = RedisProcess(folder, *options)
    server.start()
    try:
        yield server
    finally:
        server.kill()
