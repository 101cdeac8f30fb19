"""A small project with decision records, to be broken in one place at a time."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from whiteboard.governance.adr.checks import findings_of
from whiteboard.governance.adr.enforcers import read_enforcers
from whiteboard.governance.adr.record import read_records

DAY = date(2026, 11, 28)
FIRST, SECOND = "2026-11-01-one-port", "2026-11-02-two-ports"
BODY = """# {title}

## Context and problem

Something.

## Confirmation

Tests.
"""


class Project:
    """The folder of a project."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in ("adr/series", "constraints", "docs/spec", "tests/rooms"):
            (root / folder).mkdir(parents=True)
        (root / "constraints/layers.toml").write_text('[[tool.importlinter.contracts]]\nid = "layers"\n')
        (root / "constraints/rules.yaml").write_text("id: WB-1\n---\nid: WB-2\n")
        (root / "docs/spec/ops.md").write_text("- **OP-1** One.\n- **OP-2** Another, that no test shows.\n")
        (root / "tests/rooms/test_room.py").write_text('"""It is so. [OP-1]"""\n')

    def record(self, name: str, front: str, title: str = "One port is enough") -> Path:
        """Write a record."""
        path = self.root / "adr" / f"{name}.md"
        path.write_text(f"---\n{front.strip()}\n---\n{BODY.format(title=title)}")
        return path

    def series(self, baseline: Sequence[float], observed: Sequence[float], metric: str = "pause") -> None:
        """Write the series `adr/series/pause.yaml`."""
        (self.root / "adr/series/pause.yaml").write_text(
            f"metric: {metric}\nunit: ms\ntaken: 2026-11-20\nsource: python -m measure\nmachine: one core\n"
            f"method: In turns.\nbaseline: {{what: old, values: {list(baseline)}}}\n"
            f"observed: {{what: new, values: {list(observed)}}}\n"
        )

    def findings(self, today: date = DAY) -> list[str]:
        """What `adr check` says, without the paths."""
        found = findings_of(read_records(self.root / "adr"), read_enforcers(self.root), self.root, today)
        return [finding.text for finding in found]


ACCEPTED = "status: accepted\ndate: 2026-11-01\nenforced_by: [contract:layers]\nreview_by: 2027-05-01"
EXPECTING = (
    ACCEPTED
    + """
expect:
  - {metric: pause, better: lower, baseline: 200, target: "100", source: adr/series/pause.yaml}
"""
)
