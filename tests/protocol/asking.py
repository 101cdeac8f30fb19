"""What validation answers, for tests."""

from typing import Any

from strategies import encode

from whiteboard.protocol.validation import BadMessage, BadOp, OpRequest, read_message


def request(text: bytes | dict[str, Any]) -> OpRequest:
    """A message that must be a well-formed op."""
    answer = read_message(text if isinstance(text, bytes) else encode(text))
    assert isinstance(answer, OpRequest), answer
    return answer


def accepts(text: bytes | dict[str, Any]) -> None:
    """A message that must be a well-formed op, whatever it says."""
    request(text)


def refusal(text: bytes | dict[str, Any]) -> tuple[str, str | None]:
    """Code and path of the reject of an op that must be refused."""
    answer = read_message(text if isinstance(text, bytes) else encode(text))
    assert isinstance(answer, BadOp), answer
    assert 0 < len(answer.refusal.reason) <= 300
    return answer.refusal.code.value, answer.refusal.path


def error(text: bytes) -> tuple[str, str | None]:
    """Code and path of the error of a message that must be refused."""
    answer = read_message(text)
    assert isinstance(answer, BadMessage), answer
    assert 0 < len(answer.reason) <= 300
    return answer.code, answer.path


def with_prop(name: str, value: bytes) -> bytes:
    """A set of one property, given as JSON text."""
    return b'{"type":"set","id":"e","props":{%b:%b}}' % (encode(name), value)
