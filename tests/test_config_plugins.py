"""Settings of plugins: options and hooks."""

from pathlib import Path

import pytest
from complaints import problems

from whiteboard import config


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("storage_options: {path: /x, deep: {er: 1}, sync: true, fast: no, share: 0.5}",
         {"path": "/x", "deep.er": "1", "sync": "true", "fast": "false", "share": "0.5"}),
        ("storage_options: [path=/x, b=c=d, e=]", {"path": "/x", "b": "c=d", "e": ""}),
        ("storage_options: path=/x", {"path": "/x"}),
        ("storage_options: {}", {}),
        ("storage_options:", {}),
    ],
)  # fmt: skip
def test_options_of_plugins(yaml_file: Path, written: str, expected: dict[str, str]) -> None:
    """A mapping, nested or not, or a list; all values become texts, for the plugin alone knows what they mean."""
    yaml_file.write_text(written)
    found = config.load({"config": str(yaml_file)}, {}).storage_options
    assert {option.key: option.value for option in found} == expected


def test_options_of_plugins_in_flags_and_variables() -> None:
    """A list with commas; the stronger source takes the place of all of them."""
    variables = {"WHITEBOARD_STORAGE_OPTIONS": "a=1,b=2"}
    assert [str(one) for one in config.load({}, variables).storage_options] == ["a=1", "b=2"]
    assert [str(one) for one in config.load({"storage_options": "c=3"}, variables).storage_options] == ["c=3"]


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("5", "expected a mapping of options, or a list of KEY=VALUE, got 5"),
        ("[a]", "expected KEY=VALUE, got 'a'"),
        ("[1]", "expected a mapping of options, or a list of KEY=VALUE, got [1]"),
        ("{a: [1]}", "expected a text, a number or a truth value for a, got [1]"),
        ('{a: "x\\ny"}', "expected a text, a number or a truth value for a, got 'x\\ny'"),
        ("{a b: 1}", "expected an option's name of at most 128 letters, digits and _ . -, got 'a b'"),
        ("[a=1, a=2]", "expected each option once, got a twice"),
        ("{" + ",".join(f"k{n}: 1" for n in range(65)) + "}", "expected at most 64 options, got 65"),
        ("{a: " + "x" * 4097 + "}", "expected at most 4096 characters for a, got 4097"),
    ],
)
def test_bad_options_of_plugins(yaml_file: Path, written: str, complaint: str) -> None:
    """Each is bounded, and the complaint names it."""
    yaml_file.write_text(f"permission_options: {written}")
    assert problems({"config": str(yaml_file)}, {}) == [f"{yaml_file}: permission_options: {complaint}"]


def test_permissions_are_bounded_and_named_once() -> None:
    """Hooks are installed plugins; what is not is told for each."""
    found = problems({"permissions": "nobody-has-this,nor-this"}, {})
    assert [line.partition(":")[0] for line in found] == ["--permissions", "--permissions"]
    assert all("expected an installed permission hook" in line for line in found)
    found = problems({"permissions": ",".join([*(f"no-such-{n}" for n in range(8)), "no-such-0"])}, {})
    assert found[-2:] == [
        "permissions: no-such-0 stands there more than once",
        "permissions: expected at most 8 hooks, got 9",
    ]
