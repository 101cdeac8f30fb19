"""Where and when the figures of a document were taken."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.scenes.sections import Section


def measure(*, quick: bool) -> Section:  # noqa: ARG001  as all scenes are called
    """One sentence, no table."""
    today = datetime.now(UTC).date().isoformat()
    return Section(
        "machine",
        f"{today}; {os.cpu_count()} cores ({_processor()}), Linux {platform.release().partition('-')[0]}, "
        f"Python {platform.python_version()}, Trio {version('trio')}.",
        [],
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
