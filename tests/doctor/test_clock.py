"""The server's clock against ours."""

import pytest
from doctor.answers import answer

from whiteboard.doctor.clock import judge_clock
from whiteboard.doctor.storage import Stored

ASKED_AT = 1_000_000.0
"""Of the answers, too; 12 January 1970, 13:46:40."""


@pytest.mark.parametrize(
    ("ahead", "seconds", "code"),
    [
        (0.0, 0.01, ""),
        (-4.0, 0.01, ""),
        (6.0, 0.01, "clock_apart"),
        (-6.0, 0.01, "clock_apart"),
        (6.0, 4.0, ""),
        (61.0, 0.01, "clock_wrong"),
        (-3600.0, 0.01, "clock_wrong"),
    ],
)
def test_by_the_time_of_an_op(ahead: float, seconds: float, code: str) -> None:
    """What half of the round trip may explain is no complaint."""
    stored = Stored([], int((ASKED_AT + seconds / 2 + ahead) * 1000), ASKED_AT, seconds)
    (found,) = judge_clock(answer(200), stored)
    assert found.code == code


@pytest.mark.parametrize(
    ("date", "code"),
    [
        ("Mon, 12 Jan 1970 13:46:40 GMT", ""),
        ("Mon, 12 Jan 1970 13:46:33 GMT", "clock_apart"),
        ("Mon, 12 Jan 1970 14:46:40 GMT", "clock_wrong"),
    ],
)
def test_by_the_date_of_an_answer(date: str, code: str) -> None:
    """Where no op was stored."""
    for stored in (None, Stored([])):
        (found,) = judge_clock(answer(200, date=date), stored)
        assert found.code == code


@pytest.mark.parametrize(
    "date", ["", "yesterday", "Mon, 99 Jan 1970 13:46:40 GMT", "Mon, 12 Jan 99999 13:46:40 GMT"]
)
def test_no_time_is_no_complaint(date: str) -> None:
    """An answer without a date, or with nonsense in its place."""
    (found,) = judge_clock(answer(200, date=date), None)
    assert found.mark.value == "skipped"
