"""Changes for the worse that were meant."""

from datetime import date

import pytest

from benchmarks.gate import waivers
from benchmarks.gate.gate import Finding, Outcome
from benchmarks.gate.runs import Measured

ONE = "[{benchmark: join, kind: steps/op, reason: sessions say goodbye, until: 2027-01-31}]"


def test_the_projects_own_can_be_read() -> None:
    """Whatever they are."""
    assert isinstance(waivers.read(waivers.FILE.read_text()), list)


def test_a_waiver_covers_one_kind_of_one_benchmark_until_its_day() -> None:
    """The day itself included; everything else is refused."""
    accepted = waivers.read(ONE)
    steps = Finding("join", "steps/op", "steps/op 18.50 -> 19.50")
    slower = Finding("join", "sec/op", "+5.0% sec/op")
    outcome = Outcome(Measured(), findings=[steps, slower])
    assert outcome.refused(accepted, date(2027, 1, 31)) == [slower]
    assert outcome.refused(accepted, date(2027, 2, 1)) == [steps, slower]


@pytest.mark.parametrize(
    "text",
    [
        "join: steps/op",
        "[{benchmark: join, kind: steps/op, until: 2027-01-31}]",
        "[{benchmark: join, kind: steps/op, reason: '', until: 2027-01-31}]",
        "[{benchmark: join, kind: steps/op, reason: so, until: soon}]",
    ],
)
def test_a_waiver_without_reason_or_end_is_none(text: str) -> None:
    """The file is refused as a whole."""
    with pytest.raises(waivers.BadWaiver):
        waivers.read(text)
