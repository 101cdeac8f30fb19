"""What the debt board ranks first, and why."""

import json
from datetime import date, timedelta
from itertools import pairwise

import pytest

from whiteboard.governance.debt.board import BANDS, Board, board_of
from whiteboard.governance.debt.items import Book, Debt, Impact, Incident, Severity
from whiteboard.governance.debt.reach import hops_from, within
from whiteboard.governance.debt.report import as_json, as_text, change_of
from whiteboard.governance.debt.risk import HALF_LIFE_DAYS, WEIGHTS, WINDOW_DAYS, evidence_at, risk_of

DAY = date(2026, 11, 28)
MODULES = frozenset({"app", "app.store", "app.store.disk", "app.rooms", "app.web", "app.alone"})
CALLERS = {"app.store.disk": {"app.rooms"}, "app.rooms": {"app.web"}, "app.web": {"app.rooms"}}
"""Of the disk: rooms; of rooms: the web, in a circle."""


def dependents(module: str) -> set[str]:
    """Who calls into a module."""
    return CALLERS.get(module, set())


def debt(
    name: str, *modules: str, hours: float = 1, impact: int = 5, since: date = DAY, paid: date | None = None
) -> Debt:
    """A debt of some modules."""
    judged = Impact(impact, "maintainers", since)
    return Debt(name, name, "because", hours, judged, modules, ("docs",), since, paid)


def incident(
    name: str, *where: str, severity: Severity = Severity.HIGH, age: int = 0, day: date = DAY
) -> Incident:
    """An incident somewhere, so many days before."""
    return Incident(name, day - timedelta(days=age), severity, where, "it broke", ("docs",))


def board(debts: list[Debt], *incidents: Incident, day: date = DAY) -> Board:
    """The board of some debts and incidents."""
    return board_of(Book(tuple(debts), incidents), day, MODULES, dependents)


def test_risk_is_what_is_left_after_each_incident_has_been_survived() -> None:
    """1 - product(1 - weight): two at 0.2 make 0.36, and no number of them makes 1."""
    one = evidence_at(DAY, incident("a", "app"), 0)
    assert one is not None
    assert risk_of([one]) == pytest.approx(WEIGHTS[Severity.HIGH])
    assert risk_of([one, one]) == pytest.approx(0.36)
    assert risk_of([]) == 0
    assert risk_of([one] * 100) < 1


def test_an_incident_fades_and_leaves_after_the_window() -> None:
    """Half after HALF_LIFE_DAYS; nothing before it happened and after WINDOW_DAYS."""

    def weight(age: int) -> float | None:
        found = evidence_at(DAY, incident("a", "app", age=age), 0)
        return found.weight if found else None

    assert weight(HALF_LIFE_DAYS) == pytest.approx(WEIGHTS[Severity.HIGH] / 2)
    assert weight(WINDOW_DAYS) == pytest.approx(WEIGHTS[Severity.HIGH] / 8)
    assert weight(WINDOW_DAYS + 1) is None
    assert weight(-1) is None


def test_worse_incidents_weigh_more() -> None:
    """In the order in which severities are listed."""
    assert all(WEIGHTS[worse] > WEIGHTS[milder] for worse, milder in pairwise(Severity))


def test_incidents_of_what_depends_on_a_module_count_by_a_quarter_at_each_hop() -> None:
    """A circle of callers ends; a module that nobody calls is reached from itself alone."""
    assert hops_from(["app.store.disk"], dependents) == {"app.store.disk": 0, "app.rooms": 1, "app.web": 2}
    assert hops_from(["app.alone"], dependents) == {"app.alone": 0}
    here, near, far = (
        board([debt("d", "app.store")], incident("i", where)).lines[0].risk
        for where in ("app.store.disk", "app.rooms", "app.web")
    )
    assert near == pytest.approx(here / 4)
    assert far == pytest.approx(here / 16)


def test_what_a_module_depends_on_does_not_count() -> None:
    """A fault of the disk is no reason to pay a debt of the web."""
    assert board([debt("d", "app.web")], incident("i", "app.store.disk")).lines[0].risk == 0


def test_packages_functions_and_paths_are_found_by_what_they_lie_in() -> None:
    """A package is all of its modules, a function its module, a folder its files; a name's beginning is not enough."""
    assert within("app.store", MODULES) == {"app.store", "app.store.disk"}
    assert within("page/js", {"page/js/a.js", "page/jst"}) == {"page/js/a.js"}
    assert board([debt("d", "app.rooms")], incident("i", "app.rooms.Room.close")).lines[0].risk > 0
    assert board([debt("d", "page/js")], incident("i", "page/js/a.js")).lines[0].risk > 0


def test_rank_is_risk_times_impact_by_hours() -> None:
    """What hurts more and costs less comes first; equals by what is cheaper, then by name."""
    debts = [
        debt("dear", "app.rooms", hours=4),
        debt("cheap", "app.rooms", hours=2),
        debt("grave", "app.rooms", hours=4, impact=10),
        debt("idle-b", "app.alone", hours=2),
        debt("idle-a", "app.alone", hours=2),
        debt("idle-dear", "app.alone", hours=9),
    ]
    lines = board(debts, incident("i", "app.rooms")).lines
    names = [line.debt.id for line in lines]
    assert names == ["cheap", "grave", "dear", "idle-a", "idle-b", "idle-dear"]
    assert [line.place for line in lines] == [1, 2, 3, 4, 5, 6]
    assert lines[0].rank == pytest.approx(0.2 * 5 / 2)


def test_the_month_before_is_computed_from_what_was_known_then() -> None:
    """A debt that was not written down was not there, nor was an incident that had not happened."""
    old = DAY - timedelta(days=40)
    debts = [
        debt("a", "app.rooms", since=old),
        debt("b", "app.alone", since=old, hours=2),
        debt("c", "app.web"),
    ]
    lines = {line.debt.id: line for line in board(debts, incident("i", "app.rooms", age=3)).lines}
    before = lines["a"].before
    assert before is not None
    assert (before.rank, before.place) == (0, 1)
    assert change_of(lines["a"]) == "0.00, place 1"
    assert change_of(lines["c"]) == "new"
    assert change_of(lines["b"]) == "0.00, place 2"
    steady = board([debt("b", "app.alone", since=old)]).lines[0]
    assert change_of(steady) == "="


def test_what_is_paid_is_on_no_board_and_told_for_a_month() -> None:
    """From the day it was paid; before that it was there."""
    debts = [debt("a", "app.web", since=DAY - timedelta(days=60), paid=DAY - timedelta(days=10))]
    assert (board(debts).lines, board(debts).paid) == ((), (debts[0],))
    assert board(debts, day=DAY - timedelta(days=20)).lines[0].debt.id == "a"
    assert board(debts, day=DAY + timedelta(days=30)).paid == ()
    assert "paid within the month: a" in as_text(board(debts))


def test_hours_are_summed_by_band() -> None:
    """Each debt is in the highest band that its rank reaches, and all hours are in some band."""
    debts = [
        debt("a", "app.rooms", hours=1),
        debt("b", "app.alone", hours=3),
        debt("c", "app.alone", hours=4),
    ]
    found = board(debts, incident("i", "app.rooms"))
    assert [(band.name, found.hours(band)) for band in BANDS] == [
        ("now", 1),
        ("next", 0),
        ("later", 0),
        ("let be", 7),
    ]
    assert "now (rank from 0.3): 1 of 3, 1 hours" in as_text(found)


def test_the_table_names_the_weightiest_incidents_and_json_all() -> None:
    """The nearest and worst two, and how many more."""
    found = board(
        [debt("a", "app.rooms")],
        incident("i-far", "app.web"),
        incident("i-low", "app.rooms", severity=Severity.LOW),
        incident("i-near", "app.rooms"),
        incident("i-worst", "app.rooms", severity=Severity.CRITICAL),
    )
    assert "a: i-worst, i-near and 2 more" in as_text(found)
    document = json.loads(as_json(found))
    assert [one["id"] for one in document["debts"][0]["incidents"]] == ["i-worst", "i-near", "i-far", "i-low"]
    assert [one["hops"] for one in document["debts"][0]["incidents"]] == [0, 0, 1, 0]
    assert document["hours"] == {"now": 1, "next": 0, "later": 0, "let be": 0}


def test_a_board_without_debts_is_a_table_without_rows() -> None:
    """The first day of a project."""
    assert "now (rank from 0.3): 0 of 0, 0 hours" in as_text(board([]))
