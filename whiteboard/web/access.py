"""Who is asking.

Three questions: may this be the server's operator, does this come from a page of ours, and do the permission hooks let them
come to this board. The first guards the debug pages and deletion; the second keeps other web pages from acting in a
visitor's name; the third is the sockets' own, so that the API shows nobody what a session would not. The first two are pure
functions of a request and of whom the server trusts.
"""

from typing import Final

from starlette.requests import Request

from whiteboard.config import Secret
from whiteboard.ids import BoardId
from whiteboard.plugins.guard import NotAdmitted, Why
from whiteboard.plugins.permissions import Role, Visit
from whiteboard.trust import refusals
from whiteboard.trust.headers import Headers
from whiteboard.trust.names import is_loopback_name, parse_address, parse_authority
from whiteboard.trust.policy import Trust
from whiteboard.trust.proxies import TrustedProxies
from whiteboard.trust.tokens import bearer, given_token
from whiteboard.web.answers import Refused, retry_later
from whiteboard.web.services import WebServices

_OWN: Final = frozenset({"same-origin", "none"})
"""Of Sec-Fetch-Site: a page of ours, or the person in front of the browser."""
_FORWARDED: Final = frozenset({"forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip"})


def require_operator(request: Request, token: Secret | None, trust: Trust) -> None:
    """Let pass who holds the debug token, or sits at this machine. Raises Refused (403).

    Sitting at this machine: a peer on loopback or on a Unix socket that is no trusted proxy, forwards
    for nobody and asks for a loopback name. A proxy on the same machine comes the same way, so each of
    these signs of one counts; the name also keeps out web pages that point their own name at 127.0.0.1.
    """
    if is_operator(request, token, trust):
        return
    how = "give the debug token as Authorization: Bearer" if token else "set a debug token for others"
    raise Refused(403, "forbidden", f"Only from the server's own machine, as localhost; {how}.")


def is_operator(request: Request, token: Secret | None, trust: Trust) -> bool:
    """Whether it comes from who holds the debug token, or sits at this machine."""
    given = bearer(Headers(request.headers.items()))
    if token is not None and given is not None and token.matches(given):
        return True
    return _is_at_this_machine(request, trust.proxies)


async def require_admission(
    request: Request, services: WebServices, board: BoardId, *, to_change: bool = False
) -> None:
    """Let pass whom the permission hooks let come to the board, and the operator. Raises Refused (401, 403, 503).

    Args:
        to_change: whether a viewer is not enough.
    """
    guard = services.guard
    if guard is None or is_operator(request, services.settings.debug.token, services.trust):
        return
    token = given_token(Headers(request.headers.items()), request.url.query)
    address = "" if request.client is None else request.client.host
    visit = Visit(board=board, address=address, token=token, session=None, client=None, name="")
    admitted = await guard.admit(visit)
    if isinstance(admitted, NotAdmitted):
        raise _refused(admitted)
    if to_change and admitted.role is Role.VIEWER:
        raise Refused(403, "forbidden", "You may look at this board, but not create or change it.")


def _refused(who: NotAdmitted) -> Refused:
    match who.why:
        case Why.UNAUTHENTICATED:
            return Refused(401, "unauthenticated", who.reason, headers={"www-authenticate": "Bearer"})
        case Why.FORBIDDEN:
            return Refused(403, "forbidden", who.reason)
        case Why.UNANSWERED:
            return Refused(503, "permission_unavailable", who.reason, headers=retry_later())


def require_own_page(request: Request, trust: Trust) -> None:
    """Refuse what a page of some other site sends. Raises Refused (403).

    Programs that are no browser send no Origin and pass.
    """
    headers = Headers(request.headers.items())
    if not trust.origins.allows(headers, headers.get("host") or ""):
        origin = ", ".join(headers.get_all("origin"))
        raise Refused(403, "foreign_origin", refusals.foreign_origin(origin))


def require_own_request(request: Request, trust: Trust) -> None:
    """Refuse what a page of some other site has a browser fetch, were it an image: for a GET that does something.

    Such a request has no Origin, but browsers say in Sec-Fetch-Site that another site asked (Fetch Metadata Request
    Headers, W3C). Programs that are no browser send neither and pass. Raises Refused (403).
    """
    require_own_page(request, trust)
    if "origin" not in request.headers and request.headers.get("sec-fetch-site", "none") not in _OWN:
        raise Refused(
            403, "foreign_origin", "A page of another site asks for this; open the address yourself."
        )


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
