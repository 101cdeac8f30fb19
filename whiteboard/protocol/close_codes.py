"""Close codes: number, meaning, and what a client should do. The table is the documentation."""

from dataclasses import dataclass
from typing import Final

from whiteboard.limits import MAX_CLOSE_REASON_BYTES


@dataclass(frozen=True, slots=True)
class CloseCode:
    """One way in which the server ends a session."""

    code: int
    name: str
    meaning: str
    client_should: str
    """What to do before connecting again: with 44xx, but 4408 and 4429, something has to change first;
    with all others time has to pass."""


_TABLE: Final = (
    CloseCode(1001, "going away", "The server stops.", "Reconnect after the delay that `drain` gave."),
    CloseCode(1002, "protocol error", "A breach of RFC 6455.", "Mend the client."),
    CloseCode(
        1007, "invalid text", "A text message that is not UTF-8, or does not inflate.", "Mend the client."
    ),
    CloseCode(1009, "message too big", "A message above any limit.", "Send less at once; use HTTP."),
    CloseCode(1011, "internal error", "This session failed on the server.", "Reconnect with `since`."),
    CloseCode(4400, "bad message", "Too many messages that break the protocol.", "Mend the client."),
    CloseCode(4401, "unauthenticated", "No valid token.", "Get a token."),
    CloseCode(4403, "forbidden", "The token does not allow this board.", "Ask for access."),
    CloseCode(4404, "no such board", "The board was deleted.", "Leave it."),
    CloseCode(
        4408, "too slow", "The socket took nothing for too long.", "Wait, then reconnect with `since`."
    ),
    CloseCode(4409, "version", "No common protocol version.", "Update the client."),
    CloseCode(4413, "too large", "A message above the frame limit, again and again.", "Send less."),
    CloseCode(4429, "rate", "Too many sessions or messages.", "Wait, then reconnect."),
    CloseCode(4500, "board failed", "This board failed on the server.", "Reconnect with back-off."),
    CloseCode(4503, "draining", "The server takes no new sessions.", "Reconnect later."),
)

CLOSE_CODES: Final = {entry.code: entry for entry in _TABLE}

GOING_AWAY: Final = CLOSE_CODES[1001]
PROTOCOL_ERROR: Final = CLOSE_CODES[1002]
INVALID_TEXT: Final = CLOSE_CODES[1007]
MESSAGE_TOO_BIG: Final = CLOSE_CODES[1009]
INTERNAL_ERROR: Final = CLOSE_CODES[1011]
UNAUTHENTICATED: Final = CLOSE_CODES[4401]
FORBIDDEN: Final = CLOSE_CODES[4403]
BAD_MESSAGE: Final = CLOSE_CODES[4400]
NO_SUCH_BOARD: Final = CLOSE_CODES[4404]
TOO_SLOW: Final = CLOSE_CODES[4408]
VERSION: Final = CLOSE_CODES[4409]
RATE: Final = CLOSE_CODES[4429]
BOARD_FAILED: Final = CLOSE_CODES[4500]
DRAINING: Final = CLOSE_CODES[4503]


def close_reason(text: str) -> str:
    """A reason that fits a close frame: at most 123 bytes of UTF-8, cut between characters."""
    data = text.encode("utf-8", "replace")[:MAX_CLOSE_REASON_BYTES]
    return data.decode("utf-8", "ignore")
