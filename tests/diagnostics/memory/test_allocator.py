"""What the C library's allocator is told, and what it gives back. On glibc, as the project's checks run."""

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

from whiteboard.diagnostics.memory.allocator import Allocator, find_allocator
from whiteboard.limits import MIB

SETTINGS = ["MALLOC_ARENA_MAX", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"]
_BLOCK_BYTES = 2_000
"""Too large for Python's own allocator, too small to be mapped apart."""
_FREED_LARGE = """
from whiteboard.diagnostics.memory.allocator import find_allocator
allocator = find_allocator()
{arrange}
large = bytes(24 << 20)
del large
held = bytes(16 << 20)
fence = bytes(2_000)
before = allocator.free_bytes
del held
print(allocator.free_bytes - before)
"""


def found() -> Allocator:
    """The one of this process."""
    one = find_allocator()
    assert one is not None
    return one


def resident_bytes() -> int:
    """Of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4_096


@pytest.mark.alone
def test_what_is_free_between_what_lives_is_given_back() -> None:
    """Nine blocks of ten go; their pages count as free before and behind, and are the system's then."""
    heap = found()
    blocks: list[bytes | None] = [bytes(_BLOCK_BYTES) for _ in range(20_000)]
    in_use = heap.free_bytes
    for number in range(len(blocks)):
        if number % 10:
            blocks[number] = None
    free, full = heap.free_bytes, resident_bytes()
    assert free - in_use > 30 * MIB
    heap.give_back()
    assert full - resident_bytes() > 15 * MIB
    assert heap.free_bytes - in_use > 30 * MIB
    assert [one for one in blocks if one] == [bytes(_BLOCK_BYTES)] * 2_000


def test_a_large_buffer_is_given_back_when_it_is_let_go() -> None:
    """Also behind a larger one; left alone the allocator keeps it as free."""
    kept = {
        arrange: int(
            subprocess.run(
                [sys.executable, "-c", _FREED_LARGE.format(arrange=arrange)],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )
        for arrange in ("", "allocator.arrange()")
    }
    assert kept[""] >= 16 * MIB
    assert kept["allocator.arrange()"] < MIB


@pytest.mark.parametrize(
    ("environ", "arranged"),
    [
        ({}, SETTINGS),
        ({"MALLOC_ARENA_MAX": "2"}, SETTINGS[1:]),
        (dict.fromkeys(SETTINGS, "1"), []),
        ({"GLIBC_TUNABLES": "glibc.malloc.arena_max=2"}, []),
        ({"GLIBC_TUNABLES": "glibc.pthread.rseq=0"}, SETTINGS),
    ],
)
def test_what_somebody_has_set_for_the_process_stays(environ: dict[str, str], arranged: list[str]) -> None:
    """By the variables that glibc reads at its start."""
    told: list[int] = []

    class Library:
        """glibc, as far as it is needed to be told something."""

        malloc_trim = staticmethod(lambda _: 1)

        @staticmethod
        def mallopt(option: int, _: int) -> int:
            told.append(option)
            return 1

        class mallinfo2:  # noqa: N801  its name
            """Takes the type of its answer as an attribute."""

    assert Allocator(Library).arrange(environ) == arranged  # type: ignore[arg-type]
    assert len(told) == len(arranged)


@pytest.mark.parametrize("fault", [AttributeError, OSError, TypeError])
def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch, fault: type[Exception]) -> None:
    """One without these functions, or none that can be asked."""

    def refuse(_: object) -> None:
        raise fault

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    assert find_allocator() is None
