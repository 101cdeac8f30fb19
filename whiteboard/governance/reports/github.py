"""Annotations for GitHub: lines of the change first, ten at most, the rest counted.

The platform shows ten annotations of a step and hides the others without a word, so the choice is made here.
"""

from typing import Final

import attrs

from whiteboard.governance.checking import Outcome
from whiteboard.governance.comparison import Comparison
from whiteboard.governance.rules.findings import Finding, Hop

MAX_ANNOTATIONS: Final = 10


@attrs.frozen
class _Note:
    finding: Finding
    hop: Hop
    is_touched: bool
    is_new: bool


def render(outcome: Outcome, comparison: Comparison | None = None) -> str:
    """Workflow commands, one a line; empty when nothing was found."""
    if comparison is not None:
        notes = [_Note(one.finding, one.hop, one.is_touched, one.state == "new") for one in comparison.head]
    else:
        notes = [_Note(finding, finding.chain[-1], False, False) for finding in outcome.findings]
    notes.sort(key=lambda note: (not note.is_touched, not note.is_new, note.finding.severity != "error"))
    shown = notes if len(notes) <= MAX_ANNOTATIONS else notes[: MAX_ANNOTATIONS - 1]
    lines = [_annotation(note) for note in shown]
    if len(notes) > len(shown):
        left = len(notes) - len(shown)
        lines.append(
            f"::notice title=whiteboard check::and {left} further findings, in the log and the job summary"
        )
    lines += [f"::error title=whiteboard check::{_data(problem)}" for problem in outcome.problems]
    return "".join(f"{line}\n" for line in lines)


def _annotation(note: _Note) -> str:
    finding, site = note.finding, note.hop.site
    way = "\n".join(f"{hop.site.path}:{hop.site.line} {hop.function}: {hop.note}" for hop in finding.chain)
    said = (
        finding.message
        + (f"\nInstead: {' '.join(finding.instead.split())}" if finding.instead else "")
        + f"\n{way}"
    )
    fields = f"file={_value(site.path)},line={site.line},col={site.column + 1},title={_value(finding.rule)}"
    return f"::{finding.severity} {fields}::{_data(said)}"


def _data(text: str) -> str:
    """Escaped as a message: a raw line break would end the command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _value(text: str) -> str:
    """Escaped as a property, in which `:` and `,` divide."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
