"""Registries are read from their text."""

import ast

import pytest
from governance_samples import world_of

from whiteboard.governance.rules.registry import RegistrySpec, constant, entries, entry_class

REGISTRY = """# file: pkg/t.py
from typing import Final
from pkg.r import register
A: Final = register("a", 2.0, "why")
B = register(name="b", value=500, unit="ms")
C = register("c", compute())
D = 4 * 1024
E, F = 1, 2
# file: pkg/r.py
class Timeout: ...
def register(name, value, why="", unit="s") -> "Timeout": ...
"""


def test_entries_are_what_the_function_is_given_and_units_count() -> None:
    """An entry whose value is no literal has none."""
    found = entries(world_of(REGISTRY), RegistrySpec("pkg.t", value="value"))
    assert {name: entry.value for name, entry in found.items()} == {
        "pkg.t.A": 2.0,
        "pkg.t.B": 0.5,
        "pkg.t.C": None,
    }


def test_without_a_function_the_constants_are_the_registry() -> None:
    """As in a module of limits."""
    found = entries(world_of(REGISTRY), RegistrySpec("pkg.t", function=None))
    assert found["pkg.t.D"].value == 4096


def test_a_registry_that_is_not_there_has_no_entries() -> None:
    """Nor has it a class of them."""
    world = world_of(REGISTRY)
    assert entries(world, RegistrySpec("pkg.nowhere")) == {}
    assert entry_class(world, RegistrySpec("pkg.nowhere")) is None
    assert entry_class(world, RegistrySpec("pkg.t")) == "pkg.r.Timeout"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("4 * 1024", 4096.0),
        ("2 ** 10", 1024.0),
        ("1 << 4", 16.0),
        ("7 // 2 - 1", 2.0),
        ("-1.5 + 2", 0.5),
        ("10 / 4", 2.5),
        ("True", None),
        ("1 / 0", None),
        ("9 ** 99999", None),
        ("x * 2", None),
        ("7 % 2", None),
    ],
)
def test_arithmetic_on_numbers_is_a_number(text: str, value: float | None) -> None:
    """What has no value, or would have an enormous one, is none."""
    assert constant(ast.parse(text, mode="eval").body) == value
