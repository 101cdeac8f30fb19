"""Colours as CSS writes them."""

import pytest

from whiteboard.core.scene.colors import INK, Color, parse_color


@pytest.mark.parametrize(
    ("text", "color"),
    [
        ("#fff", (255, 255, 255, 1.0)),
        ("#F008", (255, 0, 0, 136 / 255)),
        ("#1971c2", (25, 113, 194, 1.0)),
        ("#1971c280", (25, 113, 194, 128 / 255)),
        ("RebeccaPurple", (102, 51, 153, 1.0)),
        ("transparent", (0, 0, 0, 0.0)),
        ("rgb(1, 2, 3)", (1, 2, 3, 1.0)),
        ("rgb(100% 0% 0% / 50%)", (255, 0, 0, 0.5)),
        ("rgba(300,-5,0,2)", (255, 0, 0, 1.0)),
        ("hsl(120deg 100% 25%)", (0, 128, 0, 1.0)),
        ("hsla(240, 100%, 50%, .5)", (0, 0, 255, 0.5)),
    ],
)
def test_colours_are_read_as_browsers_read_them(text: str, color: tuple[int, int, int, float]) -> None:
    """Hex, names and functions, in old and new notation."""
    assert parse_color(text) == color


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nope",
        "#12",
        "rgb(1,2)",
        "rgb(a,b,c)",
        'red"/><script>',
        "url(x)",
        "rgb(1e999,0,0)",
        "hsl(1,2,3,4,5)",
    ],
)
def test_what_is_no_colour_is_ink(text: str) -> None:
    """As on the page; nothing of it is kept."""
    assert parse_color(text) == INK


def test_a_colour_fades_and_is_written_as_hex() -> None:
    """What it covers is multiplied and not in the hex."""
    assert Color(1, 2, 255, 0.5).faded(0.5) == (1, 2, 255, 0.25)
    assert Color(1, 2, 255).hex == "#0102ff"
