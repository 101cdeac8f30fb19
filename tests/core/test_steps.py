"""Points as steps: the same numbers in half of the bytes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import History, histories, points

from whiteboard.client.steps import points_of
from whiteboard.core.steps import Points, in_steps, steps_of

decimals = st.builds(
    lambda number, scale: number / scale, st.integers(-(10**9), 10**9), st.sampled_from([1, 10, 100, 1000])
)
strokes = st.one_of(
    st.lists(st.lists(decimals, min_size=2, max_size=2), max_size=6),
    st.lists(st.lists(decimals, min_size=3, max_size=3), max_size=6),
    st.lists(points, max_size=6),
)


@given(strokes)
def test_steps_give_the_very_numbers(some: Points) -> None:
    """Whatever has steps comes back from them. [ELM-11]"""
    steps = steps_of(some)
    if steps is not None:
        assert points_of(steps) == some


@pytest.mark.parametrize(
    ("some", "steps"),
    [
        ([[123.4, -0.5], [123.5, -0.5], [123.2, 0.7]], [2, 10, 1234, -5, 1, 0, -3, 12]),
        ([[1, 2, 0.45], [1.01, 2.01, 0.5]], [3, 100, 100, 200, 45, 1, 1, 5]),
        ([[3, 4]], [2, 1, 3, 4]),
        ([], None),
        ([[1, 2], [1, 2, 0.5]], None),
        ([[1 / 3, 2]], None),
    ],
)
def test_steps_are_the_smallest_integers_that_will_do(some: Points, steps: list[int] | None) -> None:
    """Width, scale, first point, differences; none where pressures are mixed or numbers have no end. [ELM-10]"""
    assert steps_of(some) == steps


@pytest.mark.no_cover
@given(histories())
def test_states_differ_in_nothing_but_steps(history: History) -> None:
    """Every other field is there as it was, and so are the points. [ELM-10] [ELM-11]"""
    states = [one.state() for one in history.board]
    told = json.loads(b"[" + in_steps(b",".join(states)) + b"]")
    for state in told:
        if "points" in state:
            state["points"] = points_of(state["points"])
    assert told == [json.loads(state) for state in states]


def test_a_property_that_looks_like_points_is_left_alone() -> None:
    """The state is sent as it is then."""
    long = b"[[1000,1000],[1001,1000],[1002,1000]]"
    state = b'{"id":"s","points":%s,"mine":%s}' % (long, long)
    assert in_steps(state) == state
    assert (
        in_steps(state.replace(b'"mine":' + long, b'"mine":1'))
        == b'{"id":"s","points":[2,1,1000,1000,1,0,1,0],"mine":1}'
    )
