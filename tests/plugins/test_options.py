"""Reading a plugin's options."""

from pathlib import Path

import pytest

from whiteboard.errors import ConfigError
from whiteboard.plugins import options


def test_options_are_taken_with_their_defaults() -> None:
    """What is given is read, what is not has its default."""
    with options.reading({"path": "~/x", "sync": "No", "pause": "0.5"}) as reader:
        assert reader.require("path", options.path) == Path.home() / "x"
        assert reader.take("sync", options.truth, True) is False
        assert reader.take("pause", options.seconds, 1.0) == 0.5
        assert reader.take("name", str, "nobody") == "nobody"


def test_all_problems_come_together() -> None:
    """Bad values, missing and unknown options, each with its name."""

    def read_all() -> None:
        given = {"sync": "maybe", "puase": "1", "z": "", "t": "-1"}
        with options.reading(given) as reader:
            assert reader.take("sync", options.truth, True)
            assert reader.take("pause", options.seconds, 1.0) == 1.0
            assert reader.take("t", options.seconds, 2.0) == 2.0
            assert reader.require("path", options.path) is None
            assert reader.take("z", options.path, None) is None

    with pytest.raises(ConfigError) as wrong:
        read_all()
    assert wrong.value.problems == [
        "sync: expected true or false, got 'maybe'",
        "t: expected a number of seconds above 0, got '-1'",
        "path: missing",
        "z: expected a path, got ''",
        "puase: no such option; did you mean pause?",
    ]


@pytest.mark.parametrize("text", ["x", "nan", "inf", "0"])
def test_what_is_no_number_of_seconds(text: str) -> None:
    """Among them what Python takes for a number."""
    with pytest.raises(ValueError, match="above 0"):
        options.seconds(text)


def test_a_home_that_does_not_exist() -> None:
    """Is told as such."""
    with pytest.raises(ValueError, match="home directory"):
        options.path("~nobody-of-that-name/x")
