"""The page as files of a folder."""

import gzip
from pathlib import Path

import pytest

from whiteboard.config import NO_PATH, BasePath
from whiteboard.web.page import load_page
from whiteboard.web.page_folder import PageNotWritten, write_page


@pytest.mark.parametrize("base_path", [NO_PATH, BasePath("/wb"), BasePath("/one/two")])
def test_the_folder_has_what_the_server_would_send(tmp_path: Path, base_path: BasePath) -> None:
    """At the paths of the addresses: every versioned file, the index of each language, and packed twins."""
    page = load_page(base_path)
    versioned = write_page(page, base_path, tmp_path)

    assert versioned == tmp_path / base_path[1:] / "static" / page.digest
    served = {versioned / path: file for path, file in page.statics.items()}
    served |= {tmp_path / base_path[1:] / f"index.{lang}.html": file for lang, file in page.index.items()}
    for path, file in served.items():
        assert path.read_bytes() == file.body
        packed = path.with_name(path.name + ".gz")
        assert packed.is_file() is (file.packed is not None)
        if file.packed is not None:
            assert gzip.decompress(packed.read_bytes()) == file.body
    others = {path.name for path in tmp_path.rglob("*") if path.is_file()} - {path.name for path in served}
    assert {name for name in others if not name.endswith(".gz")} == {"http.conf", "static.conf", "index.conf"}


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A file stands in the way: one sentence, no traceback."""
    (tmp_path / "nginx").write_text("")

    with pytest.raises(PageNotWritten, match=f"cannot write {tmp_path / 'nginx'}"):
        write_page(load_page(NO_PATH), NO_PATH, tmp_path)
