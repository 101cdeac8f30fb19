"""The processes that a server has started, as the system lists them."""

from pathlib import Path


def children_of(pid: int) -> list[int]:
    """Ids of the processes that any thread of a process has started and whose status nobody has taken."""
    listed = map(_read, Path(f"/proc/{pid}/task").glob("*/children"))
    return [int(child) for line in listed for child in line.split()]


def command_of(pid: int) -> str:
    """Its command line; empty when it has ended."""
    return _read(Path(f"/proc/{pid}/cmdline"))


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except (FileNotFoundError, ProcessLookupError):  # the thread or process ended since it was listed
        return ""
