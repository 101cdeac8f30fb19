"""Looking at the board: moving the view, zooming, pens and fingers (R20, R25)."""

import math

import pytest
from browser.conftest import Invite
from browser.person import At, Person, zigzag
from browser.picture import pixels
from integration.server_process import ServerProcess
from playwright.sync_api import CDPSession, expect

pytestmark = pytest.mark.browser


@pytest.fixture
def ada(invite: Invite, shared_server: ServerProcess) -> Person:
    """Somebody at a desk."""
    return invite(shared_server)


def under(person: Person, at: At) -> At:
    """The board's point under a point of the screen."""
    camera = person.camera
    return camera["x"] + at[0] / camera["z"], camera["y"] + at[1] / camera["z"]


def is_near(a: At, b: At) -> bool:
    """The same point, but for rounding to the screen's pixels."""
    return math.dist(a, b) < 1


def test_pan_by_hand_space_and_middle_button(ada: Person) -> None:
    """Three ways push the paper as far as the pointer goes, and draw nothing. [R25]"""
    before = ada.camera
    ada.take("hand")
    ada.drag((300, 300), (400, 350))
    ada.take("pen")
    ada.page.keyboard.down("Space")
    ada.drag((300, 300), (400, 350))
    ada.page.keyboard.up("Space")
    ada.page.mouse.move(300, 300)
    ada.page.mouse.down(button="middle")
    ada.drag_on([(400, 350)])
    ada.page.mouse.up(button="middle")
    assert is_near((ada.camera["x"], ada.camera["y"]), (before["x"] - 300, before["y"] - 150))
    assert ada.ids == []


def test_wheel_zooms_where_the_pointer_is(ada: Person) -> None:
    """A wheel step zooms and keeps the point under the pointer; Shift pans; buttons and keys zoom. [R25]"""
    at = (700.0, 200.0)
    ada.page.mouse.move(*at)
    before = under(ada, at)
    ada.page.mouse.wheel(0, -120)
    ada.wait("whiteboard.desk.camera.z > 1.1")
    assert is_near(under(ada, at), before)
    ada.find("zoom-level").click()
    expect(ada.find("zoom-level")).to_have_text("100%")
    ada.key("Control++")
    expect(ada.find("zoom-level")).to_have_text("125%")
    ada.find("zoomOut").click()
    expect(ada.find("zoom-level")).to_have_text("100%")
    x = ada.camera["x"]
    ada.page.mouse.move(*at)
    ada.page.keyboard.down("Shift")
    ada.page.mouse.wheel(0, 120)
    ada.page.keyboard.up("Shift")
    ada.wait("x => whiteboard.desk.camera.x > x + 50", x)
    assert ada.camera["z"] == 1


def test_a_wheel_zooms_on_a_scaled_display(ada: Person) -> None:
    """A notch that is no whole number of pixels, as at 150 %, zooms as any other. [R25]"""
    ada.page.mouse.move(400, 300)
    before = under(ada, (400, 300))
    ada.page.mouse.wheel(0, -200 / 3)
    ada.wait("whiteboard.desk.camera.z > 1.1")
    assert is_near(under(ada, (400, 300)), before)


def test_the_first_look_is_not_through_a_glass(
    ada: Person, invite: Invite, shared_server: ServerProcess
) -> None:
    """Who comes to a board with little on it sees it at 100 %; who asks to fit it sees it larger. [R25]"""
    ada.draw(*zigzag(300, 300))
    ada.settles()
    lin = invite(shared_server)
    lin.sees_count(1)
    expect(lin.find("zoom-level")).to_have_text("100%")
    lin.key("Shift+1")
    expect(lin.find("zoom-level")).to_have_text("200%")


def test_fit_shows_everything(ada: Person, invite: Invite, shared_server: ServerProcess) -> None:
    """Whoever comes to a board sees all of it; so does who asks for it; the pen draws where it is put. [R25]"""
    far = ada.draw(*zigzag(150, 150))
    ada.take("hand")
    for _ in range(2):
        ada.drag((900, 600), (200, 150))
    ada.take("pen")
    here = ada.draw(*zigzag(700, 500))
    ada.key("Shift+1")
    lin = invite(shared_server)
    for person in (ada, lin):
        for element in (far, here):
            x, y = person.middle(element)
            assert 0 < x < 1000, element
            assert 0 < y < 700, element
    assert ada.camera["z"] < 1
    new = lin.draw((300, 300), (340, 340), (380, 300))
    x, y = under(lin, (300, 300))
    assert is_near((lin.element(new)["points"][0][0], lin.element(new)["points"][0][1]), (x, y))
    ada.sees(id=new)


def touch(cdp: CDPSession, kind: str, *fingers: At) -> None:
    """Fingers on the glass."""
    points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(fingers)]
    cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def test_pinch(invite: Invite, shared_server: ServerProcess) -> None:
    """Two fingers zoom about their middle and leave no ink; one finger draws. [R25]"""
    ada = invite(shared_server, has_touch=True)
    cdp = ada.page.context.new_cdp_session(ada.page)
    before = under(ada, (500, 300))
    ada.ask("() => { const now = performance.now(); performance.now = () => now; }")  # the second comes soon
    touch(cdp, "touchStart", (450, 300))
    touch(cdp, "touchStart", (450, 300), (550, 300))
    ada.ask("() => { delete performance.now; }")
    for spread in range(60, 110, 10):
        touch(cdp, "touchMove", (500 - spread, 300), (500 + spread, 300))
    touch(cdp, "touchEnd")
    assert ada.camera["z"] == pytest.approx(2, rel=0.05)
    assert math.dist(under(ada, (500, 300)), before) < 3
    assert ada.ids == []
    touch(cdp, "touchStart", (300, 300))
    for x, y in zigzag(300, 300):
        touch(cdp, "touchMove", (x, y))
    touch(cdp, "touchEnd")
    ada.sees_count(1)


def test_pen_pressure(ada: Person, invite: Invite, shared_server: ServerProcess) -> None:
    """A pen's pressure is the third number of its points, for the others too. [R20]"""
    lin = invite(shared_server)
    cdp = ada.page.context.new_cdp_session(ada.page)
    path = zigzag(200, 200, teeth=6)
    forces = [0.2 + 0.6 * n / len(path) for n in range(len(path))]

    def pen(kind: str, n: int) -> None:
        x, y = path[n]
        event = {"type": kind, "x": x, "y": y, "button": "left", "buttons": 1, "clickCount": 1}
        cdp.send("Input.dispatchMouseEvent", {**event, "pointerType": "pen", "force": forces[n]})

    pen("mousePressed", 0)
    for n in range(1, len(path)):
        pen("mouseMoved", n)
    pen("mouseReleased", len(path) - 1)
    ada.settles()
    lin.sees_count(1)
    pressures = [point[2] for point in lin.elements[0]["points"]]
    assert pressures == sorted(pressures), "pressed harder and harder, and lifting the pen does not count"
    assert pressures[0] == pytest.approx(forces[0], abs=0.01)
    assert pressures[-1] == pytest.approx(forces[-1], abs=0.1)


def brightness(person: Person, at: At) -> int:
    """Of the brightest and the darkest pixel in a small window, what differs most from the middle."""
    x, y = at
    shot = person.page.screenshot(clip={"x": x - 1, "y": y - 1, "width": 3, "height": 3})
    return sum(sum(pixel) for row in pixels(shot) for pixel in row) // 27


def test_black_ink_is_seen_on_dark_paper(ada: Person, invite: Invite, shared_server: ServerProcess) -> None:
    """Dark mode turns black ink light on the screen; what is stored stays black. [R25]"""
    ada.find("width-16").click()
    stroke = ada.draw((300, 300), (400, 300), (500, 300), (600, 300))
    lin = invite(shared_server, color_scheme="dark")
    lin.ask("id => { whiteboard.desk.look({ x: 0, y: 0, z: 1 }); }")
    ada.page.mouse.move(10, 350)
    ink, paper = (400, 300), (400, 326)
    for person in (ada, lin):
        person.wait("whiteboard.layers.moving.size === 0 && !whiteboard.layers.isStale")
    assert brightness(ada, ink) < 70
    assert brightness(ada, paper) > 190
    assert brightness(lin, ink) > 170
    assert brightness(lin, paper) < 90
    assert lin.element(stroke)["color"] == "#1e1e1e"
    ada.key("Alt+Shift+D")
    ada.wait("document.documentElement.dataset.theme === 'dark' && !whiteboard.layers.isStale")
    assert brightness(ada, ink) > 170
    ada.page.reload()
    ada.arrives()
    assert ada.ask("document.documentElement.dataset.theme") == "dark"
