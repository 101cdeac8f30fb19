"""Sinks that are put into functions that a rule reaches: a toy package's, and the project's own."""

from pathlib import Path

import pytest

from whiteboard.governance import mutations
from whiteboard.governance.rules import kinds
from whiteboard.governance.rules.document import load_folder
from whiteboard.governance.sources import read_folder

ROOT = Path(__file__).parents[2]


RULE = """id: TOY-EDIT-001
title: Editing never sleeps
kind: reach
owner: toy
sla: TOY-1
rationale: Everybody would wait.
instead: Sleep elsewhere.
from: {functions: ["toy.edit"]}
forbid: [time.sleep, pathlib.Path.read_*, sqlite3.*, subprocess.*, os.fsync, open]
"""
TOY = """
def edit():
    keep(1)

def keep(count):
    \"\"\"Down to nothing.\"\"\"
    if count:
        keep(count - 1)
    later(lambda: count)

def later(work):
    work()

def nobody_comes_here():
    later(None)
"""


@pytest.fixture
def toy(tmp_path: Path) -> list[str]:
    """What the command is told of a package of one module and its rule."""
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy/__init__.py").write_text(TOY)
    (tmp_path / "rule.yaml").write_text(RULE)
    return [str(tmp_path / "toy"), str(tmp_path / "rule.yaml")]


def test_every_function_that_is_reached_gets_a_sink_which_is_found(
    toy: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Before its first statement, behind its docstring; lambdas have no place for one, and what nobody calls is left alone."""
    assert mutations.main([*toy, "--count", "20"]) == 0
    *told, share = capsys.readouterr().out.splitlines()
    assert sorted(line.split(":")[1].split()[1] for line in told) == ["toy.edit", "toy.keep", "toy.later"]
    assert {line.split(":")[1].split()[0] for line in told} == {"3", "7", "12"}
    assert all(line.startswith("found, ") for line in told)
    assert share == "3 of 3 mutations were found: 100%"


def test_sinks_that_the_rule_does_not_know_are_missed(
    toy: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The share is told, and the exit code is 1."""
    rule = tmp_path / "rule.yaml"
    rule.write_text(
        RULE.replace("[time.sleep, pathlib.Path.read_*, sqlite3.*, subprocess.*, os.fsync, open]", "[x.y]")
    )
    assert mutations.main(toy) == 1
    told = capsys.readouterr().out
    assert told.count("MISSED") == 3
    assert told.endswith("0 of 3 mutations were found: 0%\n")


def test_only_rules_of_reach_have_sinks(
    toy: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another file is refused by name."""
    (tmp_path / "rule.yaml").write_text("slas: {}\n")
    with pytest.raises(SystemExit) as refused:
        mutations.main(toy)
    assert refused.value.code == 2
    assert f"{tmp_path / 'rule.yaml'} is no rule of kind reach" in capsys.readouterr().err


@pytest.mark.no_cover
def test_sinks_put_into_random_functions_are_found() -> None:
    """A few of them; `python -m whiteboard.governance.mutations` does many and prints the share."""
    (rule,) = (one for one in load_folder(ROOT / "constraints", kinds.SPECS) if one.id == "WB-EDIT-001")
    sources = read_folder(ROOT / "whiteboard", ROOT).files
    found = list(mutations.outcomes(rule, sources, count=3, seed=7))
    assert len(found) == 3
    assert [mutation for mutation, hops in found if not hops] == []
