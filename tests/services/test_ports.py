"""Ports that tests give to their servers."""

import socket
from itertools import islice

from services.ports import PORTS, free_port, in_turn, is_free


def test_no_port_is_given_twice_before_all_were() -> None:
    """Sites of one nginx are named before any of them listens."""
    assert len(set(islice(in_turn(0, 1), len(PORTS)))) == len(PORTS)
    given = [free_port() for _ in range(200)]
    assert len(set(given)) == len(given)


def test_workers_share_no_port() -> None:
    """Tests that run beside each other take from their own shares, which together are all."""
    shares = [set(islice(in_turn(worker, 3), len(PORTS) // 3)) for worker in range(3)]
    assert set.union(*shares) == set(PORTS)
    assert sum(map(len, shares)) == len(PORTS)


def test_a_port_that_somebody_has_is_not_given() -> None:
    """Whoever it is, and although nobody listens there yet."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port()))
        assert not is_free(taken.getsockname()[1])
