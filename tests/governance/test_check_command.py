"""`whiteboard check` (`commands.py`), from arguments to exit codes."""

import argparse
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from governance_samples import NO_SLEEP, SLEEPY, git

from whiteboard.governance import commands
from whiteboard.governance.check_arguments import add_arguments
from whiteboard.governance.rules.examples import split

HEAD = "id: T-1\ntitle: no sleep\nrationale: because\nowner: core\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a package that breaks its rule; the working folder."""
    for path, text in split(SLEEPY).items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "constraints").mkdir()
    (tmp_path / "constraints" / "rule.yaml").write_text(HEAD + NO_SLEEP)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> tuple[int, str, str]:
    """The exit code, and what went to both streams."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    out, err = io.StringIO(), io.StringIO()
    code = commands.run(parser.parse_args(["pkg", *arguments]), out, err)
    return code, out.getvalue(), err.getvalue()


def test_findings_are_exit_code_one(project: Path) -> None:
    """With the report on standard output."""
    code, out, err = run("--no-examples")
    assert (code, err) == (1, "")
    assert "3 calls deep" in out


def test_a_rule_that_holds_is_exit_code_zero(project: Path) -> None:
    """Once the sink is gone."""
    store = project / "pkg" / "store.py"
    store.write_text(store.read_text().replace("time.sleep(1)", "pass"))
    assert run("--no-examples")[0] == 0


def test_a_rule_without_examples_is_a_finding_of_its_own(project: Path) -> None:
    """Nothing shows that it would find anything."""
    code, out, _ = run()
    assert code == 1
    assert "T-1 has no bad example" in out


def test_a_rule_whose_code_has_gone_is_a_finding(project: Path) -> None:
    """A renamed module would take its rule along unseen."""
    rule = project / "constraints" / "rule.yaml"
    rule.write_text(rule.read_text().replace("pkg.edit.*", "pkg.edits.*"))
    code, out, _ = run("--no-examples")
    assert code == 1
    assert "'pkg.edits.*' matches nothing in the package" in out


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (lambda root: (root / "constraints" / "b.yaml").write_text("kind: raech"), "did you mean 'reach'"),
        (lambda root: (root / "pkg" / "store.py").write_text("def ("), "pkg/store.py:1"),
    ],
)
def test_input_that_cannot_be_used_is_exit_code_two(
    project: Path, prepare: Callable[[Path], object], said: str
) -> None:
    """A broken rule, or source that is no Python."""
    prepare(project)
    code, out, err = run("--no-examples")
    assert (code, out) == (2, "")
    assert said in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--rules", "nowhere"], "nowhere: no such folder"),
        (["--rule", "T-2"], "no rule 'T-2'; did you mean 'T-1'"),
        (["--base", "main"], "git rev-parse"),
    ],
)
def test_arguments_that_cannot_be_used_are_exit_code_two(
    project: Path, arguments: list[str], said: str
) -> None:
    """With a sentence."""
    code, _, err = run("--no-examples", *arguments)
    assert code == 2
    assert said in err


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_a_report_goes_to_a_file_and_text_to_the_screen(project: Path, form: str) -> None:
    """So that CI shows one and uploads the other."""
    _, out, _ = run("--no-examples", "--format", form, "--output", "report")
    assert "1 errors" in out
    assert json.loads((project / "report").read_text())


def test_a_branch_that_edits_a_deep_function_is_shown_its_own_line(project: Path) -> None:
    """And what was there before does not fail it."""
    store = project / "pkg" / "store.py"
    bad = store.read_text()
    store.write_text(bad.replace("time.sleep(1)", "pass"))
    git(project, "init", "--quiet", "--initial-branch=main")
    git(project, "add", ".")
    git(project, "commit", "--quiet", "--message=clean")
    git(project, "checkout", "--quiet", "-b", "branch")
    store.write_text(bad)
    code, out, _ = run("--no-examples", "--base", "main")
    assert code == 1
    assert (
        f"new T-1 pkg/store.py:{bad.splitlines().index('    time.sleep(1)') + 1} on a line of this change"
        in out
    )
    git(project, "commit", "--quiet", "--all", "--message=dirty")
    git(project, "checkout", "--quiet", "-b", "later")
    (project / "pkg" / "more.py").write_text("")
    code, out, _ = run("--no-examples", "--base", "branch")
    assert code == 0
    assert "0 new, 0 fixed, 0 moved, 1 as before" in out


def test_pages_are_written_and_stale_ones_are_found(project: Path) -> None:
    """One that belongs to no rule any more is stale too."""
    assert run("--check-docs", "docs")[0] == 1
    assert run("--write-docs", "docs")[0] == 0
    page = (project / "docs" / "T-1.md").read_text()
    assert "flowchart LR" in page
    assert run("--check-docs", "docs")[0] == 0
    (project / "docs" / "old.md").write_text("")
    code, _, err = run("--check-docs", "docs")
    assert code == 1
    assert "old.md belongs to no rule" in err


def test_colour_follows_the_terminal(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And NO_COLOR."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    parser = argparse.ArgumentParser()
    add_arguments(parser)
    monkeypatch.delenv("NO_COLOR", raising=False)
    out = Terminal()
    commands.run(parser.parse_args(["pkg", "--no-examples"]), out, io.StringIO())
    assert "\x1b[31m" in out.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    out = Terminal()
    commands.run(parser.parse_args(["pkg", "--no-examples"]), out, io.StringIO())
    assert "\x1b[31m" not in out.getvalue()
