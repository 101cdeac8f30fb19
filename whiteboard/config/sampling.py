"""What the server samples of itself, and how much of it where nobody has said anything (R50).

The defaults go by the environment that the server is for. In production nothing is on: no instrument stands in Trio's way and
no allocation is traced until an operator asks for it. See docs/diagnostics.md for what each costs.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NewType

import attrs


class Environment(StrEnum):
    """What the server is for."""

    DEV = "dev"
    TEST = "test"
    PROD = "prod"


MemoryRate = NewType("MemoryRate", int)
"""0: allocations are not traced; 1: all are; N: those of one second in N are."""
MemoryFrames = NewType("MemoryFrames", int)
"""Frames of each traced allocation's stack."""
BlockRate = NewType("BlockRate", int)
"""Microseconds of waiting from which every wait is kept, shorter ones by chance; 0: waits are not watched."""
SchedInterval = NewType("SchedInterval", int)
"""Seconds between two log lines about the scheduler; 0: it is not traced."""
CpuHz = NewType("CpuHz", int)
"""Samples of a CPU profile in a second of CPU time."""
StallMs = NewType("StallMs", int)
"""Milliseconds for which the event loop stands still that count as a stall; 0: nobody looks."""


@attrs.frozen(kw_only=True)
class Rates:
    """What is sampled, and how much."""

    memory_rate: MemoryRate
    memory_frames: MemoryFrames
    block_rate: BlockRate
    sched_interval: SchedInterval
    cpu_hz: CpuHz
    stall_ms: StallMs

    def described(self) -> dict[str, int]:
        """By name, for JSON and the log."""
        return attrs.asdict(self)

    def off(self) -> "Rates":
        """The same with nothing on."""
        return attrs.evolve(
            self, memory_rate=MemoryRate(0), block_rate=BlockRate(0), sched_interval=SchedInterval(0)
        )


BOUNDS: Final[Mapping[object, tuple[int, int]]] = {
    MemoryRate: (0, 3_600),
    MemoryFrames: (1, 50),
    BlockRate: (0, 10_000_000),
    CpuHz: (1, 300),
    StallMs: (0, 60_000),
    SchedInterval: (0, 3_600),
}
"""Least and most of each, by its type."""

RATES: Final[Mapping[Environment, Rates]] = {
    Environment.DEV: Rates(
        memory_rate=MemoryRate(0),
        memory_frames=MemoryFrames(25),
        block_rate=BlockRate(10),
        sched_interval=SchedInterval(60),
        cpu_hz=CpuHz(100),
        stall_ms=StallMs(50),
    ),
    Environment.TEST: Rates(
        memory_rate=MemoryRate(0),
        memory_frames=MemoryFrames(25),
        block_rate=BlockRate(0),
        sched_interval=SchedInterval(0),
        cpu_hz=CpuHz(100),
        stall_ms=StallMs(50),
    ),
    Environment.PROD: Rates(
        memory_rate=MemoryRate(0),
        memory_frames=MemoryFrames(5),
        block_rate=BlockRate(0),
        sched_interval=SchedInterval(0),
        cpu_hz=CpuHz(100),
        stall_ms=StallMs(200),
    ),
}
"""Where nobody has said anything else."""
