"""Which requests are WebSocket upgrades, and which of them are valid."""

import pytest
from transport.peers import KEY, upgrade_head

from whiteboard.transport.http_head import RequestHead, parse_head
from whiteboard.transport.upgrade import Upgrade, UpgradeFault, clean_head, is_websocket_upgrade, read_upgrade


def head(path: str = "/ws/b", **headers: str) -> RequestHead:
    """An upgrade's head, with changes."""
    parsed = parse_head(upgrade_head(path, **headers))
    assert parsed is not None
    return parsed


def test_a_browsers_upgrade_is_one() -> None:
    """Tokens in any case, in lists."""
    assert is_websocket_upgrade(head())
    assert is_websocket_upgrade(head(Upgrade="WebSocket", Connection="UPGRADE"))
    assert not is_websocket_upgrade(head(Upgrade="h2c"))
    assert not is_websocket_upgrade(head(Connection="close"))
    post = parse_head(upgrade_head().replace(b"GET", b"POST"))
    assert post is not None
    assert not is_websocket_upgrade(post)


def test_the_offer_is_read() -> None:
    """Key and subprotocols as offered; ours is chosen if among them. [CON-4]"""
    offer = read_upgrade(head(Sec_WebSocket_Protocol="a, whiteboard.v1"))
    assert offer == Upgrade(KEY, ("a", "whiteboard.v1"))
    assert isinstance(offer, Upgrade)
    assert offer.chosen_subprotocol == "whiteboard.v1"
    assert Upgrade(KEY, ("a",)).chosen_subprotocol is None


def test_deflate_is_agreed_on_when_it_is_offered() -> None:
    """In however many headers; a client that offers nothing is served the same. [CON-19]"""
    offer = read_upgrade(head(Sec_WebSocket_Extensions="permessage-deflate; client_max_window_bits"))
    assert isinstance(offer, Upgrade)
    assert offer.deflate is not None
    assert read_upgrade(head()) == Upgrade(KEY, ())


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec_WebSocket_Version": "8"}, 426),
        ({"Sec_WebSocket_Version": ""}, 426),
        ({"Sec_WebSocket_Key": ""}, 400),
        ({"Sec_WebSocket_Key": "short"}, 400),
        ({"Sec_WebSocket_Key": "é" * 24}, 400),
        ({"Content_Length": "5"}, 400),
        ({"Transfer_Encoding": "chunked"}, 400),
    ],
)
def test_a_bad_offer_gets_its_status(headers: dict[str, str], status: int) -> None:
    """426 for another version (RFC 6455 section 4.4), 400 for the rest."""
    fault = read_upgrade(head(**headers))
    assert isinstance(fault, UpgradeFault)
    assert fault.status == status


def test_http_1_0_cannot_upgrade() -> None:
    """RFC 6455 section 4.2.1 asks for HTTP/1.1."""
    old = parse_head(upgrade_head().replace(b"HTTP/1.1", b"HTTP/1.0"))
    assert old is not None
    assert isinstance(read_upgrade(old), UpgradeFault)


def test_the_clean_head_says_the_same_offer() -> None:
    """What the library gets reads back as the offer, with our subprotocol only."""
    clean = parse_head(clean_head(Upgrade(KEY, ("a", "whiteboard.v1"))))
    assert clean is not None
    assert is_websocket_upgrade(clean)
    assert read_upgrade(clean) == Upgrade(KEY, ("whiteboard.v1",))
    assert b"Protocol" not in clean_head(Upgrade(KEY, ("a",)))
