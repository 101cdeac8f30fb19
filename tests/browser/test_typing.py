"""Typing texts and notes: where the field lies, what others see of it, and what is never lost (R25)."""

import pytest
from browser.conftest import Invite, expect_same
from browser.person import At, Person
from integration.server_process import ServerProcess
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

FIELD = """() => { const field = document.querySelector("[data-testid=text-editor]"), { x, y } = field.getBoundingClientRect();
  const { typing } = whiteboard.desk.editor, [left, top] = probe.place(typing.el.x, typing.el.y);
  return { apart: Math.hypot(x - left, y - top), scrolled: [field, field.parentNode, document.scrollingElement].map(
    each => each.scrollLeft + each.scrollTop).reduce((a, b) => a + b), caret: x + whiteboard.scene.measure(field.value, 24).w, y }; }"""
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@pytest.fixture
def ada(invite: Invite, shared_server: ServerProcess) -> Person:
    """Somebody who types."""
    return invite(shared_server)


@pytest.fixture
def lin(ada: Person, invite: Invite, shared_server: ServerProcess) -> Person:
    """Somebody who reads along."""
    return invite(shared_server)


def begin(person: Person, at: At, tool: str = "text") -> None:
    """Open the field on a new text."""
    person.take(tool)
    person.page.mouse.click(*at)
    expect(person.find("text-editor")).to_be_focused()


@pytest.mark.parametrize("at", [(960, 350), (500, 690), (990, 690)])
def test_the_field_stays_where_the_text_will_be(ada: Person, at: At) -> None:
    """At an edge the view moves under the caret; the field lies where the text is drawn. [R25]"""
    begin(ada, at)
    for word in ("Whatever ", "one writes ", "is seen, ", "to its last letter"):
        ada.page.keyboard.type(word)
        field = ada.ask(FIELD)
        assert field["apart"] < 1
        assert field["scrolled"] == 0
        assert field["caret"] < 1000
        toolbar = ada.find("toolbar").bounding_box()
        assert toolbar
        assert field["y"] + 24 < toolbar["y"]
    ada.key("Escape")
    ada.sees(type="text", text="Whatever one writes is seen, to its last letter")


def test_a_keyboard_that_lies_over_the_page(invite: Invite, shared_server: ServerProcess) -> None:
    """On an iPhone the page keeps its size: what `visualViewport` says is seen of it counts. [R25]"""
    ada = invite(shared_server, **PHONE)
    ada.ask(
        "() => { const seen = Object.assign(new EventTarget(), { width: 390, height: 844, offsetLeft: 0, offsetTop: 0 });"
        " Object.defineProperty(window, 'visualViewport', { value: seen }); }"
    )
    ada.find("tool-text").tap()
    ada.page.touchscreen.tap(200, 700)
    expect(ada.find("text-editor")).to_be_focused()
    ada.ask("() => { visualViewport.height = 500; visualViewport.dispatchEvent(new Event('resize')); }")
    ada.wait("document.querySelector('[data-testid=text-editor]').getBoundingClientRect().bottom < 500")


@pytest.mark.parametrize("tool", ["text", "note"])
def test_a_phone_s_keyboard_does_not_cover_the_caret(
    invite: Invite, shared_server: ServerProcess, tool: str
) -> None:
    """When the keyboard takes the lower half of the page, the view moves up, and the tools stay clear. [R25]"""
    ada = invite(shared_server, **PHONE)
    ada.find(f"tool-{tool}").tap()
    ada.page.touchscreen.tap(300, 650)
    expect(ada.find("text-editor")).to_be_focused()
    ada.page.set_viewport_size({"width": 390, "height": 480})
    ada.page.keyboard.insert_text("written with thumbs")
    ada.wait(
        "() => { const { y } = document.querySelector('[data-testid=text-editor]').getBoundingClientRect();"
        " return y > 60 && y + 24 < document.querySelector('.toolbar').getBoundingClientRect().top; }"
    )
    assert ada.ask("document.querySelector('.floating').scrollTop") == 0
    ada.key("Escape")
    ada.sees(text="written with thumbs")


def test_others_read_along_and_a_reload_loses_nothing(
    ada: Person, lin: Person, shared_server: ServerProcess, board: str
) -> None:
    """Words arrive while the field is open, and what was typed just before a reload is kept. [R20, R25]"""
    begin(ada, (300, 300))
    ada.page.keyboard.type("half a sent")
    lin.sees(type="text", text="half a sent")
    expect(ada.find("text-editor")).to_be_focused()
    ada.page.keyboard.type("ence")
    ada.page.reload()
    ada.arrives()
    lin.sees(text="half a sentence")
    assert len(expect_same(shared_server, board, ada, lin)) == 1


def test_one_edit_is_one_undo(ada: Person, lin: Person) -> None:
    """However often a text was sent while it was typed, it is undone and redone at once. [R25]"""
    begin(ada, (300, 300))
    for word in ("one ", "two ", "three"):
        ada.page.keyboard.type(word)
        lin.sees(text=ada.find("text-editor").input_value().strip())
    ada.key("Escape")
    ada.key("Control+z")
    lin.sees_count(0)
    ada.key("Control+y")
    lin.sees(text="one two three")


def test_deleted_while_it_is_typed(
    ada: Person, lin: Person, shared_server: ServerProcess, board: str
) -> None:
    """Somebody erases the text one is typing: the words are kept, and one is told. [R25]"""
    begin(ada, (300, 300))
    ada.page.keyboard.type("precious")
    lin.sees(text="precious")
    lin.key("Control+a", "Delete")
    ada.sees_count(0)
    ada.page.keyboard.type(" words")
    ada.key("Escape")
    lin.sees(text="precious words")
    expect(ada.find("toast")).to_contain_text("Your words are kept")
    expect_same(shared_server, board, ada, lin)


def test_a_double_click_puts_the_caret_where_it_is(ada: Person) -> None:
    """Nothing is selected, so that the next letter does not replace it all. [R25]"""
    text = ada.write((300, 300), "Hello\nworld")
    ada.key("Escape")
    x, y = ada.ask("id => { const { x, y } = whiteboard.view.get(id); return probe.place(x, y); }", text)
    width = ada.ask("whiteboard.scene.measure('wor', 24).w")
    ada.page.mouse.dblclick(x + width, y + 45)
    expect(ada.find("text-editor")).to_be_focused()
    ada.page.keyboard.insert_text("-")
    ada.key("Escape")
    ada.sees(id=text, text="Hello\nwor-ld")
    ada.page.mouse.dblclick(x + 200, y + 10)
    ada.page.keyboard.insert_text("!")


def test_a_note_that_is_typed_stays_under_its_text_when_it_is_moved(ada: Person, lin: Person) -> None:
    """The field follows what others do with the note. [R25]"""
    begin(ada, (400, 300), tool="note")
    ada.page.keyboard.type("mine")
    lin.sees(type="note", text="mine")
    lin.key("Control+a", "Shift+ArrowRight", "Shift+ArrowRight")
    ada.wait("Math.abs(whiteboard.desk.editor.typing.el.x - (400 - 90 + 20)) < 2")
    assert abs(ada.ask(FIELD)["apart"]) < 20
    ada.page.keyboard.type(" and yours")
    ada.key("Escape")
    lin.sees(type="note", text="mine and yours")
    (note,) = lin.elements
    assert note["x"] == ada.element(str(note["id"]))["x"]
