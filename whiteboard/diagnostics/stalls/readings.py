"""What a thread has had of the machine until now: the core's time, and the time that it waited for a core."""

import os
import threading
import time
from pathlib import Path
from typing import Final, Self

import attrs

_NANOSECONDS: Final = 1e-9
_LINE_BYTES: Final = 128


@attrs.frozen
class Reading:
    """Seconds, all of them; what counts is what lies between two."""

    at: float
    """`time.perf_counter`."""
    worked: float
    """Of a core, by the thread."""
    worked_together: float
    """Of all cores, by all threads of the process."""
    waited: float
    """For a core, by the thread, with something to do (proc_pid_schedstat, its second number). 0 where nobody tells."""

    def since(self, earlier: "Reading") -> "Reading":
        """What lies between."""
        return Reading(
            self.at - earlier.at,
            self.worked - earlier.worked,
            self.worked_together - earlier.worked_together,
            self.waited - earlier.waited,
        )


class Readings:
    """Of the thread that makes it. A context manager: has a file open while it is used."""

    def __init__(self) -> None:
        self._clock = time.pthread_getcpuclockid(threading.get_ident())
        self._file: int | None = None

    def __enter__(self) -> Self:
        path = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")
        try:
            self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._file = None  # another system, or a kernel that was built without it
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def take(self) -> Reading:
        """One more. In any thread; some 3 µs."""
        return Reading(
            time.perf_counter(),
            time.clock_gettime(self._clock),
            time.process_time(),
            0.0 if self._file is None else _waited(self._file),
        )


def _waited(file: int) -> float:
    try:
        return int(os.pread(file, _LINE_BYTES, 0).split()[1]) * _NANOSECONDS
    except (OSError, ValueError, IndexError):
        return 0.0
