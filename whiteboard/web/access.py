"""Who is asking. Pure functions of a request and of whom the server trusts.

Two questions: may this be the server's operator, and does this come from a page of ours. The first
guards the debug pages and deletion; the second keeps other web pages from acting in a visitor's name.
"""

from typing import Final

from starlette.datastructures import Headers as StarletteHeaders
from starlette.requests import Request

from whiteboard.config import Secret
from whiteboard.trust import refusals
from whiteboard.trust.headers import Headers
from whiteboard.trust.names import is_loopback_name, parse_address, parse_authority
from whiteboard.trust.policy import Trust
from whiteboard.trust.proxies import TrustedProxies
from whiteboard.web.answers import Refused

_FORWARDED: Final = frozenset({"forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip"})


def require_operator(request: Request, token: Secret | None, trust: Trust) -> None:
    """Let pass who holds the debug token, or sits at this machine. Raises Refused (403).

    Sitting at this machine: a peer on loopback or on a Unix socket that is no trusted proxy, forwards
    for nobody and asks for a loopback name. A proxy on the same machine comes the same way, so each of
    these signs of one counts; the name also keeps out web pages that point their own name at 127.0.0.1.
    """
    given = _bearer(request.headers)
    if token is not None and given is not None and token.matches(given):
        return
    if _is_at_this_machine(request, trust.proxies):
        return
    how = "give the debug token as Authorization: Bearer" if token else "set a debug token for others"
    raise Refused(403, "forbidden", f"Only from the server's own machine, as localhost; {how}.")


def require_own_page(request: Request, trust: Trust) -> None:
    """Refuse what a page of some other site sends. Raises Refused (403).

    Programs that are no browser send no Origin and pass.
    """
    headers = Headers(request.headers.items())
    if not trust.origins.allows(headers, headers.get("host") or ""):
        origin = ", ".join(headers.get_all("origin"))
        raise Refused(403, "foreign_origin", refusals.foreign_origin(origin))


def _bearer(headers: StarletteHeaders) -> str | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _is_at_this_machine(request: Request, proxies: TrustedProxies) -> bool:
    peer = "" if request.client is None else request.client.host
    address = parse_address(peer)
    is_local = request.client is None or (address is not None and address.is_loopback)
    if not is_local or proxies.trusts(peer):
        return False
    if any(name in _FORWARDED or name.startswith("x-forwarded-") for name in request.headers):
        return False
    asked = parse_authority(request.headers.get("host", ""))
    return asked is not None and is_loopback_name(asked.name)
