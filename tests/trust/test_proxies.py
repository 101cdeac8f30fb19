"""Whose forwarding headers are believed, and what they say."""

from ipaddress import ip_network

import pytest

from whiteboard.trust.headers import Headers
from whiteboard.trust.proxies import Client, TrustedProxies

PEER = Client("10.0.0.1", 5000, "http", "inner:8080")
FORWARDED = Headers(
    [
        ("X-Forwarded-For", "6.6.6.6, 1.2.3.4"),
        ("X-Forwarded-For", "10.0.0.2"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "draw.example.org"),
    ]
)
PRIVATE = TrustedProxies((ip_network("10.0.0.0/8"),))
EVERYONE = TrustedProxies((ip_network("0.0.0.0/0"),))


def test_nobody_is_believed_by_default() -> None:
    """A header that anybody can send decides nothing."""
    assert TrustedProxies().client(PEER, FORWARDED) == PEER


def test_the_nearest_untrusted_address_is_the_client() -> None:
    """What stands left of it could be forged by it."""
    assert PRIVATE.client(PEER, FORWARDED) == Client("1.2.3.4", 0, "https", "draw.example.org")


def test_everyone_includes_unix_sockets() -> None:
    """A network of everyone trusts peers without an address too, and takes the nearest address."""
    unix = Client("", 0, "http", "inner")
    assert EVERYONE.client(unix, FORWARDED).address == "10.0.0.2"
    assert not PRIVATE.trusts("")
    assert PRIVATE.client(unix, FORWARDED) == unix


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("10.0.0.9, 10.0.0.2", "10.0.0.9"),
        ("1.2.3.4:99", "1.2.3.4"),
        ("[2001:db8::1]:99", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("unknown", "10.0.0.1"),
        ("1.2.3.4, _hidden, 10.0.0.3", "10.0.0.3"),
        ("", "10.0.0.1"),
    ],
)
def test_addresses_in_their_forms(said: str, address: str) -> None:
    """With and without port; at what is no address the walk ends."""
    assert PRIVATE.client(PEER, Headers([("x-forwarded-for", said)])).address == address


def test_an_ipv4_peer_of_an_ipv6_socket_counts_as_ipv4() -> None:
    """`::ffff:10.0.0.1` is 10.0.0.1."""
    assert PRIVATE.trusts("::ffff:10.0.0.1")
    assert not PRIVATE.trusts("::1")


@pytest.mark.parametrize(
    ("said", "scheme"), [("wss", "https"), ("ws", "http"), ("ftp", "http"), ("http, https", "https")]
)
def test_schemes(said: str, scheme: str) -> None:
    """Only http and https come out, whatever the proxy calls them."""
    assert PRIVATE.client(PEER, Headers([("x-forwarded-proto", said)])).scheme == scheme


def test_a_client_shows_itself_for_logs() -> None:
    """host:port, brackets for IPv6, the bare address from a proxy."""
    shown = [
        str(Client(*where, "http", "")) for where in [("1.2.3.4", 5), ("::1", 5), ("1.2.3.4", 0), ("", 0)]
    ]
    assert shown == ["1.2.3.4:5", "[::1]:5", "1.2.3.4", "unix"]
