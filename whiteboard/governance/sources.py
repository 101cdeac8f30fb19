"""Python source as it stands in a folder or in a git revision. It is parsed, never imported."""

import ast
import gc
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path, PurePosixPath

import attrs

LARGEST_FILE = 4 * 2**20
"""Bytes; a larger file is refused rather than parsed."""
MOST_FILES = 20_000


@attrs.frozen(slots=False)
class Source:
    """One module: its path as shown to people, dotted name, text and syntax tree."""

    path: str
    module: str
    text: str = attrs.field(repr=False)
    tree: ast.Module = attrs.field(eq=False, repr=False)

    @cached_property
    def lines(self) -> list[str]:
        """The text's lines; line n of an error or node is `lines[n - 1]`."""
        return self.text.split("\n")

    @property
    def is_package(self) -> bool:
        """Whether this is an `__init__.py`, from which relative imports count one level less."""
        return PurePosixPath(self.path).name == "__init__.py"


@attrs.frozen
class SourceError:
    """A file that cannot be read as Python."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


@attrs.frozen
class Sources:
    """What was read, in the order of the paths, and what could not be."""

    files: tuple[Source, ...]
    errors: tuple[SourceError, ...] = ()


@contextmanager
def collector_paused() -> Iterator[None]:
    """A block in which much is made and nothing becomes garbage; searching for it costs a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def read_folder(folder: Path, base: Path | None = None) -> Sources:
    """The package in a folder, with all of its subpackages.

    Args:
        folder: the package's own folder, with or without an `__init__.py`.
        base: what the paths shown are relative to; the folder's parent unless given.

    Raises:
        ValueError: there are more than MOST_FILES files.
    """
    shown_from = (base or folder.parent).resolve()
    files = sorted(folder.resolve().rglob("*.py"))
    if len(files) > MOST_FILES:
        raise ValueError(f"{folder} has {len(files)} Python files, more than {MOST_FILES}")
    top = _top(folder.resolve())
    with collector_paused():
        parsed = [
            parse(_shown(file, shown_from), _dotted(file.relative_to(top).with_suffix("").parts), _text(file))
            for file in files
        ]
    return _sorted_out(parsed)


def from_texts(texts: Mapping[str, str]) -> Sources:
    """Modules given as texts by path, as they stand in a git revision: `src/pkg/mod.py` is `pkg.mod`."""
    packages = {
        str(PurePosixPath(path).parent) for path in texts if PurePosixPath(path).name == "__init__.py"
    }
    with collector_paused():
        parsed = [parse(path, module_name(path, packages), text) for path, text in sorted(texts.items())]
    return _sorted_out(parsed)


def module_name(path: str, packages: Collection[str]) -> str:
    """The dotted name of a path, of which the folders outside of every package are no part.

    Args:
        path: with `/` between its parts.
        packages: the folders that have an `__init__.py`; without any, every folder counts.
    """
    parts = PurePosixPath(path).with_suffix("").parts
    start = 0
    if packages:
        while start < len(parts) - 1 and "/".join(parts[: start + 1]) not in packages:
            start += 1
    return _dotted(parts[start:])


def parse(path: str, module: str, text: str | SourceError) -> Source | SourceError:
    """The syntax tree, or where and why there is none."""
    if isinstance(text, SourceError):
        return SourceError(path, text.line, text.message)
    if len(text) > LARGEST_FILE:
        return SourceError(path, 1, f"the file has {len(text)} characters, more than {LARGEST_FILE}")
    try:
        tree = ast.parse(text, path)
    except SyntaxError as fault:
        return SourceError(path, fault.lineno or 1, fault.msg)
    except (ValueError, RecursionError, MemoryError) as fault:  # a null byte, or nested without end
        return SourceError(path, 1, str(fault) or type(fault).__name__)
    return Source(path, module, text, tree)


def _text(file: Path) -> str | SourceError:
    if file.stat().st_size > LARGEST_FILE:
        return SourceError(str(file), 1, f"the file has more than {LARGEST_FILE} bytes")
    try:
        return file.read_text(encoding="utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as fault:
        return SourceError(str(file), 1, f"not UTF-8: {fault.reason} at byte {fault.start}")


def _top(folder: Path) -> Path:
    """Where the dotted names begin: above the highest folder that still is a package."""
    top = folder.parent
    while (top / "__init__.py").exists():
        top = top.parent
    return top


def _shown(file: Path, base: Path) -> str:
    return file.relative_to(base).as_posix() if file.is_relative_to(base) else file.as_posix()


def _dotted(parts: tuple[str, ...]) -> str:
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def _sorted_out(parsed: Iterable[Source | SourceError]) -> Sources:
    found = list(parsed)
    files = sorted((each for each in found if isinstance(each, Source)), key=lambda source: source.path)
    errors = sorted((each for each in found if isinstance(each, SourceError)), key=lambda error: error.path)
    return Sources(tuple(files), tuple(errors))
