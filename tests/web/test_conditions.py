"""Requests that have the answer already (RFC 9110)."""

import pytest
from starlette.requests import Request

from whiteboard.web.conditions import has_it


@pytest.mark.parametrize(
    ("known", "etag", "has"),
    [
        ("", '"a"', False),
        ('"a"', '"a"', True),
        ('W/"a"', '"a"', True),
        ('"a"', 'W/"a"', True),
        ('"b" , W/"a"', 'W/"a"', True),
        ('"b"', '"a"', False),
        ("*", '"a"', True),
        ('"*"', '"a"', False),
    ],
)
def test_tags_are_compared_weakly(known: str, etag: str, has: bool) -> None:
    """One of several, or any that there is."""
    headers = [(b"if-none-match", known.encode())] if known else []
    assert has_it(Request({"type": "http", "headers": headers}), etag) is has
