"""Requests that are answered only if the asker does not have the answer yet."""

from starlette.requests import Request


def has_it(request: Request, etag: str) -> bool:
    """Whether `If-None-Match` names the tag, or any that there is: weak comparison (RFC 9110 section 13.1.2)."""
    tags = {entry.strip().removeprefix("W/") for entry in request.headers.get("if-none-match", "").split(",")}
    return etag.removeprefix("W/") in tags or "*" in tags
