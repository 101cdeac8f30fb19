"""`python -m whiteboard timeouts`: what it prints, and its exit codes."""

import json
from pathlib import Path

import pytest

from whiteboard import cli, deadlines, timeouts

ROOT = Path(__file__).parents[3]


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    """Every entry below its service level, with what it is measured by."""
    assert cli.main(["timeouts", "list", "--root", str(ROOT)]) == 0
    said = capsys.readouterr().out
    assert "SLA-STOP-1  A stop loses nothing" in said
    assert "  ping-interval" in said
    assert f"{len(timeouts.REGISTRY)} durations" in said


def test_list_of_entries_without_a_level(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1: CI refuses them."""
    (tmp_path / "t.py").write_text('A = register("a", 1, "because", "x")')
    levels = str(ROOT / "constraints/sla.yaml")
    code = cli.main(["timeouts", "list", "--root", str(tmp_path), "--registry", "t.py", "--levels", levels])
    assert code == 1
    assert "a: its rationale does not begin with the id" in capsys.readouterr().out


def test_list_outside_of_a_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever runs a server wants to know the durations that can be set: those of the package."""
    monkeypatch.chdir(tmp_path)
    assert cli.main(["timeouts", "list"]) == 0
    said = capsys.readouterr().out
    assert f"ping-interval {timeouts.PING_INTERVAL.default:>15g} s  " in said
    assert f"{len(timeouts.REGISTRY)} durations, version " in said


def test_list_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2: there is no registry."""
    assert cli.main(["timeouts", "list", "--root", str(tmp_path)]) == 2
    assert "timeouts.py" in capsys.readouterr().err


def test_margins_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is too tight first; exit code 1 when something is."""
    report = deadlines.report()
    for one in report["timeouts"].values():
        one |= {"uses": 0, "hits": 0}
    report["timeouts"]["commit"] |= {"uses": 200, "hits": 0, "used": [200] + [0] * 10}
    path = tmp_path / "dump.json"
    path.write_text(json.dumps(report))
    assert cli.main(["timeouts", "margins", str(path)]) == 0
    assert "too lax      commit" in capsys.readouterr().out
    report["timeouts"]["hook-op"] |= {"uses": 1, "hits": 1, "used": [0] * 11}
    path.write_text(json.dumps(report))
    assert cli.main(["timeouts", "margins", str(path)]) == 1
    assert "too tight    hook-op" in capsys.readouterr().out.splitlines()[1]


@pytest.mark.parametrize("place", ["/nosuch/file", "http://127.0.0.1:1/debug/timeouts"])
def test_margins_of_nothing(place: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A place where there is no dump is named."""
    assert cli.main(["timeouts", "margins", place]) == 1
    assert f"{place} cannot be read" in capsys.readouterr().err


def test_margins_of_a_server(capsys: pytest.CaptureFixture[str]) -> None:
    """By its URL, as other commands take it: its /debug/timeouts is asked."""
    assert cli.main(["timeouts", "margins", "http://127.0.0.1:1/wb/"]) == 1
    assert "http://127.0.0.1:1/wb/debug/timeouts cannot be read" in capsys.readouterr().err


def test_margins_of_something_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, with what would be a dump."""
    path = tmp_path / "x"
    path.write_text("{}")
    assert cli.main(["timeouts", "margins", str(path)]) == 2
    assert "expected what /debug/timeouts answers" in capsys.readouterr().err
