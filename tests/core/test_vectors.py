"""The shared vectors: what the page's merge is held to, Python's is held to as well."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from strategies import read_wire, replica, states
from vectors import generate

from whiteboard.core.order_keys import is_order_key, key_between, order_key

FOLDER = Path(generate.__file__).parent
CASES = [
    pytest.param(case, id=f"{file}: {case['name']}")
    for file in ("merge.json", "merge_by_hand.json")
    for case in json.loads((FOLDER / file).read_text())["cases"]
]
KEYS = json.loads((FOLDER / "order_keys.json").read_text())


def test_the_generated_vectors_are_fresh() -> None:
    """`python -m vectors.generate` has been run after the last change of the core."""
    assert (FOLDER / "merge.json").read_text() == generate.merge_vectors()
    assert (FOLDER / "order_keys.json").read_text() == generate.order_key_vectors()
    assert len(CASES) >= 60


@pytest.mark.parametrize("case", CASES)
def test_ops_merge_to_the_given_elements(case: dict[str, Any]) -> None:
    """In order, reversed, shuffled and twice, the ops end in the elements of the vector. [MRG-1] [ELM-1]"""
    ops = [read_wire(op) for op in case["ops"]]
    shuffled = Random(case["name"]).sample(ops, len(ops))
    for order in (ops, ops[::-1], shuffled, ops + shuffled, [op for op in ops for _ in range(2)]):
        assert states(replica(order)) == case["elements"]


@pytest.mark.parametrize(("number", "key"), KEYS["order_key"])
def test_integers_have_the_given_keys(number: int, key: str) -> None:
    """`order_key` gives the vector's key. [ORD-7] [ORD-3] [ORD-4]"""
    assert order_key(number) == key
    assert is_order_key(key)


@pytest.mark.parametrize(("low", "high", "key"), KEYS["between"])
def test_neighbours_have_the_given_key_between_them(low: str | None, high: str | None, key: str) -> None:
    """`key_between` gives the vector's key. [ORD-9] [ORD-10] [ORD-11] [ORD-12]"""
    assert key_between(low, high) == key
