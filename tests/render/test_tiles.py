"""Squares of a picture."""

from whiteboard.core.scene.framing import Frame
from whiteboard.core.scene.geometry import Box
from whiteboard.ids import ElementId
from whiteboard.render.tiles import TILE_PX, Tiles

ONE, TWO = ElementId("one"), ElementId("two")


def tiles() -> Tiles:
    """Three by two squares, at two pixels for each board unit, from (100, 100) on; all is painted."""
    made = Tiles(Frame(3 * TILE_PX - 10, 2 * TILE_PX, 100, 100, 2.0))
    made.settle()
    return made


def test_squares_cover_the_frame() -> None:
    """The last of a row is as wide as is left; at first none is painted."""
    made = Tiles(Frame(3 * TILE_PX - 10, 2 * TILE_PX, 0, 0, 1.0))
    assert (made.columns, made.rows, len(made)) == (3, 2, 6)
    assert made.stale == set(range(6))
    assert made.square(0) == (0, 0, TILE_PX, TILE_PX)
    assert made.square(5) == (2 * TILE_PX, TILE_PX, 3 * TILE_PX - 10, 2 * TILE_PX)


def test_a_box_lies_on_the_squares_that_it_touches() -> None:
    """And on its neighbours when it is nearer than two pixels; outside it lies on none."""
    made = tiles()
    assert list(made.under(Box(110, 110, 120, 120))) == [0]
    assert list(made.under(Box(110, 110, 163.5, 120))) == [0, 1]
    assert list(made.under(Box(0, 0, 1000, 1000))) == list(range(6))
    assert list(made.under(Box(-500, 110, -400, 120))) == []
    assert list(made.under(Box(-1e9, -1e9, 1e9, 1e9))) == list(range(6))


def test_what_changes_makes_its_squares_stale() -> None:
    """Where it was and where it is."""
    made = tiles()
    made.place(ONE, Box(110, 110, 120, 120))
    assert made.stale == {0}
    made.settle()
    made.lift(ONE, Box(110, 110, 120, 120))
    made.place(ONE, Box(240, 180, 245, 185))
    assert made.stale == {0, 5}
    assert made.members(0) == set()
    assert made.members(5) == {ONE}


def test_what_comes_on_top_is_only_added() -> None:
    """In the order in which it comes."""
    made = tiles()
    made.top(ONE, Box(110, 110, 120, 120))
    made.top(TWO, Box(110, 110, 200, 120))
    assert made.stale == set()
    assert made.topped == {0: [ONE, TWO], 1: [TWO]}
    made.spoil()
    assert made.topped == {}
    assert len(made.stale) == 6
