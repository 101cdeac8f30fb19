"""Every tool, with the mouse and with the keyboard; what one makes, the other gets (R25)."""

import pytest
from browser.conftest import Invite, expect_same
from browser.person import Person, zigzag
from integration.server_process import ServerProcess
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.fixture
def ada(invite: Invite, shared_server: ServerProcess) -> Person:
    """Somebody who does things."""
    return invite(shared_server)


@pytest.fixture
def lin(ada: Person, invite: Invite, shared_server: ServerProcess) -> Person:
    """Somebody who sees them done."""
    return invite(shared_server)


def test_every_tool_makes_what_it_is_named_for(
    ada: Person, lin: Person, shared_server: ServerProcess, board: str
) -> None:
    """Pen, shapes, lines, text and notes, Chinese included, arrive as they were drawn. [R25]"""
    stroke = ada.draw(*zigzag(150, 120))
    made = {
        kind: ada.shape(kind, (150 + 130 * n, 250), (240 + 130 * n, 310))
        for n, kind in enumerate(["rectangle", "ellipse", "diamond", "line", "arrow"])
    }
    text = ada.write((200, 450), "Draw together\n一起画，一笔不丢")
    note = ada.write((600, 480), "便签 · note", tool="note")
    lin.sees_count(8)
    elements = {el["id"]: el for el in expect_same(shared_server, board, ada, lin)}
    assert elements[stroke]["type"] == "stroke"
    for kind, element_id in made.items():
        assert (elements[element_id]["type"], elements[element_id]["kind"]) == ("shape", kind)
        assert abs(elements[element_id]["w"] - 90) <= 1
        assert abs(elements[element_id]["h"] - 60) <= 1
    assert elements[text]["text"] == "Draw together\n一起画，一笔不丢"
    assert (elements[note]["type"], elements[note]["text"]) == ("note", "便签 · note")
    assert {el["by"] for el in elements.values()} == {ada.client}


def test_text_typed_with_an_input_method(ada: Person, lin: Person) -> None:
    """Enter within an input method is the input method's: the text stays open until Escape. [R25]"""
    ada.take("text")
    ada.page.mouse.click(300, 300)
    cdp = ada.page.context.new_cdp_session(ada.page)
    cdp.send("Input.imeSetComposition", {"text": "ni hao", "selectionStart": 6, "selectionEnd": 6})
    cdp.send("Input.insertText", {"text": "你好"})
    expect(ada.find("text-editor")).to_have_value("你好")
    ada.key("Enter")
    ada.page.keyboard.insert_text("世界")
    ada.key("Escape")
    lin.sees(type="text", text="你好\n世界")


def test_text_is_changed_and_emptied(ada: Person, lin: Person) -> None:
    """A double click opens a text again; an emptied text goes, and undo brings it back. [R25]"""
    text = ada.write((300, 300), "first")
    ada.key("Escape")
    ada.page.mouse.dblclick(*ada.middle(text))
    expect(ada.find("text-editor")).to_have_value("first")
    ada.key("Control+a")
    ada.page.keyboard.insert_text("second")
    ada.key("Control+Enter")
    lin.sees(id=text, text="second")
    ada.page.mouse.dblclick(*ada.middle(text))
    ada.find("text-editor").fill("")
    ada.key("Escape")
    lin.sees_count(0)
    ada.key("Control+z")
    lin.sees(id=text, text="second")


def test_a_note_grows_with_its_text(ada: Person, lin: Person) -> None:
    """A text that a new note has no room for is all on it: its paper is taken by its last line. [R25]"""
    ada.take("note")
    ada.page.mouse.click(500, 250)
    ada.page.keyboard.insert_text("一张装不下的便签 that goes on and on. " * 4)
    ada.key("Escape")
    ada.key("Escape")
    lin.sees_count(1)
    (note,) = lin.ids
    lin.wait("id => probe.middle(id)[1] > 260", note)
    x, y = lin.ask("id => probe.foot(id)", note)
    assert y > 250 + 100
    lin.take("select")
    lin.page.mouse.click(x, y - 6)
    lin.wait("id => whiteboard.desk.selection.has(id)", note)


def test_the_eraser(ada: Person, lin: Person) -> None:
    """A sweep takes what it touches, whoever drew it, and nothing else; one undo brings it all back. [R25]"""
    mine = ada.draw(*zigzag(200, 200))
    spared = ada.draw(*zigzag(200, 500))
    lin.sees(id=spared)
    theirs = lin.draw(*zigzag(450, 200))
    ada.sees(id=theirs)
    ada.take("eraser")
    ada.drag((180, 220), (700, 220))
    lin.sees_count(1)
    assert lin.ids == [spared]
    ada.key("Control+z")
    lin.sees_count(3)
    assert set(lin.ids) == {mine, spared, theirs}


def test_select_move_resize_delete_with_the_mouse(
    ada: Person, lin: Person, shared_server: ServerProcess, board: str
) -> None:
    """By its edge a shape is taken and moved, by a corner resized; a frame takes several at once. [R25]"""
    box = ada.shape("rectangle", (200, 200), (300, 260))
    oval = ada.shape("ellipse", (400, 200), (500, 260))
    ada.page.mouse.click(700, 500)
    ada.drag(ada.edge(box), (350, 400))
    lin.sees(id=box, x=300, y=400)
    ada.drag((400, 460), (450, 500))
    lin.sees(id=box, w=150, h=100)
    ada.drag((150, 150), (600, 560))
    assert ada.ask("whiteboard.desk.selection.size") == 2
    ada.drag(ada.edge(box), (475, 300))
    lin.sees(id=box, y=300)
    lin.sees(id=oval, y=100)
    ada.find("selection-bar").get_by_test_id("delete").click()
    lin.sees_count(0)
    for _ in range(2):
        ada.find("undo").click()
    lin.sees(id=oval, x=400, y=200)
    lin.sees(id=box, x=300, y=400, w=150, h=100)
    expect_same(shared_server, board, ada, lin)


def test_select_move_copy_delete_with_the_keyboard(ada: Person, lin: Person) -> None:
    """Select all, nudge, duplicate, copy and paste, delete, without touching the mouse again. [R25]"""
    box = ada.shape("rectangle", (200, 200), (300, 260))
    ada.key("Escape", "Control+a", "ArrowRight", "Shift+ArrowDown")
    lin.sees(id=box, x=201, y=210)
    ada.key("Control+d")
    lin.sees(x=221, y=230)
    ada.key("Control+c", "Control+v")
    lin.sees(x=250, y=230)  # under the pointer
    ada.key("Delete")
    lin.sees_count(2)
    ada.key("Control+a", "Backspace")
    lin.sees_count(0)
    ada.key("Control+z", "Control+z")
    lin.sees_count(3)
    ada.key("Control+y")
    lin.sees_count(2)


def test_stacking(ada: Person, lin: Person, shared_server: ServerProcess, board: str) -> None:
    """To the front and to the back, by key and by button, is the same for all. [R25]"""
    low, middle, high = (
        ada.shape("rectangle", (200 + 20 * n, 200 + 20 * n), (320 + 20 * n, 300 + 20 * n)) for n in range(3)
    )
    ada.settles()
    ada.key("[")
    lin.wait("ids => whiteboard.view.drawOrder().join() === ids", f"{high},{low},{middle}")
    ada.key("Escape")  # the bar of what is selected would be in the way
    ada.page.mouse.click(*ada.edge(low))
    ada.find("selection-bar").get_by_test_id("front").click()
    lin.wait("ids => whiteboard.view.drawOrder().join() === ids", f"{high},{middle},{low}")
    ada.key("Control+z", "Control+z")
    lin.wait("ids => whiteboard.view.drawOrder().join() === ids", f"{low},{middle},{high}")
    expect_same(shared_server, board, ada, lin)


def test_colour_width_and_fill(ada: Person, lin: Person) -> None:
    """What is chosen holds for what is drawn next and for what is selected. [R25]"""
    ada.find("color-red").click()
    ada.find("width-8").click()
    stroke = ada.draw(*zigzag(200, 200))
    lin.sees(id=stroke, color="#e03131", width=8)
    ada.find("fill").click()
    box = ada.shape("rectangle", (400, 200), (500, 260))
    ada.find("color-blue").click()
    lin.sees(id=box, color="#1971c2", width=8)
    assert lin.element(box)["fill"].startswith("#")
    assert lin.element(stroke)["color"] == "#e03131"
