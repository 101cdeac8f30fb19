"""The server under test: a process of its own on a core of its own, and what the kernel says it cost."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self
from urllib.request import urlopen

SERVER_CORE: Final = 0
LOAD_CORE: Final = 1
START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 30.0
HTTP_SECONDS: Final = 10.0
_COMPLAINT_CHARS: Final = 20_000
_TICKS: Final = os.sysconf("SC_CLK_TCK")


def take_load_core() -> None:
    """Keep this process off the server's core, where the system can, and let it open many sockets."""
    _pin(0, LOAD_CORE)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _pin(pid: int, core: int) -> None:
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(pid, {core})


def cpu_seconds_of(pid: int) -> float:
    """User and system time of all threads of a process so far; resolution 10 ms."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


class Server:
    """`python -m whiteboard serve` with an empty data directory, for the length of a `with` block.

    Args:
        mode: `memory`, `sqlite` or `redis`.
        options: more of the command line.
        place: directory whose disk holds the data; None for the system's temporary files.
        core: where it has to run; None for wherever there is room.
        program: the module that is run.
    """

    def __init__(
        self,
        mode: str,
        place: Path | None = None,
        *,
        options: Sequence[str] = (),
        core: int | None = SERVER_CORE,
        program: str = "whiteboard",
    ) -> None:
        self._mode = mode
        self._core = core
        self._program = program
        self._options = options
        self._place = place
        self.port = 0
        self.pid = 0

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(dir=self._place, prefix="whiteboard-benchmark-")
        folder = Path(self._folder.name)
        log = folder / "server.log"
        command = [sys.executable, "-m", self._program, "serve", "--mode", self._mode]
        command += ["--addr", "127.0.0.1:0", "--data", str(folder / "data"), "--log-level", "warning"]
        command += self._options
        kept = {name: value for name, value in os.environ.items() if not name.startswith("WHITEBOARD_")}
        with log.open("wb") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=output, env=kept)
        self.pid = self._process.pid
        if self._core is not None:
            _pin(self.pid, self._core)  # threads begin later and inherit it
        try:
            self.port = self._wait_for_port(log)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def _wait_for_port(self, log: Path) -> int:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            if told := re.search(r"http://127\.0\.0\.1:(\d+)", log.read_text()):
                return int(told[1])
            time.sleep(0.01)
        raise RuntimeError(f"the server did not start:\n{log.read_text()}")

    def _stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._show_complaints()
        self._folder.cleanup()

    def _show_complaints(self) -> None:
        """Warnings and errors that it logged: they may explain a fault in the figures."""
        complaints = (Path(self._folder.name) / "server.log").read_text().partition("\n")[2]
        if complaints:
            print(f"the server says:\n{complaints[:_COMPLAINT_CHARS]}", file=sys.stderr)

    @property
    def cpu_seconds(self) -> float:
        """User and system time of all its threads so far; resolution 10 ms."""
        return cpu_seconds_of(self.pid)

    @property
    def starved_seconds(self) -> float:
        """How long its main thread was ready to run and had no core, because of other processes."""
        try:
            return int(Path(f"/proc/{self.pid}/schedstat").read_text().split()[1]) / 1e9
        except OSError:
            return float("nan")  # a kernel without scheduler statistics

    @property
    def rss_bytes(self) -> int:
        """Resident memory."""
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
        if found is None:
            raise RuntimeError("the server has ended")
        return int(found[1]) * 1024

    @property
    def counts(self) -> dict[str, int]:
        """What `/debug/tasks` counts: tasks, sessions, boards and so on."""
        with urlopen(f"http://127.0.0.1:{self.port}/debug/tasks", timeout=HTTP_SECONDS) as answer:
            counts: dict[str, int] = json.load(answer)["counts"]
        return counts
