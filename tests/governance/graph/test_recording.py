"""The plugin that records calls while tests run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from whiteboard.governance.graph.dynamic import read_edges

pytestmark = pytest.mark.usefixtures("uncounted_processes")


def run_pytest(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in a folder, in a process of its own."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(folder)])}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def write_package(folder: Path) -> None:
    """A package and its test."""
    (folder / "seen").mkdir()
    (folder / "seen" / "__init__.py").write_text("def low(): pass\ndef high(): low()\nhigh()\n")
    (folder / "test_seen.py").write_text("import seen\ndef test_high(): seen.high()\n")


def test_calls_of_the_tests_are_written_down(tmp_path: Path) -> None:
    """Those made on import too."""
    write_package(tmp_path)
    plugin = (
        "-p",
        "whiteboard.governance.graph.recording",
        "--record-calls",
        "seen=seen",
        "--calls-to",
        "edges.json",
    )
    result = run_pytest(tmp_path, *plugin)
    assert result.returncode == 0, result.stdout + result.stderr
    found = {(edge.caller.qualname, edge.callee.qualname) for edge in read_edges(tmp_path / "edges.json")}
    assert found == {("high", "low"), ("<module>", "high")}


def test_it_wants_to_know_where_to_put_them(tmp_path: Path) -> None:
    """Without a file nothing is recorded."""
    write_package(tmp_path)
    result = run_pytest(
        tmp_path, "-p", "whiteboard.governance.graph.recording", "--record-calls", "seen=seen"
    )
    assert result.returncode != 0
    assert "--record-calls needs --calls-to FILE" in result.stdout + result.stderr
