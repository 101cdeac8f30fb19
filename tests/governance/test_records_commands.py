"""`whiteboard adr` and `whiteboard debt` on a project: what they print, and their exit codes."""

import json
from pathlib import Path

import pytest
from governance.decisions import ACCEPTED, EXPECTING, FIRST, Project

from whiteboard import cli

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """With one record."""
    found = Project(tmp_path)
    found.record(FIRST, ACCEPTED)
    return found


def whiteboard(project: Project, *arguments: str) -> int:
    """The exit code of a command on that project, on a day of November 2026."""
    return cli.main([*arguments, "--root", str(project.root), "--today", "2026-11-28"])


def test_check_says_how_much_it_has_looked_at(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """0 when all is well; 1 with a line for each finding; 2 when a record cannot be read."""
    assert whiteboard(project, "adr", "check") == 0
    assert capsys.readouterr().out == "1 records, 0 findings\n"
    path = project.record(FIRST, ACCEPTED.replace("layers", "none"))
    assert whiteboard(project, "adr", "check") == 1
    assert capsys.readouterr().out.startswith(f"{path}: enforced_by contract:none: ")
    project.record(FIRST, "status: good")
    assert whiteboard(project, "adr", "check") == 2
    assert "one of proposed, accepted" in capsys.readouterr().err


def test_list_is_a_table(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Status, review date, what enforces it, title."""
    assert whiteboard(project, "adr", "list") == 0
    line = capsys.readouterr().out.splitlines()[2]
    assert line.split() == [FIRST, "accepted", "2027-05-01", "1", "contract", "One", "port", "is", "enough"]


def test_new_prints_the_path_of_the_record(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Which `check` finds nothing wrong with."""
    (project.root / "adr/template.md").write_text((ROOT / "adr/template.md").read_text())
    assert whiteboard(project, "adr", "new", "Two ports, after all") == 0
    assert capsys.readouterr().out.strip().endswith("adr/2026-11-28-two-ports-after-all.md")
    assert whiteboard(project, "adr", "check") == 0


@pytest.mark.parametrize("name", [FIRST, "one-port"])
def test_retro_writes_what_it_prints(project: Project, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """With a dry run, nothing; the record goes by its slug, with its date or without."""
    path = project.record(FIRST, EXPECTING)
    before = path.read_text()
    project.series([200, 201, 202, 203, 204], [50, 51, 52, 53, 54])
    assert whiteboard(project, "adr", "retro", name, "--dry-run") == 0
    assert path.read_text() == before
    assert whiteboard(project, "adr", "retro", name) == 0
    printed = capsys.readouterr().out
    assert path.read_text().endswith(printed[: len(printed) // 2])
    assert whiteboard(project, "adr", "check") == 0


def test_retro_of_no_record_is_unusable(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """As is one that expects nothing."""
    assert whiteboard(project, "adr", "retro", "none") == 2
    assert whiteboard(project, "adr", "retro", "one-port") == 2
    assert capsys.readouterr().err.splitlines()[0] == "none: 0 records of that name"


def test_debt_prints_a_board(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """As a table or as JSON; 2 for documents that cannot be used, each mistake a line."""
    package = project.root / "app"
    for folder in (package, project.root / "debt", project.root / "incidents"):
        folder.mkdir()
    (package / "__init__.py").write_text("")
    (project.root / "pyproject.toml").write_text('[project]\nname = "app"\n')
    debt = project.root / "debt/slow.yaml"
    debt.write_text(
        "id: slow\ntitle: It is slow\nwhy: So.\ncost_hours: 2\nsince: 2026-11-01\nmodules: [app]\nlinks: [adr]\n"
        "impact: {value: 3, set_by: maintainers, set_on: 2026-11-01}\n"
    )
    assert whiteboard(project, "debt") == 0
    assert "slow: no incident near it" in capsys.readouterr().out
    assert whiteboard(project, "debt", "--json", "--package", str(package)) == 0
    assert json.loads(capsys.readouterr().out)["debts"][0]["id"] == "slow"
    debt.write_text("id: slow\n")
    assert whiteboard(project, "debt") == 2
    assert f"{debt}: required key is missing @ $.title" in capsys.readouterr().err.splitlines()
