"""Phones, tablets and small windows: all is reached, all is read, nothing sticks out (R25)."""

from typing import Any

import pytest
from browser.conftest import Invite
from browser.person import Person, zigzag
from integration.server_process import ServerProcess
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

SIZES = [(320, 568), (390, 844), (600, 900), (720, 560), (768, 600), (844, 390), (820, 1180), (1280, 800)]
STICKS_OUT = """panel => {
  const node = document.querySelector(panel), box = node.getBoundingClientRect(), found = [];
  if (box.left < 0 || box.top < 0 || box.right > innerWidth || box.bottom > innerHeight) found.push("the panel");
  if (node.scrollWidth > node.clientWidth) found.push("something to scroll across");
  for (const each of node.querySelectorAll("button, input, .person")) {
    const { left, right, width } = each.getBoundingClientRect();
    if (width && (left < box.left || right > box.right)) found.push(each.dataset.testid);
  }
  return found;
}"""
LIES_ON = """([part, others]) => {
  const a = document.querySelector(part).getBoundingClientRect();
  return others.filter(other => {
    const b = document.querySelector(other)?.getBoundingClientRect();
    return b?.width && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  });
}"""
BARS = [".corner-right", ".style:not(.is-open)", ".style-button", ".toolbar", ".undo", ".zoom", ".way-back"]
SET_STATUS = """change => { const { sync } = whiteboard, status = { ...sync.status, ...change };
  Object.defineProperty(sync, "status", { configurable: true, get: () => status }); whiteboard.desk.emit("status"); }"""
SHOW_TRUE_STATUS = "() => { delete whiteboard.sync.status; whiteboard.desk.emit('status'); }"
TROUBLES: list[tuple[dict[str, Any], str]] = [
    ({"state": "offline", "pending": 16}, "Offline — 16 changes kept on this device"),
    ({"state": "closed", "code": 4404}, "The board was deleted. What you draw now stays on this device."),
]


def screen(size: tuple[int, int]) -> dict[str, Any]:
    """A window of a size, touched where it is small."""
    width, height = size
    return {"viewport": {"width": width, "height": height}, "has_touch": width < 1000}


def look_away(person: Person) -> None:
    """Move the view so far that nothing of the drawing is seen."""
    person.ask(
        "() => { const { desk } = whiteboard; desk.look({ ...desk.camera, x: desk.camera.x + 9000 }); }"
    )


@pytest.mark.parametrize("size", SIZES)
def test_all_is_reached_and_read(invite: Invite, shared_server: ServerProcess, size: tuple[int, int]) -> None:
    """At every size: the way back to the drawing, trouble in full, panels and crowds within the window. [R21, R25]"""
    ada = invite(shared_server, **screen(size))
    expect_the_drawing_found_again(ada, size)
    for trouble, words in TROUBLES:
        expect_trouble_told_in_full(ada, trouble, words)
    expect_panels_to_fit(ada)
    expect_a_crowd_listed_in_the_window(ada)


def expect_the_drawing_found_again(ada: Person, size: tuple[int, int]) -> None:
    """Who sees nothing of it is offered to be shown it, at every width; so is who asks for all."""
    expect(ada.find("way-back")).to_be_hidden()
    mine = ada.draw(*zigzag(120, 200))
    expect(ada.find("way-back")).to_be_hidden()
    for button in ("way-back", "fitAll"):
        look_away(ada)
        expect(ada.find("way-back")).to_be_visible()
        assert ada.ask(LIES_ON, [".way-back", BARS[:-1]]) == []
        ada.find(button).click()
        x, y = ada.middle(mine)
        assert 0 < x < size[0]
        assert 0 < y < size[1]
        expect(ada.find("way-back")).to_be_hidden()


def expect_trouble_told_in_full(ada: Person, trouble: dict[str, Any], words: str) -> None:
    """Offline or deleted: the whole sentence can be read, and Reconnect is within its panel."""
    ada.settles()
    look_away(ada)
    expect(ada.find("way-back")).to_be_visible()
    ada.ask(SET_STATUS, trouble)
    expect(ada.light.locator(".status-text")).to_have_text(words)
    assert ada.ask(
        "() => { const node = document.querySelector('.status-text'); return node.scrollWidth <= node.clientWidth && node.scrollHeight <= node.clientHeight + 1; }"
    )
    assert ada.ask(STICKS_OUT, ".status") == []
    assert ada.ask(LIES_ON, [".status", BARS]) == []
    retry, panel = (
        ada.find("retry").bounding_box(),
        ada.ask("document.querySelector('.corner-left').getBoundingClientRect().toJSON()"),
    )
    assert retry
    if retry["y"] < panel["bottom"]:
        assert retry["x"] + retry["width"] <= panel["right"]
    ada.ask(SHOW_TRUE_STATUS)


def expect_panels_to_fit(ada: Person) -> None:
    """People, menu, colours and papers lie within the window, with all that is in them."""
    for button, panel in (("people", ".people-panel"), ("menu", ".menu-panel")):
        ada.find(button).click()
        assert ada.ask(STICKS_OUT, panel) == []
        ada.find(button).click()
    for tool in ("pen", "note"):
        ada.take(tool)
        if ada.find("style-button").is_visible():
            ada.find("style-button").click()
        expect(ada.find("style-panel")).to_be_visible()
        assert ada.ask(STICKS_OUT, ".style") == []
        if ada.find("style-button").is_visible():
            ada.find("style-button").click()


def expect_a_crowd_listed_in_the_window(ada: Person) -> None:
    """A list longer than the window is scrolled; the panel is not cut off."""
    ada.ask(
        """() => { for (let n = 0; n < 40; n++) whiteboard.sync.peers.set(`s${n}`, { client: `c${n}`, name: `Somebody ${n}`, color: "#0369a1" });
          whiteboard.sync.dispatchEvent(new CustomEvent("peers")); }"""
    )
    ada.find("people").click()
    assert ada.ask(STICKS_OUT, ".people-panel") == []
    ada.find("person").last.scroll_into_view_if_needed()
    expect(ada.find("person").last).to_be_in_viewport()


def test_the_tools_say_that_there_are_more(invite: Invite, shared_server: ServerProcess) -> None:
    """Where they do not all have room, they fade at the edge beyond which they go on. [R25]"""
    ada = invite(shared_server, **screen((390, 844)))
    fades = "wanted => ['has-before', 'has-after'].filter(each => document.querySelector('.tools').classList.contains(each)).join() === wanted"
    ada.wait(fades, "has-after")
    for scrolled, wanted in ((60, "has-before,has-after"), (9000, "has-before"), (0, "has-after")):
        ada.ask("scrolled => { document.querySelector('.tools').scrollLeft = scrolled; }", scrolled)
        ada.wait(fades, wanted)


def test_a_made_up_name_takes_little_room(invite: Invite, shared_server: ServerProcess) -> None:
    """A random id is shortened on the screen, and whole in the tooltip. [R25]"""
    board = "QkLe0DHOE7pfFGabcdEFgh"
    ada = invite(shared_server, path=f"/b/{board}")
    name = ada.find("board-name")
    expect(name).to_have_attribute("title", board)
    expect(name).to_have_text(board)
    box = name.bounding_box()
    assert box
    assert box["width"] < 110
