"""Decision records are whole, and what they name exists."""

import re
from datetime import date
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RECORDS = sorted(path for path in (ROOT / "adr").glob("*.md") if path.name != "template.md")
SLUGS = {path.stem for path in RECORDS}
SECTIONS = ("Context and problem", "Options", "Decision", "Consequences", "Confirmation")
CONTRACT_IDS = set(
    re.findall(r'^id = "([a-z-]+)"', (ROOT / "constraints/layers.toml").read_text(), re.MULTILINE)
)


def front_matter(text: str) -> dict[str, str]:
    """The `key: value` lines between the leading pair of `---`."""
    _, head, _ = text.split("---\n", 2)
    return dict(line.split(": ", 1) for line in head.splitlines())


def test_there_are_records() -> None:
    """The folder of decisions is found and is not empty."""
    assert RECORDS


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_a_record_has_status_date_and_all_sections(record: Path) -> None:
    """Status is a known word, the date is the file name's, and each section says something."""
    text = record.read_text()
    head = front_matter(text)
    superseded = re.fullmatch(r"superseded by (\S+)", head["status"])
    assert head["status"] in {"proposed", "accepted"} or (superseded and superseded[1] in SLUGS)
    assert record.name.startswith(f"{date.fromisoformat(head['date'])}-")
    bodies = dict(re.findall(r"^## (.+)\n\n((?:(?!^## ).*\n?)+)", text, re.MULTILINE))
    assert tuple(bodies) == SECTIONS
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
