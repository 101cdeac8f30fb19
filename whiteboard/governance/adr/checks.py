"""What is wrong with a project's decision records, each finding a line with its file."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import attrs

from whiteboard.governance.adr.enforcers import Enforcers
from whiteboard.governance.adr.record import IN_FORCE, NAME, Record, Status
from whiteboard.governance.adr.retro import block_in, block_of, look_back
from whiteboard.governance.records import Unusable

_JUDGED: Final = frozenset({Status.VALIDATED, Status.REFUTED})


@attrs.frozen
class Finding:
    """Something that has to be mended."""

    path: Path
    text: str

    def __str__(self) -> str:
        return f"{self.path}: {self.text}"


def findings_of(records: Iterable[Record], enforcers: Enforcers, root: Path, today: dt.date) -> list[Finding]:
    """All findings, by record."""
    by_name = {record.name: record for record in records}
    return [
        Finding(record.path, text)
        for record in by_name.values()
        for text in (
            *_of_name(record),
            *_of_links(record, by_name),
            *_of_enforcement(record, enforcers),
            *_of_review(record, today),
            *_of_retrospective(record, root),
        )
    ]


def _of_name(record: Record) -> Iterator[str]:
    if not NAME.fullmatch(record.name):
        yield "is not named by date and slug, as 2026-11-27-one-sentence.md"
    elif not record.name.startswith(f"{record.front.date}-"):
        yield f"its date is {record.front.date}, not that of its name"


def _of_links(record: Record, records: Mapping[str, Record]) -> Iterator[str]:
    front = record.front
    if (front.status is Status.SUPERSEDED) != (front.superseded_by is not None):
        yield "superseded and superseded_by go together: name the successor, or give it the status"
    after = (front.superseded_by,) if front.superseded_by else ()
    for names, key, back in (
        (front.supersedes, "supersedes", "superseded_by"),
        (after, "superseded_by", "supersedes"),
        (front.amends, "amends", "amended_by"),
        (front.amended_by, "amended_by", "amends"),
    ):
        for name in names:
            if name not in records:
                yield f"{key} {name}: no such record"
            elif record.name not in _linked(records[name], back):
                yield f"{key} {name}, which does not say `{back}: {record.name}`"


def _linked(record: Record, key: str) -> tuple[str, ...]:
    value = getattr(record.front, key)
    return value if isinstance(value, tuple) else (value,)


def _of_enforcement(record: Record, enforcers: Enforcers) -> Iterator[str]:
    front = record.front
    if front.enforcement not in {None, "none"}:
        yield f"enforcement is {front.enforcement!r}; it can only be none, otherwise list enforced_by"
    if front.enforcement and front.enforced_by:
        yield "has both enforced_by and enforcement: none"
    if front.enforcement and not front.because:
        yield "enforcement: none without because"
    if front.status in IN_FORCE and not front.enforced_by and not front.enforcement:
        yield f"is {front.status} and enforced by nothing: list enforced_by, or enforcement: none and because"
    for name in front.enforced_by:
        if (fault := enforcers.fault_of(name)) is not None:
            yield f"enforced_by {name}: {fault}"


def _of_review(record: Record, today: dt.date) -> Iterator[str]:
    front = record.front
    if front.status not in IN_FORCE | {Status.PROPOSED}:
        return
    if front.review_by is None:
        yield "has no review_by"
    elif front.review_by < today:
        yield f"was to be reviewed by {front.review_by}: confirm it with a later date, or supersede it"


def _of_retrospective(record: Record, root: Path) -> Iterator[str]:
    front = record.front
    block = block_in(record)
    if front.retrospective is None:
        if front.status in _JUDGED or block is not None:
            yield f"is {front.status} without a retrospective of `adr retro`, which alone may say so"
        yield from _of_sources(record, root)
        return
    try:
        outcome = look_back(record, root)
    except Unusable as fault:
        yield from (f"its retrospective cannot be found again: {problem}" for problem in fault.problems)
        return
    if front.retrospective.digest != outcome.digest:
        yield f"its retrospective is of other data than there are: run `adr retro {record.name}`"
    elif (front.status, front.retrospective.verdict) != (outcome.status, outcome.verdict):
        yield f"is {front.status}, and its data say {outcome.verdict}: run `adr retro {record.name}`"
    elif block != block_of(outcome, front.retrospective.date):
        yield f"its retrospective was written by hand: run `adr retro {record.name}`"


def _of_sources(record: Record, root: Path) -> Iterator[str]:
    """What is wrong with the series of a record at which nobody has looked back."""
    if record.front.expect and record.front.status in IN_FORCE:
        try:
            look_back(record, root)
        except Unusable as fault:
            yield from (f"expect: {problem}" for problem in fault.problems)
