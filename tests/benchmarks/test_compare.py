"""The comparison with peers runs: nothing is said about how fast."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
BOUND_SECONDS = 120.0
NOTHING = "-"


def rows(place: Path, *arguments: str, **environment: str) -> list[dict[str, str]]:
    """The lines of all tables that `benchmarks.compare --quick` prints."""
    (place / "benchmarks").symlink_to(BENCHMARKS)  # the rest of the checkout stays off sys.path
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.compare", "--quick", *arguments],
        env={**os.environ, "PYTHONPATH": str(place), **environment},
        cwd=place,
        capture_output=True,
        text=True,
        timeout=BOUND_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found: list[dict[str, str]] = []
    titles: list[str] = []
    for line in ended.stdout.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            titles = []
        elif not titles:
            titles = cells
        elif not line.startswith("| --"):
            found.append(dict(zip(titles, cells, strict=True)))
    return found


@pytest.mark.integration
def test_a_server_is_measured_beside_the_relay(tmp_path: Path) -> None:
    """Our server has figures without faults in each table; the relay has them too, or the reason why not."""
    document = tmp_path / "performance.md"
    document.write_text("Before.\n<!-- begin peers -->\n<!-- end peers -->\nAfter.\n")
    workloads = ("--workloads", "fan-out-10", "light")
    lines = rows(tmp_path, "--peers", "whiteboard", "ws", *workloads, "--write", str(document))
    assert [line["peer"] for line in lines] == ["whiteboard", "ws"] * 2
    for line in lines:
        is_measured = line["p50 ms"] != NOTHING  # what was held, and how much more, is the machine's matter
        assert is_measured or (line["peer"] == "ws" and "cannot be run here" in line["remarks"])
        assert not any(word in line["remarks"] for word in ("missing", "failed", "connection", "not there"))
    assert "| whiteboard | " in document.read_text()


def test_a_peer_that_cannot_be_installed_is_not_left_out(tmp_path: Path) -> None:
    """Without a registry the relay has a line that says so."""
    unreachable = {"npm_config_registry": "http://127.0.0.1:9", "npm_config_fetch_retries": "0"}
    (line,) = rows(
        tmp_path,
        *("--peers", "ws", "--workloads", "light"),
        WHITEBOARD_PEERS=str(tmp_path / "peers"),
        npm_config_cache=str(tmp_path / "npm"),
        **unreachable,
    )
    assert line["p50 ms"] == NOTHING
    assert line["remarks"].startswith("cannot be run here: not installed")
