"""Two people at one board: what one does, the other sees (R20, R21)."""

import re

import pytest
from browser.conftest import Invite, expect_same
from browser.person import zigzag
from integration.server_process import ServerProcess
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_a_stroke_is_seen_while_it_is_drawn(invite: Invite, shared_server: ServerProcess, board: str) -> None:
    """Points arrive at the other while the pointer is still down, and in both directions at once. [R20]"""
    ada, lin = invite(shared_server), invite(shared_server)
    for person, y in ((ada, 200), (lin, 400)):
        person.press_down((200, y))
        person.drag_on(zigzag(200, y))
    grown = (
        "least => probe.elements().length === 2 && probe.elements().every(el => el.points.length >= least)"
    )
    for person in (ada, lin):
        person.wait(grown, 9)
    seen = {el["by"]: len(el["points"]) for el in lin.elements}
    ada.drag_on(zigzag(400, 250))
    lin.wait(
        "([by, least]) => probe.elements().find(el => el.by === by).points.length > least",
        [ada.client, seen[ada.client] + 5],
    )
    assert ada.ask("whiteboard.desk.tool.draft !== null"), "the pointer was down all the time"
    ada.let_go()
    lin.let_go()
    elements = expect_same(shared_server, board, ada, lin)
    assert {el["by"] for el in elements} == {ada.client, lin.client}


def test_cursors_and_names(invite: Invite, shared_server: ServerProcess) -> None:
    """The other's pointer is shown where it is on the board, under their name, also after renaming. [R21]"""
    ada, lin = invite(shared_server, name="Ada"), invite(shared_server, name="林")
    expect(ada.find("people")).to_have_attribute("data-count", "2")
    lin.page.mouse.move(300, 220, steps=4)
    cursor = ada.find("cursor")
    expect(cursor).to_have_text("林")
    ada.wait(
        "() => { const { x, y } = document.querySelector('[data-testid=cursor]').getBoundingClientRect();"
        " return Math.hypot(x - 300, y - 220) < 6; }"
    )
    lin.find("people").click()
    expect(lin.find("person")).to_have_text([re.compile("林.*You"), re.compile("Ada")])
    lin.find("my-name").fill("林徽因")
    lin.key("Enter")
    expect(cursor).to_have_text("林徽因")
    ada.find("people").click()
    expect(ada.find("person")).to_contain_text(["Ada", "林徽因"])
    lin.page.close()
    expect(cursor).to_have_count(0)
    expect(ada.find("people")).to_have_attribute("data-count", "1")


def test_laser_is_seen_and_never_stored(invite: Invite, shared_server: ServerProcess, board: str) -> None:
    """A laser trail reaches the other's screen and leaves no op behind. [R21]"""
    ada, lin = invite(shared_server), invite(shared_server)
    lin.ask(
        "() => { window.trails = 0; whiteboard.sync.addEventListener('cursors', e => { if (e.detail.some(c => c.laser?.length)) trails++; }); }"
    )
    ada.take("laser")
    ada.drag(*zigzag(300, 300))
    lin.wait("trails > 0")
    ada.take("pen")
    ada.draw(*zigzag(300, 300))
    assert len(expect_same(shared_server, board, ada, lin)) == 1


def test_undo_is_ones_own(invite: Invite, shared_server: ServerProcess, board: str) -> None:
    """Undo and redo touch what one did oneself; the other's stroke stays, and so does their colour. [R25]"""
    ada, lin = invite(shared_server), invite(shared_server)
    first = ada.draw(*zigzag(200, 200))
    lin.sees(id=first)
    theirs = lin.draw(*zigzag(200, 400))
    ada.sees(id=theirs)
    ada.key("Control+z")
    lin.sees_count(1)
    ada.key("Control+z")  # there is nothing of Ada's left
    assert [el["id"] for el in expect_same(shared_server, board, ada, lin)] == [theirs]
    ada.find("redo").click()
    lin.sees_count(2)
    lin.find("undo").click()
    ada.sees_count(1)
    assert [el["id"] for el in expect_same(shared_server, board, ada, lin)] == [first]
    expect(lin.find("undo")).to_be_disabled()
    lin.key("Control+Shift+z")
    ada.sees_count(2)
    expect_same(shared_server, board, ada, lin)


def test_two_thousand_strokes(invite: Invite, shared_server: ServerProcess, board: str) -> None:
    """A board of 2,000 strokes opens, is the same for all and on the server, and is drawn on. [R7, R20]"""
    ada = invite(shared_server)
    ada.ask(
        """() => { for (let n = 0; n < 2000; n++) {
          const x = (n % 50) * 60, y = Math.floor(n / 50) * 60;
          const points = Array.from({ length: 20 }, (_, i) => [x + i * 2, Math.round(100 * (y + 20 * Math.sin(i / 3 + n))) / 100]);
          whiteboard.desk.submit({ type: "stroke", id: `many-${n}`, points, color: "#1971c2", width: 2 });
        } }"""
    )
    ada.settles()
    lin = invite(shared_server)
    lin.sees_count(2000)
    expect_same(shared_server, board, ada, lin)
    mine = lin.draw(*zigzag(450, 300))
    ada.sees(id=mine)
    lin.wait("whiteboard.layers.job === null && whiteboard.layers.stats.fullDraws > 0")
    assert len(expect_same(shared_server, board, ada, lin)) == 2001
