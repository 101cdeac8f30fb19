"""Header fields, looked up in any case."""

from whiteboard.trust.headers import Headers

FIELDS = Headers([("Host", "example.org"), ("X-A", "1, 2"), ("x-a", "3,,"), ("X-B", "")])


def test_names_are_looked_up_without_regard_to_case() -> None:
    """The first value, every value, or none."""
    assert FIELDS.get("HOST") == "example.org"
    assert FIELDS.get("missing") is None
    assert FIELDS.get_all("x-A") == ["1, 2", "3,,"]
    assert list(Headers([("A", "b")])) == [("a", "b")]


def test_elements_are_joined_over_lines() -> None:
    """Stripped, and none of them empty."""
    assert FIELDS.elements("X-A") == ["1", "2", "3"]
    assert FIELDS.elements("x-b") == []
