"""What others say, fit to be shown."""

import pytest

from whiteboard.doctor.findings import shown


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("plain", 80, "plain"),
        ("two\n lines\t here", 80, "two lines here"),
        ("\x1b[31mred\x07\x9b", 80, "\N{REPLACEMENT CHARACTER}[31mred" + "\N{REPLACEMENT CHARACTER}" * 2),
        ("\u202etxt.exe", 80, "\N{REPLACEMENT CHARACTER}txt.exe"),
        ("x" * 11, 10, "x" * 10 + "…"),
        (" " * 50 + "x", 10, "…"),
    ],
)
def test_shown(text: str, most: int, expected: str) -> None:
    """One line, no control characters, cut with a mark."""
    assert shown(text, most) == expected
