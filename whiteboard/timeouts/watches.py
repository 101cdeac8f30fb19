"""What the server watches itself for: when its event loop is late, and how its memory grows."""

from typing import Final

from whiteboard.registry import register

STALL_LASTS: Final = register(
    "stall-lasts",
    5.0,
    "SLA-LIVE-1: An event loop that stands still for so long may never go on: it is in the log while it does, long before a worker is killed for it (WORKER_SILENT).",
    "an event loop that stands still",
)
GROWTH_LOOK: Final = register(
    "growth-look",
    10.0,
    "SLA-MEMORY-1: Between two looks at the memory in use: 10 µs, and a fork of some 10 ms while allocations are traced; twelve of them, two minutes, show what grows.",
    "memory that grows",
)
