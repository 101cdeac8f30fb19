"""Ink looks the same to the pixel: under the pen, after a pause, settled, for others, and after a reload (R20)."""

import pytest
from browser.conftest import Invite, expect_same
from browser.person import Person, zigzag
from browser.picture import Picture, difference, picture
from integration.server_process import ServerProcess

pytestmark = pytest.mark.browser

SAME = 3
"""Of 255: two canvases one over the other round otherwise than one."""


@pytest.fixture
def ada(invite: Invite, shared_server: ServerProcess) -> Person:
    """Somebody who draws."""
    return invite(shared_server)


@pytest.fixture
def lin(ada: Person, invite: Invite, shared_server: ServerProcess) -> Person:
    """Somebody who sees it."""
    return invite(shared_server)


def sheet(person: Person) -> Picture:
    """The part of the board that is drawn on in these tests."""
    return picture(person, 150, 120, 500, 300)


def settles(person: Person) -> None:
    """Wait until nothing is on the layer of what moves."""
    person.wait("whiteboard.layers.moving.size === 0 && !whiteboard.layers.isStale")


def follows(lin: Person, ada: Person) -> None:
    """Wait until somebody has all that another one's pen, which is still down, has drawn, and it has settled for them."""
    draft = "whiteboard.desk.tool.draft"
    ada.wait(f"{draft}.queue.length === 0 && {draft}.simplifier.pending().length === 0")
    drawn = ada.ask(f"[{draft}.id, {draft}.sent]")
    lin.wait("([id, count]) => probe.element(id).points.length >= count", drawn)
    settles(lin)


@pytest.mark.parametrize("crosses", [False, True], ids=["alone", "under-another"])
def test_a_pause_leaves_no_trace(
    ada: Person, lin: Person, shared_server: ServerProcess, board: str, crosses: bool
) -> None:
    """A stroke that rests and goes on is never drawn twice, on no layer and on nobody's screen. [R20]"""
    ada.find("width-8").click()
    if crosses:  # what is not on top settles another way
        ada.draw(*zigzag(180, 190, teeth=5, size=60))
        settles(ada)
    ada.press_down((180, 180))
    ada.drag_on(zigzag(200, 200, teeth=4, size=60))
    follows(lin, ada)
    resting = sheet(ada)
    assert difference(resting, sheet(lin)) <= SAME, "while it rests"
    ada.drag_on(zigzag(500, 300, teeth=2, size=50))
    ada.let_go()
    ada.page.mouse.move(900, 650)
    ended = sheet(ada)
    assert difference(ended, resting) > 100, "there is more now"
    expect_same(shared_server, board, ada, lin)
    for person in (ada, lin):
        settles(person)
    settled = sheet(ada)
    assert difference(ended, settled) <= SAME, "before and after it settles"
    assert difference(settled, sheet(lin)) <= SAME, "on the other's screen"
    ada.page.reload()
    ada.arrives()
    assert difference(settled, sheet(ada)) <= SAME, "after a reload"


def test_a_pen_that_rests_and_is_lifted_leaves_its_stroke(
    ada: Person, lin: Person, shared_server: ServerProcess, board: str
) -> None:
    """A stroke that has settled for others before its pen is lifted is there afterwards, for its author too. [R20]"""
    ada.find("width-8").click()
    blank = sheet(ada)
    ada.press_down((180, 180))
    ada.drag_on(zigzag(200, 200, teeth=3, size=60))
    follows(lin, ada)
    ada.let_go()
    ada.page.mouse.move(900, 650)
    expect_same(shared_server, board, ada, lin)
    for person in (ada, lin):
        settles(person)
    drawn = sheet(ada)
    assert difference(blank, drawn) > 100
    assert difference(drawn, sheet(lin)) <= SAME


def test_thin_ink_is_seen_from_afar(ada: Person) -> None:
    """Zoomed far out, a thin line is still about a pixel wide, without gaps; what is stored stays thin. [R20]"""
    line = ada.ask(
        """() => {
          const id = whiteboard.desk.newId(), points = Array.from({ length: 80 }, (_, i) => [i * 100, i * 37]);
          whiteboard.desk.submit({ type: "stroke", id, points, color: "#000000", width: 2 });
          whiteboard.desk.look({ x: -2000, y: -2000, z: 0.05 });
          return id;
        }"""
    )
    settles(ada)
    rows = picture(ada, 150, 100, 300, 160)
    columns = list(zip(*rows, strict=True))
    darkest = [min(sum(pixel) for pixel in column) // 3 for column in columns]
    assert max(darkest) < 150, "each column of the screen has ink"
    assert ada.element(line)["width"] == 2


def test_a_dot_is_seen_at_any_zoom(ada: Person) -> None:
    """A click of the thinnest pen leaves a dot that can be seen, from near and from afar. [R20]"""
    ada.find("width-2").click()
    ada.page.mouse.click(400, 300)
    ada.page.mouse.move(900, 650)
    ada.sees_count(1)
    x, y = ada.elements[0]["points"][0][:2]
    for zoom in (1, 0.5, 0.2, 0.06):
        ada.ask("([x, y, z]) => whiteboard.desk.look({ x: x - 400 / z, y: y - 300 / z, z })", [x, y, zoom])
        settles(ada)
        near = picture(ada, 394, 294, 12, 12)
        assert min(sum(pixel) for row in near for pixel in row) // 3 < 130, zoom


def test_the_erasers_trail_is_one_shape(ada: Person) -> None:
    """The trail is nowhere darker than where it does not cross itself. [R25]"""
    ada.take("eraser")
    alphas = ada.ask(
        """() => {
          const { desk, layers } = whiteboard, { overlay } = layers, at = performance.now();
          const loop = n => ({ x: desk.camera.x + 300 + n * 2 + 40 * Math.cos(n / 5), y: desk.camera.y + 300 + 40 * Math.sin(n / 5), at });
          desk.tool.trail = Array.from({ length: 90 }, (_, n) => loop(n));
          layers.drawOverlay();
          const { data } = overlay.ctx.getImageData(0, 0, overlay.canvas.width, overlay.canvas.height);
          return Array.from(new Set(data.filter((_, i) => i % 4 === 3)));
        }"""
    )
    assert 80 <= max(alphas) <= 90
