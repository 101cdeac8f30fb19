"""Ink: the page's formulas, and what holds of them."""

import json
import math
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path as File
from typing import Any

import pytest
from core.test_convergence import node
from hypothesis import example, given
from hypothesis import strategies as st

from whiteboard.core.scene.outlines import (
    dot_radius,
    outline,
    radius_at,
    trace,
    trace_line,
    without_repeats,
)

PAGE = File(__file__).with_name("outlines.mjs")
Ask = Callable[[list[float], float], Any]

# As pens draw: hundredths of a unit, any pressure or none; some points twice, some far away.
coordinates = st.integers(-20_000, 20_000).map(lambda n: n / 100)
pressures = st.sampled_from([-1.0, 0.0, 0.3, 0.5, 1.0])
points = st.lists(st.tuples(coordinates, coordinates, pressures), min_size=1, max_size=12).map(
    lambda found: [number for point in found for number in point]
)
widths = st.sampled_from([0.5, 4.0, 16.0, 100.0])


@pytest.fixture(scope="module")
def page() -> Iterator[Ask]:
    """The page's JavaScript, in one Node process."""
    with subprocess.Popen([node(), PAGE], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None

        def ask(line: list[float], width: float) -> Any:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps({"points": line, "width": width}).encode() + b"\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield ask
        process.stdin.close()


@pytest.mark.no_cover
@given(line=points, width=widths)
@example(line=[0, 0, 0.5], width=4.0)
@example(line=[0, 0, -1, 10, 0, -1, 10, 0, -1, 0, 10, -1, 0, 0, -1], width=4.0)
@example(line=[0, 0, 0.5, 300, 0, 0.5, 300, 200, 0.2, 10, 190, 1], width=16.0)
def test_a_stroke_is_traced_as_the_page_traces_it(page: Ask, line: list[float], width: float) -> None:
    """The same segments with the same numbers, but for the last digits."""
    told = page(line, width)
    _assert_same(trace(outline(line, width)), told["fill"])
    kept = without_repeats(line)
    _assert_same(trace_line(kept) if len(kept) > 3 else [], told["line"])


def _assert_same(ours: Any, theirs: Any) -> None:
    assert [segment[0] for segment in ours] == [segment[0] for segment in theirs]
    for one, other in zip(ours, theirs, strict=True):
        assert one[1:] == pytest.approx(other[1:], rel=1e-9, abs=1e-6)


def test_pressure_makes_a_line_wider() -> None:
    """From a fifth of the width to four fifths on each side; half way without any."""
    assert radius_at(10, 0) == pytest.approx(2)
    assert radius_at(10, 1) == pytest.approx(8)
    assert radius_at(10, -1) == radius_at(10, 0.5)


def test_a_dot_can_be_seen_however_thin_the_pen_is() -> None:
    """Three quarters of the width, up to 1.5 units."""
    assert dot_radius(0.1, 0) == pytest.approx(0.075)
    assert dot_radius(4, 0) == 1.5


def test_no_points_leave_no_ink() -> None:
    """Of a stroke that has just begun."""
    assert outline([], 4) == []


@given(
    line=st.lists(st.floats(-1e9, 1e9), min_size=6, max_size=30).map(
        lambda found: found[: len(found) // 3 * 3]
    )
)
def test_whatever_is_drawn_has_finite_numbers(line: list[float]) -> None:
    """Also where points lie as close as doubles do, or as far apart as they may."""
    line[2::3] = [-1.0] * len(line[2::3])
    path = trace(outline(line, 1000.0))
    assert all(math.isfinite(number) for segment in path for number in segment[1:])
