"""How a process is doing, and several together."""

import os
from typing import Any

import pytest

from whiteboard import limits
from whiteboard.diagnostics import status
from whiteboard.diagnostics.figures import FIGURES, Counter, Gauge


def of_worker(
    rss: int | None, sessions: int, boards: list[dict[str, Any]], found_at: float
) -> dict[str, Any]:
    """A report as a worker gives it."""
    finding = {"kind": "stall", "subject": "merge", "latest_at": found_at}
    figure = {"kind": "counter", "meaning": "Ops", "label": "", "values": {"": sessions * 10}}
    return {
        "pid": 1000 + sessions,
        "uptime": 5.0,
        "memory": {"rss": rss, "peak": rss, "limit": None},
        "counts": {"sessions": sessions, "boards": len(boards)},
        "boards": boards,
        "figures": {"whiteboard_ops_total": figure},
        "findings": [finding],
    }


def test_what_the_system_says_of_the_process() -> None:
    """It has memory, has had as much at least, and is some time old."""
    told = status.report({"sessions": 3}, [{"board": "a", "sessions": 3}])
    assert told["pid"] == os.getpid()
    assert told["uptime"] >= 0
    assert limits.MIB < told["memory"]["rss"] <= told["memory"]["peak"]
    assert told["counts"] == {"sessions": 3}
    assert told["boards"] == [{"board": "a", "sessions": 3}]


def test_figures_are_in_it() -> None:
    """Whatever the process counts, by its name."""
    name = "whiteboard_status_tested_total"
    FIGURES.declare(Counter(name, "Tests of it")).add(2)
    assert status.report({})["figures"][name]["values"] == {"": 2}


@pytest.mark.parametrize(("limit", "told"), [(5e8, 500_000_000), (0, None)])
def test_the_limit_is_that_of_whoever_keeps_one(limit: float, told: int | None) -> None:
    """A figure; 0 means that there is none."""
    gauge = Gauge("whiteboard_memory_limit_bytes", "Limit", lambda: limit)
    reported = {gauge.name: {"kind": gauge.kind, "values": gauge.values()}}
    assert status.memory(reported)["limit"] == told


def test_several_processes_together() -> None:
    """Sums, the busiest boards first, the latest finding first, and each process by its number. [R37]"""
    one = of_worker(100, 1, [{"board": "a", "sessions": 1}], 5.0)
    other = of_worker(200, 2, [{"board": "b", "sessions": 2}], 9.0)
    told = status.together({1: other, 0: one, 2: None})
    assert told["memory"] == {"rss": 300, "peak": 300, "limit": None}
    assert told["counts"] == {"sessions": 3, "boards": 2}
    assert told["boards"] == [
        {"board": "b", "sessions": 2, "worker": 1},
        {"board": "a", "sessions": 1, "worker": 0},
    ]
    assert [found["worker"] for found in told["findings"]] == [1, 0]
    assert told["figures"]["whiteboard_ops_total"]["values"] == {"": 30}
    assert [process["worker"] for process in told["processes"]] == [0, 1, 2]
    assert told["processes"][1]["pid"] == 1002
    assert told["processes"][2] == {"worker": 2, "away": True}


def test_a_sum_of_what_one_does_not_know_is_not_known() -> None:
    """Rather than too small."""
    told = status.together({0: of_worker(100, 1, [], 1.0), 1: of_worker(None, 1, [], 1.0)})
    assert told["memory"]["rss"] is None


def test_boards_of_many_workers_are_bounded() -> None:
    """As many as one process tells of, however many processes there are."""
    boards = [{"board": f"b{n}", "sessions": n} for n in range(limits.MAX_BOARDS_SHOWN)]
    told = status.together({n: of_worker(1, 1, boards, 1.0) for n in range(3)})
    assert len(told["boards"]) == limits.MAX_BOARDS_SHOWN
    assert told["boards"][0]["sessions"] == limits.MAX_BOARDS_SHOWN - 1


def test_when_no_process_answers_nothing_is_known() -> None:
    """The answer has the same shape."""
    told = status.together({0: None, 1: None})
    assert told["memory"] == {"rss": None, "peak": None, "limit": None}
    assert told["processes"] == [{"worker": 0, "away": True}, {"worker": 1, "away": True}]
