"""How an idle socket fared, and what is made of a welcome."""

import pytest

from whiteboard import limits, timeouts
from whiteboard.doctor import session
from whiteboard.doctor.findings import Mark
from whiteboard.errors import ConnectionLost


@pytest.mark.parametrize(
    ("seconds", "pings", "lost", "code", "mark"),
    [
        (12.0, 1, None, "", Mark.GOOD),
        (3.0, 0, None, "", Mark.GOOD),
        (12.0, 0, None, "idle_no_ping", Mark.WARNING),
        (5.0, 0, ConnectionLost("closed"), "idle_cut", Mark.BAD),
        (31.0, 3, ConnectionLost("bye", 1006), "idle_cut", Mark.BAD),
        (5.0, 0, ConnectionLost("bye", 1001), "", Mark.SKIPPED),
        (5.0, 0, ConnectionLost("bye", 4503), "", Mark.SKIPPED),
    ],
)
def test_an_idle_socket(
    seconds: float, pings: int, lost: ConnectionLost | None, code: str, mark: Mark
) -> None:
    """Kept, kept without pings, cut; a server that stops is no fault of a proxy's."""
    found = session.judge_idle(10.0, seconds, pings, lost)
    assert (found.code, found.mark) == (code, mark)


@pytest.mark.parametrize("value", [None, "x", -1, 0, 1e300, float("nan"), [1], True])
def test_a_welcome_is_brought_into_bounds(value: object) -> None:
    """No number of the server's makes the doctor wait long or send much."""
    bounds = {"frameBytes": value, "assetBytes": value}
    welcome = session._read_welcome({"heartbeat": {"ping": value}, "limits": bounds})
    assert 0 < welcome.ping_seconds <= timeouts.DEAD_PEER.seconds
    assert 0 < welcome.frame_bytes <= limits.MAX_FRAME_BYTES
    assert 0 <= welcome.picture_bytes <= limits.MAX_BLOB_BYTES
    assert session._read_welcome({"heartbeat": value, "limits": value}).frame_bytes == limits.MAX_FRAME_BYTES
