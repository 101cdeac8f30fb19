"""Figures: counting, reading and adding up."""

import json
from typing import Any

import pytest
import structlog.testing

from whiteboard.diagnostics.figures import Counter, Figures, Gauge, Histogram, together


def test_a_report_has_every_figure_as_plain_values() -> None:
    """Counters by their label's values, gauges read now, histograms with their bins."""
    figures, boards = Figures(), [3]
    ends = figures.declare(Counter("whiteboard_ends_total", "Sessions that ended", label="why"))
    figures.declare(Gauge("whiteboard_boards_loaded", "Boards in memory", lambda: boards[0]))
    pauses = figures.declare(Histogram("whiteboard_pause_seconds", "Pauses", (0.001, 0.01)))
    ends.add(value="closed")
    ends.add(2, value="slow")
    boards[0] = 4
    for took in (0.0005, 0.002, 0.5):
        pauses.note(took)
    report = figures.report()

    assert json.loads(json.dumps(report)) == report
    assert report["whiteboard_ends_total"]["values"] == {"closed": 1, "slow": 2}
    assert report["whiteboard_boards_loaded"]["values"] == {"": 4}
    assert report["whiteboard_pause_seconds"]["counts"] == [1, 1, 1]
    assert report["whiteboard_pause_seconds"]["largest"] == 0.5


def test_a_counter_that_never_counted_is_zero() -> None:
    """It is shown from the start, so that rates begin at nothing."""
    assert Counter("whiteboard_ops_total", "Ops").values() == {"": 0}
    faults = Counter("whiteboard_faults_total", "Faults", label="kind", values=("leak", "stall"))
    faults.add(value="stall")
    assert faults.values() == {"leak": 0, "stall": 1}


def test_a_figure_that_cannot_be_read_costs_no_other() -> None:
    """It is logged by its name."""
    figures = Figures()
    figures.declare(Gauge("whiteboard_boards", "Boards", lambda: 1 // 0))
    figures.declare(Gauge("whiteboard_rooms", "Rooms", lambda: 3))
    with structlog.testing.capture_logs() as logs:
        assert list(figures.report()) == ["whiteboard_rooms"]
    assert [(line["event"], line["figure"]) for line in logs] == [("figure_failed", "whiteboard_boards")]


def test_a_label_keeps_a_bounded_number_of_values() -> None:
    """Whatever comes beyond them counts as `other`."""
    counter = Counter("whiteboard_odd_total", "Odd things", label="what")
    for number in range(100):
        counter.add(value=str(number))

    assert len(counter.values()) == 65
    assert counter.values()["other"] == 36


def test_a_name_has_the_projects_prefix() -> None:
    """Else it would be found among another program's figures."""
    with pytest.raises(ValueError, match="'ops_total'"):
        Figures().declare(Counter("ops_total", "Ops"))


def test_a_quantile_is_an_upper_bound() -> None:
    """The bin's bound, and never more than the largest that was seen."""
    pauses = Histogram("whiteboard_pause_seconds", "Pauses", (0.001, 0.01, 0.1))
    assert pauses.quantile(0.99) == 0
    for took in [0.0005] * 98 + [0.02, 0.03]:
        pauses.note(took)

    assert pauses.quantile(0.5) == 0.001
    assert pauses.quantile(0.99) == 0.03


def test_reports_of_several_processes_add_up() -> None:
    """Counts and sums are added; of the largest the larger stays."""
    reports = []
    for ops, took in ((3, 0.5), (4, 0.02)):
        figures = Figures()
        figures.declare(Counter("whiteboard_ops_total", "Ops")).add(ops)
        figures.declare(Histogram("whiteboard_pause_seconds", "Pauses", (0.1,))).note(took)
        reports.append(figures.report())
    summed = together(reports)

    assert summed["whiteboard_ops_total"]["values"] == {"": 7}
    assert summed["whiteboard_pause_seconds"]["counts"] == [1, 1]
    assert summed["whiteboard_pause_seconds"]["largest"] == 0.5
    assert reports[0]["whiteboard_ops_total"]["values"] == {"": 3}


def test_a_gauge_says_what_several_processes_have_of_it() -> None:
    """When the first of them began is no sum of times."""

    def told(at: float) -> dict[str, Any]:
        figures = Figures()
        figures.declare(Gauge("process_start_time_seconds", "Since 1970", lambda: at, together="least"))
        figures.declare(Gauge("whiteboard_level", "A step", lambda: at, together="most"))
        return figures.report()

    both = together([told(7.0), told(5.0)])
    assert both["process_start_time_seconds"]["values"] == {"": 5.0}
    assert both["whiteboard_level"]["values"] == {"": 7.0}


def test_too_many_values_of_two_labels_are_others_of_both() -> None:
    """A sample has as many labels as its figure."""
    counter = Counter("whiteboard_messages_total", "Messages", label="direction,type")
    for number in range(70):
        counter.add(value=f"in,{number}")
    assert counter.values()["other,other"] == 6
