"""The WebSocket opening handshake seen from the request's side (RFC 6455 section 4.2). Pure.

Owns which request is a WebSocket upgrade, whether it is a valid one, and the clean request head that
the WebSocket library gets in its place.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Final

from whiteboard.protocol.codec import SUBPROTOCOL
from whiteboard.transport.deflate_offer import answer_to_offers
from whiteboard.transport.http_head import RequestHead

VERSION: Final = "13"
_NONCE_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A valid offer to speak WebSocket."""

    key: str
    subprotocols: tuple[str, ...]
    """As offered, in the client's order."""
    deflate: str | None = None
    """What to answer about permessage-deflate; None when it is not agreed on."""

    @property
    def chosen_subprotocol(self) -> str | None:
        """Ours if it was offered; a client that offers none, or others, is served too."""
        return SUBPROTOCOL if SUBPROTOCOL in self.subprotocols else None


@dataclass(frozen=True, slots=True)
class UpgradeFault:
    """Why an upgrade is not accepted, as an HTTP answer."""

    status: int
    code: str
    reason: str

    @property
    def headers(self) -> list[tuple[str, str]]:
        """What the answer has to say besides (RFC 6455 section 4.4)."""
        return [("Sec-WebSocket-Version", VERSION)] if self.status == 426 else []


def is_websocket_upgrade(head: RequestHead) -> bool:
    """Whether the request asks to become a WebSocket, rightly or not."""
    upgrade = {element.lower() for element in head.headers.elements("upgrade")}
    connection = {element.lower() for element in head.headers.elements("connection")}
    return head.method == "GET" and "websocket" in upgrade and "upgrade" in connection


def read_upgrade(head: RequestHead) -> Upgrade | UpgradeFault:
    """The offer in a WebSocket upgrade, or what is wrong with it."""
    headers = head.headers
    if len(headers.get_all("host")) != 1:
        return UpgradeFault(400, "bad_request", "A WebSocket upgrade has one Host header.")
    if headers.get("sec-websocket-version") != VERSION:
        return UpgradeFault(426, "websocket_version", f"WebSocket version {VERSION} is needed.")
    if head.version != "HTTP/1.1":
        return UpgradeFault(400, "bad_request", "A WebSocket needs HTTP/1.1.")
    if headers.elements("transfer-encoding") or headers.get("content-length") not in {None, "0"}:
        return UpgradeFault(400, "bad_request", "A WebSocket upgrade has no body.")
    keys = headers.get_all("sec-websocket-key")
    if len(keys) != 1 or not _is_nonce(keys[0]):
        return UpgradeFault(400, "bad_request", "Sec-WebSocket-Key must be 16 bytes in base64.")
    deflate = answer_to_offers(",".join(headers.get_all("sec-websocket-extensions")))
    return Upgrade(keys[0], tuple(headers.elements("sec-websocket-protocol")), deflate)


def clean_head(upgrade: Upgrade) -> bytes:
    """A head that says only what the WebSocket library has to know.

    The client's own head would reach a second parser, which gives up in other places than ours
    (a Host that is no IDNA name raises inside the library's reader task).
    """
    lines = [
        "GET / HTTP/1.1",
        "Host: whiteboard",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Version: {VERSION}",
        f"Sec-WebSocket-Key: {upgrade.key}",
    ]
    if upgrade.chosen_subprotocol is not None:
        lines.append(f"Sec-WebSocket-Protocol: {upgrade.chosen_subprotocol}")
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def _is_nonce(key: str) -> bool:
    try:
        return len(base64.b64decode(key.encode("ascii"), validate=True)) == _NONCE_BYTES
    except (binascii.Error, UnicodeEncodeError):
        return False
