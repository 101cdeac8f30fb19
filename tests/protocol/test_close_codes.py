"""Close codes."""

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from whiteboard.limits import MAX_CLOSE_REASON_BYTES
from whiteboard.protocol.close_codes import CLOSE_CODES, close_reason

SPEC = Path(__file__).parents[2] / "docs" / "spec" / "delivery.md"


@given(st.text())
def test_a_reason_fits_a_close_frame(text: str) -> None:
    """At most 123 bytes, cut between characters. [CLS-1]"""
    reason = close_reason(text)
    assert len(reason.encode()) <= MAX_CLOSE_REASON_BYTES
    if all(not 0xD800 <= ord(character) <= 0xDFFF for character in text):
        assert text.startswith(reason)
    if len(text.encode(errors="replace")) <= MAX_CLOSE_REASON_BYTES:
        assert len(reason) == len(text)


def test_the_table_of_the_spec_is_the_table_of_the_code() -> None:
    """Code, name and advice stand in both alike. [CLS-1] [CLS-2]"""
    rows = re.findall(r"^\| (\d{4}) \| (.+?) \| (.+?) \|$", SPEC.read_text(), re.MULTILINE)
    assert rows == [(str(one.code), one.name, one.client_should) for one in CLOSE_CODES.values()]


def test_codes_are_in_the_ranges_that_tell_what_to_do() -> None:
    """Standard codes, 44xx and 45xx only. [CLS-2]"""
    assert all(code < 1015 or 4400 <= code < 4600 for code in CLOSE_CODES)
    assert all(
        one.meaning and len(close_reason(one.meaning)) == len(one.meaning) for one in CLOSE_CODES.values()
    )
