"""Settings: other values for durations."""

from pathlib import Path

import pytest
from complaints import problems

from whiteboard import config


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("timeouts: {hello: 3.0, ping_interval: 5}", {"hello": 3.0, "ping-interval": 5.0}),
        ("timeouts: [hello=3, ping-interval=5]", {"hello": 3.0, "ping-interval": 5.0}),
        ("timeouts: hello=3", {"hello": 3.0}),
        ("timeouts: {}", {}),
        ("timeouts:", {}),
    ],
)
def test_durations_in_a_file(yaml_file: Path, written: str, expected: dict[str, float]) -> None:
    """A mapping, or a list as in a variable."""
    yaml_file.write_text(written)
    found = config.load({"config": str(yaml_file)}, {}).timeouts
    assert {one.name: one.seconds for one in found} == expected


def test_durations_in_flags_and_variables() -> None:
    """A list with commas; the stronger source takes the place of all of them."""
    variables = {"WHITEBOARD_TIMEOUTS": "hello=3,commit=20"}
    assert [str(one) for one in config.load({}, variables).timeouts] == ["hello=3", "commit=20"]
    assert [str(one) for one in config.load({"timeouts": "hello=4"}, variables).timeouts] == ["hello=4"]


def test_all_durations_of_settings() -> None:
    """Those with a setting of their own are put in force too, so that the version tells of them."""
    settings = config.load({"drain_grace": "4", "timeouts": "hello=3"}, {})
    assert settings.durations == {
        "drain-grace": 4.0, "archive-round": 60.0, "archive-cold": 86400.0, "hello": 3.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("helo=3", "there is no duration 'helo'; did you mean hello?"),
        ("xyzzy=3", "there is no duration 'xyzzy'"),
        ("hello=0", "hello: expected a number of seconds above 0, got '0'"),
        ("hello=-1", "hello: expected a number of seconds above 0, got '-1'"),
        ("hello=inf", "hello: expected a number of seconds above 0, got 'inf'"),
        ("hello=soon", "hello: expected a number of seconds above 0, got 'soon'"),
        ("hello=1,hello=2", "hello is given twice"),
        ("drain-grace=1", "drain-grace has a setting of its own, drain_grace"),
        ("archive-cold=1", "archive-cold has a setting of its own, archive.cold_after"),
        ("hello", "expected a mapping of names and seconds, or a list of NAME=SECONDS, got ['hello']"),
        (
            "helo=3,comit=2",
            "there is no duration 'helo'; did you mean hello?; there is no duration 'comit'; did you mean commit?",
        ),
    ],
)
def test_bad_durations(written: str, complaint: str) -> None:
    """Each is named with what was expected, all at once."""
    assert problems({"timeouts": written}, {}) == [f"--timeouts: {complaint}"]


def test_durations_that_do_not_fit_together() -> None:
    """The relation, both values and the reason, for whatever source they came from."""
    (found,) = problems({}, {"WHITEBOARD_TIMEOUTS": "ping-interval=15"})
    assert found.startswith("timeouts: PING_INTERVAL * 3 <= DEAD_PEER does not hold: with PING_INTERVAL 15 s")
    assert config.load({"timeouts": "ping-interval=15,dead-peer=45"}, {}).durations["dead-peer"] == 45.0
