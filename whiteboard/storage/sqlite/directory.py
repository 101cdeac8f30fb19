"""The data directory: made, made durable, and held by one server at a time. Knows no SQL."""

import fcntl
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from whiteboard import timeouts
from whiteboard.errors import StartupError
from whiteboard.storage.directories import sync_names

DATABASE_NAME: Final = "whiteboard.sqlite3"
LOCK_NAME: Final = "whiteboard.lock"
_PRIVATE_DIRECTORY: Final = 0o700
_PRIVATE_FILE: Final = 0o600


class DataDirectory:
    """A directory that this process holds until `close`, or until it dies however it dies.

    Args:
        is_shared: hold it together with others that share it too, instead of alone.
        lease: the descriptor of a `lock` that another process took: its hold is ours as well, and lasts until
            the last of us has ended. Becomes this one's to close.

    Raises StartupError, which says what to do. Blocks on the disk.
    """

    def __init__(self, path: Path, *, is_shared: bool = False, lease: int | None = None) -> None:
        self._path = path
        if lease is not None:
            self._lock = lease
            return
        made = [one for one in (path, *path.parents) if not one.exists()]
        try:
            path.mkdir(mode=_PRIVATE_DIRECTORY, parents=True, exist_ok=True)
            self._lock = os.open(path / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE_FILE)
        except OSError as error:
            raise StartupError(
                f"cannot use the data directory {path}: {error.strerror}; "
                "choose one with --data that this user may write to"
            ) from error
        try:
            self._hold(is_shared=is_shared)
            self._make_durable(made)
        except BaseException:
            os.close(self._lock)
            raise

    @property
    def lock(self) -> int:
        """The descriptor whose lock holds the directory: a copy in another process holds it too (flock(2))."""
        return self._lock

    @property
    def database(self) -> Path:
        """Where the database file is. It exists."""
        return self._path / DATABASE_NAME

    def close(self) -> None:
        """Let the directory go."""
        os.close(self._lock)

    def _hold(self, *, is_shared: bool) -> None:
        try:
            self._wait_for_lock(fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX)
        except BlockingIOError as error:
            pid = self._holder or "unknown"
            raise StartupError(
                f"the data directory {self._path} is in use by another server (pid {pid}); "
                "stop that one or choose another directory with --data"
            ) from error
        except OSError as error:
            raise StartupError(
                f"cannot lock the data directory {self._path}: {error.strerror}; "
                "choose one on a file system that has locks with --data"
            ) from error
        with suppress(OSError):  # the pid is for people; a full disk need not have it
            os.ftruncate(self._lock, 0)
            os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    def _wait_for_lock(self, kind: int) -> None:
        """Raises BlockingIOError. Waits, within LEASE_LEFT, while who took the lock is dead: only its workers have it."""
        deadline = time.monotonic() + timeouts.LEASE_LEFT.seconds
        while True:
            try:
                fcntl.flock(self._lock, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                if not _is_dead(self._holder) or time.monotonic() >= deadline:
                    raise
                time.sleep(timeouts.LEASE_LOOK.seconds)
            else:
                return

    @property
    def _holder(self) -> str:
        """The pid of who holds the directory, or nothing."""
        return os.pread(self._lock, 32, 0).decode("ascii", "replace").strip()

    def _make_durable(self, made: Sequence[Path]) -> None:
        """Make the database file, private, and sync the names that lead to it: SQLite syncs contents only.

        Args: `made` are the directories that were not there before.
        """
        try:
            # Not opened when it is there: closing it would drop the locks that this process has on it.
            if not self.database.exists():
                self.database.touch(_PRIVATE_FILE)
            for directory in (self._path, *(one.parent for one in made)):
                sync_names(directory)
        except OSError as error:
            raise StartupError(
                f"cannot write to the data directory {self._path}: {error.strerror}"
            ) from error


def _is_dead(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError, OverflowError):
        pass  # somebody else's process, or no number
    return False
