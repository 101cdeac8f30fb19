"""The board of a day: each debt with its risk and rank, beside what it was a month before."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

import attrs

from whiteboard.governance.debt.items import Book, Debt, Incident, module_of
from whiteboard.governance.debt.reach import Dependents, hops_from, within
from whiteboard.governance.debt.risk import Evidence, evidence_at, hops_to, risk_of

MONTH: Final = timedelta(days=30)


@attrs.frozen
class Band:
    """Ranks from `least` up to the next band, by a name that says what to do with them."""

    name: str
    least: float


BANDS: Final = (Band("now", 0.3), Band("next", 0.1), Band("later", 0.02), Band("let be", 0.0))
"""From the highest. 0.3 is a day for what hurts much (impact 5) in the middle of trouble (risk 0.5)."""


@attrs.frozen
class Line:
    """A debt on the board."""

    debt: Debt
    evidence: tuple[Evidence, ...]
    """The weightiest first."""
    place: int = 0
    """From 1; 0 before all are ranked."""
    before: "Line | None" = None
    """The same debt a month before; None if it was not written down then."""

    @property
    def risk(self) -> float:
        """0 to 1."""
        return risk_of(self.evidence)

    @property
    def rank(self) -> float:
        """Risk x impact / hours."""
        return self.risk * self.debt.impact.value / self.debt.cost_hours

    @property
    def band(self) -> Band:
        """The band of its rank."""
        return next(band for band in BANDS if self.rank >= band.least)


@attrs.frozen
class Board:
    """All unpaid debts, the first to pay first."""

    day: date
    lines: tuple[Line, ...]
    paid: tuple[Debt, ...]
    """Paid within the month before `day`."""

    def hours(self, band: Band) -> float:
        """What paying all of a band takes."""
        return sum(line.debt.cost_hours for line in self.lines if line.band == band)


def board_of(book: Book, today: date, modules: frozenset[str], dependents: Dependents) -> Board:
    """The board of `today` beside the one of a month before, both by the same modules and dependents."""
    incidents = tuple(_placed(incident, modules) for incident in book.incidents)
    places = modules | {place for incident in incidents for place in incident.where}
    reached = {debt.id: hops_from(_starts(debt, modules, places), dependents) for debt in book.debts}
    earlier = {line.debt.id: line for line in _lines(book.debts, incidents, reached, today - MONTH)}
    lines = _lines(book.debts, incidents, reached, today)
    return Board(
        today,
        tuple(attrs.evolve(line, before=earlier.get(line.debt.id)) for line in lines),
        tuple(debt for debt in book.debts if debt.paid and today - MONTH < debt.paid <= today),
    )


def _placed(incident: Incident, modules: frozenset[str]) -> Incident:
    """The incident with modules in the place of functions; paths stay."""
    return attrs.evolve(incident, where=tuple(module_of(name, modules) or name for name in incident.where))


def _starts(debt: Debt, modules: frozenset[str], places: frozenset[str]) -> list[str]:
    """Every place that lies in what the debt names."""
    named = {module_of(name, modules) or name for name in debt.modules}
    return sorted({place for name in named for place in within(name, places)})


def _lines(
    debts: Iterable[Debt],
    incidents: Sequence[Incident],
    reached: Mapping[str, Mapping[str, int]],
    today: date,
) -> list[Line]:
    open_then = [debt for debt in debts if debt.since <= today and not (debt.paid and debt.paid <= today)]
    weighed = [_weighed(debt, incidents, reached[debt.id], today) for debt in open_then]
    weighed.sort(key=lambda line: (-line.rank, line.debt.cost_hours, line.debt.id))
    return [attrs.evolve(line, place=place) for place, line in enumerate(weighed, 1)]


def _weighed(debt: Debt, incidents: Iterable[Incident], hops: Mapping[str, int], today: date) -> Line:
    near = ((incident, hops_to(incident, hops)) for incident in incidents)
    found = [evidence_at(today, incident, away) for incident, away in near if away is not None]
    evidence = sorted((one for one in found if one), key=lambda one: (-one.weight, one.incident.id))
    return Line(debt, tuple(evidence))
