"""The bundle's file (R55)."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from whiteboard.bundle.contents import PARTS
from whiteboard.bundle.gathering import Answer, NoServer, Source
from whiteboard.bundle.writing import UnwritableBundle, write

SOURCE = Source("http://localhost:8080")
GOOD = Answer(PARTS[0], 200, b"{}", "", 0.1)
ABSENT = Answer(PARTS[1], 404, b"", "404 There is none.", 0.1)
REFUSED = Answer(PARTS[2], 403, b"", "403 Not you.", 0.1)


def silently(_: Answer) -> None:
    """Nobody is told."""


def test_the_file_is_its_owners(tmp_path: Path) -> None:
    """Whatever new files are otherwise: it names people's addresses."""
    path = tmp_path / "b.zip"
    before = os.umask(0)
    try:
        assert write([GOOD, ABSENT], SOURCE, path, silently)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["b.zip"]
    with ZipFile(path) as archive:
        assert sorted(archive.namelist()) == sorted([PARTS[0].name, "README.txt", "manifest.json"])
        parts = json.loads(archive.read("manifest.json"))["parts"]
    assert [(part["bytes"], part["fault"]) for part in parts] == [(2, None), (0, "404 There is none.")]


def test_what_is_refused_is_missing(tmp_path: Path) -> None:
    """There is a file all the same."""
    assert not write([GOOD, REFUSED], SOURCE, tmp_path / "b.zip", silently)
    assert (tmp_path / "b.zip").exists()


def test_what_another_run_has_left_is_in_nobodys_way(tmp_path: Path) -> None:
    """Killed, it leaves a part of a file."""
    (tmp_path / "b.zip.part").write_text("half")
    (tmp_path / "b.zip").write_text("old")
    assert write([GOOD], SOURCE, tmp_path / "b.zip", silently)
    with ZipFile(tmp_path / "b.zip") as archive:
        assert archive.testzip() is None


@pytest.mark.parametrize("fault", [NoServer("away"), KeyboardInterrupt()])
def test_what_goes_wrong_meanwhile_leaves_no_file(fault: BaseException, tmp_path: Path) -> None:
    """Neither half of one, nor another in the place of the one that was there."""
    (tmp_path / "b.zip").write_text("old")

    def answers() -> Iterator[Answer]:
        yield GOOD
        raise fault

    with pytest.raises(type(fault)):
        write(answers(), SOURCE, tmp_path / "b.zip", silently)
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("b.zip", "old")]


def test_where_nothing_can_be_written_nobody_is_asked(tmp_path: Path) -> None:
    """Before a minute of profiles, and not behind it."""
    asked: list[Answer] = []

    def answers() -> Iterator[Answer]:
        yield from asked
        raise AssertionError("it was asked")

    with pytest.raises(UnwritableBundle, match=r"there/b\.zip cannot be written: No such file"):
        write(answers(), SOURCE, tmp_path / "there" / "b.zip", silently)
    (tmp_path / "folder").mkdir()
    with pytest.raises(UnwritableBundle, match="folder cannot be written: Is a directory"):
        write([GOOD], SOURCE, tmp_path / "folder", silently)
    assert [one.name for one in tmp_path.iterdir()] == ["folder"]
