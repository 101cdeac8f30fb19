"""What a canvas paints, looked at pixel by pixel, and what it does not paint again."""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from browser.picture import pixels
from core.scene.made import element, line, wave
from web.pictures_made import png

from whiteboard.core.scene.framing import Frame, export_frame
from whiteboard.core.scene.geometry import Box
from whiteboard.render.asked import Asset
from whiteboard.render.brush import Brush
from whiteboard.render.canvas import Canvas, NotHeld
from whiteboard.render.leases import Lease, LeaseBook
from whiteboard.render.pool import BufferPool, PoolExhausted
from whiteboard.render.tiles import TILE_PX

PAPER = (0xFB, 0xFA, 0xF7)
RED, GREEN, BLUE = (224, 49, 49), (47, 158, 68), (25, 113, 194)
WIDE = Frame(4 * TILE_PX, 3 * TILE_PX, 0.0, 0.0, 1.0)


BOOK = LeaseBook(lambda: 0.0)
HELD: list[Lease[Canvas]] = []


@pytest.fixture(autouse=True)
def nothing_is_held_any_more() -> Iterator[None]:
    """Each test's leases end with it."""
    yield
    while HELD:
        BOOK.end(HELD.pop())


def fixed(_: Box | None) -> Frame:
    """A frame that stays as it is, whatever is drawn."""
    return WIDE


class Easel:
    """One canvas that somebody holds."""

    def __init__(self, brush: Brush) -> None:
        self.pool = BufferPool(poisons=True)
        self.canvas = Canvas("canvas", self.pool, brush)
        self._lease = BOOK.take(self.canvas)
        HELD.append(self._lease)

    def show(self, *elements: bytes, frame_of: Callable[[Box | None], Frame] = fixed) -> int:
        """Take over a board; how many squares were painted."""
        self.canvas.look(elements, frame_of)
        return self.canvas.paint()

    @property
    def raw(self) -> bytes:
        """Its buffer: blue, green, red and alpha of each pixel."""
        assert self.canvas._buffer is not None
        return bytes(self.canvas._buffer.view)

    def at(self, x: int, y: int) -> tuple[int, int, int]:
        """One pixel."""
        assert self.canvas._surface is not None
        start = (y * self.canvas._surface.frame.width + x) * 4
        blue, green, red, _ = self.raw[start : start + 4]
        return red, green, blue


@pytest.fixture
def easel(brush: Brush) -> Easel:
    """A new one."""
    return Easel(brush)


def near(one: Sequence[int], other: Sequence[int], by: int = 3) -> bool:
    """Whether two colours are about the same."""
    return all(abs(a - b) <= by for a, b in zip(one, other, strict=True))


BAR = line("bar", (20, 40, 0.5), (200, 40, 0.5), color="#e03131", width=16)
BOX = element(
    "shape", "box", kind="rectangle", x=300, y=200, w=100, h=80, color="#2f9e44", fill="#1971c2", width=6
)


def test_colours_are_where_strokes_and_shapes_are(easel: Easel) -> None:
    """On paper. [R40]"""
    assert easel.show(BAR, BOX) == 12
    shown = pixels(easel.canvas.png())
    assert (len(shown[0]), len(shown)) == (WIDE.width, WIDE.height)
    assert near(shown[40][100], RED)
    assert near(shown[47][100], RED)
    assert shown[60][100] == PAPER
    assert near(shown[240][300], GREEN)
    assert near(shown[240][350], BLUE)
    assert shown[240][250] == PAPER


def test_what_lies_above_covers_what_lies_below(easel: Easel) -> None:
    """The other way round when their order changes; the squares of both are painted again, and no others."""
    top = line("top", (100, 10, 0.5), (100, 90, 0.5), color="#1971c2", width=16)
    easel.show(BAR, top, BOX)
    assert near(easel.at(100, 40), BLUE)
    assert easel.show(top, BAR, BOX) == 2
    assert near(easel.at(100, 40), RED)


@pytest.mark.parametrize(
    ("shown", "at", "color"),
    [
        (element("shape", kind="ellipse", x=0, y=0, w=100, h=60, fill="red"), (50, 30), (255, 0, 0)),
        (element("shape", kind="diamond", x=0, y=0, w=100, h=60, fill="red"), (50, 30), (255, 0, 0)),
        (element("shape", kind="ellipse", x=0, y=0, w=100, h=60, fill="red"), (5, 5), PAPER),
        (element("shape", kind="arrow", x=0, y=50, w=100, h=0, color="red", width=8), (50, 50), (255, 0, 0)),
        (element("note", x=0, y=0, w=100, h=60, color="#d3f9d8"), (50, 30), (0xD3, 0xF9, 0xD8)),
        (element("image", asset="x", x=0, y=0, w=100, h=60), (3, 3), (0xE9, 0xEC, 0xEF)),
        (
            element("shape", kind="rectangle", x=0, y=0, w=100, h=60, fill="#000", opacity=0.5),
            (50, 30),
            (126, 125, 124),
        ),
        (
            element("shape", kind="rectangle", x=0, y=40, w=100, h=2, fill="red", rotation=1.5708),
            (50, 10),
            (30, 30, 30),
        ),
        (line("dot", (50, 50, 1.0), width=30, color="red"), (50, 50), (255, 0, 0)),
        (wave("far", 1e8, 1e8), (50, 50), PAPER),
    ],
)
def test_every_type_is_seen(
    easel: Easel, shown: bytes, at: tuple[int, int], color: tuple[int, int, int]
) -> None:
    """In its place and colour. [R40]"""
    easel.show(shown)
    x, y = at
    assert near(easel.at(x, y), color)


@pytest.mark.parametrize("text", ["Hello", "你好", "a\u0301", "🙂", "\u202e\x07"])
def test_letters_are_seen(easel: Easel, text: str) -> None:
    """Of any writing that the machine has fonts for, and a box for what it has none for."""
    easel.show(element("text", text=f"M{text}", x=10, y=10, size=60, color="#1971c2"))
    seen = easel.raw
    assert bytes((*reversed(BLUE), 255)) in seen
    assert set(zip(*[iter(seen[120 * WIDE.width * 4 :])] * 4, strict=True)) == {(*reversed(PAPER), 255)}


def test_one_more_stroke_is_painted_where_it_is_and_takes_no_buffer(easel: Easel) -> None:
    """Two squares of twelve, and nothing new for the pool. [R40]"""
    easel.show(BAR, BOX)
    before = easel.pool.statistics()
    easel.canvas.put(line("more", (100, 20, 0.5), (160, 20, 0.5), color="#1971c2", width=16))
    assert easel.canvas.paint() == 2
    assert easel.pool.statistics() == before
    assert near(easel.at(130, 20), BLUE)
    easel.canvas.put(
        line("more", (100, 20, 0.5), (160, 20, 0.5), color="#2f9e44", width=16)
    )  # another colour
    assert easel.canvas.paint() == 2
    assert near(easel.at(130, 20), GREEN)
    assert easel.pool.statistics() == before


def test_nothing_is_painted_when_nothing_has_changed(easel: Easel) -> None:
    """Neither squares nor elements."""
    easel.show(BAR, BOX)
    did = easel.canvas.statistics()
    assert easel.show(BAR, BOX) == 0
    assert easel.canvas.statistics() == did


def test_after_any_changes_it_is_as_if_drawn_anew(brush: Brush) -> None:
    """Strokes that come, grow, move, go and change places; the same pixels, to the last one. [R40]"""
    chance = random.Random(7)
    kept = Easel(brush)
    board: list[dict[str, Any]] = []
    for step in range(40):
        _change(board, chance, step)
        kept.show(*(json.dumps(one).encode() for one in board))
        if step % 8 == 7:
            fresh = Easel(brush)
            fresh.show(*(json.dumps(one).encode() for one in board))
            assert kept.raw == fresh.raw
    done = kept.canvas.statistics()
    assert done.wholes <= 2
    assert done.squares < 40 * 12


def _change(board: list[dict[str, Any]], chance: random.Random, step: int) -> None:
    """One thing that people do."""
    match chance.choice(["add", "add", "grow", "move", "remove", "lift", "color"]) if board else "add":
        case "add":
            x, y = chance.randrange(0, 380), chance.randrange(20, 360)
            color = chance.choice(["#e03131", "#2f9e4480", "#1971c2"])
            board.append(json.loads(wave(f"s{step}", x, y, color=color, width=chance.choice([2, 9]))))
        case "grow":
            one = chance.choice(board)
            x, y, _ = one["points"][-1]
            one["points"] = [*one["points"], [x + 30, y - 20, 0.5]]
        case "move":
            chance.choice(board)["x"] = chance.randrange(-50, 50)
        case "remove":
            board.remove(chance.choice(board))
        case "lift":
            board.append(board.pop(chance.randrange(len(board))))
        case _:
            chance.choice(board)["color"] = "#f08c00"


def test_another_frame_is_drawn_anew_in_the_same_buffer(easel: Easel) -> None:
    """When it has as many pixels; else in one of another size, and the old one is back. [R40]"""
    easel.show(BAR)
    moved = WIDE._replace(left=-100.0, zoom=0.5)
    assert easel.show(BAR, frame_of=lambda _: moved) == 12
    assert near(easel.at(100, 20), RED)
    assert easel.pool.statistics().allocated == 1
    easel.show(BAR, frame_of=lambda _: WIDE._replace(width=64, height=64))
    told = easel.pool.statistics()
    assert (told.allocated, told.in_use) == (2, 1)
    assert len(easel.raw) == 64 * 64 * 4


def test_a_frame_that_moves_keeps_what_was_compiled(easel: Easel) -> None:
    """Only another zoom draws lines of another width."""
    easel.show(BAR)
    assert easel.show(BAR, frame_of=lambda _: WIDE._replace(left=-100.0)) == 12
    assert near(easel.at(250, 40), RED)
    assert easel.at(60, 40) == PAPER


def test_pictures_on_the_board_are_asked_for_once(easel: Easel) -> None:
    """And again as long as they are not to be had."""
    photo = element("image", asset="photo", x=10, y=10, w=80, h=60)
    assert easel.canvas.look([photo], fixed) == {"photo"}
    easel.canvas.paint()
    is_whole = [easel.canvas.is_whole]
    assert easel.canvas.look([photo], fixed) == {"photo"}
    easel.canvas.paint({"photo": Asset("image/png", png(8, 6, (25, 113, 194)))})
    is_whole.append(easel.canvas.is_whole)
    assert is_whole == [False, True]
    assert near(easel.at(50, 40), BLUE)
    assert easel.canvas.look([photo], fixed) == set()


def test_bytes_that_are_no_picture_leave_a_sign(easel: Easel) -> None:
    """Whatever somebody has uploaded; they will never be one, so nobody asks for them again."""
    easel.canvas.look([element("image", asset="bad", x=10, y=10, w=80, h=60)], fixed)
    easel.canvas.paint({"bad": Asset("image/png", b"\x89PNG\r\n\x1a\nnonsense")})
    assert easel.canvas.is_whole
    assert easel.canvas.look([element("image", asset="bad", x=10, y=10, w=80, h=60)], fixed) == set()
    assert easel.at(13, 13) == (0xE9, 0xEC, 0xEF)


def test_a_canvas_whose_memory_went_draws_all_again(brush: Brush) -> None:
    """When it is held the next time."""
    book, small = BOOK, WIDE._replace(width=120, height=60)
    canvas = Canvas("kept", BufferPool(poisons=True), brush)
    for _ in range(2):
        lease = book.take(canvas)
        lease.thing.look([BAR], lambda _: small)
        lease.thing.paint()
        assert near(pixels(lease.thing.png())[40][100], RED)
        book.end(lease)
        assert canvas.kept_bytes > small.pixels * 4
        assert canvas.drop() > small.pixels * 4
    assert canvas.statistics().wholes == 2


def test_what_the_pool_cannot_give_is_not_drawn(brush: Brush) -> None:
    """And nothing is lost by it."""
    easel = Easel(brush)
    canvas = Canvas("large", BufferPool(most_used_bytes=1000), brush)
    HELD.append(BOOK.take(canvas))
    canvas.look([BAR], lambda box: export_frame(box, 1.0))
    with pytest.raises(PoolExhausted):
        canvas.paint()
    with pytest.raises(NotHeld, match="has not seen"):
        easel.canvas.paint()
