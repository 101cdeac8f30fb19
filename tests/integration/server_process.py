"""The real server as a process of its own, on a free port of loopback."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self

import trio
from services.ports import free_port

START_SECONDS = 120.0
"""A cold start on a busy machine; a warm one takes under a second."""
STOP_SECONDS = 90.0
HTTP_SECONDS = 60.0
LONG_NOTICE = ("--timeouts", "drain-notice=3")
"""Of a server whose people say something between being told of its end and the end, on a slow machine."""
POLL_SECONDS = 0.01
_HASTY = Path(__file__).with_name("hasty_server.py")
_PLANTED = Path(__file__).with_name("planted_server.py")

Json = dict[str, Any]


class ServerProcess:
    """`python -m whiteboard serve`, started, watched and stopped as an operator would."""

    def __init__(self, folder: Path, mode: str, *options: str, port: int = 0) -> None:
        self.folder = folder
        self.mode = mode
        self.port = port or free_port()
        self._options = options
        self._log = folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        code = self.stop() if self.is_running else 0
        if kind is None:
            assert code == 0, f"the server ended with {code} on SIGTERM:\n{self.log}"
        else:
            print(f"--- server log\n{self.log}")

    @property
    def command(self) -> list[str]:
        """What is run."""
        where = ["--addr", f"127.0.0.1:{self.port}", "--data", str(self.folder / "data")]
        return [
            sys.executable,
            "-P",
            "-m",
            "whiteboard",
            "serve",
            "--mode",
            self.mode,
            *where,
            *self._options,
        ]

    @property
    def url(self) -> str:
        """The server's URL."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The running process."""
        assert self._process is not None, "start it first"
        return self._process

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        """What it wrote to both outputs, since the first start."""
        return self._log.read_text(errors="replace")

    # --- its life -----------------------------------------------------------------------------

    def start(self) -> None:
        """Start it and return once `/readyz` says yes. A second start takes the same port again."""
        begin = len(self.log) if self._log.exists() else 0
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command, stdout=log, stderr=log, env=environment(), cwd=self.folder
            )
        self._wait_for(lambda: self._has_told_its_address(begin), "an address")
        self.wait_ready()

    def _wait_for(self, is_there: Any, what: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not is_there():
            assert self.is_running, f"the server ended with {self.process.returncode}:\n{self.log}"
            assert time.monotonic() < deadline, f"{what} did not come:\n{self.log}"
            time.sleep(POLL_SECONDS)

    def _has_told_its_address(self, begin: int) -> bool:
        return f"http://127.0.0.1:{self.port}" in self.log[begin:]

    def wait_ready(self) -> None:
        """Return once `/readyz` says yes; a disk that is slow for a moment has it say no."""
        self._wait_for(self._is_ready, "readiness")

    def _is_ready(self) -> bool:
        try:
            return self.get("/readyz")[0] == 200
        except OSError:
            return False

    def stop(self) -> int:
        """SIGTERM; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """`kill -9`, and wait until it is gone."""
        self.process.kill()
        self.process.wait(STOP_SECONDS)

    def wait(self) -> int:
        """Its exit code, once it has ended by itself."""
        return self.process.wait(STOP_SECONDS)

    # --- what it answers ----------------------------------------------------------------------

    def request(self, method: str, path: str) -> tuple[int, Json]:
        """An HTTP request: status and JSON body. Raises OSError."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=HTTP_SECONDS)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            body = answer.read()
            return answer.status, json.loads(body) if body else {}
        finally:
            connection.close()

    def get(self, path: str) -> tuple[int, Json]:
        """As `request`, with GET."""
        return self.request("GET", path)

    async def fetch(self, path: str) -> tuple[int, Json]:
        """As `get`, from a Trio task."""
        return await trio.to_thread.run_sync(self.get, path)

    async def board(self, board: str) -> Json:
        """The board as the API has it."""
        status, body = await self.fetch(f"/api/boards/{board}")
        assert status == 200, (status, body)
        return body

    async def ops(self, board: str) -> list[Json]:
        """The whole log of a board, page after page."""
        found: list[Json] = []
        while True:
            status, body = await self.fetch(f"/api/boards/{board}/ops?from={len(found) + 1}")
            assert status == 200, (status, body)
            if not body["ops"]:
                return found
            found.extend(body["ops"])

    async def counts(self) -> dict[str, int]:
        """Tasks, sessions and whatever else `/debug/tasks` counts, and the open descriptors."""
        status, body = await self.fetch("/debug/tasks")
        assert status == 200, (status, body)
        return {**body["counts"], "descriptors": self.count_descriptors()}

    async def has_sessions(self, count: int) -> bool:
        """Whether so many are there."""
        return (await self.counts())["sessions"] == count

    def count_descriptors(self) -> int:
        """Open file descriptors of the process."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def rss_bytes(self) -> int:
        """Resident memory of the process."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) * 1024

    def limit_file_size(self, size_bytes: int | None) -> None:
        """Let no file of the process grow beyond this, as a full disk would; None for no limit."""
        _, hard = resource.prlimit(self.pid, resource.RLIMIT_FSIZE)
        soft = hard if size_bytes is None else size_bytes
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (soft, hard))


class HastyServer(ServerProcess):
    """The same with some waits shortened: `haste` has seconds by their names in `whiteboard.timeouts`."""

    def __init__(self, folder: Path, mode: str, haste: Mapping[str, float], *options: str) -> None:
        super().__init__(folder, mode, *options)
        self._haste = _in_words(haste)

    @property
    def command(self) -> list[str]:
        python, _, _, _, *arguments = super().command
        return [python, "-P", str(_HASTY), self._haste, *arguments]


class PlantedServer(ServerProcess):
    """The same with what `planted_server.py` has in its draw path; `haste` as `HastyServer` has it."""

    def __init__(
        self, folder: Path, mode: str, *options: str, haste: Mapping[str, float], traced: bool = False
    ) -> None:
        super().__init__(folder, mode, *options)
        self._planted = [_in_words(haste), "traced" if traced else ""]

    @property
    def command(self) -> list[str]:
        python, _, _, _, *arguments = super().command
        return [python, "-P", str(_PLANTED), *self._planted, *arguments]


def _in_words(haste: Mapping[str, float]) -> str:
    return ",".join(f"{name}={seconds}" for name, seconds in haste.items())


def environment() -> dict[str, str]:
    """The environment without settings of a server that the developer runs."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("WHITEBOARD_")}
    return {**kept, "PYTHONUNBUFFERED": "1"}
