"""Who takes nothing of what is sent, as the kernel knows it."""

import socket
import struct
from collections.abc import Iterator
from contextlib import suppress

import pytest
import trio

from whiteboard.transport.standstill import Standstill

Pair = tuple[socket.socket, socket.socket]
SOON = 0.05


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Our end and the peer's, which has a small buffer, over TCP."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        peer.connect(listener.getsockname())
        ours, _ = listener.accept()
        with ours:
            ours.setblocking(False)
            yield ours, peer


def fill(sock: socket.socket) -> None:
    """Send until the kernel takes no more."""
    with suppress(BlockingIOError):
        while True:
            sock.send(bytes(65_536))


async def test_who_does_not_read_stands_still_until_they_do(pair: Pair) -> None:
    """It counts from the look that finds it, and it is over with the first byte that leaves."""
    ours, peer = pair
    fill(ours)
    await trio.sleep(SOON)
    standstill = Standstill()
    assert standstill.look(ours, 100.0, None)
    assert standstill.seconds(100.0) == 0
    await trio.sleep(2 * SOON)
    standstill.look(ours, 100.0 + 2 * SOON, None)
    assert SOON < standstill.seconds(100.0 + 2 * SOON) <= 2 * SOON
    for _ in range(200):
        peer.recv(65_536)
    standstill.look(ours, 101.0, None)
    assert standstill.seconds(101.0) < SOON


async def test_what_the_peer_has_is_no_standstill(pair: Pair) -> None:
    """Bytes that its kernel has taken count as taken, read or not; then there is nothing to look at any more."""
    ours, _ = pair
    ours.send(b"x")
    await trio.sleep(SOON)
    standstill = Standstill()
    assert not standstill.look(ours, 100.0, None)
    assert standstill.seconds(200.0) == 0
    assert standstill.look(ours, 200.0, 150.0), "we have more for it"
    assert standstill.seconds(200.0) == 0


class Told:
    """A TCP socket of which the kernel says these."""

    family = socket.AF_INET

    def __init__(
        self, *, unacked: int = 0, unsent: int = 0, probes: int = 0, last_sent: float = 1_000
    ) -> None:
        self._info = bytearray(256)
        self._info[3] = probes
        for place, value in ((24, unacked), (44, int(last_sent * 1_000)), (144, unsent)):
            struct.pack_into("=I", self._info, place, value)

    def getsockopt(self, _level: int, _option: int, size: int) -> bytes:
        return bytes(self._info[:size])


@pytest.mark.parametrize(
    ("told", "stands"),
    [
        (Told(unsent=1), True),
        (Told(unsent=1, probes=1), True),
        (Told(unsent=1, probes=2), False),  # silent: cannot be reached
        (Told(unsent=1, unacked=1), False),  # a bad line, or a slow one
        (Told(unacked=1), False),
        (Told(), False),
    ],
)
def test_what_a_standstill_is(told: Told, *, stands: bool) -> None:
    """More waits, all that was sent has arrived, and the peer answers when it is asked for room."""
    standstill = Standstill()
    for second in range(10):
        standstill.look(told, 100.0 + second, None)  # type: ignore[arg-type]
    assert standstill.seconds(109.0) == (9 if stands else 0)


def test_what_left_between_two_looks_is_progress() -> None:
    """A reader who is slow but steady never stands still for longer than between two bytes."""
    standstill = Standstill()
    for second in range(10):
        standstill.look(Told(unsent=1, last_sent=0.4), 100.0 + second, None)  # type: ignore[arg-type]
    assert standstill.seconds(109.0) == pytest.approx(0.4)


def test_on_a_unix_socket_the_unread_bytes_tell() -> None:
    """It stands still while they stay the same and the kernel takes nothing more."""
    ours, peer = socket.socketpair()
    with ours, peer:
        ours.setblocking(False)
        fill(ours)
        standstill = Standstill()
        assert not standstill.look(ours, 100.0, None), "we have nothing more for it"
        standstill.look(ours, 101.0, 100.5)
        standstill.look(ours, 105.0, 100.5)
        assert standstill.seconds(105.0) == 4.5
        peer.recv(65_536)
        standstill.look(ours, 106.0, 100.5)
        assert standstill.seconds(106.0) == 0
        standstill.look(ours, 107.0, 106.5)
        assert standstill.seconds(107.0) == 0.5, "the kernel has taken some meanwhile"
        standstill.look(ours, 108.0, None)
        assert standstill.seconds(108.0) == 0
