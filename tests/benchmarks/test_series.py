"""Series that are taken anew can be looked back by: nothing is said about how they come out."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from whiteboard.governance.adr.series import read_series

ROOT = Path(__file__).parents[2]
BOUND_SECONDS = 120.0


@pytest.mark.parametrize(
    ("name", "decided"), [("messages", "messages-by-msgspec"), ("snapshots", "snapshot-in-steps")]
)
def test_a_series_is_of_the_metric_that_its_record_expects(tmp_path: Path, name: str, decided: str) -> None:
    """One run of both sides, written as the file that is kept."""
    (tmp_path / "benchmarks").symlink_to(ROOT / "benchmarks")  # the rest of the checkout stays off sys.path
    command = [sys.executable, "-m", "benchmarks.series", name, "--runs", "1", "--write", "taken.yaml"]
    paths = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": paths}
    ended = subprocess.run(
        command,
        cwd=tmp_path,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=BOUND_SECONDS,
    )
    assert ended.returncode == 0, ended.stderr
    taken, kept = read_series(tmp_path / "taken.yaml"), read_series(ROOT / f"adr/series/{decided}.yaml")
    assert (taken.metric, taken.unit, taken.method) == (kept.metric, kept.unit, kept.method)
    assert (len(taken.baseline.values), len(taken.observed.values)) == (1, 1)
