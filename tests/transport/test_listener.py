"""The accept loop."""

import errno
import socket

import pytest
import structlog
import trio
import trio.testing

from whiteboard import timeouts
from whiteboard.config import TcpAddress
from whiteboard.transport.addresses import open_listening
from whiteboard.transport.listener import serve_connections


async def test_waiting_connections_are_all_accepted_and_send_at_once() -> None:
    """A burst is taken in one go; the sockets are non-blocking and undelayed."""
    taken: list[socket.socket] = []

    async def handler(sock: socket.socket) -> None:
        taken.append(sock)

    with open_listening(TcpAddress("127.0.0.1", 0)) as listening:
        where = listening.sockets[0].getsockname()
        clients = [socket.create_connection(where) for _ in range(50)]
        async with trio.open_nursery() as nursery:
            await nursery.start(serve_connections, listening.sockets, handler, nursery)
            while len(taken) < 50:
                await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
    assert not any(sock.getblocking() for sock in taken)
    assert all(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for sock in taken)
    for sock in [*taken, *clients]:
        sock.close()


async def test_accepting_stops_while_connections_go_on() -> None:
    """The two nurseries are cancelled apart."""
    served = trio.Event()
    ended = trio.Event()

    async def handler(sock: socket.socket) -> None:
        with sock:
            served.set()
            await trio.lowlevel.wait_readable(sock.fileno())
            ended.set()

    with open_listening(TcpAddress("127.0.0.1", 0)) as listening:
        async with trio.open_nursery() as connections:
            async with trio.open_nursery() as accepting:
                await accepting.start(serve_connections, listening.sockets, handler, connections)
                client = await trio.open_tcp_stream(*listening.sockets[0].getsockname())
                await served.wait()
                accepting.cancel_scope.cancel()
            assert not ended.is_set()
            await client.aclose()
    assert ended.is_set()


class Scripted:
    """A listener whose accept does what it is told."""

    family = socket.AF_INET

    def __init__(self, real: socket.socket, *faults: int) -> None:
        self._real = real
        self.faults = list(faults)

    def fileno(self) -> int:
        return self._real.fileno()

    def accept(self) -> tuple[socket.socket, object]:
        if self.faults:
            fault = self.faults.pop(0)
            raise OSError(fault, errno.errorcode[fault])
        return self._real.accept()


async def test_out_of_descriptors_it_waits_and_goes_on(autojump_clock: trio.testing.MockClock) -> None:
    """EMFILE costs ACCEPT_BACKOFF; a connection that died in the queue costs nothing."""
    taken = trio.Event()

    async def handler(sock: socket.socket) -> None:
        sock.close()
        taken.set()

    with open_listening(TcpAddress("127.0.0.1", 0)) as listening:
        real = listening.sockets[0]
        client = socket.create_connection(real.getsockname())
        listener = Scripted(real, errno.ECONNABORTED, errno.EMFILE, errno.ENFILE)
        started = trio.current_time()
        async with trio.open_nursery() as nursery:
            await nursery.start(serve_connections, [listener], handler, nursery)
            await taken.wait()
            nursery.cancel_scope.cancel()
        assert trio.current_time() - started == pytest.approx(2 * timeouts.ACCEPT_BACKOFF.seconds)
        client.close()


async def test_a_shortage_is_logged_once(autojump_clock: trio.testing.MockClock) -> None:
    """However often it flickers, until ACCEPT_EPISODE has gone by without a pause."""
    taken = trio.Event()

    async def handler(sock: socket.socket) -> None:
        sock.close()
        taken.set()

    with open_listening(TcpAddress("127.0.0.1", 0)) as listening, structlog.testing.capture_logs() as events:
        where = listening.sockets[0].getsockname()
        listener = Scripted(listening.sockets[0])
        async with trio.open_nursery() as nursery:
            await nursery.start(serve_connections, [listener], handler, nursery)
            for faults, pause in ((3, 1.0), (2, timeouts.ACCEPT_EPISODE.seconds + 1), (2, 1.0)):
                listener.faults += [errno.EMFILE] * faults
                taken = trio.Event()
                socket.create_connection(where).close()
                await taken.wait()
                await trio.sleep(pause)
            nursery.cancel_scope.cancel()
    assert [event["event"] for event in events] == ["accept_paused", "accept_paused"]
    assert events[0]["descriptors"] > 0


async def test_a_listener_that_is_none_ends_the_loop() -> None:
    """A closed or wrong socket is a fault of ours, and raises."""
    with open_listening(TcpAddress("127.0.0.1", 0)) as listening:
        client = socket.create_connection(listening.sockets[0].getsockname())
        broken = Scripted(listening.sockets[0], errno.EINVAL)
        with pytest.raises(ExceptionGroup):
            async with trio.open_nursery() as nursery:
                await nursery.start(serve_connections, [broken], client.close, nursery)
        client.close()
