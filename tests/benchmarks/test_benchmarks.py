"""The benchmarks run: nothing is said about how fast."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
BOUND_SECONDS = 120.0


@pytest.mark.integration
@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("latency", 2),
        ("acks", 2),
        ("shared", 1),
        ("workers", 1),
        ("overheads", 9),
        ("trim", 3),
        ("watching", 3),
        ("canvas", 4),
    ],
)
def test_quick_run_prints_its_table(tmp_path: Path, name: str, rows: int) -> None:
    """With --quick a benchmark ends with 0, has a line for each scenario and found no fault."""
    (tmp_path / "benchmarks").symlink_to(BENCHMARKS)  # the rest of the checkout stays off sys.path
    ended = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", "--quick"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=BOUND_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    lines = [line.strip("| ") for line in ended.stdout.splitlines() if line.startswith("|")]
    assert len(lines) == rows + 2, ended.stdout
    if "faults" in lines[0]:
        assert all(line.endswith("none") for line in lines[2:]), ended.stdout


@pytest.mark.integration
@pytest.mark.alone  # a machine that stands still looks like a server that does
def test_a_clean_run_finds_nothing(tmp_path: Path) -> None:
    """A healthy server has no complaint about itself; a long run is somebody's who has a quiet machine."""
    (tmp_path / "benchmarks").symlink_to(BENCHMARKS)
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.clean_run", "--quick"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=BOUND_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.endswith("0 findings: clean\n")
