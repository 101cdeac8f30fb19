"""What the system knows of this process."""

import os
import time
from pathlib import Path

from whiteboard.diagnostics import process


def test_descriptors_that_are_opened_are_counted(tmp_path: Path) -> None:
    """One more while a file is open, and none when it is closed."""
    before = process.open_descriptors()
    with (tmp_path / "file").open("w"):
        assert process.open_descriptors() == before + 1
    assert process.open_descriptors() == before
    assert before <= process.most_descriptors()


def test_memory_that_is_touched_is_resident() -> None:
    """In bytes: a buffer of 64 MiB that is written to, and the address space is larger than what is in use of it."""
    before = process.resident_bytes()
    buffer = bytearray(os.urandom(1 << 20) * 64)
    grown = process.resident_bytes() - before

    assert 0.9 * len(buffer) < grown < 2.5 * len(buffer)
    assert process.virtual_bytes() > process.resident_bytes()


def test_a_process_began_before_now_and_has_worked_since() -> None:
    """Seconds since 1970, and no more work than time on all cores."""
    age = time.time() - process.started_at()

    assert process.started_at() == process.started_at(), "who watches takes another one for a restart"
    assert 0 < age < 86_400
    assert 0 < process.cpu_seconds() < age * (os.cpu_count() or 1) + 1
