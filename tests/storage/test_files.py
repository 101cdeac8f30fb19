"""What the files do about the disk; what they promise as blobs is in the contract."""

import errno
import os
from pathlib import Path

import pytest
import trio

from whiteboard.errors import StartupError, StorageUnavailable
from whiteboard.storage.blobs import BlobInfo, Blobs
from whiteboard.storage.files import open_files


async def test_blobs_outlive_the_server(tmp_path: Path) -> None:
    """Opened again, the folder has what was put; it is private to the server's user."""
    root = tmp_path / "deep" / "blobs"
    async with open_files(root) as blobs:
        await blobs.put("a/b", b"1")
    async with open_files(root) as blobs:
        assert await blobs.get("a/b") == b"1"
    assert {one.stat().st_mode & 0o077 for one in (root, root / "a", root / "a" / "b")} == {0}


async def test_what_a_killed_server_was_writing_is_swept(tmp_path: Path) -> None:
    """A half file is no blob, and gone after the next start; what else lies there is left alone and not shown."""
    async with open_files(tmp_path) as blobs:
        await blobs.put("a", b"1")
    (tmp_path / "~" / "half").write_bytes(b"half")
    (tmp_path / "not a blob").write_bytes(b"theirs")
    async with open_files(tmp_path) as blobs:
        assert await blobs.page("", 10) == [BlobInfo("a", 1)]
        assert list((tmp_path / "~").iterdir()) == []
    assert (tmp_path / "not a blob").read_bytes() == b"theirs"


async def test_emptied_folders_go(tmp_path: Path) -> None:
    """With its last blob a folder goes, and those above that are empty then; the root stays."""
    async with open_files(tmp_path) as blobs:
        await blobs.put("a/b/c", b"1")
        await blobs.put("a/d", b"1")
        await blobs.delete("a/b/c")
        assert not (tmp_path / "a" / "b").exists()
        await blobs.delete("a/d")
        assert [one.name for one in tmp_path.iterdir()] == ["~"]


@pytest.mark.parametrize("names", [("a", "a/b"), ("a/b", "a")])
async def test_a_name_below_another_is_refused(tmp_path: Path, names: tuple[str, str]) -> None:
    """A file cannot be a folder: ValueError, and nothing is left of the attempt."""
    async with open_files(tmp_path) as blobs:
        await blobs.put(names[0], b"1")
        with pytest.raises(ValueError, match="goes on below"):
            await blobs.put(names[1], b"2")
        assert await blobs.page("", 10) == [BlobInfo(names[0], 1)]
        assert list((tmp_path / "~").iterdir()) == []


async def test_a_full_disk_refuses_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """StorageUnavailable with the folder and the reason; the old bytes stay, no half file does."""

    def no_space(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async with open_files(tmp_path) as blobs:
        await blobs.put("a", b"old")
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", no_space)
            with pytest.raises(StorageUnavailable, match=f"{tmp_path}: No space left"):
                await blobs.put("a", b"new")
            with pytest.raises(StorageUnavailable):
                await blobs.probe()
        assert await blobs.get("a") == b"old"
        assert list((tmp_path / "~").iterdir()) == []


async def test_a_folder_that_cannot_be_made_ends_the_start(tmp_path: Path) -> None:
    """One sentence names it and says what to do."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StartupError, match=r"cannot keep pictures in .*file/blobs.*--data"):
        async with open_files(tmp_path / "file" / "blobs"):
            pass


async def test_puts_and_deletions_in_one_folder(tmp_path: Path) -> None:
    """A folder that empties is not pulled from under a blob that comes into it."""
    async with open_files(tmp_path) as blobs, trio.open_nursery() as nursery:

        async def again_and_again(name: str) -> None:
            for _ in range(60):
                await blobs.put(name, b"1")
                await blobs.delete(name)

        for number in range(4):
            nursery.start_soon(again_and_again, f"a/b/{number}")


async def test_processes_that_share_a_folder(tmp_path: Path) -> None:
    """Two of them store and delete below the same folders at once, and a third that starts disturbs neither."""
    old, young = tmp_path / "~" / "old", tmp_path / "~" / "young"
    young.parent.mkdir(parents=True)
    old.write_bytes(b"left")
    young.write_bytes(b"half")
    os.utime(old, (0, 0))
    async with open_files(tmp_path, is_shared=True) as one, open_files(tmp_path, is_shared=True) as other:

        async def come_and_go(blobs: Blobs, name: str) -> None:
            for _ in range(50):
                await blobs.put(f"a/b/{name}", b"x")
                await blobs.delete(f"a/b/{name}")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(come_and_go, one, "1")
            nursery.start_soon(come_and_go, other, "2")
        assert not old.exists()
        assert young.exists()
        assert await one.page("", 10) == []


async def test_a_page_of_one_folder_looks_into_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a picture on one board costs no more where there are many boards."""
    looked: list[Path] = []
    scandir = os.scandir

    def noted(folder: Path) -> "os._ScandirIterator[str]":
        looked.append(folder)
        return scandir(folder)

    async with open_files(tmp_path) as blobs:
        for name in ("assets/a/1", "assets/b/1", "assets/b/2", "assets/c"):
            await blobs.put(name, b"1")
        monkeypatch.setattr(os, "scandir", noted)
        assert await blobs.page("assets/b/", 10) == [BlobInfo("assets/b/1", 1), BlobInfo("assets/b/2", 1)]
        assert looked == [tmp_path / "assets" / "b"]
        for nothing in ("assets/c/", "assets/d/", "../", "~/", "/", "assets//"):
            assert await blobs.page(nothing, 10) == [], nothing
