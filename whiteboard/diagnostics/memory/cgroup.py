"""How much memory the system lets this process and its neighbours in the cgroup have, and how much it has.

Version 2 has `memory.max` in each folder of one tree, version 1 `memory.limit_in_bytes` in a tree of its own. The least on the way
up counts. A container often does not see its own folder, but its files at the root in its place (R42).
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

_ROOT: Final = Path("/")
_UNLIMITED_BYTES: Final = 1 << 60
"""What version 1 says for none is the largest number of pages."""


def limit_bytes(root: Path = _ROOT) -> int | None:
    """The least limit that holds for this process; None where there is none.

    Args: `root` is where `proc` and `sys` are.
    """
    found = [limit for limit in map(_read, _files(root)) if limit is not None and limit < _UNLIMITED_BYTES]
    return min(found, default=None)


def _files(root: Path) -> Iterator[Path]:
    tree = root / "sys/fs/cgroup"
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if not controllers:
            yield from _upwards(tree, path, "memory.max")
        elif "memory" in controllers.split(","):
            yield from _upwards(tree / "memory", path, "memory.limit_in_bytes")


def _upwards(tree: Path, path: str, name: str) -> Iterator[Path]:
    inside = PurePosixPath(path.lstrip("/"))
    for folder in (inside, *inside.parents):
        if ".." not in folder.parts:  # where the namespace begins below another one
            yield tree / folder / name


def _lines(file: Path) -> list[str]:
    try:
        return [line for line in file.read_text().splitlines() if line.count(":") >= 2]
    except OSError:
        return []


def _read(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):  # not there, or `max`
        return None
