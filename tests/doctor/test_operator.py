"""Whether a visitor is taken for the operator."""

import pytest
from doctor.answers import answer, refusal

from whiteboard.doctor.exchange import Answer
from whiteboard.doctor.findings import Mark
from whiteboard.doctor.operator import judge_operator


@pytest.mark.parametrize(
    ("got", "mark"),
    [
        (answer(200, {"counts": {}}), Mark.BAD),
        (refusal(403, "forbidden"), Mark.GOOD),
        (refusal(421, "foreign_host"), Mark.GOOD),
        (answer(404), Mark.SKIPPED),
        (answer(200, b"<html>"), Mark.SKIPPED),
    ],
)
def test_what_a_visitor_gets_to_see(got: Answer, mark: Mark) -> None:
    """The debug page itself, a refusal, or something that tells nothing."""
    assert judge_operator(got).mark is mark
