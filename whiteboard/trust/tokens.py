"""The token that comes with a request, before any `hello`. Pure."""

from urllib.parse import parse_qs

from whiteboard.trust.headers import Headers


def bearer(headers: Headers) -> str | None:
    """What stands behind `Authorization: Bearer`, if anything does."""
    scheme, _, token = (headers.get("authorization") or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def given_token(headers: Headers, query: str) -> str | None:
    """The bearer token, else the query's `token` (CON-13); the first one where there are several.

    Args:
        query: what follows `?` in the target, percent-encoded.
    """
    return bearer(headers) or next(iter(parse_qs(query).get("token", ())), None)
