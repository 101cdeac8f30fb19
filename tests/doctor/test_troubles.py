"""The list of what can be wrong."""

import re
from pathlib import Path

from whiteboard.doctor.examination import CHECKS
from whiteboard.doctor.findings import Mark
from whiteboard.doctor.troubles import TROUBLES

ROOT = Path(__file__).parents[2]


def test_every_trouble_says_why_and_what_to_change() -> None:
    """In sentences, about a check that there is."""
    for trouble in TROUBLES.values():
        assert trouble.check in CHECKS
        assert trouble.mark in {Mark.BAD, Mark.WARNING}
        assert trouble.why.endswith((".", ")."))
        assert len(trouble.change) > 5


def test_the_documentation_explains_every_trouble() -> None:
    """Each code has a row in docs/doctor.md, in the same order, with its mark."""
    rows = re.findall(r"^\| `(\w+)` \| (bad|warning) \|", (ROOT / "docs/doctor.md").read_text(), re.MULTILINE)
    assert rows == [(trouble.code, trouble.mark.value) for trouble in TROUBLES.values()]


def test_every_trouble_is_found_somewhere() -> None:
    """The package uses each of them."""
    source = "".join(
        path.read_text() for path in (ROOT / "whiteboard/doctor").glob("*.py") if path.stem != "troubles"
    )
    names = re.findall(
        r"^([A-Z_0-9]+): Final = _(?:bad|warning)\(",
        (ROOT / "whiteboard/doctor/troubles.py").read_text(),
        re.MULTILINE,
    )
    assert len(names) == len(TROUBLES)
    assert [name for name in names if f"troubles.{name}" not in source] == []
