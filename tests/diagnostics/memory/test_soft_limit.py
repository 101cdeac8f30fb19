"""How much memory a process may come to have, and what is told of it."""

from whiteboard.config import MemoryLimit
from whiteboard.diagnostics.figures import FIGURES
from whiteboard.diagnostics.memory.ladder import Rung
from whiteboard.diagnostics.memory.soft_limit import SoftLimit, limit_bytes_of
from whiteboard.limits import MIB


def test_the_limit_is_what_is_said_or_four_fifths_of_what_the_system_enforces() -> None:
    """And there is none where neither says one."""
    auto = MemoryLimit(is_auto=True)
    assert limit_bytes_of(MemoryLimit(100 * MIB), 1, lambda: 10 * MIB) == 100 * MIB
    assert limit_bytes_of(auto, 1, lambda: 1000 * MIB) == 800 * MIB
    assert limit_bytes_of(auto, 1, lambda: None) is None
    assert limit_bytes_of(MemoryLimit(), 1, lambda: 1000 * MIB) is None


def test_workers_share_the_limit() -> None:
    """Equally: each looks after itself."""
    assert limit_bytes_of(MemoryLimit(100 * MIB), 4) == 25 * MIB
    assert limit_bytes_of(MemoryLimit(is_auto=True), 2, lambda: 1000 * MIB) == 400 * MIB


def test_what_is_short_is_told() -> None:
    """From the rung on from which anybody could notice it."""
    limit = SoftLimit(100 * MIB, lambda: 93 * MIB)
    assert limit.degraded() == []
    limit.rung = Rung.TRIM
    assert limit.degraded() == ["memory (trim): 93.0 of 100.0 MiB"]
    report = limit.report()
    assert (report["rung"], report["resident_bytes"], report["soft_limit_bytes"]) == (
        "trim",
        93 * MIB,
        100 * MIB,
    )


def test_its_figures_are_read_when_they_are_asked_for() -> None:
    """With no limit as well: 0."""
    limit = SoftLimit(None, lambda: 5 * MIB)
    limit.declare_figures()
    told = FIGURES.report()
    assert told["whiteboard_memory_limit_bytes"]["values"] == {"": 0}
    assert told["whiteboard_memory_rung"]["values"] == {"calm": 1}
    assert limit.share() == 0


def test_what_the_process_has_grows_with_what_is_written_to() -> None:
    """Read from the system when nothing else is given."""
    limit = SoftLimit(None)
    before = limit.resident()
    block = bytearray(64 * MIB)
    assert limit.resident() - before > 0.9 * len(block)
