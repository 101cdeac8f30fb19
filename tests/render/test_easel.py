"""From a board's view to a picture, in this process; also as the process that draws answers its frames."""

import json
import sys
from collections.abc import Iterator
from xml.etree import ElementTree as ET

import pytest
from browser.picture import pixels
from core.scene.made import element, line, view, wave
from web.pictures_made import png

from whiteboard import limits
from whiteboard.ids import BoardId
from whiteboard.render.asked import UNREADABLE, Asset, Kind, NotDrawn, NotInstalled, TooLarge, Wish
from whiteboard.render.brush import Brush
from whiteboard.render.easel import Easel
from whiteboard.render.wire import Draw, Drawn, Failed, Give, Wanted, frame_of, lengths
from whiteboard.render.worker import Desk

pytestmark = pytest.mark.long_steps(
    reason="pictures are drawn in the test, where a server has a process for it"
)

BOARD = BoardId("b")
THUMBNAIL = Wish(BOARD, Kind.THUMBNAIL, size=160)
EXPORT = Wish(BOARD, Kind.PNG)
SVG = Wish(BOARD, Kind.SVG)
VIEW = view(
    wave("s", 0, 0, color="#e03131", width=12), element("image", "i", asset="photo", x=0, y=60, w=80, h=60)
)
PHOTO = Asset("image/png", png(8, 6, (25, 113, 194)))
BLUE = (25, 113, 194)


@pytest.fixture
def easel(brush: Brush) -> Iterator[Easel]:
    """With nothing kept yet; afterwards nothing is in use."""
    easel = Easel(brush)
    yield easel
    easel.drop()
    assert easel.pool.statistics().in_use == easel.book.statistics().out == 0


async def test_a_thumbnail_has_its_size_and_the_pictures_on_the_board(easel: Easel) -> None:
    """Three quarters as high as wide. [PIC-1]"""
    begun = easel.begin(THUMBNAIL, VIEW)
    assert begun.wanted == {"photo"}
    picture = easel.finish(begun, {"photo": PHOTO})
    shown = pixels(picture.body)
    assert (len(shown[0]), len(shown)) == (160, 120)
    assert BLUE in {pixel for row in shown for pixel in row}
    assert (picture.seq, picture.is_whole) == (1, True)


async def test_an_export_is_as_large_as_is_asked_for(easel: Easel) -> None:
    """By default one pixel for each board unit; its canvas and buffer are not kept. [PIC-2]"""
    sizes = []
    for scale in (None, 0.5, 2.0):
        picture = easel.finish(easel.begin(Wish(BOARD, Kind.PNG, scale=scale), view(wave("s", 0, 0))), {})
        shown = pixels(picture.body)
        sizes.append((len(shown[0]), len(shown)))
    (width, height), half, double = sizes
    assert half == ((width + 1) // 2, (height + 1) // 2)
    assert abs(double[0] - 2 * width) <= 2
    assert easel.statistics()["canvases"] == {"count": 0, "bytes": 0}
    assert easel.pool.statistics().in_use == 0


async def test_an_export_that_is_too_large_says_what_to_ask_for(easel: Easel) -> None:
    """And what it says fits; without a scale it fits by itself. [PIC-2]"""
    huge = view(line("s", (-1e9, -1e9), (1e9, 1e9)))
    with pytest.raises(TooLarge, match="ask for scale=") as refused:
        easel.begin(Wish(BOARD, Kind.PNG, scale=1.0), huge)
    scale = float(str(refused.value).rpartition("=")[2].rstrip("."))
    assert scale >= limits.MIN_PICTURE_SCALE
    begun = easel.begin(Wish(BOARD, Kind.PNG, scale=scale), huge)
    assert begun.canvas is not None
    begun.canvas.close()
    by_itself = easel.begin(Wish(BOARD, Kind.PNG, scale=None), huge)
    assert by_itself.canvas is not None
    by_itself.canvas.close()


async def test_a_thumbnail_that_is_asked_for_again_paints_what_is_new(easel: Easel) -> None:
    """On the kept canvas, in the buffer that it has. [R40]"""
    strokes = [wave(f"s{at}", 10 * at, 40 * at) for at in range(8)]
    easel.finish(easel.begin(THUMBNAIL, view(*strokes)), {})
    begun = easel.begin(THUMBNAIL, view(*strokes, wave("more", 60, 100, color="#1971c2", width=14), seq=2))
    assert begun.canvas is not None
    before = begun.canvas.statistics()
    picture = easel.finish(begun, {})
    assert begun.canvas.statistics().wholes == before.wholes == 1
    assert easel.pool.statistics().allocated == 1
    assert picture.seq == 2
    assert BLUE in {pixel for row in pixels(picture.body) for pixel in row}


async def test_svg_has_no_canvas(easel: Easel) -> None:
    """And takes no extra. [PIC-6]"""
    begun = easel.begin(SVG, VIEW)
    assert begun.canvas is None
    whole, partly = easel.finish(begun, {"photo": PHOTO}), easel.finish(begun, {})
    assert (whole.is_whole, partly.is_whole) == (True, False)
    assert len(ET.fromstring(whole.body)) == 3
    never = easel.finish(begun, {"photo": UNREADABLE})
    assert (never.is_whole, never.body) == (True, partly.body)


async def test_pixels_take_what_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer says what to type. [PIC-6]"""
    monkeypatch.setitem(sys.modules, "whiteboard.render.brush", None)
    with pytest.raises(NotInstalled, match=r"pip install '\.\[render\]'"):
        Easel().begin(THUMBNAIL, VIEW)
    easel = Easel()
    assert easel.finish(easel.begin(SVG, VIEW), {}).body.startswith(b"<svg")


@pytest.mark.parametrize("body", [b"", b"{}", b'{"seq":1,"elements":[{}, 7]}'])
@pytest.mark.parametrize("wish", [SVG, THUMBNAIL])
async def test_what_is_no_board_is_not_drawn(easel: Easel, body: bytes, wish: Wish) -> None:
    """And leaves nothing behind."""
    with pytest.raises(NotDrawn, match="board b cannot be read"):
        easel.begin(wish, body)


async def test_the_oldest_canvas_goes_when_there_are_too_many(
    easel: Easel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By number, and by what they take. [R40]"""
    monkeypatch.setattr(limits, "MAX_KEPT_CANVASES", 2)
    for name in ("one", "two", "three"):
        easel.finish(easel.begin(Wish(BoardId(name), Kind.THUMBNAIL, size=160), VIEW), {})
    assert easel.statistics()["canvases"]["count"] == 2
    monkeypatch.setattr(limits, "MAX_KEPT_CANVAS_BYTES", 0)
    easel.finish(easel.begin(THUMBNAIL, VIEW), {})
    assert easel.statistics()["canvases"] == {"count": 0, "bytes": 0}


async def test_dropping_frees_canvases_and_idle_buffers(easel: Easel) -> None:
    """And says how much. [R42]"""
    easel.finish(easel.begin(THUMBNAIL, VIEW), {})
    assert easel.drop() >= 160 * 120 * 4
    told = easel.statistics()
    assert told["canvases"] == {"count": 0, "bytes": 0}
    assert (told["pool"]["in_use"], told["pool"]["idle"]) == (0, 0)


# --- frames -----------------------------------------------------------------------------------


def said(ask: Draw | Give, body: bytes = b"") -> tuple[bytes, bytes]:
    """Head and body, as they come out of a pipe."""
    head, body = frame_of(ask, body)
    assert lengths(head[:8]) == (len(head) - 8, len(body))
    return head[8:], body


async def test_the_desk_asks_for_pictures_and_then_draws(easel: Easel) -> None:
    """Those that are given; the statistics come along."""
    desk = Desk(easel)
    wanted, _ = desk.answer(*said(Draw(SVG), VIEW))
    assert wanted == Wanted(["photo"])
    drawn, body = desk.answer(*said(Give([("photo", "image/png", len(PHOTO.body))]), PHOTO.body))
    assert isinstance(drawn, Drawn)
    assert (drawn.seq, drawn.is_whole) == (1, True)
    assert drawn.statistics["leases"]["out"] == 0
    assert b"data:image/png" in body


async def test_the_desk_says_why_it_does_not_draw(easel: Easel, monkeypatch: pytest.MonkeyPatch) -> None:
    """And draws the next one."""
    desk = Desk(easel)
    reasons = [
        desk.answer(*said(Draw(Wish(BOARD, Kind.PNG, scale=8.0)), view(line("s", (-1e9, 0), (1e9, 0)))))[0],
        desk.answer(*said(Draw(SVG), b"nonsense"))[0],
        desk.answer(*said(Give([])))[0],
    ]
    assert [one.why for one in reasons if isinstance(one, Failed)] == ["too_large", "not_drawn", "not_drawn"]
    monkeypatch.setattr(easel, "finish", _no_memory)
    failed, _ = desk.answer(*said(Draw(SVG), view()))
    assert isinstance(failed, Failed)
    assert "memory" in failed.reason


def _no_memory(*_: object) -> None:
    raise MemoryError


async def test_the_desk_survives_what_it_does_not_expect(
    easel: Easel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while a canvas waits for pictures: its buffer goes back."""
    desk = Desk(easel)
    desk.answer(*said(Draw(THUMBNAIL), VIEW))
    desk.answer(*said(Give([])))
    desk.answer(*said(Draw(THUMBNAIL), VIEW))
    failed, _ = desk.answer(b"nonsense", b"")
    assert isinstance(failed, Failed)
    assert failed.why == "fault"
    assert easel.pool.statistics().in_use == 0
    drawn, _ = desk.answer(*said(Draw(SVG), view()))
    assert isinstance(drawn, Drawn)


async def test_the_desk_closes_what_nobody_goes_on_with(easel: Easel) -> None:
    """A canvas that waited for pictures when another board came."""
    desk = Desk(easel)
    desk.answer(*said(Draw(THUMBNAIL), VIEW))
    drawn, _ = desk.answer(*said(Draw(EXPORT), view()))
    assert isinstance(drawn, Drawn)
    assert easel.statistics()["canvases"]["count"] == 0


def test_views_of_boards_are_what_the_rooms_give() -> None:
    """So that tests draw what servers draw."""
    assert set(json.loads(VIEW)) == {"board", "seq", "clock", "elements"}
