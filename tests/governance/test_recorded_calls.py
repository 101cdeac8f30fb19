"""What this project's tests call is held against what its source shows."""

import subprocess
import sys
from pathlib import Path

import pytest

from whiteboard.governance.graph.dynamic import Seen, SeenEdge, read_edges, write_edges

ROOT = Path(__file__).parents[2]
RECORDED = ("tests/core/test_board.py", "tests/rooms/test_hub.py", "tests/rooms/test_commit.py")


pytestmark = pytest.mark.usefixtures("uncounted_processes")


@pytest.fixture(scope="module")
def recorded(uncounted_processes: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The calls that some tests of boards and rooms make."""
    path = tmp_path_factory.mktemp("recorded") / "calls.json"
    plugin = ["-p", "whiteboard.governance.graph.recording", "--calls-to", str(path)]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin]
    subprocess.run([*command, f"--record-calls=whiteboard={_package()}", *RECORDED], cwd=ROOT, check=True)
    return path


def _package() -> Path:
    """Where the package lies that is tested: the source's, or an installed one's."""
    import whiteboard

    return Path(whiteboard.__file__).parent


def check(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The command on this project, with one rule."""
    command = [sys.executable, "-m", "whiteboard", "check", "--rule", "WB-GRAPH-001", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_what_tests_call_stands_in_the_source(recorded: Path) -> None:
    """[R62] Rooms, sessions, the committer and storage: the graph has every call, through ports and callbacks too."""
    assert len(read_edges(recorded)) > 300
    told = check("--seen", recorded)
    assert told.returncode == 0, told.stdout
    assert "of the calls that were recorded stand in the source" in told.stdout


def test_a_call_that_only_the_run_shows_is_found(tmp_path: Path) -> None:
    """With the line on which it was made, and the exit code of a finding."""
    module, line = "whiteboard.core.order_keys", _line_of("whiteboard/core/order_keys.py", "def ")
    caller = Seen(module, _name_at("whiteboard/core/order_keys.py", line), line)
    callee = Seen("whiteboard.cli", "main", _line_of("whiteboard/cli.py", "def main("))
    write_edges([SeenEdge(caller, callee, line + 1)], tmp_path / "calls.json")
    told = check("--seen", tmp_path / "calls.json")
    assert told.returncode == 1, told.stdout
    assert f"{module}.{caller.qualname} has called whiteboard.cli.main" in told.stdout


def test_a_file_without_calls_is_unusable(tmp_path: Path) -> None:
    """Exit code 2, and what it holds instead."""
    (tmp_path / "calls.json").write_text("[]")
    told = check("--seen", tmp_path / "calls.json")
    assert told.returncode == 2
    assert "holds no recorded edges" in told.stderr


def _line_of(path: str, begin: str) -> int:
    lines = (ROOT / path).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.startswith(begin))


def _name_at(path: str, line: int) -> str:
    return (ROOT / path).read_text().splitlines()[line - 1].split("(")[0].removeprefix("def ")
