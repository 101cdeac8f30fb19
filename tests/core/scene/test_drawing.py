"""What is drawn of each type of element."""

import math
from typing import Any

import pytest
from core.scene.made import drawn, element, line, only, wave

from whiteboard.core.scene.colors import GREY, INK, Color
from whiteboard.core.scene.drawing import DASHES, Fill, Photo, Trail, Turn, Words, measure
from whiteboard.core.scene.geometry import Box
from whiteboard.core.scene.letters import Estimate
from whiteboard.core.scene.shown import read_shown


def test_a_stroke_is_filled_between_its_sides() -> None:
    """In its colour; ink without one."""
    stroke = only(wave("s", 0, 0, color="#e03131", width=6))
    assert isinstance(stroke, Fill)
    assert stroke.color == Color(224, 49, 49)
    plain = only(wave("s", 0, 0))
    assert isinstance(plain, Fill)
    assert plain.color == INK


def test_a_stroke_that_would_be_thinner_than_a_pixel_is_a_line() -> None:
    """Of one pixel at least."""
    trail = only(wave("s", 0, 0, width=4), 0.1)
    assert isinstance(trail, Trail)
    assert trail.width == 10
    dot = only(line("s", (5, 5), width=4), 0.2)
    assert isinstance(dot, Fill)


def test_a_stroke_is_moved_by_its_offset_and_stretched_to_its_size() -> None:
    """The points stay what they are. [PRP-9] [PRP-12]"""
    assert drawn(line("s", (0, 0, 0.5), (10, 10, 0.5), x=100, y=50)).box.middle == pytest.approx((105, 55))
    wide = drawn(line("s", (0, 0, 0.5), (10, 10, 0.5), w=40, h=20))
    assert wide.box.middle == pytest.approx((20, 10))
    flat = drawn(line("s", (0, 0, 0.5), (10, 0, 0.5), w=40, h=20))
    assert flat.box.middle == pytest.approx((20, 0))


@pytest.mark.parametrize(
    ("kind", "verbs"), [("rectangle", "MLCLCLCLCZ"), ("ellipse", "MCCCCZ"), ("diamond", "MLLLZ")]
)
def test_a_shape_has_a_line_around_and_a_filling_if_it_says_so(kind: str, verbs: str) -> None:
    """Filled first."""
    trail = only(element("shape", kind=kind, w=60, h=40, width=3))
    assert isinstance(trail, Trail)
    assert "".join(segment[0] for segment in trail.path) == verbs
    fill, around = drawn(element("shape", kind=kind, w=60, h=40, fill="#fff")).commands
    assert isinstance(fill, Fill)
    assert isinstance(around, Trail)
    assert fill.color == Color(255, 255, 255)
    assert isinstance(only(element("shape", kind=kind, fill="transparent", w=60, h=40)), Trail)


def test_lines_and_arrows_run_from_corner_to_corner() -> None:
    """Also backwards; an arrow has two barbs, and is no thicker than its length allows. [PRP-10]"""
    straight = only(element("shape", kind="line", x=10, y=10, w=-5, h=7))
    assert isinstance(straight, Trail)
    assert [list(segment) for segment in straight.path] == [["M", 10, 10], ["L", 5, 17]]
    arrow = only(element("shape", kind="arrow", x=0, y=0, w=30, h=0, width=100))
    assert isinstance(arrow, Trail)
    assert [segment[0] for segment in arrow.path] == ["M", "L", "M", "L", "L"]
    assert list(arrow.path[3]) == ["L", 30, 0]
    assert arrow.width == 5


def test_text_stands_in_lines() -> None:
    """One below the other; empty ones take their place and nothing else."""
    first, second = drawn(element("text", text="one\n\nthree", x=5, y=10, size=20, color="blue")).commands
    assert isinstance(first, Words)
    assert isinstance(second, Words)
    assert (first.text, first.x, second.text) == ("one", 5, "three")
    assert second.y - first.y == pytest.approx(52)


def test_a_note_is_paper_that_grows_with_its_text() -> None:
    """In its colour, with dark letters on it."""
    paper, *words = drawn(element("note", text="word " * 40, x=0, y=0, w=100, h=50, color="#d3f9d8")).commands
    assert isinstance(paper, Fill)
    assert paper.color == Color(0xD3, 0xF9, 0xD8)
    assert len(words) > 4
    assert max(max(numbers[1::2], default=0) for _, *numbers in paper.path) > 150
    assert all(isinstance(word, Words) and word.color == INK for word in words)


def test_a_picture_has_a_sign_for_when_it_is_missing() -> None:
    """In its own box."""
    photo = only(element("image", asset="abc", x=10, y=20, w=30, h=40, opacity=0.5))
    assert isinstance(photo, Photo)
    assert (photo.asset, photo.box, photo.opacity) == ("abc", Box(10, 20, 40, 60), 0.5)
    assert [type(one) for one in photo.instead] == [Fill, Trail]


@pytest.mark.parametrize("kind", ["page", "hologram"])
def test_what_has_no_picture_has_its_place(kind: str) -> None:
    """A dashed box."""
    trail = only(element(kind, w=50, h=50))
    assert isinstance(trail, Trail)
    assert (trail.color, trail.dashes) == (GREY, DASHES)


def test_a_turn_is_about_the_middle_and_in_the_box() -> None:
    """What is turned reaches farther. [PRP-11]"""
    turned = drawn(element("shape", kind="rectangle", x=0, y=0, w=100, h=0, rotation=math.pi / 2))
    assert turned.turn == Turn(math.pi / 2, 50, 0)
    assert turned.box.height > 100


def test_opacity_fades_every_command() -> None:
    """Filling and line alike."""
    commands = drawn(element("shape", kind="rectangle", fill="#000000", opacity=0.25)).commands
    assert [command.color.alpha for command in commands if isinstance(command, Fill | Trail)] == [0.25, 0.25]


def test_a_speck_is_a_square_of_its_colour() -> None:
    """From far away nothing else is to be seen."""
    speck = only(element("shape", kind="ellipse", w=10, h=10, color="red"), 0.01)
    assert isinstance(speck, Fill)
    assert speck.color == Color(255, 0, 0)
    assert speck.path[0] == ("M", 5 - 75, 5 - 75)


@pytest.mark.parametrize(
    "shown",
    [
        element("stroke", points=[]),
        element("stroke", width="wide"),
        element("text", text=7),
        element("shape", x=[]),
    ],
)
def test_what_cannot_be_shown_is_left_out_or_has_its_place(shown: bytes) -> None:
    """A stroke without points, and what a client of another time may have meant: no picture fails of it."""
    measured = measure(read_shown(shown), Estimate())
    assert measured is None or measured.box.width > 0


def test_a_stroke_that_is_stretched_beyond_all_numbers_is_not_seen() -> None:
    """Its points are within bounds, and so is its width."""
    near = line("s", (0, 0), (1e-300, 1e-300), (2e-300, 0), w=1e9, h=1e9)
    assert measure(read_shown(near), Estimate()) is None


def test_every_type_fits_into_its_box() -> None:
    """All points of all paths: what lies outside would stay when the element goes."""
    kinds: list[dict[str, Any]] = [
        {"kind": "arrow", "w": 80, "h": -60, "width": 20},
        {"kind": "ellipse", "w": -80, "h": 60, "width": 9},
        {"kind": "diamond", "w": 80, "h": 60, "width": 9},
    ]
    shown = [element("shape", **one) for one in kinds] + [
        wave("s", 0, 0, width=30),
        line("d", (3, 4, 1), width=40),
    ]
    for one in shown:
        drawing = drawn(one)
        for command in drawing.commands:
            assert isinstance(command, Fill | Trail)
            for _, *numbers in command.path:
                assert all(drawing.box.left <= x <= drawing.box.right for x in numbers[::2])
                assert all(drawing.box.top <= y <= drawing.box.bottom for y in numbers[1::2])
