"""Ink: a client's points in one stroke, by index."""

import json
from itertools import pairwise

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import numbers, points, run

from whiteboard.core import ink as ink_module
from whiteboard.core.ink import Ink
from whiteboard.core.ops import Run
from whiteboard.ids import ClientId

A = ClientId("a")

runs = st.builds(run, st.integers(0, 8), st.lists(points, max_size=5))


def as_map(ink: Ink) -> dict[int, list[float]]:
    """Index to point."""
    found = {}
    for one in ink:
        for offset, point in enumerate(json.loads(b"[" + one.points + b"]")):
            found[one.start + offset] = point
    return found


def rank(point: list[float]) -> tuple[float, float, float]:
    """The rule's order of points."""
    x, y, *pressure = point
    return (x, y, pressure[0] if pressure else -1)


@given(st.lists(runs, max_size=8))
def test_ink_is_the_least_point_at_each_index(some: list[Run]) -> None:
    """Runs merge to the map that holds the least of all points given for an index. [MRG-10] [MRG-11]"""
    ink, model = Ink(A), dict[int, list[float]]()
    for one in some:
        before = dict(model)
        for offset, point in enumerate(json.loads(b"[" + one.points + b"]")):
            index = one.start + offset
            if index not in model or rank(point) < rank(model[index]):
                model[index] = point
        assert ink.add(one) == (model != before)
    assert as_map(ink) == model


@given(st.lists(runs, max_size=8))
@example([run(0, [[0, 0]]), run(1, [[0, 0]])])
def test_runs_stay_apart_and_in_order(some: list[Run]) -> None:
    """Runs neither overlap nor touch, count what they hold, and only one from 0 is shown. [MRG-12] [ELM-6]"""
    ink = Ink(A)
    for one in some:
        ink.add(one)
    kept = list(ink)
    assert all(first.end < second.start for first, second in pairwise(kept))
    assert all(one.count == len(json.loads(b"[" + one.points + b"]")) > 0 for one in kept)
    assert ink.shown == next((one for one in kept if one.start == 0), None)
    assert ink.size_bytes == sum(len(one.points) for one in kept)


@given(st.lists(runs, max_size=6), runs)
def test_a_copy_is_independent(some: list[Run], more: Run) -> None:
    """What is added to a copy does not show in its origin."""
    ink = Ink(A)
    for one in some:
        ink.add(one)
    before, twin = list(ink), ink.copy()
    twin.add(more)
    assert list(ink) == before


def test_a_gap_is_closed_when_its_points_come() -> None:
    """Points beyond a gap join the shown run once the gap is filled. [MRG-12]"""
    ink = Ink(A)
    ink.add(run(0, [[0, 0]]))
    ink.add(run(2, [[2, 2]]))
    assert ink.shown == run(0, [[0, 0]])
    ink.add(run(1, [[1, 1]]))
    assert ink.shown is not None
    assert json.loads(b"[" + ink.shown.points + b"]") == [[0, 0], [1, 1], [2, 2]]


def test_a_point_without_pressure_is_less_than_one_with() -> None:
    """Absent pressure counts as -1. [MRG-11]"""
    ink = Ink(A)
    ink.add(run(0, [[1, 1, 0]]))
    assert ink.add(run(0, [[1, 1]]))
    assert as_map(ink) == {0: [1, 1]}


def test_the_sign_of_zero_decides_nothing() -> None:
    """-0 and 0 are the same number, however they are spelled. [MRG-11]"""
    ink = Ink(A)
    ink.add(Run(0, 1, b"[0,1]"))
    for other in (b"[-0,1]", b"[-0.0,1.0]", b"[0e5,10e-1]", b"[ 0 , 1 ]"):
        assert not ink.add(Run(0, 1, other))


def test_points_are_compared_as_numbers_not_as_text() -> None:
    """9 is less than 10, and 1e1 is 10. [MRG-11]"""
    ink = Ink(A)
    ink.add(Run(0, 1, b"[10,0]"))
    assert not ink.add(Run(0, 1, b"[1e1,0]"))
    assert ink.add(Run(0, 1, b"[9,0]"))


@given(numbers, st.integers(0, 30))
def test_numbers_are_read_as_every_json_reader_reads_them(number: float, more_digits: int) -> None:
    """The decimal reader rounds correctly, so no replica takes a point for another. [MRG-11]"""
    for text in (repr(number), f"{number:.17e}", f"{number:.{more_digits}f}"):
        assert msgspec.json.decode(text.encode(), type=float) == float(text)


def test_many_overlapping_runs_read_the_stroke_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sends 2,000 overlapping runs in a frame does not have 10,000 points read for each of them."""
    read = []

    def decode(text: bytes) -> list[msgspec.Raw]:
        found = msgspec.json.decode(text, type=list[msgspec.Raw])
        read.append(len(found))
        return found

    monkeypatch.setattr(ink_module, "_decode_array", decode)
    ink = Ink(A)
    ink.add(run(0, [[x, 0] for x in range(1_000)]))
    for number in range(500):
        ink.add(run(number % 7, [[-number // 2, 0]]))
        ink.add(run(1_000 + number, [[1, 1]]))
    assert sum(read) <= 3_000
    assert sum(one.count for one in ink) == 1_500
