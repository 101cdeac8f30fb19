"""Boards in memory: commits, upkeep, and when they leave."""

from typing import Final

from whiteboard.registry import register

COMMIT: Final = register(
    "commit",
    30.0,
    "SLA-DURABLE-1: A group commit takes 0.3 ms; past 30 s the disk is gone and the ops are refused as retryable (their fate is told by the retry).",
    "a store that takes its time",
)
ROOM_IDLE: Final = register(
    "room-idle",
    60.0,
    "SLA-MEMORY-1: A board without sessions leaves memory after a minute; a reload or a short tunnel comes back to a warm board.",
    "everybody leaves a board",
)
EVICT_SWEEP: Final = register(
    "evict-sweep",
    5.0,
    "SLA-MEMORY-1: Looks for boards without sessions; an idle board stays at most this much longer than ROOM_IDLE.",
    "everybody leaves a board",
)
UPKEEP: Final = register(
    "upkeep",
    1.0,
    "SLA-LIVE-1: Looks whether a board wants a checkpoint: a comparison of two numbers, often enough to spread the writes.",
    "a board has grown",
)
FULL_BOARD: Final = register(
    "full-board",
    15.0,
    "SLA-LIVE-1: Between two checkpoints of a full board, which alone let deleted elements leave; each writes up to 128 MiB, so sooner would keep a disk busy.",
    "a full board makes room",
)
COMPACT_PAUSE: Final = register(
    "compact-pause",
    0.02,
    "SLA-LIVE-1: Between two slices of compaction, so that commits of busy boards go in between; a slice takes about 5 ms.",
    "a long log is compacted",
)
CYCLES_LOOK: Final = register(
    "cycles-look",
    5.0,
    "SLA-MEMORY-1: Over how long a server has to be quiet before all its objects are walked; nobody draws a stroke and waits longer for the next.",
    "a quiet moment for a walk",
)
CYCLES_ALL: Final = register(
    "cycles-all",
    600.0,
    "SLA-MEMORY-1: Between two walks through all objects, in a quiet moment: 40 ms with 2,000 idle sessions, too little of ten minutes to measure.",
    "a dead cycle",
)
CYCLES_ALL_LATEST: Final = register(
    "cycles-all-latest",
    3600.0,
    "SLA-MEMORY-1: A server that is never quiet stands still for a tenth of a second once an hour, so that dead cycles cannot gather for days.",
    "a dead cycle on a busy server",
)
MEMORY_LOOK: Final = register(
    "memory-look",
    2.0,
    "SLA-MEMORY-1: Over how long a server has to be quiet before it gives free memory back: a pause of 0.1 ms for each MiB, seldom above 5 ms.",
    "memory becomes free",
)
MEMORY_LATEST: Final = register(
    "memory-latest",
    60.0,
    "SLA-MEMORY-1: A server that is never quiet gives free memory back once a minute, as long as an empty board stays: 20 ms if that was 200 MiB.",
    "memory becomes free on a busy server",
)
MEMORY_POLL: Final = register(
    "memory-poll",
    0.1,
    "SLA-MEMORY-1: Between two looks at how much of the soft limit is taken: at 200 MiB/s that a burst may take it is 20 MiB, and a look costs 50 us.",
    "memory becomes short",
)
MEMORY_AGAIN: Final = register(
    "memory-again",
    10.0,
    "SLA-MEMORY-1: Between two walks of everything, two droppings of caches, two times that memory is given back while it is short: each may be a pause of a tenth of a second, so they take 1 % of the time.",
    "memory stays short",
)
