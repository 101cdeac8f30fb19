"""Looking back: the measured series of a record tried against what it expected, and the outcome written into it.

The outcome is a pure function of the record's expectations and their series. So whoever reads the record later can find
it again, and `checks` does: a status or a retrospective that was written by hand does not come out the same.
"""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import attrs

from whiteboard.governance.adr.record import IN_FORCE, Record, Retrospective, Status, Verdict, parts_of
from whiteboard.governance.adr.series import Group, digest_of, read_series
from whiteboard.governance.adr.trial import (
    BETTER_AT,
    LEAST_RUNS,
    TARGET_AT,
    Trial,
    is_figure,
    try_expectation,
    verdict_of_all,
)
from whiteboard.governance.records import Unusable, read_text

HEADING: Final = "## Retrospective"
_BEGIN, _END = "<!-- begin retrospective -->", "<!-- end retrospective -->"
_BLOCK: Final = re.compile(rf"\n*{HEADING}\n\n{_BEGIN}.*?{_END}\n", re.DOTALL)
_HEAD: Final = re.compile(r"^retrospective:\n(?: .*\n)+", re.MULTILINE)
_STATUS: Final = re.compile(r"^status: .*$", re.MULTILINE)
_STANDING: Final = {Verdict.VALIDATED: Status.VALIDATED, Verdict.REFUTED: Status.REFUTED}
_WORDS: Final = {
    Verdict.VALIDATED: "the gain is there",
    Verdict.REFUTED: "less came than was expected",
    Verdict.UNDECIDED: "measured, and still open",
    Verdict.NOT_ENOUGH_DATA: "nothing can be concluded yet",
}


@attrs.frozen
class Outcome:
    """What looking back at a record gives."""

    trials: tuple[Trial, ...]

    @property
    def verdict(self) -> Verdict:
        """Of all trials together."""
        return verdict_of_all(self.trials)

    @property
    def digest(self) -> str:
        """Of what was expected and what was measured."""
        expected, measured = [one.expectation for one in self.trials], [one.series for one in self.trials]
        return digest_of(*expected, *measured)

    @property
    def status(self) -> Status:
        """The status that the record has by it: accepted where nothing could be concluded."""
        return _STANDING.get(self.verdict, Status.ACCEPTED)


def look_back(record: Record, root: Path) -> Outcome:
    """Try each expectation. Raises Unusable for a record that expects nothing or is not in force, and for bad series."""
    if not record.front.expect:
        raise Unusable([f"{record.path}: expects no gain (`expect`), so there is nothing to look back at"])
    if record.front.status not in IN_FORCE:
        raise Unusable([f"{record.path}: is {record.front.status}, so nothing depends on its gain any more"])
    return Outcome(tuple(try_expectation(one, read_series(root / one.source)) for one in record.front.expect))


def written(record: Record, outcome: Outcome, today: dt.date) -> str:
    """The record's text with status, front matter and block as the outcome has them."""
    front, body = parts_of(read_text(record.path), record.path)
    front = _STATUS.sub(f"status: {outcome.status}", front, count=1)
    found = Retrospective(today, outcome.verdict, outcome.digest)
    front = _HEAD.sub("", front) + _front_lines(found)
    return f"---\n{front}---\n{_BLOCK.sub('', body).rstrip()}\n\n{block_of(outcome, today)}"


def _front_lines(found: Retrospective) -> str:
    return f"retrospective:\n  date: {found.date}\n  verdict: {found.verdict}\n  digest: {found.digest}\n"


def block_in(record: Record) -> str | None:
    """The block that the record has; None without one."""
    found = _BLOCK.search(record.body)
    return found[0].lstrip("\n") if found else None


def block_of(outcome: Outcome, day: dt.date) -> str:
    """The part of the record that people read: figures, how they were taken, and what follows."""
    parts = [part for trial in outcome.trials for part in _told(trial)]
    lines = [f"{day}, by `adr retro`: **{outcome.verdict}**, {_WORDS[outcome.verdict]}.", "", *parts]
    return "\n".join([HEADING, "", _BEGIN, *lines, _END, ""])


def _told(trial: Trial) -> Iterator[str]:
    series, expected = trial.series, trial.expectation
    unit, goal = series.unit, _goal(trial)
    yield f"**{expected.metric}**, {unit}, {expected.better} is better; expected: from {expected.baseline:g} to {goal}."
    yield ""
    yield f"| {unit} | runs | median | least | most | what |"
    yield "| --- | --- | --- | --- | --- | --- |"
    yield _row("before", series.baseline)
    yield _row("after", series.observed)
    yield ""
    yield _reason(trial)
    yield ""
    yield f"Taken {series.taken}, {series.machine}: {series.method} Source: {series.source}. Data: `{expected.source}`."
    yield ""


def _row(side: str, group: Group) -> str:
    values = group.values
    return f"| {side} | {len(values)} | {group.median:.4g} | {min(values):.4g} | {max(values):.4g} | {group.what} |"


def _goal(trial: Trial) -> str:
    wanted = trial.expectation.target
    return f"{trial.target:.4g}" if is_figure(wanted) else f"{wanted} ({trial.target:.4g})"


def _reason(trial: Trial) -> str:
    if trial.verdict is Verdict.NOT_ENOUGH_DATA:
        return (
            f"*{trial.verdict}*: {_runs(trial)} where {LEAST_RUNS} on each side are the least; "
            "the figures stand here for comparison, and nothing is concluded from them."
        )
    return (
        f"*{trial.verdict}*: the chance of so clear a gain without one is {_p(trial.better)} (Mann-Whitney, exact; at most "
        f"{BETTER_AT:g} convinces); of so many runs beyond the target {_p(trial.reached)}, of so many short of it "
        f"{_p(trial.missed)} (sign test; at most {TARGET_AT:g})."
    )


def _runs(trial: Trial) -> str:
    sides: Sequence[Group] = (trial.series.baseline, trial.series.observed)
    return " and ".join(f"{len(side.values)} run{'s' * (len(side.values) > 1)}" for side in sides)


def _p(chance: float) -> str:
    return f"{chance:.2g}"
