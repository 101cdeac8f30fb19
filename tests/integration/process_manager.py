"""What a process manager does: open an address, start a server on it, and hear how it is."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from integration.server_process import START_SECONDS, STOP_SECONDS, environment

LAUNCH = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.argv[2], sys.argv[2:])
"""
"""Only the process itself knows its number before it becomes the server."""


class Manager:
    """Keeps a listening socket open; starts servers that take it over, one after the other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(str(folder / "notify"))
        self._notify.settimeout(START_SECONDS)
        self.port: int = self._listening.getsockname()[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()
        self._notify.close()

    @contextmanager
    def server(self, *options: str) -> Iterator["subprocess.Popen[bytes]"]:
        """A server on our socket; killed at the end of the block, if it is still there."""
        variables = {
            "LISTEN_FDS": "1",
            "LISTEN_FDNAMES": "test",
            "NOTIFY_SOCKET": str(self._folder / "notify"),
        }
        serve = [sys.executable, "-P", "-m", "whiteboard", "serve", "--addr", "systemd", "--mode", "sqlite"]
        command = [
            sys.executable,
            "-c",
            LAUNCH,
            str(self._listening.fileno()),
            *serve,
            "--data",
            str(self._folder / "data"),
            *options,
        ]

        with (self._folder / "server.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                env=environment() | variables | {"WATCHDOG_USEC": "400000"},
                cwd=self._folder,
                pass_fds=(self._listening.fileno(),),
            )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(STOP_SECONDS)

    def hears(self) -> list[str]:
        """The next datagram, in lines."""
        return self._notify.recv(4096).decode().split("\n")

    def is_silent_for(self, seconds: float) -> None:
        """Return once nothing has come for so long, whatever came before."""
        self._notify.settimeout(seconds)
        try:
            while self._notify.recv(4096):
                pass
        except TimeoutError:
            self._notify.settimeout(START_SECONDS)

    def hears_of(self, line: str) -> list[str]:
        """The next datagram with this line in it; what comes before is passed over."""
        while True:
            lines = self.hears()
            if line in lines:
                return lines
