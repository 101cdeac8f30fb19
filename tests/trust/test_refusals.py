"""What is said to those who are refused."""

from whiteboard import limits
from whiteboard.trust.refusals import error_body, foreign_host, foreign_origin


def test_errors_have_one_shape() -> None:
    """Code, reason and, where a field is at fault, its path. [HTTP-8]"""
    assert error_body("code", "Reason.") == {"error": {"code": "code", "reason": "Reason."}}
    assert error_body("code", "Reason.", "?limit")["error"] == {
        "code": "code",
        "reason": "Reason.",
        "path": "?limit",
    }


def test_refusals_name_the_value_and_the_setting() -> None:
    """Cut, so that nobody fills an answer or a log with it."""
    assert "'evil.example:80'" in foreign_host("evil.example:80")
    assert "the setting hosts" in foreign_host("evil.example:80")
    assert "'https://evil.example'" in foreign_origin("https://evil.example")
    assert "the setting origins" in foreign_origin("https://evil.example")
    assert len(foreign_host("x" * 10_000)) < 2 * limits.MAX_SHOWN_VALUE_CHARS + 100
