"""Whether allocations are traced (tracemalloc), how deep, and since when.

Tracing costs every allocation 3 to 40 times what it cost before, from its first frame on: Python 3.11 looks up a line number
for each of them. So it is off unless a setting, PYTHONTRACEMALLOC or an operator says otherwise, and then for a while.
"""

import time
import tracemalloc
from typing import Final

import attrs

from whiteboard.diagnostics.profiles.sources import Off

_HOW: Final = (
    'POST {"memory_frames":5,"seconds":60} to /debug/sampling, or start the server with PYTHONTRACEMALLOC=5'
)


@attrs.frozen
class Tracing:
    """How allocations are traced."""

    frames: int
    """Of each allocation's stack, the innermost ones."""
    since_ns: int | None
    """Since 1970; None when it was begun elsewhere, before the server's own code ran."""

    def told(self) -> str:
        """In words."""
        if self.since_ns is None:
            return f"{self.frames} frames since the process began"
        return f"{self.frames} frames for {(time.time_ns() - self.since_ns) // 1_000_000_000} s"


_began_ns: int | None = None


def tracing() -> Tracing | None:
    """How it is now; None when it is off."""
    if not tracemalloc.is_tracing():
        return None
    return Tracing(tracemalloc.get_traceback_limit(), _began_ns)


def start(frames: int) -> None:
    """Trace from now on. Raises ValueError for less than one frame; when it is on already, its depth stays."""
    global _began_ns
    if not tracemalloc.is_tracing():
        tracemalloc.start(frames)
        _began_ns = time.time_ns()


def stop() -> None:
    """Trace no more, and forget what was traced: 15 to 40 ms with a million blocks."""
    global _began_ns
    tracemalloc.stop()
    _began_ns = None


def needs_tracing() -> Off | None:
    """What a profile of allocations lacks; None when it lacks nothing."""
    if tracemalloc.is_tracing():
        return None
    return Off("tracing_off", f"Allocations are not traced: {_HOW}.")


def told() -> str:
    """How it is, in words; empty when it is off."""
    state = tracing()
    return "" if state is None else state.told()
