"""Answers and ways for tests of judgements."""

import json

from whiteboard.doctor.exchange import Answer
from whiteboard.doctor.line import Way
from whiteboard.doctor.target import Target


def way(url: str = "http://draw.example.org/wb") -> Way:
    """The way to a place."""
    return Way(Target.of(url))


def answer(status: int, body: object = b"", **headers: str) -> Answer:
    """An answer; a body that is no bytes is made JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Answer(status, fields, data, asked_at=1_000_000.0, seconds=0.2)


def refusal(status: int, code: str, reason: str = "Because.") -> Answer:
    """An error as whiteboard tells it (HTTP-8)."""
    return answer(status, {"error": {"code": code, "reason": reason}})
