"""The server's clock against ours, with the round trip as the error of the comparison. Pure."""

import email.utils
from typing import Final

from whiteboard import timeouts
from whiteboard.doctor import troubles
from whiteboard.doctor.exchange import Answer
from whiteboard.doctor.findings import Finding, good, skipped
from whiteboard.doctor.storage import Stored

_HALF_SECOND: Final = 0.5
"""A `Date` is cut to whole seconds; its middle is this much later."""


def judge_clock(health: Answer, stored: Stored | None) -> list[Finding]:
    """By the time of an op, else by the `Date` of an answer, which may be a proxy's and counts in seconds."""
    if stored is not None and stored.server_ms is not None:
        lead = _lead(stored.server_ms / 1000, stored.asked_at, stored.seconds)
        return [_judge(lead, stored.seconds / 2, "the server's clock")]
    date = _date(health.header("date"))
    if date is None:
        return [skipped("clock", "no answer told the time")]
    lead = _lead(date + _HALF_SECOND, health.asked_at, health.seconds)
    return [_judge(lead, health.seconds / 2 + _HALF_SECOND, "the clock of who answers HTTP")]


def _date(text: str) -> float | None:
    """Seconds since 1970 of a `Date` header; None when it says no time."""
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None


def _lead(theirs: float, asked_at: float, seconds: float) -> float:
    """How far their clock is before ours, if it was read half-way."""
    return theirs - (asked_at + seconds / 2)


def _judge(lead: float, error: float, whose: str) -> Finding:
    """`lead` and `error` in seconds; what the error may explain is no complaint."""
    apart = abs(lead)
    side = "ahead of" if lead > 0 else "behind"
    seen = f"{whose} is {_span(apart)} {side} this machine's (± {_span(error)})"
    if apart - error > timeouts.CLOCK_WRONG.seconds:
        return troubles.CLOCK_WRONG.found(seen)
    if apart - error > timeouts.CLOCK_APART.seconds:
        return troubles.CLOCK_APART.found(seen)
    return good("clock", seen)


def _span(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
