"""What a picture shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whiteboard.core.scene.framing import export_frame, largest_scale, thumbnail_frame
from whiteboard.core.scene.geometry import Box

sides = st.floats(0.5, 1e9)
boxes = st.builds(
    lambda x, y, w, h: Box(x, y, x + w, y + h), st.floats(-1e9, 1e9), st.floats(-1e9, 1e9), sides, sides
)


@given(box=boxes)
def test_a_thumbnail_shows_all_that_is_drawn(box: Box) -> None:
    """In a picture of the size that was asked for; never enlarged."""
    frame = thumbnail_frame(box, 320, 240)
    slack = 2e9 * 1e-9  # of coordinates that large
    assert (frame.width, frame.height) == (320, 240)
    assert 0 < frame.zoom <= 1
    assert frame.left <= box.left + slack
    assert frame.top <= box.top + slack
    assert frame.left + 320 / frame.zoom >= box.right - slack
    assert frame.top + 240 / frame.zoom >= box.bottom - slack


def test_one_more_stroke_mostly_leaves_the_frame_as_it_is() -> None:
    """What is drawn is rounded outwards to sixteenths of its size."""
    frame = thumbnail_frame(Box(10, 10, 900, 500), 320, 240)
    assert thumbnail_frame(Box(10, 10, 950, 510), 320, 240) == frame
    assert thumbnail_frame(Box(10, 10, 1100, 510), 320, 240) != frame


def test_an_export_has_a_margin() -> None:
    """24 board units on each side, at any scale."""
    frame = export_frame(Box(0, 0, 100, 50), 2.0)
    assert frame.pixels == 296 * 196
    assert tuple(frame) == (296, 196, -24, -24, 2.0)


def test_an_empty_board_has_a_picture_too() -> None:
    """Of paper."""
    assert export_frame(None, 1.0)[:2] == (320, 240)
    assert thumbnail_frame(None, 320, 240)[:2] == (320, 240)


@given(box=boxes)
def test_the_scale_to_ask_for_fits(box: Box) -> None:
    """Whatever the board's size, and it is not much smaller than it could be."""
    scale = largest_scale(box, 16_000_000, 16_384)
    frame = export_frame(box, scale)
    assert frame.pixels <= 16_000_000 + frame.width + frame.height
    assert max(frame.width, frame.height) <= 16_384
    assert max(frame.pixels / 16_000_000, max(frame[:2]) / 16_384) == pytest.approx(1, abs=0.3)
