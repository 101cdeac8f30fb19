"""What gets through, and what does not."""

import pytest
from doctor.answers import answer, refusal

from whiteboard.doctor import sizes
from whiteboard.doctor.exchange import Answer


@pytest.mark.parametrize(
    ("got", "codes"),
    [
        (refusal(400, "bad_json"), []),
        (answer(413), ["bodies_cut"]),
        (answer(500), ["bodies_cut"]),
        (refusal(503, "unavailable"), [""]),
    ],
)
def test_a_large_body(got: Answer, codes: list[str]) -> None:
    """Read by whiteboard, or refused by somebody before it."""
    found = sizes.judge_body(got)
    assert [one.code for one in [found] if one is not None] == codes


@pytest.mark.parametrize(
    ("got", "code"),
    [
        (None, ""),
        (answer(100), ""),
        (refusal(413, "too_large"), ""),
        (refusal(415, "unsupported_type"), ""),
        (answer(404), ""),
        (answer(413), "pictures_cut"),
    ],
)
def test_a_large_picture(got: Answer | None, code: str) -> None:
    """Refused by whiteboard for what it is, or by somebody before it for its size."""
    found = sizes.judge_picture(10_000_000, got)
    assert ("" if found is None else found.code) == code
