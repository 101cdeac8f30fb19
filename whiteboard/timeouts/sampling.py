"""What a server samples of itself, and for how long."""

from typing import Final

from whiteboard.registry import register

SAMPLING_MOST: Final = register(
    "sampling-most",
    900.0,
    "SLA-INSIGHT-1: The longest that sampling which was asked for over HTTP stays on: a quarter of an hour shows what happens once in minutes, and nobody has to remember to end it.",
    "sampling is asked for",
)
MEMORY_WINDOW: Final = register(
    "memory-window",
    1.0,
    "SLA-INSIGHT-1: How long allocations are traced at a time, where they are traced now and then: long enough to meet what happens each second, and tracing makes an allocation ten times dearer.",
    "allocations are traced now and then",
)
CPU_PROFILE: Final = register(
    "cpu-profile",
    30.0,
    "SLA-INSIGHT-1: How long a CPU profile looks when nobody says for how long: what Go's tool expects, and 3,000 samples of a core that is full.",
    "a CPU profile of nobody said how long",
)
