"""What the server finds out about itself while it runs."""

from typing import Final

from whiteboard.registry import register

PROFILE_CHILD: Final = register(
    "profile-child",
    20.0,
    "SLA-INSIGHT-1: A forked child adds up a million allocations in a quarter of a second; 20 s is a core that eight others share and a heap ten times as large. Later it is killed.",
    "a child that never ends",
)
