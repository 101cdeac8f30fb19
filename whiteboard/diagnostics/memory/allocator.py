"""The C library's allocator: what it is told at the start, what it has free, and that it gives that back.

The only place that knows it. It is glibc's, 2.33 or newer, or it is left alone. Objects of up to 512 bytes are not its
concern but Python's own allocator's, which gives back a MiB when all in it is free.
"""

import ctypes
import os
from collections.abc import Mapping
from typing import Final

from whiteboard.limits import LARGE_BUFFER_BYTES, LOOSE_END_BYTES

_SETTINGS: Final = (
    (-8, "MALLOC_ARENA_MAX", 1),
    (-3, "MALLOC_MMAP_THRESHOLD_", LARGE_BUFFER_BYTES),
    (-1, "MALLOC_TRIM_THRESHOLD_", LOOSE_END_BYTES),
)
"""mallopt(3)'s number of each, the variable by which whoever starts the process sets it, and our value.

One heap for all threads, or each that packs or writes would keep what it once needed. Large buffers mapped apart, so
that they are given back as soon as they are let go: left alone, glibc stops doing so with all that are smaller than
the largest that was ever let go. And something that is free at the heap's end stays, as it is needed again at once.
"""
_TUNABLES: Final = "GLIBC_TUNABLES"
_TUNED: Final = "glibc.malloc."


class _Counts(ctypes.Structure):
    """What mallinfo2(3) tells."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
        )
    ]  # fmt: skip


class Allocator:
    """glibc's, as this process has it."""

    def __init__(self, library: ctypes.CDLL) -> None:
        """Raises AttributeError for a library that is not glibc 2.33 or newer."""
        self._set, self._trim, self._count = library.mallopt, library.malloc_trim, library.mallinfo2
        self._count.restype = _Counts

    def arrange(self, environ: Mapping[str, str] = os.environ) -> list[str]:
        """Set what nobody has set by the environment; the names of that. To be called before there are threads."""
        if _TUNED in environ.get(_TUNABLES, ""):
            return []
        return [name for option, name, value in _SETTINGS if name not in environ and self._set(option, value)]

    @property
    def free_bytes(self) -> int:
        """What is free, given back or not. Takes 0.1 to 0.3 ms for each thousand gaps between what lives."""
        return int(self._count().fordblks)

    @property
    def used_bytes(self) -> int:
        """What was asked of it and not let go yet, what it has mapped apart too. Takes as long as `free_bytes`."""
        counts = self._count()
        return int(counts.uordblks + counts.hblkhd)

    def give_back(self) -> None:
        """Let the system have all pages of it. Takes 0.1 ms for each MiB, and that again when it is needed."""
        self._trim(0)


def find_allocator() -> Allocator | None:
    """The one of this process; None when it is not glibc's."""
    try:
        return Allocator(ctypes.CDLL(None))
    except (AttributeError, OSError, TypeError):
        return None
