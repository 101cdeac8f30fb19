"""The front's side of a new connection."""

import socket

import pytest
import trio

from whiteboard import limits, timeouts
from whiteboard.ids import BoardId
from whiteboard.workers.entrance import Entrance

HEAD = b"GET /ws/b1 HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Desk:
    """Takes connections; as a worker would, or none."""

    def __init__(self, *, is_open: bool = True) -> None:
        self.is_open = is_open
        self.taken: list[tuple[bytes, BoardId | None]] = []

    async def give(self, sock: socket.socket, data: bytes, board: BoardId | None) -> bool:
        """Note what is given."""
        await trio.lowlevel.checkpoint()
        if self.is_open:
            self.taken.append((data, board))
            sock.dup().detach()  # whoever took it holds it open
        return self.is_open


def pair() -> tuple[socket.socket, socket.socket]:
    """A peer's socket, and the accepted one."""
    peer, accepted = socket.socketpair()
    accepted.setblocking(False)
    peer.setblocking(False)
    return peer, accepted


async def test_a_head_goes_along_with_its_connection() -> None:
    """Whole, with what came behind it, in however many pieces it came."""
    desk = Desk()
    entrance = Entrance(desk.give)
    peer, accepted = pair()
    with peer:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(entrance.serve, accepted)
            for piece in (HEAD[:3], HEAD[3:30], HEAD[30:] + b"more"):
                await trio.testing.wait_all_tasks_blocked()
                assert not desk.taken
                peer.send(piece)
    assert desk.taken == [(HEAD + b"more", BoardId("b1"))]
    assert len(entrance) == 0


async def test_tls_goes_to_any_worker_unread() -> None:
    """Nobody can see there which board is wanted."""
    desk = Desk()
    peer, accepted = pair()
    with peer:
        await Entrance(desk.give, is_sealed=True).serve(accepted)
    assert desk.taken == [(b"", None)]


async def test_silent_peers_hold_up_nobody(autojump_clock: trio.testing.MockClock) -> None:
    """Others go on meanwhile; who says nothing is let go after REQUEST_HEAD, who is slow hears of it."""
    desk = Desk()
    entrance = Entrance(desk.give)
    silent, slow, quick = pair(), pair(), pair()
    with silent[0], slow[0], quick[0]:
        slow[0].send(HEAD[:9])
        quick[0].send(HEAD)
        began = trio.current_time()
        async with trio.open_nursery() as nursery:
            for _, accepted in (silent, slow, quick):
                nursery.start_soon(entrance.serve, accepted)
            await trio.testing.wait_all_tasks_blocked()
            assert desk.taken == [(HEAD, BoardId("b1"))]
            assert len(entrance) == 2
        assert trio.current_time() - began <= timeouts.REQUEST_HEAD.seconds + 2 * timeouts.LINGER.seconds
        assert silent[0].recv(100) == b""
        assert slow[0].recv(100).startswith(b"HTTP/1.1 408 ")


async def test_beyond_the_bound_the_oldest_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    """New connections are read, however many silent ones were there before."""
    monkeypatch.setattr(limits, "MAX_HEADS", 3)
    desk = Desk()
    entrance = Entrance(desk.give)
    silent = [pair() for _ in range(5)]
    quick = pair()
    async with trio.open_nursery() as nursery:
        for _, accepted in silent:
            nursery.start_soon(entrance.serve, accepted)
            await trio.testing.wait_all_tasks_blocked()
        assert len(entrance) == 3
        assert [is_closed(peer) for peer, _ in silent] == [True, True, False, False, False]
        quick[0].send(HEAD)
        nursery.start_soon(entrance.serve, quick[1])
        await trio.testing.wait_all_tasks_blocked()
        assert desk.taken == [(HEAD, BoardId("b1"))]
        nursery.cancel_scope.cancel()
    for peer, _ in (*silent, quick):
        peer.close()


def is_closed(peer: socket.socket) -> bool:
    """Whether the other end has closed."""
    try:
        return peer.recv(1) == b""
    except BlockingIOError:
        return False


async def test_who_finds_no_worker_is_told_to_come_back() -> None:
    """503 in the shape of all errors. [HTTP-14]"""
    peer, accepted = pair()
    with peer:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(Entrance(Desk(is_open=False).give).serve, accepted)
            peer.send(HEAD)
            await trio.testing.wait_all_tasks_blocked()
            answer = peer.recv(1_000)
            peer.close()
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: 5" in answer
    assert b'"code":"unavailable"' in answer


async def test_the_last_ones_are_heard_out(autojump_clock: object) -> None:
    """Until nobody is left, or LAST_HEADS are over: who says nothing holds nobody up for longer."""
    desk = Desk()
    entrance = Entrance(desk.give)
    await entrance.hear_out()
    assert trio.current_time() == 0
    peer, accepted = pair()
    silent, ours = pair()
    with peer, silent:
        async with trio.open_nursery() as nursery:
            for one in (accepted, ours):
                nursery.start_soon(entrance.serve, one)
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(entrance.hear_out)
            await trio.sleep(timeouts.LAST_HEADS.seconds / 2)
            peer.send(HEAD)
            await trio.testing.wait_all_tasks_blocked(0.01)
            assert desk.taken == [(HEAD, BoardId("b1"))]
            await trio.sleep(timeouts.LAST_HEADS.seconds)
            assert len(entrance) == 1
            nursery.cancel_scope.cancel()
