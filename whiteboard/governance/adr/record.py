"""A decision record: a Markdown file named by its date and slug, with what machines read in its front matter."""

import datetime as dt
import re
from enum import StrEnum
from pathlib import Path
from typing import Final

import attrs

from whiteboard.governance.records import SLUG, Unusable, files_of, parse, read_each, read_text, structure

NAME: Final = re.compile(rf"\d{{4}}-\d{{2}}-\d{{2}}-{SLUG.pattern}")
"""The stem of a record's file; other records name it by that."""
TEMPLATE: Final = "template.md"
_FRONT: Final = re.compile(r"---\n(.*?\n)---\n(.*)", re.DOTALL)
_TITLE: Final = re.compile(r"^# (.+)$", re.MULTILINE)


class Status(StrEnum):
    """Where a decision stands."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    SUPERSEDED = "superseded"
    """Another record has taken its place."""
    DEPRECATED = "deprecated"
    """No longer in force, and nothing has taken its place."""
    VALIDATED = "validated"
    """In force, and the gain that was expected was measured; only `retro` says so."""
    REFUTED = "refuted"
    """The gain that was expected was measured and did not come; only `retro` says so."""


IN_FORCE: Final = frozenset({Status.ACCEPTED, Status.VALIDATED, Status.REFUTED})
"""What the code follows today; a refuted decision too, until another one takes its place."""


class Verdict(StrEnum):
    """What measurements say of an expectation."""

    VALIDATED = "validated"
    REFUTED = "refuted"
    UNDECIDED = "undecided"
    """Measured often enough, and neither reached nor missed beyond doubt."""
    NOT_ENOUGH_DATA = "not enough data"


class Better(StrEnum):
    """Which way is a gain."""

    LOWER = "lower"
    HIGHER = "higher"


@attrs.frozen
class Expectation:
    """A gain that was expected of the decision."""

    metric: str
    better: Better
    baseline: float
    """What it was before, in the unit of the series, when the decision was taken."""
    target: str
    """A figure in that unit, or `N % of baseline`: then of the baseline that the series measured."""
    source: str
    """The file of the measured series, from the project's root."""


@attrs.frozen
class Retrospective:
    """What `retro` found; nobody writes it by hand."""

    date: dt.date
    verdict: Verdict
    digest: str
    """Of the expectations and the series that it was found from."""


@attrs.frozen
class Front:
    """The front matter."""

    status: Status
    date: dt.date
    supersedes: tuple[str, ...] = ()
    superseded_by: str | None = None
    amends: tuple[str, ...] = ()
    """Records of which a part holds no longer."""
    amended_by: tuple[str, ...] = ()
    enforced_by: tuple[str, ...] = ()
    """See `enforcers`."""
    enforcement: str | None = None
    """`none`, with `because`, where no machine can notice that the decision is no longer kept."""
    because: str | None = None
    expect: tuple[Expectation, ...] = ()
    review_by: dt.date | None = None
    """When somebody has to ask whether it is still right."""
    retrospective: Retrospective | None = None


@attrs.frozen
class Record:
    """A decision record."""

    path: Path
    front: Front
    title: str
    body: str
    """All behind the front matter."""

    @property
    def name(self) -> str:
        """Date and slug, as other records call it."""
        return self.path.stem


def read_records(folder: Path) -> tuple[Record, ...]:
    """All records of a folder by their names, the template left out. Raises Unusable with every mistake of all."""
    paths = (path for path in files_of(folder, "*.md") if path.name != TEMPLATE)
    return tuple(read_each(paths, read_record).values())


def read_record(path: Path) -> Record:
    """One record. Raises Unusable."""
    front, body = parts_of(read_text(path), path)
    title = _TITLE.search(body)
    if title is None:
        raise Unusable([f"{path}: no title (`# What was decided, as a sentence`)"])
    return Record(path, structure(parse(front, str(path)), Front, str(path)), title[1], body)


def parts_of(text: str, path: Path) -> tuple[str, str]:
    """The front matter's text and what stands behind it. Raises Unusable."""
    parts = _FRONT.fullmatch(text)
    if parts is None:
        raise Unusable([f"{path}: does not begin with front matter between two lines of ---"])
    return parts[1], parts[2]
