"""The one shape of errors over HTTP, and the sentences that several parts say. Pure."""

from whiteboard import limits


def error_body(code: str, reason: str, path: str | None = None) -> dict[str, object]:
    """`{"error":{"code","reason","path"?}}`.

    Args:
        code: for programs; stands in the table of docs/spec/http.md and never changes.
        reason: a sentence for people.
        path: the field at fault, if one is: `$.board` in a body, `?limit` in a query.
    """
    return {"error": {"code": code, "reason": reason} | ({} if path is None else {"path": path})}


def foreign_host(host: str) -> str:
    """Why a request for a name that is not ours is refused, and what lets it in."""
    return f"This server does not answer to the name {_shown(host)}; the setting hosts adds names."


def foreign_origin(origin: str) -> str:
    """Why a web page is refused, and what lets it in."""
    return f"Pages of the origin {_shown(origin)} may not do this; the setting origins allows more."


def _shown(text: str) -> str:
    most = limits.MAX_SHOWN_VALUE_CHARS
    return repr(text if len(text) <= most else f"{text[:most]}…")
