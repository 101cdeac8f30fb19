"""What `adr check` finds, planted one by one."""

from datetime import date
from pathlib import Path

import pytest
from governance.decisions import ACCEPTED, DAY, EXPECTING, FIRST, SECOND, Project

from whiteboard.governance.adr.record import read_records
from whiteboard.governance.records import Unusable


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Without records yet."""
    return Project(tmp_path)


def test_a_whole_record_is_clear(project: Project) -> None:
    """All four kinds of what may enforce it, by name."""
    project.record(
        FIRST,
        "status: accepted\ndate: 2026-11-01\nreview_by: 2027-05-01\n"
        "enforced_by: [contract:layers, rule:WB-2, spec:OP-1, test:tests/rooms, test:tests/rooms/test_room.py]",
    )
    assert project.findings() == []


@pytest.mark.parametrize(
    ("line", "instead", "finding"),
    [
        ("date: 2026-11-01", "date: 2026-11-02", "its date is 2026-11-02, not that of its name"),
        ("enforced_by: [contract:layers]", "enforced_by: []", "is accepted and enforced by nothing"),
        (
            "contract:layers",
            "contract:none",
            "enforced_by contract:none: no contract none in constraints/*.toml",
        ),
        ("contract:layers", "rule:WB-3", "enforced_by rule:WB-3: no rule WB-3 in constraints/*.yaml"),
        (
            "contract:layers",
            "spec:OP-2",
            "enforced_by spec:OP-2: no rule OP-2 in docs/spec that a test cites",
        ),
        ("contract:layers", "test:tests/none", "enforced_by test:tests/none: tests/none is no test module"),
        ("contract:layers", "test:docs/spec", "enforced_by test:docs/spec: docs/spec is no test module"),
        ("contract:layers", "goodwill", "enforced_by goodwill: goodwill is none of contract:ID"),
        ("enforced_by: [contract:layers]", "enforcement: none", "enforcement: none without because"),
        (
            "enforced_by",
            "enforcement: none\nbecause: so\nenforced_by",
            "has both enforced_by and enforcement",
        ),
        (
            "enforced_by",
            "enforcement: some\nbecause: so\nenforced_by",
            "enforcement is 'some'; it can only be none",
        ),
        ("review_by: 2027-05-01", "", "has no review_by"),
        ("review_by: 2027-05-01", "review_by: 2026-11-27", "was to be reviewed by 2026-11-27"),
        ("status: accepted", "status: superseded", "superseded and superseded_by go together"),
        (
            "status: accepted",
            f"status: accepted\nsuperseded_by: {SECOND}",
            "superseded and superseded_by go together",
        ),
        (
            "status: accepted",
            "status: accepted\nsupersedes: [2026-01-01-none]",
            "supersedes 2026-01-01-none: no such",
        ),
        ("status: accepted", f"status: accepted\nsupersedes: [{SECOND}]", "does not say `superseded_by: "),
        ("status: accepted", f"status: accepted\namends: [{SECOND}]", "does not say `amended_by: "),
        ("status: accepted", f"status: accepted\namended_by: [{SECOND}]", "does not say `amends: "),
        ("status: accepted", "status: validated", "is validated without a retrospective of `adr retro`"),
        ("status: accepted", "status: refuted", "is refuted without a retrospective of `adr retro`"),
    ],
)
def test_each_fault_is_found(project: Project, line: str, instead: str, finding: str) -> None:
    """One line in one record, beside another one that is whole."""
    project.record(SECOND, ACCEPTED.replace("11-01", "11-02"))
    project.record(FIRST, ACCEPTED.replace(line, instead, 1))
    assert any(finding in found for found in project.findings())


def test_a_record_is_named_by_date_and_slug(project: Project) -> None:
    """No number, no capitals."""
    project.record("0001-One", ACCEPTED)
    assert project.findings() == ["is not named by date and slug, as 2026-11-27-one-sentence.md"]


def test_mutual_links_are_clear(project: Project) -> None:
    """A successor and what it supersedes, which needs neither enforcement nor review."""
    project.record(FIRST, f"status: superseded\ndate: 2026-11-01\nsuperseded_by: {SECOND}")
    project.record(SECOND, f"{ACCEPTED.replace('11-01', '11-02')}\nsupersedes: [{FIRST}]")
    assert project.findings() == []


def test_a_decision_may_say_why_nothing_enforces_it(project: Project) -> None:
    """With a reason, and reviewed like any other."""
    project.record(
        FIRST, ACCEPTED.replace("enforced_by: [contract:layers]", "enforcement: none\nbecause: It is taste.")
    )
    assert project.findings() == []
    assert project.findings(date(2027, 5, 2)) == [
        "was to be reviewed by 2027-05-01: confirm it with a later date, or supersede it"
    ]


def test_a_proposal_needs_a_review_and_no_enforcement(project: Project) -> None:
    """It is to be decided on, not to be kept."""
    project.record(FIRST, "status: proposed\ndate: 2026-11-01")
    assert project.findings() == ["has no review_by"]


def test_an_expectation_needs_a_series_of_the_same_metric(project: Project) -> None:
    """Whether anybody has looked back or not."""
    project.record(FIRST, EXPECTING)
    (missing,) = project.findings()
    assert missing.startswith("expect: ")
    assert missing.endswith("pause.yaml: No such file or directory")
    project.series([1], [1], metric="other")
    (other,) = project.findings()
    assert other == "expect: adr/series/pause.yaml: is about 'other', not 'pause'"
    project.series([], [1])
    assert project.findings()[0].endswith("baseline.values is empty")
    path = project.root / "adr/series/pause.yaml"
    path.write_text(path.read_text().replace("[]", "[.inf]"))
    assert project.findings()[0].endswith("baseline.values has inf")
    project.series([200], [20])
    assert project.findings(DAY) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("no front matter", "does not begin with front matter"),
        ("---\nstatus: accepted\ndate: 2026-11-01\n---\nno title\n", "no title"),
        ("---\nstatus: fine\ndate: 2026-11-01\n---\n# T\n", "one of proposed, accepted, superseded"),
        ("---\nstatus: accepted\ndate: 2026-11-01\nowner: me\n---\n# T\n", "unknown key owner @ $"),
        ("---\nstatus: accepted\n---\n# T\n", "required key is missing @ $.date"),
    ],
)
def test_a_record_that_cannot_be_read_is_unusable(project: Project, text: str, problem: str) -> None:
    """Not a finding: nothing can be said of the others while one is missing."""
    (project.root / "adr" / f"{FIRST}.md").write_text(text)
    with pytest.raises(Unusable, match=r"2026-11-01-one-port\.md: ") as told:
        read_records(project.root / "adr")
    assert problem in str(told.value)


def test_a_contract_file_that_cannot_be_read_is_unusable(project: Project) -> None:
    """Its contracts would seem not to be there."""
    project.record(FIRST, ACCEPTED)
    (project.root / "constraints/rules.yaml").write_text("id: [")
    with pytest.raises(Unusable, match=r"rules\.yaml"):
        project.findings()
    (project.root / "constraints/layers.toml").write_text("id =")
    with pytest.raises(Unusable, match=r"layers\.toml"):
        project.findings()
