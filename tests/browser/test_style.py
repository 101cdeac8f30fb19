"""Colours, widths, fillings and papers: of what is selected, and of what is drawn next (R25)."""

import pytest
from browser.conftest import Invite
from browser.person import Person
from integration.server_process import ServerProcess
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PRESSED = "[...document.querySelectorAll('.style [aria-pressed=true]')].filter(each => each.offsetParent).map(each => each.dataset.testid)"


@pytest.fixture
def ada(invite: Invite, shared_server: ServerProcess) -> Person:
    """Somebody who draws."""
    return invite(shared_server)


def shows(person: Person, *pressed: str) -> None:
    """Wait until just these are marked in the style panel."""
    person.wait(f"wanted => JSON.stringify({PRESSED}) === JSON.stringify(wanted)", list(pressed))


def test_the_panel_shows_what_is_selected(ada: Person) -> None:
    """Colour, width and fill of one thing, of several what they share, and then one's own again. [R25]"""
    shows(ada, "color-ink", "width-4")
    ada.find("color-red").click()
    ada.find("width-8").click()
    ada.find("fill").click()
    red = ada.shape("rectangle", (200, 200), (300, 260))
    ada.key("Escape")
    ada.find("color-blue").click()
    ada.find("fill").click()
    blue = ada.shape("rectangle", (400, 200), (500, 260))
    shows(ada, "color-blue", "width-8")
    ada.page.mouse.click(*ada.middle(red))
    shows(ada, "color-red", "width-8", "fill")
    ada.key("Control+a")
    shows(ada, "width-8")
    ada.key("Escape")
    shows(ada, "color-blue", "width-8")
    before = ada.element(red)
    ada.page.mouse.click(*ada.middle(red))
    ada.find("width-16").click()
    ada.sees(id=red, width=16)
    assert ada.element(red) == {**before, "width": 16}, "one thing was set, and that alone has changed"
    ada.find("fill").click()
    ada.wait("id => !whiteboard.view.get(id).fill", red)
    assert ada.element(blue)["width"] == 8


def test_papers(ada: Person, invite: Invite, shared_server: ServerProcess) -> None:
    """A note's paper is chosen before it is put there, while it is typed, and afterwards. [R25]"""
    lin = invite(shared_server)
    ada.take("note")
    shows(ada, "paper-yellow", "width-4")
    ada.find("paper-green").click()
    ada.page.mouse.click(300, 300)
    ada.page.keyboard.type("green")
    lin.sees(type="note", color="#d3f9d8", text="green")
    ada.find("paper-blue").click()
    expect(ada.find("text-editor")).to_be_focused()
    lin.sees(type="note", color="#d0ebff")
    ada.key("Escape")
    ada.wait("whiteboard.desk.selection.size === 1")
    shows(ada, "paper-blue")
    ada.find("paper-pink").click()
    lin.sees(type="note", color="#ffdeeb", text="green")
    ada.key("Escape")
    shows(ada, "color-ink", "width-4")
    ada.take("note")
    shows(ada, "paper-pink", "width-4")
