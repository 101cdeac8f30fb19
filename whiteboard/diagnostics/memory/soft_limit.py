"""How much memory this process may come to have before it does something about it, and how much of that it has.

The limit is what the settings say, or four fifths of what the cgroup lets the process have; workers have equal shares of it.
What is told here is told whether there is a limit or not; what is done about it is the governor's.
"""

from collections.abc import Callable
from typing import Any, Final

from whiteboard.config import MemoryLimit
from whiteboard.diagnostics.figures import FIGURES, Counter, Gauge
from whiteboard.diagnostics.memory import cgroup
from whiteboard.diagnostics.memory.ladder import ENTERED_AT, Rung
from whiteboard.diagnostics.process import resident_bytes
from whiteboard.limits import MIB

OF_THE_CGROUP: Final = 0.8
"""Of what the system enforces: the rest is for page tables, a worker thread's stack, the front of several workers, and for what
comes between two looks."""

CLIMBED: Final = FIGURES.declare(
    Counter(
        "whiteboard_memory_rung_total",
        "How often each rung of the memory ladder was entered",
        label="rung",
        values=[rung.label for rung in ENTERED_AT],
    )
)
DONE: Final = FIGURES.declare(
    Counter(
        "whiteboard_memory_steps_total",
        "What was done because memory was short: walks, droppings, times of giving back, boards unloaded",
        label="step",
    )
)
TOOK: Final = FIGURES.declare(
    Counter("whiteboard_memory_step_seconds_total", "Time that took, of the event loop", label="step")
)
DROPPED: Final = FIGURES.declare(
    Counter("whiteboard_memory_dropped_bytes_total", "What caches and pools let go, about", label="from")
)
GIVEN_BACK: Final = FIGURES.declare(
    Counter("whiteboard_memory_given_back_bytes_total", "By how much giving back made the process smaller")
)


class SoftLimit:
    """One process's, and where it stands. The governor alone sets `rung`."""

    def __init__(self, size_bytes: int | None, resident: Callable[[], int] = resident_bytes) -> None:
        """A limit of so many bytes, or none.

        Args: `resident` says how many bytes the process has.
        """
        self.size_bytes = size_bytes or 0
        """0 for none."""
        self.resident = resident
        self.rung = Rung.CALM
        """How near the limit the process was at the last look."""

    def share(self) -> float:
        """How much of the limit the process has; 0 where there is none."""
        return self.resident() / self.size_bytes if self.size_bytes else 0.0

    @property
    def is_scarce(self) -> bool:
        """Whether memory is so short that what takes some itself and can wait is to wait."""
        return self.rung >= Rung.UNLOAD

    def degraded(self) -> list[str]:
        """For `/readyz`: that caches and boards go, if they do. That nobody is let in it says of itself."""
        if self.rung < Rung.DROP:
            return []
        return [f"memory ({self.rung.label}): {mib(self.resident())} of {mib(self.size_bytes)} MiB"]

    def report(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "resident_bytes": self.resident(),
            "soft_limit_bytes": self.size_bytes or None,
            "rung": self.rung.label,
            "rungs": {rung.label: entered for rung, entered in ENTERED_AT.items()},
            "entered": CLIMBED.values(),
            "steps": DONE.values(),
            "seconds": TOOK.values(),
            "dropped_bytes": DROPPED.values(),
            "given_back_bytes": GIVEN_BACK.values()[""],
        }

    def declare_figures(self) -> None:
        """Have its state read with the other figures."""
        FIGURES.declare(
            Gauge("whiteboard_memory_limit_bytes", "The soft limit, 0 for none", lambda: self.size_bytes)
        )
        FIGURES.declare(
            Gauge(
                "whiteboard_memory_rung",
                "Processes by the rung of the memory ladder that they stand on",
                lambda: {self.rung.label: 1},
                label="rung",
            )
        )


def limit_bytes_of(
    chosen: MemoryLimit, processes: int = 1, enforced: Callable[[], int | None] = cgroup.limit_bytes
) -> int | None:
    """Each process's share of what the settings choose; None for no limit."""
    if chosen.is_auto:
        most = enforced()
        whole = None if most is None else int(OF_THE_CGROUP * most)
    else:
        whole = chosen.size_bytes
    return None if whole is None else whole // processes


def mib(size_bytes: int) -> float:
    """As people read it."""
    return round(size_bytes / MIB, 1)
