"""Decision records are whole, and what they name exists."""

import re
from pathlib import Path

import pytest

from whiteboard.governance.adr.checks import findings_of
from whiteboard.governance.adr.enforcers import read_enforcers
from whiteboard.governance.adr.record import read_records

ROOT = Path(__file__).parents[2]
RECORDS = sorted(path for path in (ROOT / "adr").glob("*.md") if path.name != "template.md")
SECTIONS = ("Context and problem", "Options", "Decision", "Consequences", "Confirmation")
CONTRACT_IDS = set(
    re.findall(r'^id = "([a-z-]+)"', (ROOT / "constraints/layers.toml").read_text(), re.MULTILINE)
)


def test_there_are_records() -> None:
    """The folder of decisions is found and is not empty."""
    assert RECORDS


def test_records_agree_with_each_other_and_with_what_enforces_them() -> None:
    """`adr check` finds nothing on the day of the newest record; whether reviews are due is for the check itself."""
    records = read_records(ROOT / "adr")
    newest = max(record.front.date for record in records)
    assert findings_of(records, read_enforcers(ROOT), ROOT, newest) == []


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_a_record_has_all_sections(record: Path) -> None:
    """Each section is there in its order and says something; a retrospective may follow."""
    bodies = dict(re.findall(r"^## (.+)\n\n((?:(?!^## ).*\n?)+)", record.read_text(), re.MULTILINE))
    assert tuple(bodies) in {SECTIONS, (*SECTIONS, "Retrospective")}
    assert all(body.strip() for body in bodies.values())


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_what_a_record_names_exists(record: Path) -> None:
    """Each path in backticks is a file or folder of the project, each contract id a contract."""
    text = record.read_text()
    paths = re.findall(r"`((?:tests|whiteboard|constraints|docs|tools|adr)/[\w./-]+)`", text)
    assert [path for path in paths if not (ROOT / path).exists()] == []
    *_, confirmation = text.split("## Confirmation\n")
    named = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", confirmation))
    assert named <= CONTRACT_IDS
    assert paths or named
