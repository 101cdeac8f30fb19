"""The bars around the board: what a press or a key on them does, and what it must not do (R25)."""

import re
from typing import Any

import pytest
from browser.conftest import Browse, Invite
from browser.person import Person, meet, zigzag
from integration.server_process import ServerProcess
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@pytest.fixture
def ada(invite: Invite, shared_server: ServerProcess) -> Person:
    """Somebody at a desk."""
    return invite(shared_server)


def test_space_pans_after_a_click_on_a_bar(ada: Person) -> None:
    """The button that was clicked does not keep the space bar from the board. [R25]"""
    for button in ("color-red", "width-8", "fill", "tool-pen", "zoomIn"):
        ada.find(button).click()
        before, fill = ada.camera["x"], ada.find("fill").get_attribute("aria-pressed")
        ada.page.keyboard.down("Space")
        ada.drag((300, 300), (400, 300))
        ada.page.keyboard.up("Space")
        ada.wait("x => whiteboard.desk.camera.x < x - 50", before)
        assert ada.ids == []
        assert ada.find("fill").get_attribute("aria-pressed") == fill


def test_a_focused_button_is_pressed_with_the_keyboard(ada: Person) -> None:
    """Who came to a button with Tab presses it with Space or Enter. [R25]"""
    for _ in range(30):
        ada.key("Tab")
        if ada.ask("document.activeElement.dataset.testid") == "fill":
            break
    for key, pressed in (("Space", "true"), ("Enter", "false")):
        ada.key(key)
        expect(ada.find("fill")).to_have_attribute("aria-pressed", pressed)


def test_a_colour_is_chosen_while_one_types(ada: Person) -> None:
    """A click on a bar does not end the text that is being typed. [R25]"""
    ada.take("text")
    ada.page.mouse.click(300, 300)
    ada.page.keyboard.type("still ")
    ada.find("zoomIn").click()
    ada.page.keyboard.type("open")
    expect(ada.find("text-editor")).to_have_value("still open")
    ada.take("pen")
    expect(ada.find("text-editor")).to_have_count(0)
    ada.sees(type="text", text="still open")


@pytest.mark.parametrize(("button", "panel"), [("people", "people-panel"), ("menu", "menu-panel")])
def test_the_press_that_closes_a_panel_draws_nothing(ada: Person, button: str, panel: str) -> None:
    """Only the next press is the pen's; what was typed into the panel is kept. [R25]"""
    ada.find(button).click()
    if button == "people":
        ada.find("my-name").fill("Adele")
    ada.page.mouse.click(400, 400)
    expect(ada.find(panel)).to_be_hidden()
    assert ada.ids == []
    if button == "people":
        assert ada.ask("whiteboard.sync.identity.name") == "Adele"
    ada.draw(*zigzag(300, 300))


def test_the_tap_that_closes_a_panel_draws_nothing(invite: Invite, shared_server: ServerProcess) -> None:
    """Nor does a finger's; the colours of a phone are a panel too, and close after a choice. [R25]"""
    ada = invite(shared_server, **PHONE)
    for button, panel in (
        ("menu", "menu-panel"),
        ("people", "people-panel"),
        ("style-button", "style-panel"),
    ):
        ada.find(button).tap()
        expect(ada.find(panel)).to_be_visible()
        ada.page.touchscreen.tap(60, 300)
        expect(ada.find(panel)).to_be_hidden()
    ada.find("style-button").tap()
    ada.find("color-red").tap()
    expect(ada.find("style-panel")).to_be_hidden()
    assert ada.ids == []
    ada.page.touchscreen.tap(60, 300)
    ada.sees(type="stroke", color="#e03131")


def test_a_pinch_on_a_bar_does_not_zoom_the_page(invite: Invite, shared_server: ServerProcess) -> None:
    """There would be no way back, as the board takes all pinches. [R25]"""
    ada = invite(shared_server, **PHONE)
    cdp = ada.page.context.new_cdp_session(ada.page)
    for x, y in ((120, 34), (200, 810)):
        cdp.send("Input.synthesizePinchGesture", {"x": x, "y": y, "scaleFactor": 2.0, "relativeSpeed": 400})
        assert ada.ask("visualViewport.scale") == 1


def test_undo_in_the_middle_of_a_stroke_takes_back_the_stroke_alone(ada: Person) -> None:
    """What was drawn before stays, and the pen goes on after the next press. [R25]"""
    first = ada.draw(*zigzag(150, 150))
    ada.press_down((300, 400))
    ada.drag_on(zigzag(300, 400))
    ada.key("Control+z")
    ada.drag_on(zigzag(400, 450))
    ada.let_go()
    ada.sees_count(1)
    assert ada.ids == [first]
    ada.draw(*zigzag(300, 300))
    ada.key("Control+z", "Control+z")
    ada.sees_count(0)


def test_a_burst_of_arrow_keys_is_one_undo(ada: Person) -> None:
    """However far one moved it. [R25]"""
    box = ada.shape("rectangle", (200, 200), (300, 260))
    x = ada.element(box)["x"]
    # The pause that ends a burst, which keys have between them on a slow machine, is too long to come.
    ada.ask("() => { const soon = setTimeout; setTimeout = (run, ms) => ms === 700 ? 0 : soon(run, ms); }")
    for _ in range(12):
        ada.key("ArrowRight")
    ada.sees(id=box, x=x + 12)
    ada.key("Control+z")
    ada.sees(id=box, x=x)
    ada.key("Control+y")
    ada.sees(id=box, x=x + 12)


def test_few_tab_stops(ada: Person) -> None:
    """Tools, colours and widths are one stop each; arrow keys move within, and do not move the selection. [R25]"""
    stops: list[str] = []
    for _ in range(40):
        ada.key("Tab")
        here = ada.ask("document.activeElement.dataset.testid")
        if here in stops:
            break
        stops.append(here)
    for group in ("color-", "width-", "tool-"):
        assert len([stop for stop in stops if stop and stop.startswith(group)]) == 1, stops
    box = ada.shape("rectangle", (200, 200), (300, 260))
    x = ada.element(box)["x"]
    ada.find("color-ink").focus()
    ada.key("ArrowDown", "ArrowRight")
    expect(ada.find("color-red")).to_be_focused()
    ada.key("End")
    expect(ada.find("color-pink")).to_be_focused()
    ada.key("ArrowDown", "Enter")
    expect(ada.find("color-ink")).to_be_focused()
    assert ada.element(box)["x"] == x


def test_the_help_gives_the_focus_back(ada: Person) -> None:
    """Closed, it leaves one at the menu from which it was opened. [R25]"""
    ada.find("menu").click()
    ada.find("help-button").click()
    ada.find("help-close").click()
    expect(ada.find("menu")).to_be_focused()


def test_the_help_is_for_the_hands_one_has(ada: Person, invite: Invite, shared_server: ServerProcess) -> None:
    """Keys in two columns of about the same height at a desk, gestures where there are only fingers. [R25]"""
    ada.key("?")
    expect(ada.find("help")).to_be_visible()
    heights = ada.ask(
        "[...document.querySelectorAll('.help-columns > div')].map(each => each.lastElementChild.getBoundingClientRect().bottom)"
    )
    assert len(heights) == 2
    assert abs(heights[0] - heights[1]) < 150
    lin = invite(shared_server, **PHONE)
    lin.find("menu").tap()
    expect(lin.find("help-button")).to_have_text("Gestures")
    lin.find("help-button").tap()
    expect(lin.find("help")).to_contain_text("Pinch with two fingers")
    expect(lin.find("help").locator("kbd")).to_have_count(0)


def test_a_guest_has_a_name(invite: Invite, browse: Browse, shared_server: ServerProcess, board: str) -> None:
    """Two words, of which one is their colour; who clears the field gets such a name again. [R21]"""
    guest = meet(browse()).open(f"{shared_server.url}/b/{board}")
    assert re.fullmatch("[A-Z][a-z]+ [A-Z][a-z]+", guest.ask("whiteboard.sync.identity.name"))
    guest.page.close()
    ada, lin = invite(shared_server), invite(shared_server, locale="zh-CN")
    ada.find("people").click()
    ada.find("my-name").fill("")
    ada.key("Enter")
    expect(ada.find("my-name")).to_have_value(re.compile("^Blue [A-Z][a-z]+$"))
    expect(ada.find("person").first).to_contain_text(ada.find("my-name").input_value())
    lin.find("people").click()
    lin.find("my-name").fill(" ")
    lin.key("Enter")
    expect(lin.find("my-name")).to_have_value(re.compile("^蓝[\u4e00-\u9fff]+$"))


def test_the_menu_knows_what_the_keys_have_done(ada: Person) -> None:
    """The appearance that was chosen by key is the one that is marked. [R25]"""
    ada.find("menu").click()
    ada.key("Alt+Shift+D")
    expect(ada.find("theme-dark")).to_have_attribute("aria-pressed", "true")
    expect(ada.find("theme-system")).to_have_attribute("aria-pressed", "false")


def test_the_chosen_width_looks_chosen_under_the_pointer(ada: Person) -> None:
    """Hovering takes nothing away from it. [R25]"""
    color = "getComputedStyle(document.querySelector('.width-4')).backgroundColor"
    before = ada.ask(color)
    ada.find("width-4").hover()
    assert ada.ask(color) == before


def test_a_print_shows_the_drawing_alone(ada: Person) -> None:
    """No bar is on the paper. [R25]"""
    ada.page.emulate_media(media="print")
    expect(ada.find("toolbar")).to_be_hidden()
    expect(ada.find("share")).to_be_hidden()
    expect(ada.find("stage")).to_be_visible()


@pytest.mark.parametrize(("width", "faces", "more"), [(390, 2, "+4"), (1000, 4, "+2")])
def test_faces_and_their_rest_are_all_who_are_here(
    invite: Invite, shared_server: ServerProcess, width: int, faces: int, more: str
) -> None:
    """Fewer faces have room on a phone, and the number beside them is that of the others. [R21]"""
    ada = invite(shared_server, viewport={"width": width, "height": 700})
    ada.ask(
        """() => { for (let n = 0; n < 5; n++) whiteboard.sync.peers.set(`s${n}`, { client: `c${n}`, name: `P${n}`, color: "#0369a1" });
          whiteboard.sync.dispatchEvent(new CustomEvent("peers")); }"""
    )
    expect(ada.find("people").locator(".face:not(.face-more):visible")).to_have_count(faces)
    expect(ada.find("people").locator(".face-more")).to_have_text(more)
