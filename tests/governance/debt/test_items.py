"""Debts and incidents are read strictly, and what they name is looked up."""

from datetime import date
from pathlib import Path

import pytest

from whiteboard.governance.debt.items import Book, module_of, read_book
from whiteboard.governance.records import Unusable

MODULES = {"app", "app.rooms"}
DEBT = """id: slow-thing
title: It is slow
why: Nobody had time.
cost_hours: 3.5
impact: {value: 4, set_by: maintainers, set_on: 2026-11-28}
since: 2026-11-27
modules: [app.rooms]
links: [docs/notes.md#slow, "commit:0123abc", "requirement:R5", "https://example.org/1"]
"""
INCIDENT = """id: 2026-11-27-it-broke
date: 2026-11-27
severity: high
where: [app.rooms.Room.close, docs/notes.md]
what: It broke.
links: ["commit:0123abc"]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with one debt and one incident."""
    for folder in ("debt", "incidents", "docs"):
        (tmp_path / folder).mkdir()
    (tmp_path / "docs/notes.md").write_text("notes")
    (tmp_path / "debt/slow-thing.yaml").write_text(DEBT)
    (tmp_path / "incidents/2026-11-27-it-broke.yaml").write_text(INCIDENT)
    return tmp_path


def read(root: Path) -> Book:
    """Its book."""
    return read_book(root, MODULES)


def test_a_book_is_all_debts_and_incidents(root: Path) -> None:
    """Hours and impact as numbers, days as days."""
    book = read(root)
    (debt,), (incident,) = book.debts, book.incidents
    assert (debt.cost_hours, debt.impact.value, debt.impact.set_on) == (3.5, 4, date(2026, 11, 28))
    assert (incident.severity, incident.where[0]) == ("high", "app.rooms.Room.close")


@pytest.mark.parametrize(
    ("line", "instead", "problem"),
    [
        (
            "id: slow-thing",
            "id: other",
            "id is 'other', not the file's name in small letters, digits and hyphens",
        ),
        ("value: 4", "value: 11", "impact.value is 11, not within 1 to 10"),
        ("value: 4", "value: 0", "impact.value is 0, not within 1 to 10"),
        ("cost_hours: 3.5", "cost_hours: 0", "cost_hours is 0, not above 0"),
        ("modules: [app.rooms]", "modules: []", "names no module"),
        ("modules: [app.rooms]", "modules: [ape.rooms]", "ape.rooms: no such module"),
        ("modules: [app.rooms]", "modules: [docs/none.md]", "docs/none.md: no such path"),
        (
            "modules: [app.rooms]",
            "modules: [app.rooms]\npaid: 2026-11-26",
            "paid on 2026-11-26, before it was written",
        ),
        ("modules: [app.rooms]", "module: [app.rooms]", "unknown key module @ $"),
        (
            "commit:0123abc",
            "commit:xyz",
            "commit:xyz: no such path, commit:HASH, requirement:R1 or https:// address",
        ),
        ("docs/notes.md#slow", "docs/gone.md", "docs/gone.md: no such path"),
    ],
)
def test_a_mistake_in_a_debt_is_told_with_its_file(root: Path, line: str, instead: str, problem: str) -> None:
    """What is misspelt, out of range or not there."""
    path = root / "debt/slow-thing.yaml"
    path.write_text(DEBT.replace(line, instead, 1))
    with pytest.raises(Unusable) as told:
        read(root)
    assert any(line.startswith(f"{path}: {problem}") for line in told.value.problems)


def test_a_debt_without_a_link_is_refused(root: Path) -> None:
    """What nobody can look up is hearsay; the same for an incident."""
    for path in (root / "debt/slow-thing.yaml", root / "incidents/2026-11-27-it-broke.yaml"):
        text = path.read_text()
        path.write_text(text[: text.index("links:")] + "links: []\n")
    with pytest.raises(Unusable) as told:
        read(root)
    assert [problem.partition(": ")[2] for problem in told.value.problems] == [
        "has no link that says where it is known from"
    ] * 2


def test_an_incident_is_named_by_its_file(root: Path) -> None:
    """So that the board's names lead to documents."""
    (root / "incidents/2026-11-27-it-broke.yaml").rename(root / "incidents/other.yaml")
    with pytest.raises(Unusable, match="id is '2026-11-27-it-broke'"):
        read(root)


def test_a_project_without_the_folders_is_told_so(tmp_path: Path) -> None:
    """Not an empty board."""
    with pytest.raises(Unusable, match="no such folder"):
        read(tmp_path)


def test_a_name_leads_to_the_module_that_it_lies_in() -> None:
    """Of a function, a class, a module; of nothing where there is none."""
    known = frozenset(MODULES)
    assert [module_of(name, known) for name in ("app.rooms.Room.close", "app.other", "app", "ape.x")] == [
        "app.rooms",
        "app",
        "app",
        None,
    ]
