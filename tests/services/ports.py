"""Ports of loopback for servers that tests start."""

import os
import random
import socket
from collections.abc import Iterator
from typing import Final

PORTS: Final = range(15_000, 30_000)
"""Below those that the system gives to outgoing connections, so that a server that is stopped and started
again finds its port free, whoever connected to what meanwhile."""


def free_port() -> int:
    """A port of loopback that nobody has, and that no other caller was given lately.

    A port is given long before its server listens: two of one nginx's sites once had the same.
    """
    return next(port for port in _mine if is_free(port))


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def in_turn(worker: int, workers: int) -> Iterator[int]:
    """One worker's share of the ports, again and again; none comes back before all others have come.

    It begins anywhere, as a run of tests beside this one does.
    """
    share = PORTS[worker::workers]
    given = random.SystemRandom().randrange(len(share))
    while True:
        yield share[given % len(share)]
        given += 1


def _of_this_worker() -> Iterator[int]:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return in_turn(int(worker), int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


_mine = _of_this_worker()
