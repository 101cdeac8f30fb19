"""Who is asking. Pure functions of a request and the settings.

Two questions: may this be the server's operator, and does this come from a page of ours. The first
guards the debug pages and deletion; the second keeps other web pages from acting in a visitor's name.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request

from whiteboard.config import Settings
from whiteboard.web.answers import Refused

_FORWARDED: Final = frozenset({"forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip"})
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def require_operator(request: Request, settings: Settings) -> None:
    """Let pass who holds the debug token, or sits at this machine. Raises Refused (403).

    Sitting at this machine: a loopback peer that is no trusted proxy, forwards for nobody and asks for
    a loopback name. A proxy on the same machine has a loopback address too, so each of these signs of
    one counts; the name also keeps out web pages that point their own name at 127.0.0.1.
    """
    token, given = settings.debug.token, _bearer(request.headers)
    if token is not None and given is not None and token.matches(given):
        return
    if _is_at_this_machine(request, settings):
        return
    how = "give the debug token as Authorization: Bearer" if token else "set a debug token for others"
    raise Refused(403, "forbidden", f"Only from the server's own machine; {how}.")


def require_own_page(request: Request, settings: Settings) -> None:
    """Refuse what a page of some other site sends. Raises Refused (403).

    Programs that are no browser send no Origin and pass.
    """
    origin = request.headers.get("origin")
    allowed = settings.origins
    if origin is None or "*" in allowed or origin.lower() in allowed:
        return
    if request.headers.get("sec-fetch-site") == "same-origin" or _is_same_host(origin, request.headers):
        return
    raise Refused(
        403, "foreign_origin", "Pages of this origin may not do this; the setting origins allows more."
    )


def _bearer(headers: Headers) -> str | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _is_at_this_machine(request: Request, settings: Settings) -> bool:
    address = _address("" if request.client is None else request.client.host)
    if address is None or not address.is_loopback:
        return False
    if any(proxy == "*" or address in ip_network(proxy) for proxy in settings.trusted_proxies):
        return False
    if any(name in _FORWARDED or name.startswith("x-forwarded-") for name in request.headers):
        return False
    return _is_loopback_name(request.headers.get("host", ""))


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_loopback_name(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    address = _address(name)
    return name == "localhost" or (address is not None and address.is_loopback)


def _is_same_host(origin: str, headers: Headers) -> bool:
    """Whether the page came from where the request goes; the scheme is the proxy's business."""
    try:
        page = urlsplit(origin)
        here = urlsplit(f"//{headers.get('host', '')}")
        default = _DEFAULT_PORTS.get(page.scheme)
        same_port = (page.port or default) == (here.port or default)
    except ValueError:
        return False
    return default is not None and bool(page.hostname) and page.hostname == here.hostname and same_port
