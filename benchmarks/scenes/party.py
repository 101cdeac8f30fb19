"""A process full of people who look on, so that they can be killed, and so that what they read delays nobody's clock.

It gives way to the process that measures (a lower priority on the same core). It takes frames and answers pings.
"""

import contextlib
import multiprocessing
import os
import signal
import socket
import struct
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any, Final

from benchmarks.peers.peer import Peer
from benchmarks.scenes.guests import Door
from benchmarks.scenes.systems import OURS, Running, Visitor, visitor

_NICENESS: Final = 10
_AT_ONCE: Final = 50
"""Guests who arrive together; the next wait until these have their snapshot."""
SEATED_SECONDS: Final = 60.0
RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER: on, zero seconds. Such a socket ends with a reset."""


class Party:
    """People in a process of their own, on boards in turns.

    Args:
        boards: on which they look.
        people: of all boards together.
        at_once: how many arrive at a time; None for all.
        peer: how they speak to the server.
        reset: whether their connections end with RST when they are killed, and not with FIN.
    """

    def __init__(
        self,
        server: Running,
        boards: list[str],
        people: int,
        *,
        at_once: int | None = _AT_ONCE,
        reset: bool = False,
        peer: Peer = OURS,
    ) -> None:
        self._ours, theirs = multiprocessing.Pipe()
        context = multiprocessing.get_context("fork")
        arguments = (theirs, server, boards, people, at_once or people, reset, peer)
        self._process = context.Process(target=_live, args=arguments, daemon=True)
        self._process.start()
        theirs.close()

    @property
    def is_seated(self) -> bool:
        """Whether all have their snapshot, or have given up."""
        return self._ours.poll()

    def wait_seated(self) -> list[float]:
        """Milliseconds that each of them took to get in. Raises RuntimeError when somebody did not."""
        if not self._ours.poll(SEATED_SECONDS):
            raise RuntimeError("a party was not let in")
        took = self._ours.recv()
        if isinstance(took, str):
            raise RuntimeError(f"a party was not let in: {took}")
        return list(took)

    def kill(self) -> None:
        """End the process with SIGKILL: all connections end at once."""
        if self._process.is_alive() and self._process.pid is not None:
            os.kill(self._process.pid, signal.SIGKILL)
        self._process.join()
        self._ours.close()


def _live(pipe: Connection, server: Running, boards: list[str], people: int, *how: Any) -> None:
    """What the process does until it is killed."""
    at_once, reset, peer = how
    os.nice(_NICENESS)
    door: Door[Visitor] = Door()
    for begin in range(0, people, at_once):
        numbers = range(begin, min(begin + at_once, people))
        fresh = [visitor(server, peer, boards[number % len(boards)], number) for number in numbers]
        if reset:
            for one in fresh:
                one.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        door.let_in(fresh)
        if not door.wait_until(lambda: all(one.is_seated for one in fresh), SEATED_SECONDS):  # noqa: B023  at once
            pipe.send(f"{door.ends()}")
            return
    pipe.send([one.took * 1_000 for one in door.guests.values()])
    while True:
        door.pass_once()


@contextlib.contextmanager
def party(server: Running, boards: list[str], people: int, **how: Any) -> Iterator[Party]:
    """A party, as `Party` takes it, that is over at the end of the block at the latest."""
    one = Party(server, boards, people, **how)
    try:
        yield one
    finally:
        one.kill()
