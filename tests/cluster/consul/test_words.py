"""What is said to an agent, and what its answers mean."""

import json
from typing import Any

import pytest
from cluster.consul.scripted import OWN, registration
from hypothesis import given
from hypothesis import strategies as st

from whiteboard import limits
from whiteboard.cluster.consul.words import next_index, read_listings, read_run, reason_of
from whiteboard.cluster.instances import Health
from whiteboard.config import BasePath, TcpAddress
from whiteboard.errors import AgentFault


def entry(**service: Any) -> dict[str, Any]:
    """One line as `/v1/health/service` has it, with fields that we do not read."""
    return {
        "Node": {"Node": "n", "Address": "10.9.9.9", "Meta": {"deep": [1]}},
        "Service": {"ID": "a", "Port": 80, "Weights": {"Passing": 1}, **service},
        "Checks": [{"Status": "passing", "Output": "x" * 100}],
    }


def read(*entries: Any) -> Any:
    """What is read of an answer with these lines."""
    return read_listings(json.dumps(entries).encode())


def test_a_registration_says_where_what_and_how_to_check() -> None:
    """Address, tags, version, and a check of `/readyz` below the base path. [CLU-1]"""
    body = registration(base_path=BasePath("/wb")).body()
    assert (body["ID"], body["Name"], body["Address"], body["Port"]) == ("a:1", "whiteboard", "10.0.0.1", 80)
    assert body["Tags"] == ["redis", "x"]
    assert body["Meta"] == {"version": "1.2", "mode": "redis", "since": "5", "run": "run-1"}
    assert body["Check"] == {
        "Name": "readyz",
        "HTTP": "http://10.0.0.1:80/wb/readyz",
        "Interval": "5s",
        "Timeout": "2s",
        "TLSSkipVerify": False,
        "DeregisterCriticalServiceAfter": "600s",
    }


def test_a_check_of_a_server_with_tls() -> None:
    """Goes to its address, whatever names the certificate has; IPv6 in brackets. [CLU-1]"""
    check = registration(tls=True, address=TcpAddress("fd00::1", 8443)).body()["Check"]
    assert check["HTTP"] == "https://[fd00::1]:8443/readyz"
    assert check["TLSSkipVerify"]


def test_what_was_registered_is_what_others_read() -> None:
    """All that a server says of itself, with the health that Consul adds."""
    (found,) = read({**entry(), "Service": registration().body()})
    assert found.run == "run-1"
    assert found.instance.health is Health.PASSING
    assert (found.instance.name, found.instance.address) == (OWN.name, OWN.address)
    assert (found.instance.mode, found.instance.version) == (OWN.mode, OWN.version)
    assert (found.instance.since, found.instance.tags) == (OWN.since, OWN.tags)


def test_lines_of_other_programs_are_read_as_far_as_they_go() -> None:
    """Without an address of its own a service is where its node is; nulls and missing fields are nothing."""
    found = read(entry(ID="b", Tags=None, Meta=None), entry(ID="a", Address="x", Meta={"since": "-1"}))
    assert [(one.instance.name, one.instance.address, one.run) for one in found] == [
        ("a", "x:80", ""),
        ("b", "10.9.9.9:80", ""),
    ]
    assert {one.instance.since for one in found} == {None}
    assert read({**entry(), "Checks": None})[0].instance.health is Health.CRITICAL


def test_nothing_that_is_read_is_without_a_bound() -> None:
    """Lines, tags and texts are cut."""
    found = read(*(entry(ID=f"{number:05}") for number in range(limits.MAX_INSTANCES + 5)))
    assert len(found) == limits.MAX_INSTANCES
    long = "x" * 10_000
    (one,) = read(entry(ID=long, Address=long, Tags=[long] * 100, Meta={"version": long, "since": "9" * 99}))
    assert len(one.instance.tags) == limits.MAX_SERVICE_TAGS
    texts = [one.instance.name, one.instance.version, *one.instance.tags]
    assert {len(text) for text in texts} == {limits.MAX_SERVICE_TAG_CHARS}
    assert one.instance.since is None


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{}", b'[{"Service":1}]', b'["\xff"]', b"[" * 100_000, b"null", b"[null]"]
)
def test_what_is_no_list_is_a_fault(body: bytes) -> None:
    """Whatever it is, it was an answer, and nothing of it is believed."""
    with pytest.raises(AgentFault, match="something else than Consul") as fault:
        read_listings(body)
    assert fault.value.answered


@given(st.binary(max_size=200))
def test_any_bytes_are_a_list_or_a_fault(body: bytes) -> None:
    """Nothing else comes of them."""
    for reader in (read_listings, read_run):
        try:
            reader(body)
        except AgentFault:
            pass


def test_whose_a_line_is() -> None:
    """The word that the process made up for its run; nobody's when there is none."""
    assert read_run(json.dumps(registration("r").body()).encode()) == "r"
    assert read_run(b'{"ID":"a"}') == ""


@pytest.mark.parametrize(
    ("index", "told", "following"),
    [(0, "5", 5), (5, "6", 6), (5, "5", 5), (5, "4", 0), (0, "0", 1), (1, "0", 1), (9, "1", 0)],
)
def test_the_index_goes_on_or_begins_again(index: int, told: str, following: int) -> None:
    """Backwards is from the beginning, and nothing is below 1, where a query would not wait."""
    assert next_index(index, told) == following


@pytest.mark.parametrize("told", ["", "x", "-1", "1.5", "9" * 21, "²", "1, 1"])
def test_what_is_no_index_is_a_fault(told: str) -> None:
    """Without one a query would be answered at once, for ever."""
    with pytest.raises(AgentFault, match="without the index"):
        next_index(1, told)


def test_a_refusal_is_one_short_line() -> None:
    """With what the agent said, as far as it goes."""
    assert reason_of(403, b"Permission denied\n") == "answers 403: Permission denied"
    assert reason_of(500, b"") == "answers 500"
    assert len(reason_of(500, b"\xff" * 10_000)) < limits.MAX_CONSUL_REASON_CHARS + 20
