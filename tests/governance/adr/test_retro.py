"""Looking back: what measurements may say of a decision, and that nobody else may say it."""

from pathlib import Path

import pytest
from governance.decisions import ACCEPTED, DAY, EXPECTING, FIRST, Project

from whiteboard.governance.adr.record import Status, Verdict, read_record
from whiteboard.governance.adr.retro import Outcome, look_back, written
from whiteboard.governance.records import Unusable

SLOW = [200, 203, 198, 205, 201, 199]
FAST = [40, 42, 39, 41, 43, 38]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """With one record that expects pauses of 100 ms in the place of 200."""
    found = Project(tmp_path)
    found.record(FIRST, EXPECTING)
    return found


def outcome(project: Project, target: str = "100") -> Outcome:
    """Of the record, with another target."""
    path = project.record(FIRST, EXPECTING.replace('target: "100"', f'target: "{target}"'))
    return look_back(read_record(path), project.root)


def retro(project: Project) -> Path:
    """Look back and write it down."""
    path = project.root / "adr" / f"{FIRST}.md"
    record = read_record(path)
    path.write_text(written(record, look_back(record, project.root), DAY))
    return path


@pytest.mark.parametrize(
    ("target", "observed", "verdict"),
    [
        ("100", FAST, Verdict.VALIDATED),
        ("50 % of baseline", FAST, Verdict.VALIDATED),
        ("20", FAST, Verdict.REFUTED),
        ("10 % of baseline", FAST, Verdict.REFUTED),
        ("41", [40, 42, 39, 41.5, 43, 38], Verdict.UNDECIDED),
        ("500", [202, 204, 199, 206, 203, 200], Verdict.REFUTED),
        ("500", [199, 202, 197, 204, 200, 198], Verdict.UNDECIDED),
        ("100", FAST[:4], Verdict.NOT_ENOUGH_DATA),
        ("100", [40], Verdict.NOT_ENOUGH_DATA),
    ],
)
def test_a_verdict_takes_the_target_and_a_gain_beyond_chance(
    project: Project, target: str, observed: list[float], verdict: Verdict
) -> None:
    """Reached, missed, on the line, no gain, a gain that may be chance, too few runs."""
    project.series(SLOW, observed)
    assert outcome(project, target).verdict is verdict


def test_higher_can_be_better(project: Project) -> None:
    """Throughput, for one."""
    project.series(FAST, SLOW)
    record = read_record(project.record(FIRST, EXPECTING.replace("lower", "higher")))
    assert look_back(record, project.root).verdict is Verdict.VALIDATED


def test_a_single_baseline_validates_nothing(project: Project) -> None:
    """However good it looks: the figures are told, the status stays."""
    project.series([207], FAST)
    text = retro(project).read_text()
    assert "status: accepted" in text
    assert "*not enough data*: 1 run and 6 runs where 5 on each side are the least" in text
    assert project.findings() == []


def test_two_expectations_are_both_to_come_true(project: Project) -> None:
    """One that did not refutes the decision."""
    project.series(SLOW, FAST)
    second = EXPECTING.splitlines()[-1].replace('"100"', '"10"')
    record = read_record(project.record(FIRST, f"{EXPECTING}{second}"))
    found = look_back(record, project.root)
    assert [trial.verdict for trial in found.trials] == [Verdict.VALIDATED, Verdict.REFUTED]
    assert (found.verdict, found.status) == (Verdict.REFUTED, Status.REFUTED)


def test_retro_writes_status_figures_and_a_digest(project: Project) -> None:
    """The record says what was found, and `adr check` finds the same again."""
    project.series(SLOW, FAST)
    text = retro(project).read_text()
    record = read_record(project.root / "adr" / f"{FIRST}.md")
    assert record.front.status is Status.VALIDATED
    assert record.front.retrospective is not None
    assert record.front.retrospective.digest.startswith("sha256:")
    assert "| before | 6 | 200.5 | 198 | 205 | old |" in text
    assert "without one is 0.0011 (Mann-Whitney, exact" in text
    assert project.findings() == []


def test_looking_back_again_changes_nothing_but_what_is_new(project: Project) -> None:
    """The same data give the same text; other data another verdict, in the same place."""
    project.series(SLOW, FAST)
    first = retro(project).read_text()
    assert retro(project).read_text() == first
    project.series(SLOW, SLOW)
    second = retro(project).read_text()
    assert second.count("## Retrospective") == second.count("retrospective:\n") == 1
    assert "status: refuted" in second
    project.series(SLOW, [*FAST[:3], 300, 310, 305])
    assert "status: accepted" in retro(project).read_text()


@pytest.mark.parametrize(
    ("line", "instead", "finding"),
    [
        ("status: validated", "status: refuted", "is refuted, and its data say validated"),
        ("status: validated", "status: accepted", "is accepted, and its data say validated"),
        ("verdict: validated", "verdict: refuted", "is validated, and its data say validated"),
        ("digest: sha256:", "digest: sha256:0", "its retrospective is of other data than there are"),
        ('target: "100"', 'target: "110"', "its retrospective is of other data than there are"),
        ("| 200.5 |", "| 300.5 |", "its retrospective was written by hand"),
    ],
)
def test_what_was_written_by_hand_is_found(project: Project, line: str, instead: str, finding: str) -> None:
    """A status, a verdict, a digest, an expectation or a figure that the data do not give."""
    project.series(SLOW, FAST)
    path = retro(project)
    text = path.read_text()
    assert line in text
    path.write_text(text.replace(line, instead, 1))
    (found,) = project.findings()
    assert found.startswith(finding)


def test_a_series_that_has_changed_or_gone_is_found(project: Project) -> None:
    """What was concluded from it holds no longer by itself."""
    project.series(SLOW, FAST)
    retro(project)
    project.series(SLOW, [*FAST, 44])
    assert "is of other data" in project.findings()[0]
    (project.root / "adr/series/pause.yaml").unlink()
    assert "cannot be found again" in project.findings()[0]


def test_there_must_be_something_to_look_back_at(project: Project) -> None:
    """An expectation, and a decision that is in force."""
    project.series(SLOW, FAST)
    with pytest.raises(Unusable, match="expects no gain"):
        look_back(read_record(project.record(FIRST, ACCEPTED)), project.root)
    with pytest.raises(Unusable, match="is deprecated"):
        look_back(
            read_record(project.record(FIRST, EXPECTING.replace("accepted", "deprecated"))), project.root
        )
    with pytest.raises(Unusable, match="neither a figure nor"):
        outcome(project, "fast")
