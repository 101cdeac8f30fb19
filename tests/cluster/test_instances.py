"""Servers as others are told of them."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whiteboard import config, limits
from whiteboard.cluster.instances import Health, default_name
from whiteboard.config import TcpAddress, UnixAddress


@pytest.mark.parametrize(
    ("statuses", "health"),
    [
        (["passing"], Health.PASSING),
        (["passing", "warning"], Health.WARNING),
        (["warning", "critical", "passing"], Health.CRITICAL),
        (["passing", "maintenance"], Health.CRITICAL),
        (["warning", ""], Health.CRITICAL),
        ([], Health.CRITICAL),
    ],
)
def test_the_worst_check_counts(statuses: list[str], health: Health) -> None:
    """And what nobody knows, or nobody has checked, is no place to send people to."""
    assert Health.of(statuses) is health


def test_a_name_is_the_machine_s_and_the_port() -> None:
    """With a socket file's name in place of a port, and nothing in it that is more than a name."""
    assert default_name("box", TcpAddress("127.0.0.1", 8080)) == "box:8080"
    assert default_name("box", UnixAddress(Path("/run/wb 1.sock"))) == "box:wb-1.sock"
    assert default_name("-Büro 1", TcpAddress(None, 80)) == "B-ro-1:80"
    assert default_name("", TcpAddress(None, 80)) == "server:80"


@given(st.text(max_size=300), st.text(min_size=1, max_size=300).filter(lambda name: "\0" not in name))
def test_a_name_that_is_made_is_one_that_may_be_given(hostname: str, file: str) -> None:
    """Whatever the machine and the socket are called."""
    for name in (
        default_name(hostname, TcpAddress(None, 65535)),
        default_name(hostname, UnixAddress(Path("/") / file.replace("/", "-"))),
    ):
        assert len(name) <= limits.MAX_INSTANCE_CHARS
        assert re.fullmatch(r"[A-Za-z0-9_.:-]+", name)
        assert config.load({"instance": name}, {}).instance == name
