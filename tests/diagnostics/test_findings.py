"""What the server finds wrong with itself."""

import json
import threading

from whiteboard import limits
from whiteboard.diagnostics.findings import FOUND, Findings


def test_the_same_thing_again_is_counted() -> None:
    """One entry with a number, and the facts of the latest time."""
    findings = Findings()
    before = FOUND.values().get("stall", 0)
    findings.note("stall", "board.merge", ("merge (board.py:7)",), seconds=0.3)
    findings.note("leaked_task", "echo")
    findings.note("stall", "board.merge", seconds=0.4)
    report = findings.report()

    assert json.loads(json.dumps(report)) == [{**one, "stack": list(one["stack"])} for one in report]
    assert [(one["kind"], one["count"]) for one in report] == [("stall", 2), ("leaked_task", 1)]
    assert report[0]["facts"] == {"seconds": 0.4}
    assert FOUND.values()["stall"] == before + 2


def test_the_latest_are_kept() -> None:
    """Beyond the bound the one that was found longest ago goes."""
    findings = Findings()
    for number in range(limits.MAX_FINDINGS + 1):
        findings.note("leaked_task", f"task {number}")

    assert len(findings.report()) == limits.MAX_FINDINGS
    assert findings.of_kind("leaked_task")[0].subject == "task 1"


def test_any_thread_may_find_something_while_another_one_reads() -> None:
    """Nothing is lost, and no report meets a list that changes under it."""
    findings = Findings()

    def find(kind: str) -> None:
        for number in range(300):
            findings.note(kind, f"place {number % 3}")

    threads = [threading.Thread(target=find, args=(kind,)) for kind in ("stall", "leaked_task")]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        findings.report()
    assert sum(one["count"] for one in findings.report()) == 600
