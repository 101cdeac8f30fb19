"""How places in the source are called."""

import dataclasses
import importlib._bootstrap as bootstrap
import sys
from pathlib import Path
from types import FrameType

import pytest
import trio

from whiteboard.diagnostics.profiles.line_names import LineNames
from whiteboard.diagnostics.profiles.places import Places, module_of, short_file
from whiteboard.diagnostics.profiles.profile import Frame


def test_files_are_told_from_their_package_on() -> None:
    """Not where they are installed; what is in no folder that programs come from has its whole name."""
    assert short_file(trio.__file__) == "trio/__init__.py"
    assert short_file(dataclasses.__file__) == "dataclasses.py"
    assert short_file("/nowhere/else.py") == "/nowhere/else.py"


@pytest.mark.parametrize(
    ("file", "module"),
    [
        (trio.__file__, "trio"),
        (dataclasses.__file__, "dataclasses"),
        ("<frozen importlib._bootstrap>", "importlib._bootstrap"),
        ("<string>", "string"),
        ("<attrs generated methods trio.Task>", "attrs generated methods trio.Task"),
        ("/nowhere/else.py", "nowhere.else"),
    ],
)
def test_modules_have_their_names(file: str, module: str) -> None:
    """As they are imported."""
    assert module_of(file) == module


def test_a_place_is_made_once() -> None:
    """The same instruction gives the same frame, another one another line."""
    places = Places()

    def here() -> FrameType:
        return sys._getframe()

    frame = here()
    first, second = places.of(frame), places.of(sys._getframe())

    assert places.of(frame) is first
    assert first.function.endswith("test_a_place_is_made_once.<locals>.here")
    assert first.line == first.first_line + 1
    assert second.line > first.line


SOURCE = """
def outer():
    squares = [n * n for n in range(3)]
    def inner(): return squares
    return inner

class Shape:
    def area(self):
        return (
            1 + 2
        )
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A module."""
    (tmp_path / "shapes.py").write_text(SOURCE)
    return str(tmp_path / "shapes.py")


@pytest.mark.parametrize(
    ("line", "function"),
    [(3, "outer"), (4, "outer.<locals>.inner"), (5, "outer"), (9, "Shape.area"), (8, "Shape"), (2, "<module>"), (999, "")],
)  # fmt: skip
def test_a_line_is_its_functions(file: str, line: int, function: str) -> None:
    """A comprehension's is the outer function's; a `def` line is where the function is made, unless all of it is there."""
    assert LineNames().of(file, line).function == ".".join([module_of(file), *[function][: len(function)]])


def test_no_code_no_function() -> None:
    """What cannot be read or is no source is told by file and line; frozen modules have code."""
    names = LineNames()

    assert names.of("/nowhere/else.py", 7) == Frame("nowhere.else", "/nowhere/else.py", 7)
    assert names.of("<string>", 1) == Frame("string", "<string>", 1)
    find = bootstrap._find_spec.__code__  # type: ignore[attr-defined]  # private, for its lines
    line = max(line for _, _, line in find.co_lines() if line)
    assert names.of(find.co_filename, line).function == "importlib._bootstrap._find_spec"
    assert names.of("<frozen nothing>", 1) == Frame("nothing", "<frozen nothing>", 1)
