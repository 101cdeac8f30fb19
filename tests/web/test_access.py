"""Who may see the debug pages, and whose pages may write."""

from collections.abc import Mapping

import attrs
import pytest
from starlette.requests import Request
from web.stand_ins import Site, error

from whiteboard.config import DebugSettings, Origin, Secret, Settings, TrustedProxy
from whiteboard.web.access import require_operator, require_own_page
from whiteboard.web.answers import Refused

TOKEN = "0123456789abcdef"
WITH_TOKEN = Settings(debug=DebugSettings(token=Secret(TOKEN)))


def request(peer: str | None, headers: Mapping[str, str]) -> Request:
    """A request as the server sees it."""
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    client = None if peer is None else (peer, 5)
    return Request({"type": "http", "method": "GET", "path": "/", "headers": raw, "client": client})


def is_operator(peer: str | None, headers: Mapping[str, str], settings: Settings = Settings()) -> bool:  # noqa: B008 - frozen
    """Whether the operator's routes open."""
    try:
        require_operator(request(peer, {"host": "localhost:8080", **headers}), settings)
    except Refused:
        return False
    return True


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "127.0.0.1:8080", "[::1]:8080"])
def test_the_server_s_own_machine_is_let_in(peer: str, host: str) -> None:
    """Loopback peer and loopback name, in all spellings."""
    assert is_operator(peer, {"host": host})


@pytest.mark.parametrize("peer", ["10.0.0.1", "::2", "unix", "", None])
def test_other_machines_are_not(peer: str | None) -> None:
    """A Unix socket's peer counts as somebody else too: it is nearly always a proxy."""
    assert not is_operator(peer, {})


@pytest.mark.parametrize(
    "name", ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "forwarded", "via", "x-real-ip"]
)
def test_who_came_through_a_proxy_is_not(name: str) -> None:
    """A proxy on this machine has a loopback address, whoever it speaks for. [HTTP-9]"""
    assert not is_operator("127.0.0.1", {name: "127.0.0.1"})


@pytest.mark.parametrize("proxy", ["127.0.0.0/8", "*"])
def test_a_trusted_proxy_is_not(proxy: str) -> None:
    """Where loopback is a proxy by configuration, only the token counts."""
    assert not is_operator("127.0.0.1", {}, Settings(trusted_proxies=(TrustedProxy(proxy),)))


@pytest.mark.parametrize("host", ["draw.example.org", "localhost.evil.example", "10.0.0.1", "", "[", "[::2]"])
def test_a_foreign_name_is_not(host: str) -> None:
    """A proxy that says nothing else passes its name on; a page that rebinds its name has its own."""
    assert not is_operator("127.0.0.1", {"host": host})


def test_the_token_opens_from_everywhere() -> None:
    """Through proxies and from other machines, when it is right. [HTTP-9]"""
    for peer in ("10.0.0.1", None):
        proxied = {"authorization": f"Bearer {TOKEN}", "x-forwarded-for": "1.2.3.4"}
        assert is_operator(peer, proxied, WITH_TOKEN)
        assert is_operator(peer, {"authorization": f"bearer  {TOKEN}"}, WITH_TOKEN)
    for wrong in (f"Bearer {TOKEN}x", "Bearer", "Bearer ", f"Basic {TOKEN}", TOKEN, "Bearer \xff"):
        assert not is_operator("10.0.0.1", {"authorization": wrong}, WITH_TOKEN)
    assert not is_operator("10.0.0.1", {"authorization": "Bearer "})


async def test_debug_tasks(site: Site) -> None:
    """The task tree is for the operator; the refusal says how to become one. [HTTP-9]"""
    assert (await site.get("/debug/tasks")).json() == {"counts": {"sessions": 0}, "tree": None}
    site.peer = "10.0.0.1"
    refused = await site.get("/debug/tasks")
    assert error(refused) == (403, "forbidden")
    assert "set a debug token" in refused.text
    site.settings = WITH_TOKEN
    assert "Authorization: Bearer" in (await site.get("/debug/tasks")).text
    assert (await site.get("/debug/tasks", authorization=f"Bearer {TOKEN}")).status_code == 200


def is_own_page(headers: Mapping[str, str], settings: Settings = Settings()) -> bool:  # noqa: B008 - frozen
    """Whether a write with these headers passes."""
    try:
        require_own_page(request("10.0.0.1", {"host": "draw.example", **headers}), settings)
    except Refused:
        return False
    return True


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({}, True),
        ({"origin": "https://draw.example"}, True),
        ({"origin": "http://DRAW.example"}, True),
        ({"origin": "https://draw.example:443", "host": "draw.example:443"}, True),
        ({"origin": "https://draw.example:8443"}, False),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": "ftp://draw.example"}, False),
        ({"origin": "https://[", "host": "["}, False),
        ({"origin": "https://draw.example:x"}, False),
        ({"origin": "https://public.example", "sec-fetch-site": "same-origin"}, True),
        ({"origin": "https://public.example", "sec-fetch-site": "cross-site"}, False),
    ],
)
def test_own_pages(headers: dict[str, str], passes: bool) -> None:
    """The page's own origin, programs without one, and what the browser itself calls same-origin."""
    assert is_own_page(headers) is passes


def test_origins_can_be_allowed() -> None:
    """The setting adds origins; the star lifts the check."""
    one = attrs.evolve(Settings(), origins=(Origin("https://a.example"),))

    assert is_own_page({"origin": "https://A.example"}, one)
    assert not is_own_page({"origin": "https://b.example"}, one)
    assert is_own_page({"origin": "https://b.example"}, attrs.evolve(Settings(), origins=(Origin("*"),)))
