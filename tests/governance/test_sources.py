"""Python source as it stands in a folder or in a git revision."""

from pathlib import Path

import pytest

from whiteboard.governance import sources
from whiteboard.governance.sources import from_texts, module_name, parse, read_folder


def write(folder: Path, files: dict[str, str | bytes]) -> None:
    """Write files below a folder, by name."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def test_a_folder_is_read_with_its_subpackages(tmp_path: Path) -> None:
    """Every Python file is a module under its dotted name, shown by its path from the folder's parent."""
    write(
        tmp_path, {"pkg/__init__.py": "", "pkg/a.py": "x = 1", "pkg/sub/__init__.py": "", "pkg/sub/b.py": ""}
    )
    found = read_folder(tmp_path / "pkg")
    assert [(each.module, each.path) for each in found.files] == [
        ("pkg", "pkg/__init__.py"),
        ("pkg.a", "pkg/a.py"),
        ("pkg.sub", "pkg/sub/__init__.py"),
        ("pkg.sub.b", "pkg/sub/b.py"),
    ]


def test_a_subpackage_keeps_its_full_name(tmp_path: Path) -> None:
    """The dotted name begins at the highest folder that is a package, wherever reading begins."""
    write(tmp_path, {"pkg/__init__.py": "", "pkg/sub/__init__.py": "", "pkg/sub/b.py": ""})
    assert [each.module for each in read_folder(tmp_path / "pkg" / "sub").files] == ["pkg.sub", "pkg.sub.b"]


def test_what_cannot_be_parsed_is_a_value(tmp_path: Path) -> None:
    """A syntax error, bytes that are no text and a null byte are told with path and line; the rest is read."""
    files: dict[str, str | bytes] = {
        "p/__init__.py": "",
        "p/bad.py": "x = 1\ndef",
        "p/raw.py": b"\xff\xfe",
        "p/zero.py": "x = '\0'",
    }
    write(tmp_path, files)
    found = read_folder(tmp_path / "p")
    assert [each.module for each in found.files] == ["p"]
    assert [(each.path, each.line) for each in found.errors] == [
        ("p/bad.py", 2),
        ("p/raw.py", 1),
        ("p/zero.py", 1),
    ]
    assert str(found.errors[0]).startswith("p/bad.py:2: ")


def test_a_file_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is named together with the file."""
    monkeypatch.setattr(sources, "LARGEST_FILE", 10)
    write(tmp_path, {"p/__init__.py": "x = 1  # long"})
    assert "more than 10 bytes" in str(read_folder(tmp_path / "p").errors[0])
    assert "more than 10" in str(parse("p.py", "p", "x = 1  # long"))


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with more files than the bound is refused before any is read."""
    monkeypatch.setattr(sources, "MOST_FILES", 1)
    write(tmp_path, {"p/__init__.py": "", "p/a.py": ""})
    with pytest.raises(ValueError, match="2 Python files, more than 1"):
        read_folder(tmp_path / "p")


def test_texts_are_modules_as_well() -> None:
    """Folders outside of every package are no part of the dotted name."""
    found = from_texts({"src/pkg/__init__.py": "", "src/pkg/a.py": "", "tools/run.py": ""})
    assert [each.module for each in found.files] == ["pkg", "pkg.a", "run"]


@pytest.mark.parametrize(
    ("path", "packages", "module"),
    [
        ("pkg/mod.py", {"pkg"}, "pkg.mod"),
        ("pkg/__init__.py", {"pkg"}, "pkg"),
        ("a/b/pkg/sub/mod.py", {"a/b/pkg", "a/b/pkg/sub"}, "pkg.sub.mod"),
        ("pkg/space/mod.py", {"pkg"}, "pkg.space.mod"),
        ("space/mod.py", set(), "space.mod"),
    ],
)
def test_module_names(path: str, packages: set[str], module: str) -> None:
    """A path gives the name by which the module is imported."""
    assert module_name(path, packages) == module
