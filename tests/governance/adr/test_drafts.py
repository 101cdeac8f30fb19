"""A new record comes from the template."""

from pathlib import Path

import pytest
from governance.decisions import DAY

from whiteboard.governance.adr.drafts import draft, slug_of
from whiteboard.governance.adr.record import Status, read_record
from whiteboard.governance.records import Unusable

ROOT = Path(__file__).parents[3]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With this project's own template."""
    (tmp_path / "template.md").write_text((ROOT / "adr/template.md").read_text())
    return tmp_path


def test_a_draft_is_a_proposal_of_today(folder: Path) -> None:
    """It can be read as it is, and is to be looked at within half a year."""
    path = draft(folder, r"Boards are \1 kept", "boards-are-kept", DAY)
    record = read_record(path)
    assert path.name == "2026-11-28-boards-are-kept.md"
    assert (record.title, record.front.status, record.front.date) == (
        r"Boards are \1 kept",
        Status.PROPOSED,
        DAY,
    )
    assert str(record.front.review_by) == "2027-05-29"


def test_a_draft_takes_nothing_elses_place(folder: Path) -> None:
    """The one that is there stays as it is."""
    draft(folder, "One", "one", DAY).write_text("kept")
    with pytest.raises(Unusable, match="File exists"):
        draft(folder, "Another", "one", DAY)
    assert (folder / "2026-11-28-one.md").read_text() == "kept"


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Boards, for ever!", "boards-for-ever"),
        ("Ünïcode is written plainly", "unicode-is-written-plainly"),
        ("a" * 30 + " " + "b" * 40, "a" * 30),
    ],
)
def test_a_title_makes_a_slug(title: str, slug: str) -> None:
    """Cut at a word where it is long."""
    assert slug_of(title) == slug


def test_what_makes_no_name_is_refused(folder: Path) -> None:
    """A title without letters, a slug with others than it may have, a template without its lines."""
    with pytest.raises(Unusable, match="give --slug"):
        slug_of("白板")
    with pytest.raises(Unusable, match="small letters"):
        draft(folder, "One", "../One", DAY)
    (folder / "template.md").write_text("---\nstatus: proposed\n---\n# T\n")
    with pytest.raises(Unusable, match="no line as"):
        draft(folder, "One", "one", DAY)
