"""The token that comes with a request."""

import pytest

from whiteboard.trust.headers import Headers
from whiteboard.trust.tokens import given_token


@pytest.mark.parametrize(
    ("authorization", "query", "token"),
    [
        (None, "", None),
        (None, "token=abc", "abc"),
        (None, "x=1&token=a%2Fb+c&token=second", "a/b c"),
        (None, "token=", None),
        (None, "token", None),
        (None, "tokens=abc", None),
        ("Bearer abc", "", "abc"),
        ("bearer  abc ", "token=other", "abc"),
        ("Bearer", "token=other", "other"),
        ("Bearer ", "", None),
        ("Basic abc", "token=other", "other"),
    ],
)
def test_a_token_of_header_or_query(authorization: str | None, query: str, token: str | None) -> None:
    """The header goes first; nothing is no token. [CON-13]"""
    headers = Headers([] if authorization is None else [("Authorization", authorization)])
    assert given_token(headers, query) == token
