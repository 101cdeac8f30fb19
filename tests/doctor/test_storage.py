"""What `/readyz` and the answer to an op mean."""

from dataclasses import replace

import pytest
from doctor.answers import answer, refusal, way

from whiteboard.doctor import storage
from whiteboard.doctor.exchange import Answer
from whiteboard.doctor.findings import good
from whiteboard.errors import ConnectionLost


@pytest.mark.parametrize(
    ("got", "code"),
    [
        (refusal(503, "not_ready", "storage does not take writes"), "cannot_store"),
        (answer(200, {"ready": True, "degraded": ["postgres is away", 7]}), "degraded"),
        (answer(404), "readiness_hidden"),
        (answer(200, b"ready"), "readiness_hidden"),
    ],
)
def test_readiness(got: Answer, code: str) -> None:
    """The server's own no, or somebody else's answer."""
    found = storage.judge_readiness(way(), got)
    assert found is not None
    assert found.code == code
    silent: list[dict[str, object]] = [{}, {"degraded": []}, {"degraded": "x"}]
    for nothing in silent:
        assert storage.judge_readiness(way(), answer(200, {"ready": True, **nothing})) is None


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"type": "ack", "durable": "disk"}, ""),
        ({"type": "ack", "durable": "stream"}, ""),
        ({"type": "ack", "durable": "memory"}, "in_memory"),
        ({"type": "reject", "code": "storage_unavailable", "reason": "full"}, "cannot_store"),
        ({"type": "reject", "code": "forbidden", "reason": "no"}, "op_not_stored"),
        ({"type": "error", "code": 7}, "op_not_stored"),
    ],
)
def test_the_answer_to_an_op(said: dict[str, object], code: str) -> None:
    """Stored, stored for as long as the process lives, refused."""
    assert storage.judge_ack(said, 0.01).code == code


def test_storage_gets_one_verdict() -> None:
    """What `/readyz` said, what became of the op, or that neither told anything."""
    stored = storage.Stored([good("storage", "an op was stored")])
    hidden = storage.judge_readiness(way(), answer(404))
    assert [one.seen for one in storage.join_findings(None, stored, None)] == ["an op was stored"]
    assert [one.code for one in storage.join_findings(hidden, stored, None)] == ["readiness_hidden", ""]
    (lost,) = storage.join_findings(None, None, storage.judge_lost(ConnectionLost("gone")))
    assert (lost.code, lost.seen) == ("op_not_stored", "drew an op: gone")
    assert [one.mark.value for one in storage.join_findings(None, None, None)] == ["skipped"]


@pytest.mark.parametrize(
    ("url", "is_trusted", "goes"),
    [
        ("https://draw.example.org", True, True),
        ("https://draw.example.org", False, False),
        ("http://draw.example.org", True, False),
        ("http://127.0.0.1:8080", True, True),
    ],
)
def test_the_token_goes_only_where_nobody_reads_along(url: str, is_trusted: bool, goes: bool) -> None:
    """Not in the clear over a network, and not to a certificate that nobody vouches for."""
    headers = storage.authorization(replace(way(url), is_trusted=is_trusted), "secret")
    assert headers == ([("Authorization", "Bearer secret")] if goes else [])
    assert storage.authorization(way(url), None) == []
