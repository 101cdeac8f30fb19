"""What is selected has a frame by which it is moved, resized and turned; everybody sees the same (R25)."""

import math

import pytest
from browser.conftest import Invite, expect_same
from browser.person import At, Person, zigzag
from browser.picture import difference, picture
from integration.server_process import ServerProcess

pytestmark = pytest.mark.browser

SAME = 3
"""Of 255, as in test_ink.py."""


@pytest.fixture
def ada(invite: Invite, shared_server: ServerProcess) -> Person:
    """Somebody who does things."""
    return invite(shared_server)


@pytest.fixture
def lin(ada: Person, invite: Invite, shared_server: ServerProcess) -> Person:
    """Somebody who sees them done."""
    return invite(shared_server)


def handle(person: Person, name: str) -> At:
    """Where a handle of the selection's frame is on the screen."""
    x, y = person.ask(
        "name => { const { x, y } = whiteboard.desk.tool.grip().handles.find(each => each.name === name); return [x, y]; }",
        name,
    )
    return x, y


def pull(person: Person, name: str, dx: float, dy: float) -> None:
    """Drag a handle by so much."""
    x, y = handle(person, name)
    person.drag((x, y), (x + dx / 2, y + dy / 2), (x + dx, y + dy))


def select(person: Person, *ids: str) -> None:
    """Select elements, and nothing else."""
    person.take("select")
    person.ask("ids => whiteboard.desk.select(ids)", list(ids))


def outer(person: Person, element_id: str) -> list[float]:
    """Left, top, right and bottom of an element as somebody sees it."""
    box: list[float] = person.ask(
        "id => { const b = whiteboard.scene.outerBox(id); return [b.minX, b.minY, b.maxX, b.maxY]; }",
        element_id,
    )
    return box


def sees_at(person: Person, element_id: str, box: list[float]) -> None:
    """Wait until an element is in a place, but for rounding."""
    person.wait(
        "([id, box]) => { const b = whiteboard.scene.outerBox(id);"
        " return [b.minX, b.minY, b.maxX, b.maxY].every((v, n) => Math.abs(v - box[n]) < 0.1); }",
        [element_id, box],
    )


@pytest.mark.parametrize("size", [5, 12, 30])
def test_something_small_is_moved_by_its_middle(ada: Person, lin: Person, size: int) -> None:
    """The handles of something small leave its middle free: dragged there, it moves and keeps its size. [R25]"""
    box = ada.shape("rectangle", (300, 300), (300 + size, 300 + size))
    made = ada.element(box)
    middle = 300 + size / 2
    ada.drag((middle, middle), (middle + 60, middle + 40))
    lin.sees(id=box, x=made["x"] + 60, y=made["y"] + 40, w=made["w"], h=made["h"])
    pull(ada, "se", 20, 10)
    lin.sees(id=box, w=made["w"] + 20, h=made["h"] + 10)


def test_a_small_arrow_is_moved_by_its_middle(ada: Person, lin: Person) -> None:
    """So is a short arrow, whose handles stand beyond its ends. [R25]"""
    arrow = ada.shape("arrow", (300, 300), (312, 308))
    before = ada.element(arrow)
    ada.drag((306, 304), (366, 344))
    lin.sees(id=arrow, x=before["x"] + 60, y=before["y"] + 40, w=before["w"], h=before["h"])


def test_a_stroke_is_resized(ada: Person, lin: Person, shared_server: ServerProcess, board: str) -> None:
    """By a corner in both ways, by a side in one; its points stay as they were drawn; undo takes it back. [R25] [PRP-12]"""
    stroke = ada.draw(*zigzag(300, 300))
    points = ada.element(stroke)["points"]
    before = outer(ada, stroke)
    select(ada, stroke)
    pull(ada, "se", 80, 40)
    pull(ada, "w", -40, 5)
    ada.settles()
    after = [before[0] - 40, before[1], before[2] + 80, before[3] + 40]
    for person in (ada, lin):
        person.sees(id=stroke, w=round(after[2] - after[0], 2), h=round(after[3] - after[1], 2))
        sees_at(person, stroke, after)
        assert person.element(stroke)["points"] == points
    ada.key("Control+z", "Control+z")
    lin.wait("id => probe.element(id).w === undefined && probe.element(id).h === undefined", stroke)
    sees_at(lin, stroke, before)
    expect_same(shared_server, board, ada, lin)


def test_several_are_resized_together(ada: Person, lin: Person) -> None:
    """By a corner of the frame around them, each grows in its place, letters too; one undo takes it back. [R25]"""
    box = ada.shape("rectangle", (200, 200), (300, 260))
    ada.take("pen")
    stroke = ada.draw(*zigzag(400, 300))
    text = ada.write((250, 400), "grows")
    size = ada.element(text)["size"]
    before = {each: outer(ada, each) for each in (box, stroke, text)}
    select(ada, box, stroke, text)
    x, y = ada.ask("() => { const { w, h } = whiteboard.desk.tool.grip().frame; return [w - 10, h - 10]; }")
    pull(ada, "se", x / 2, y / 2)
    ada.settles()
    left, top = (min(each[n] for each in before.values()) for n in (0, 1))
    for person in (ada, lin):
        person.wait("([id, size]) => Math.abs(probe.element(id).size / size - 1) < 0.02", [text, 1.5 * size])
        for each in (box, stroke):
            a, b = before[each], outer(person, each)
            assert (b[2] - b[0], b[3] - b[1]) == pytest.approx(
                (1.5 * (a[2] - a[0]), 1.5 * (a[3] - a[1])), rel=0.02
            )
            assert (b[0] - left, b[1] - top) == pytest.approx(
                (1.5 * (a[0] - left), 1.5 * (a[1] - top)), abs=4
            )
    ada.key("Control+z")
    for each in (box, stroke, text):
        sees_at(lin, each, before[each])


def test_turning(ada: Person, lin: Person, shared_server: ServerProcess, board: str) -> None:
    """The handle above turns a shape, a stroke or a text; with Shift in steps; undo turns it back. [R25]"""
    box = ada.shape("rectangle", (300, 300), (400, 360))
    ada.take("pen")
    stroke = ada.draw(*zigzag(500, 300))
    text = ada.write((300, 480), "turned")
    ada.page.keyboard.down("Shift")
    for element in (box, stroke, text):
        select(ada, element)
        x, y = handle(ada, "turn")
        middle = ada.ask("() => { const { x, y } = whiteboard.desk.tool.grip().frame; return [x, y]; }")
        reach = middle[1] - y
        assert x == pytest.approx(middle[0])
        ada.drag((x, y), (middle[0] + reach, middle[1] - reach), (middle[0] + reach, middle[1] + 2))
    ada.page.keyboard.up("Shift")
    ada.settles()
    quarter = round(math.pi / 2, 4)
    for element in (box, stroke, text):
        lin.sees(id=element, rotation=quarter)
    left, top, right, bottom = outer(lin, box)
    assert (right - left, bottom - top) == pytest.approx((60, 100), abs=1)
    ada.key("Control+z")
    lin.wait("id => probe.element(id).rotation === undefined", text)
    expect_same(shared_server, board, ada, lin)


def test_several_turn_about_their_middle(ada: Person, lin: Person) -> None:
    """Half a turn of two boxes and a line changes their places; what is turned twice so is as before. [R25]"""
    one = ada.shape("rectangle", (300, 300), (360, 340))
    other = ada.shape("rectangle", (500, 300), (560, 340))
    line = ada.shape("line", (400, 300), (440, 340))
    before = {each: outer(ada, each) for each in (one, other, line)}
    select(ada, one, other, line)
    ada.page.keyboard.down("Shift")
    for turn in range(2):
        x, y = handle(ada, "turn")
        cx, cy = ada.ask("() => { const { x, y } = whiteboard.desk.tool.grip().frame; return [x, y]; }")
        reach = cy - y
        ada.drag((x, y), (cx + reach, cy), (cx, cy + reach))
        ada.settles()
        if turn == 0:
            sees_at(lin, one, before[other])
            sees_at(lin, other, before[one])
            assert lin.element(line).get("rotation") is None, "a line is turned by its ends"
    ada.page.keyboard.up("Shift")
    for each in (one, other, line):
        sees_at(lin, each, before[each])


def test_turned_and_stretched_ink_is_the_same_for_all(ada: Person, lin: Person) -> None:
    """A stroke that was resized and turned looks the same to the pixel to its author, the other, and later. [R20]"""
    ada.find("width-8").click()
    stroke = ada.draw(*zigzag(300, 250, teeth=3, size=60))
    select(ada, stroke)
    pull(ada, "se", 60, 70)
    pull(ada, "turn", 60, 30)
    select(ada)
    ada.settles()
    ada.page.mouse.move(900, 650)
    for person in (ada, lin):
        person.wait("whiteboard.layers.moving.size === 0 && !whiteboard.layers.isStale")
    mine = picture(ada, 150, 120, 550, 420)
    assert difference(mine, picture(lin, 150, 120, 550, 420)) <= SAME
    ada.page.reload()
    ada.arrives()
    assert difference(mine, picture(ada, 150, 120, 550, 420)) <= SAME


def test_a_turned_text_is_changed_where_it_stands(ada: Person) -> None:
    """The field of a turned text or note lies on it, turned as it is. [R25]"""
    for tool, at in (("text", (300, 300)), ("note", (600, 300))):
        made = ada.write(at, "turned", tool=tool)
        ada.ask("id => whiteboard.desk.submit({ type: 'set', id, props: { rotation: Math.PI / 2 } })", made)
        ada.key("Escape")
        middle = ada.middle(made)
        ada.page.mouse.dblclick(*middle)
        box = ada.find("text-editor").bounding_box()
        assert box is not None
        assert box["height"] > box["width"] or tool == "note"
        assert box["x"] <= middle[0] <= box["x"] + box["width"]
        assert box["y"] <= middle[1] <= box["y"] + box["height"]
        ada.key("Escape")
