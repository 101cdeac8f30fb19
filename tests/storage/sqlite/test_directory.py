import errno
import fcntl
import os
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing

from whiteboard import timeouts
from whiteboard.errors import StartupError
from whiteboard.ids import ClientId
from whiteboard.storage.ports import Storage
from whiteboard.storage.sqlite import hold_directory, open_sqlite
from whiteboard.storage.sqlite.directory import DATABASE_NAME, LOCK_NAME
from whiteboard.testing.storage_samples import ADA, BOARD, BOB, append, ops, read_all, seqs


async def test_the_directory_is_made_for_its_user_only(tmp_path: Path) -> None:
    """A missing directory is made with mode 0700, its database with 0600."""
    directory = tmp_path / "a" / "data"
    async with open_sqlite(directory):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        assert stat.S_IMODE((directory / DATABASE_NAME).stat().st_mode) == 0o600


async def test_a_second_server_is_refused(tmp_path: Path) -> None:
    """While the directory is held, opening it fails with its path and the holder's pid; after, it works."""
    async with open_sqlite(tmp_path) as storage:
        await append(storage.op_log, BOARD, ops(ADA, [1]))
        with pytest.raises(StartupError) as refusal:
            async with open_sqlite(tmp_path):
                pass
        assert str(tmp_path) in str(refusal.value)
        assert f"pid {os.getpid()})" in str(refusal.value)
        assert await seqs(storage.op_log, BOARD, ops(ADA, [2])) == [2]
    async with open_sqlite(tmp_path) as storage:
        assert len(await read_all(storage.op_log, BOARD)) == 2


async def test_a_lock_file_left_behind_is_no_lock(tmp_path: Path) -> None:
    """A killed server's lock file does not stop the next one."""
    (tmp_path / LOCK_NAME).write_text("1\n")
    async with open_sqlite(tmp_path):
        assert (tmp_path / LOCK_NAME).read_text() == f"{os.getpid()}\n"


async def test_a_directory_that_cannot_be_used(tmp_path: Path) -> None:
    """A path through a file, or a file in its place, is refused with a sentence that says what to do."""
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "data"):
        with pytest.raises(StartupError, match="choose one with --data"):
            async with open_sqlite(path):
                pass


async def test_a_database_that_cannot_be_made(tmp_path: Path) -> None:
    """When the database file cannot be made, the directory is let go again."""
    (tmp_path / DATABASE_NAME).symlink_to(tmp_path / "missing" / "file")
    with pytest.raises(StartupError, match="cannot write"):
        async with open_sqlite(tmp_path):
            pass
    (tmp_path / DATABASE_NAME).unlink()
    async with open_sqlite(tmp_path):
        pass


async def test_a_full_disk_may_lack_the_pid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pid in the lock file is for people: that it cannot be written does not stop a start."""

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    async with open_sqlite(tmp_path) as storage:
        await storage.probe()
        with pytest.raises(StartupError, match=r"pid unknown"):
            async with open_sqlite(tmp_path):
                pass


async def test_a_file_system_without_locks_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing can be locked a second server could not be kept out: a sentence says so."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(StartupError, match="No locks available; choose one"):
        async with open_sqlite(tmp_path):
            pass


async def test_names_of_new_directories_are_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each directory that was made is synced into the one above it; those that stood are left alone."""
    synced: list[Path] = []
    fsync = os.fsync

    def note(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    directory = tmp_path / "a" / "b"
    async with open_sqlite(directory):
        assert set(synced) == {directory, tmp_path / "a", tmp_path}
    synced.clear()
    async with open_sqlite(directory):
        assert set(synced) == {directory}


async def test_a_database_that_may_not_be_written_to_is_refused(tmp_path: Path) -> None:
    """A file that this user can only read is told at the start, not at the first op."""
    async with open_sqlite(tmp_path):
        pass

    def read_only(path: Path, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, **options)
        return connection

    with pytest.raises(StartupError, match=r"SQLITE_READONLY.*this user may write"):
        async with open_sqlite(tmp_path, connect=read_only):
            pass


async def test_sharing_is_agreed_on_both_sides(tmp_path: Path) -> None:
    """Processes share a directory only if all of them say so."""
    async with open_sqlite(tmp_path, is_shared=True), open_sqlite(tmp_path, is_shared=True):
        with pytest.raises(StartupError):
            async with open_sqlite(tmp_path):
                pass


async def test_writers_that_share_leave_no_gap(tmp_path: Path) -> None:
    """Appends through two writers, as of two processes, get distinct, gapless seqs."""

    async def write(storage: Storage, client: ClientId) -> None:
        for counter in range(1, 41):
            await append(storage.op_log, BOARD, ops(client, [counter]))

    async with open_sqlite(tmp_path, is_shared=True) as one, open_sqlite(tmp_path, is_shared=True) as two:
        async with trio.open_nursery() as nursery:
            for storage, client in ((one, ADA), (two, BOB), (one, ClientId("cyd")), (two, ClientId("dan"))):
                nursery.start_soon(write, storage, client)
        log = await read_all(one.op_log, BOARD)
        assert [it.seq for it in log] == list(range(1, 161))
        assert len({it.op_id for it in log}) == 160
        assert await read_all(two.op_log, BOARD) == log


async def test_a_tail_wakes_for_another_writer(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    """`wait_beyond` notices what another process appended."""
    async with open_sqlite(tmp_path, is_shared=True) as one, open_sqlite(tmp_path, is_shared=True) as two:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(one.op_log.wait_beyond, BOARD, 1)
            await trio.sleep(5)
            await append(two.op_log, BOARD, ops(ADA, [1, 2]))


async def test_processes_of_one_server_share_its_hold(tmp_path: Path) -> None:
    """They write beside each other; nobody else gets in until the last of them has let go, the first one's end or not."""
    with hold_directory(tmp_path) as lease:
        copies = [os.dup(lease), os.dup(lease)]  # as two processes have them
    async with open_sqlite(tmp_path, lease=copies[0]) as one:
        async with open_sqlite(tmp_path, lease=copies[1]) as two:
            await append(one.op_log, BOARD, ops(ADA, [1]))
            assert await seqs(two.op_log, BOARD, ops(BOB, [1])) == [2]
        with pytest.raises(StartupError, match="in use"):
            async with open_sqlite(tmp_path):
                pass
        with pytest.raises(StartupError, match="in use"), hold_directory(tmp_path):
            pass
    async with open_sqlite(tmp_path) as alone:
        assert len(await read_all(alone.op_log, BOARD)) == 2


async def test_a_server_waits_for_those_that_a_killed_one_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While who took the lock is dead, only its workers hold it, and they are about to end; but not for ever."""
    with hold_directory(tmp_path) as lease:
        left = os.dup(lease)
    (tmp_path / LOCK_NAME).write_text("4194304\n")  # no process has this number
    async with trio.open_nursery() as nursery:

        async def let_go_soon() -> None:
            await trio.sleep(0.1)
            os.close(left)

        nursery.start_soon(let_go_soon)
        async with open_sqlite(tmp_path):
            pass
    with hold_directory(tmp_path) as lease:
        (tmp_path / LOCK_NAME).write_text("4194304\n")
        monkeypatch.setattr(timeouts, "LEASE_LEFT", timeouts.Timeout("test-left", 0.01, "they stay"))
        with pytest.raises(StartupError, match="4194304"):
            async with open_sqlite(tmp_path):
                pass


def test_a_directory_is_let_go_when_its_database_does_not_open(tmp_path: Path) -> None:
    """The front fails as one process does, and the next one gets in."""
    (tmp_path / DATABASE_NAME).write_bytes(b"this is no database, but long enough to be looked at" * 30)
    with pytest.raises(StartupError, match=DATABASE_NAME), hold_directory(tmp_path):
        pass
    (tmp_path / DATABASE_NAME).unlink()
    with hold_directory(tmp_path):
        pass
