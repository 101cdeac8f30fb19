"""Blobs as files below one folder, a file each (R32: the embedded mode). Knows no other adapter.

Theory of operation. A body is written to a file of its own in the folder `~`, synced, and then renamed to its name,
so that a reader finds all of it or nothing, and a crash leaves at most a file in `~`, which the next start removes.
No part of a name may hold `~`, and none is a step upwards, so nothing outside the folder and nothing in `~` can be
named. The folder belongs to one server at a time: whoever opens it sees to that.
"""

import fcntl
import os
import secrets
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

import trio

from whiteboard import limits, timeouts
from whiteboard.errors import StartupError, StorageUnavailable
from whiteboard.storage.blobs import BlobInfo, Blobs, check_body, check_name, check_page, is_name
from whiteboard.storage.blocking import run_blocking
from whiteboard.storage.directories import sync_names

Result = TypeVar("Result")

_INCOMING: Final = "~"
_PROBE: Final = b"ok"
_PRIVATE_DIRECTORY: Final = 0o700
_PRIVATE_FILE: Final = 0o600
_MISPLACED: Final = (IsADirectoryError, NotADirectoryError, FileExistsError)


class _Folder:
    """The files. Blocks on the disk; may be used by several threads at a time. All of it raises OSError."""

    def __init__(self, root: Path, *, is_shared: bool) -> None:
        self._root = root
        self._incoming = root / _INCOMING
        self._is_shared = is_shared
        self._threads = threading.Lock()

    def prepare(self) -> None:
        """Make the folder and remove what a killed server was writing."""
        self._make_folders(self._incoming)
        youngest = time.time() - (timeouts.BLOB_LEFT.seconds if self._is_shared else 0)
        for left in self._incoming.iterdir():
            with suppress(FileNotFoundError):
                if not self._is_shared or left.stat().st_mtime < youngest:
                    left.unlink()

    @contextmanager
    def _names(self) -> Iterator[None]:
        """Held while folders come and go, so that none goes under a file that is about to be named in it."""
        with self._threads:
            if not self._is_shared:
                yield
                return
            descriptor = os.open(self._incoming, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)  # let go when it is closed
                yield
            finally:
                os.close(descriptor)

    def put(self, name: str, body: bytes) -> None:
        path = self._root / name
        written = self._write(body)
        try:
            with self._names():
                self._make_folders(path.parent)
                written.replace(path)
        except _MISPLACED as error:
            _discard(written)
            raise ValueError(
                f"{name!r} goes on below another blob's name, or one goes on below it"
            ) from error
        except BaseException:
            _discard(written)
            raise
        _sync(path.parent)

    def get(self, name: str) -> bytes | None:
        try:
            return (self._root / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

    def size(self, name: str) -> int | None:
        try:
            path = self._root / name
            return path.stat().st_size if path.is_file() else None
        except (FileNotFoundError, NotADirectoryError):
            return None

    def page(self, prefix: str, limit: int, after: str | None) -> list[BlobInfo]:
        above = prefix.rpartition("/")[0]
        if above and not is_name(above):
            return []  # no name begins so
        begun = f"{above}/" if above else ""
        return list(islice(self._walk(self._root / above, begun, prefix, after or ""), limit))

    def delete(self, name: str) -> None:
        path = self._root / name
        with self._names():
            try:
                path.unlink()
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                return
            left = self._drop_empty(path.parent)
        _sync(left)

    def probe(self) -> None:
        written = self._write(_PROBE)
        try:
            if written.read_bytes() != _PROBE:
                raise OSError("what is written does not come back")
        finally:
            written.unlink()

    def _write(self, body: bytes) -> Path:
        """A new file with all of `body`, synced."""
        path = self._incoming / secrets.token_hex(16)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE_FILE)
        try:
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                left = memoryview(body)
                while left:
                    left = left[file.write(left) :]
                os.fsync(file.fileno())
        except BaseException:
            _discard(path)
            raise
        return path

    def _make_folders(self, folder: Path) -> None:
        """Make what is missing, and make that durable."""
        missing = [one for one in (folder, *folder.parents) if not one.exists()]
        for one in reversed(missing):
            one.mkdir(_PRIVATE_DIRECTORY, exist_ok=True)
            sync_names(one.parent)

    def _drop_empty(self, folder: Path) -> Path:
        """Remove folders in which nothing is left; gives the first one that stays."""
        while folder != self._root:
            try:
                folder.rmdir()
            except OSError:
                break
            folder = folder.parent
        return folder

    def _walk(self, folder: Path, above: str, prefix: str, after: str) -> Iterator[BlobInfo]:
        """Blobs by name. A folder sorts as its name with the `/` that all names below go on with."""
        for shown in _names_in(folder):
            name = above + shown
            if not (name.startswith(prefix) or prefix.startswith(name)):
                continue
            if shown.endswith("/"):
                if name >= after or after.startswith(name):
                    yield from self._walk(folder / shown, name, prefix, after)
            elif name > after and name.startswith(prefix) and (size := self.size(name)) is not None:
                yield BlobInfo(name, size)


def _discard(written: Path) -> None:
    """Remove what was not finished; the next start tries again where that fails."""
    with suppress(OSError):
        written.unlink()


def _sync(folder: Path) -> None:
    """As `sync_names`; somebody else may have removed the folder with the last blob in it."""
    with suppress(FileNotFoundError):
        sync_names(folder)


def _names_in(folder: Path) -> list[str]:
    """What is in a folder that can be part of a blob's name, ascending; folders with a `/` behind."""
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        return sorted(
            entry.name + "/" * entry.is_dir(follow_symlinks=False) for entry in entries if is_name(entry.name)
        )
    return []


class _FileBlobs:
    def __init__(self, root: Path, folder: _Folder) -> None:
        self._root = root
        self._folder = folder
        self._threads = trio.CapacityLimiter(limits.BLOB_THREADS)
        self.is_closed = False

    async def put(self, name: str, body: bytes) -> None:
        check_name(name)
        check_body(body)
        await self._run(partial(self._folder.put, name, body))

    async def get(self, name: str) -> bytes | None:
        check_name(name)
        return await self._run(partial(self._folder.get, name))

    async def size(self, name: str) -> int | None:
        check_name(name)
        return await self._run(partial(self._folder.size, name))

    async def page(self, prefix: str, limit: int, after: str | None = None) -> Sequence[BlobInfo]:
        check_page(limit)
        return await self._run(partial(self._folder.page, prefix, limit, after))

    async def delete(self, name: str) -> None:
        check_name(name)
        await self._run(partial(self._folder.delete, name))

    async def probe(self) -> None:
        await self._run(self._folder.probe)

    async def _run(self, work: Callable[[], Result]) -> Result:
        if self.is_closed:
            await trio.lowlevel.checkpoint()
            raise StorageUnavailable(f"the blobs in {self._root} are closed")
        try:
            return await run_blocking(self._threads, work)
        except OSError as error:
            raise StorageUnavailable(f"blobs in {self._root}: {error.strerror or error}") from error


@asynccontextmanager
async def open_files(root: Path, *, is_shared: bool = False) -> AsyncIterator[Blobs]:
    """Blobs as files below a folder, which is made when it is not there (R2, R32).

    What `put` has stored survives a crash of the machine. After the block every call raises StorageUnavailable.

    Args:
        root: belongs to this server alone while the block runs. Its file system tells upper from lower case.
        is_shared: whether several processes of the server have it open, in place of one.

    Raises StartupError when the folder cannot be used.
    """
    folder = _Folder(root, is_shared=is_shared)
    try:
        await run_blocking(trio.CapacityLimiter(1), folder.prepare)
    except OSError as error:
        raise StartupError(
            f"cannot keep pictures in {root}: {error.strerror}; choose a directory with --data that this user may write to"
        ) from error
    blobs = _FileBlobs(root, folder)
    try:
        yield blobs
    finally:
        blobs.is_closed = True
