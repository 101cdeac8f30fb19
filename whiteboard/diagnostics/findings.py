"""What the server finds wrong with itself: a stall, a leaked task, a site that allocates more and more.

Detectors note what they found; the log says it at once, and page, metrics and support bundle show it. The same thing found again
is counted and not kept again, so that a fault that happens a thousand times a second is one entry with a number (R52, R53).
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

import attrs

from whiteboard import limits
from whiteboard.diagnostics import logs
from whiteboard.diagnostics.figures import FIGURES, Counter

log = logs.get_logger()

KINDS: Final = (
    "stall",
    "leaked_task",
    "leaked_session",
    "leaked_board",
    "hot_allocation",
    "memory_growth",
    "memory_large",
    "canvas_lease",
)
"""That metrics show before there was one."""


@attrs.define
class Finding:
    """One thing that is wrong, and how often it was found."""

    kind: str
    """`stall`, `leaked_task`, `leaked_session`, `hot_allocation`, `memory_growth`, …: few, and the same in metrics."""
    subject: str
    """What it is about: a function, a task, a session. With the kind it says whether two findings are the same."""
    facts: Mapping[str, Any]
    """Of the latest time: plain values for JSON."""
    stack: tuple[str, ...]
    """`function (file:line)`, the innermost first, of the latest time; empty where there is none."""
    first_at: float
    """Seconds since 1970."""
    latest_at: float
    count: int = 1


class Findings:
    """The latest things that were found, at most MAX_FINDINGS."""

    def __init__(self) -> None:
        self._found: OrderedDict[tuple[str, str], Finding] = OrderedDict()
        self._lock = threading.RLock()
        # for a few changes of plain values; again in the same thread where a search for cycles finds something meanwhile

    def note(self, kind: str, subject: str, stack: tuple[str, ...] = (), **facts: Any) -> Finding:
        """Keep, count and log one. May be called in any thread."""
        with self._lock:
            known = self._keep(kind, subject, stack, facts)
            count = known.count
            FOUND.add(value=kind)
        log.warning("fault_found", kind=kind, subject=subject, count=count, facts=dict(facts), at=stack)
        return known

    def _keep(self, kind: str, subject: str, stack: tuple[str, ...], facts: Mapping[str, Any]) -> Finding:
        now = time.time()
        known = self._found.pop((kind, subject), None)
        if known is None:
            known = Finding(kind, subject, facts, stack, now, now)
        else:
            known.facts, known.stack, known.latest_at = facts, stack, now
            known.count += 1
        self._found[kind, subject] = known
        while len(self._found) > limits.MAX_FINDINGS:
            self._found.popitem(last=False)
        return known

    def of_kind(self, kind: str) -> list[Finding]:
        """Those of one kind, the latest last."""
        with self._lock:
            return [one for one in self._found.values() if one.kind == kind]

    def report(self) -> list[dict[str, Any]]:
        """Plain values for JSON, the latest first."""
        with self._lock:
            return [attrs.asdict(one) for one in reversed(self._found.values())]

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._found.clear()


FINDINGS: Final = Findings()
"""Those of this process."""
FOUND: Final = FIGURES.declare(
    Counter(
        "whiteboard_findings_total", "What the server found wrong with itself", label="kind", values=KINDS
    )
)


def note(kind: str, subject: str, stack: tuple[str, ...] = (), **facts: Any) -> Finding:
    """`FINDINGS.note`."""
    return FINDINGS.note(kind, subject, stack, **facts)


def report() -> list[dict[str, Any]]:
    """`FINDINGS.report`."""
    return FINDINGS.report()
