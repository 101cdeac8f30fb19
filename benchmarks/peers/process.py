"""A server under test: a process on a core of its own, and what the kernel says it cost."""

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

SERVER_CORE: Final = 0
LOAD_CORE: Final = 1
START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 5.0
_PORT: Final = re.compile(r"127\.0\.0\.1:(\d+)")
_COMPLAINT_CHARS: Final = 2_000
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class NotRunning(Exception):
    """A server did not start, or is gone. Says what it printed."""


@dataclass(frozen=True, slots=True)
class Command:
    """How a server is started. It prints `127.0.0.1:PORT` when it listens, to a port that it chose."""

    arguments: Sequence[str]
    folder: Path | None = None
    """To start it in; None for its data's."""
    environment: Mapping[str, str] | None = None
    """Beside ours."""


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Keep us, and what is started meanwhile, on one core, where there are several."""
    if not hasattr(os, "sched_setaffinity") or (os.cpu_count() or 1) <= core:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def starved_seconds_of(pid: int | str) -> float:
    """How long a process's main thread was ready to run and had no core; nan where the kernel does not count it."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except OSError:
        return float("nan")


class Process:
    """A started server with an empty data directory, for the length of a `with` block."""

    def __init__(self, command: Command, folder: Path) -> None:
        """Start it; `folder` is where its output goes. Raises NotRunning."""
        self._log = folder / "output.log"
        environment = {name: value for name, value in os.environ.items() if "WHITEBOARD" not in name}
        try:
            with self._log.open("wb") as output, on_core(SERVER_CORE):
                self._process = subprocess.Popen(
                    command.arguments,
                    stdout=output,
                    stderr=output,
                    stdin=subprocess.DEVNULL,
                    env=environment | dict(command.environment or {}),
                    cwd=command.folder or folder,
                )
        except OSError as error:
            raise NotRunning(f"{command.arguments[0]}: {error.strerror}") from error
        self.pid = self._process.pid
        self.port = 0

    def __enter__(self) -> Self:
        try:
            self.port = self._wait_for_port()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _wait_for_port(self) -> int:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            if told := _PORT.search(self._log.read_text(errors="replace")):
                return int(told[1])
            time.sleep(0.01)
        raise NotRunning(f"did not start: {self.output.strip()[-_COMPLAINT_CHARS:] or 'printed nothing'}")

    def stop(self) -> None:
        """End it, by force when it does not go."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def output(self) -> str:
        """All that it printed."""
        return self._log.read_text(errors="replace")

    @property
    def cpu_seconds(self) -> float:
        """User and system time of all its threads so far.

        Raises NotRunning.
        """
        try:
            return sum(ran for ran, _ in self._schedule())
        except (OSError, ValueError, IndexError):
            return self._ticked_seconds()

    @property
    def starved_seconds(self) -> float:
        """How long its main thread was ready to run and had no core; nan where the kernel does not count it."""
        return starved_seconds_of(self.pid)

    def _schedule(self) -> list[tuple[float, float]]:
        threads = Path(f"/proc/{self.pid}/task").iterdir()
        fields = [(thread / "schedstat").read_text().split() for thread in threads]
        return [(int(one[0]) / 1e9, int(one[1]) / 1e9) for one in fields]

    def _ticked_seconds(self) -> float:
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError as error:
            raise NotRunning(f"ended: {self.output.strip()[-_COMPLAINT_CHARS:]}") from error
        return (int(fields[11]) + int(fields[12])) / _TICKS

    @property
    def rss_bytes(self) -> int:
        """Resident memory. Raises NotRunning."""
        return self._memory("VmRSS")

    @property
    def peak_rss_bytes(self) -> int:
        """The highest that it has been. Raises NotRunning."""
        return self._memory("VmHWM")

    def _memory(self, name: str) -> int:
        try:
            found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
        except OSError:
            found = None
        if found is None:
            raise NotRunning(f"ended: {self.output.strip()[-_COMPLAINT_CHARS:]}")
        return int(found[1]) * 1024


@contextmanager
def data_folder(place: Path | None = None) -> Iterator[Path]:
    """An empty directory, gone afterwards."""
    with tempfile.TemporaryDirectory(dir=place, prefix="whiteboard-benchmark-") as folder:
        yield Path(folder)
