"""Without a network: nothing lost, nothing twice, and a light that does not lie (R5, R7, R12, R25)."""

import re
from collections import Counter

import pytest
from browser.conftest import Browse, Invite, expect_same, log_of, stored
from browser.line import Line
from browser.person import Person, op_ids_sent, zigzag
from integration.server_process import Json, ServerProcess
from playwright.sync_api import Error, expect

pytestmark = pytest.mark.browser

SAVED = "Saved · on disk"


def counted(person: Person) -> None:
    """The light's number is the page's count of pending ops."""
    pending = person.pending
    assert pending > 0
    expect(person.light).to_have_attribute("data-pending", str(pending))
    person.light_says("offline", re.compile(rf"^Offline — {pending} changes? kept on this device$"))


def ink(elements: list[Json]) -> dict[str, object]:
    """Points by id."""
    return {str(el["id"]): el.get("points") for el in elements}


def test_drawing_on_without_a_server(invite: Invite, own_server: ServerProcess, board: str) -> None:
    """Killed server: both draw on, the light counts, a failed reload and a good one lose nothing. [R5, R25]"""
    ada, lin = invite(own_server), invite(own_server)
    before = ada.draw(*zigzag(150, 150))
    lin.sees(id=before)
    expect_same(own_server, board, ada, lin)
    ada.light_says("saved", SAVED)
    acked = log_of(own_server, board)

    ada.expects_network_trouble = lin.expects_network_trouble = True
    own_server.kill()
    for person, y in ((ada, 250), (lin, 400)):
        person.draw(*zigzag(150, y))
        person.shape("rectangle", (400, y), (500, y + 60))
        counted(person)
    kept = ink(ada.elements) | ink(lin.elements)
    with pytest.raises(Error, match="ERR_CONNECTION_REFUSED"):
        ada.page.reload()

    own_server.start()
    ada.page.goto(f"{own_server.url}/b/{board}")
    ada.arrives()
    elements = expect_same(own_server, board, ada, lin)
    assert log_of(own_server, board)[: len(acked)] == acked
    assert ink(elements) == kept
    assert len(elements) == 5
    for person in (ada, lin):
        person.light_says("saved", SAVED)


def test_reload_at_once_after_drawing(
    invite: Invite, own_line: Line, own_server: ServerProcess, board: str
) -> None:
    """Ink that no server has confirmed survives a reload in the same moment, and is stored once. [R25]"""
    ada, lin = invite(own_line), invite(own_server)
    own_line.hush()
    for number in range(8):
        # No time for anything between drawing and leaving but what the page does at once.
        ada.ask(
            """id => { whiteboard.desk.submit({ type: "stroke", id, points: [[1, 2], [3, 4, 0.5]], color: "#e03131", width: 4 });
              window.isBefore = true;
              queueMicrotask(() => queueMicrotask(() => location.reload())); }""",
            f"s{number}",
        )
        ada.wait_after_leaving("window.probe?.isReady() && !window.isBefore")
        assert ada.ids == [f"s{n}" for n in range(number + 1)]
    own_line.flow()
    lin.sees_count(8)
    expect_same(own_server, board, ada, lin)


def test_offline_browser_and_a_cut_line(
    browse: Browse, invite: Invite, own_server: ServerProcess, own_line: Line, board: str
) -> None:
    """Offline by the browser's own word: both draw on, and on return both have everything. [R7, R25]"""
    context = browse()
    ada, lin = invite(own_line, context=context), invite(own_server)
    ada.expects_network_trouble = True
    first = ada.draw(*zigzag(150, 150))
    lin.sees(id=first)
    ada.settles()
    context.set_offline(True)
    own_line.cut()
    ada.light_says("offline", "Offline")
    expect(lin.find("people")).to_have_attribute("data-count", "1")
    ada.draw(*zigzag(150, 300))
    text = ada.write((600, 300), "written offline")
    counted(ada)
    theirs = lin.draw(*zigzag(150, 450))
    lin.settles()
    assert len(stored(own_server, board)) == 2
    own_line.mend()
    context.set_offline(False)
    expect(ada.find("toast")).to_have_text("Back online. Everything was sent.")  # it goes soon
    lin.sees(id=text)
    ada.sees(id=theirs)
    assert len(expect_same(own_server, board, ada, lin)) == 4
    ada.light_says("saved", SAVED)
    expect(lin.find("people")).to_have_attribute("data-count", "2")


def test_the_light_waits_for_the_ack(
    invite: Invite, own_line: Line, own_server: ServerProcess, board: str
) -> None:
    """On a silent line "saved" is not said, however connected it looks; it is said after the ack. [R5, R25]"""
    ada = invite(own_line)
    ada.light_says("saved", SAVED)
    own_line.hush()
    ada.draw(*zigzag(200, 200))
    pending = ada.pending
    assert pending > 0
    ada.light_says("saving", "Saving…")
    assert log_of(own_server, board) == []
    own_line.flow()
    ada.light_says("saved", SAVED)
    assert len(log_of(own_server, board)) == pending
    assert Counter(op_ids_sent(ada)).most_common(1)[0][1] == 1, "an op was sent twice on one good line"


def test_a_closed_tab_leaves_its_ink_to_the_next(
    browse: Browse, invite: Invite, own_server: ServerProcess, own_line: Line, board: str
) -> None:
    """What a tab drew offline before it was closed is sent by the next tab, under its author, once. [R25]"""
    context = browse()
    ada, lin = invite(own_line, context=context), invite(own_server)
    ada.expects_network_trouble = True
    own_line.cut()
    mine = ada.draw(*zigzag(200, 200))
    counted(ada)
    author = ada.client
    ada.page.close()
    own_line.mend()
    heir = invite(own_line, context=context)
    lin.sees(id=mine)
    elements = expect_same(own_server, board, heir, lin)
    assert [el["by"] for el in elements] == [author]
    assert heir.client != author
    heir.light_says("saved", SAVED)


def test_a_restart_is_bridged(invite: Invite, own_server: ServerProcess, board: str) -> None:
    """SIGTERM: both keep drawing, come back by sequence without a snapshot, and go on. [R7, R12]"""
    ada, lin = invite(own_server), invite(own_server)
    for person in (ada, lin):
        person.expects_network_trouble = True
        person.ask(
            "() => { window.news = []; whiteboard.sync.addEventListener('reset', () => news.push('reset')); }"
        )
    first = ada.draw(*zigzag(150, 150))
    lin.sees(id=first)
    expect_same(own_server, board, ada, lin)
    assert own_server.stop() == 0
    ada.draw(*zigzag(150, 300))
    own_server.start()
    lin.sees_count(2)
    last = lin.draw(*zigzag(150, 450))
    ada.sees(id=last)
    assert len(expect_same(own_server, board, ada, lin)) == 3
    for person in (ada, lin):
        assert person.ask("news") == [], "a resumed session need not start over"


def test_kill_in_the_middle_of_a_stroke(invite: Invite, own_server: ServerProcess, board: str) -> None:
    """A server killed while both draw loses no acked op; the strokes go on where they were. [R5]"""
    ada, lin = invite(own_server), invite(own_server)
    for person, y in ((ada, 200), (lin, 400)):
        person.expects_network_trouble = True
        person.press_down((150, y))
        person.drag_on(zigzag(150, y))
    for person in (ada, lin):
        person.wait("probe.elements().length === 2")
    before = log_of(own_server, board)
    own_server.kill()
    for person, y in ((ada, 200), (lin, 400)):
        person.drag_on(zigzag(350, y))
    own_server.start()
    for person, y in ((ada, 200), (lin, 400)):
        person.drag_on(zigzag(550, y, teeth=2))
        person.let_go()
    elements = expect_same(own_server, board, ada, lin)
    assert log_of(own_server, board)[: len(before)] == before
    assert len(elements) == 2
    for el in elements:
        assert max(point[0] for point in el["points"]) >= 580


def test_two_tabs_of_one_browser(
    browse: Browse, invite: Invite, own_server: ServerProcess, own_line: Line, board: str
) -> None:
    """A duplicated tab is somebody of its own: the first one's journal is sent by the first one, once. [R25]"""
    ada = invite(own_line, context=browse())
    own_line.hush()
    mine = ada.draw(*zigzag(200, 200))
    assert ada.pending > 0
    with ada.page.context.expect_page() as opening:
        ada.ask(
            "() => { window.open(location.href); }"
        )  # takes the session storage along, as duplicating does
    twin = Person(opening.value)
    twin.wait("window.whiteboard?.sync.session === null")
    own_line.flow()
    twin.arrives()
    assert twin.client != ada.client
    other = twin.draw(*zigzag(200, 400))
    ada.sees(id=other)
    twin.sees(id=mine)
    elements = expect_same(own_server, board, ada, twin)
    assert {el["id"]: el["by"] for el in elements} == {mine: ada.client, other: twin.client}
    assert set(Counter(op_ids_sent(ada) + op_ids_sent(twin)).values()) == {1}
    assert twin.troubles == []


def test_a_stale_move_does_not_win(
    invite: Invite, own_server: ServerProcess, own_line: Line, board: str
) -> None:
    """Moved offline by one, meanwhile online by the other: the other's newer place stays. [R4]"""
    ada, lin = invite(own_line), invite(own_server)
    ada.expects_network_trouble = True
    box = ada.shape("rectangle", (200, 200), (300, 260))
    lin.sees(id=box)
    own_line.cut()
    ada.light_says("offline", "Offline")
    ada.drag(ada.middle(box), (500, 300), (600, 400))
    assert ada.element(box)["x"] > 450
    lin.take("select")
    lin.drag(lin.edge(box), (250, 400), (250, 500))
    lin.settles()
    place = [lin.element(box)[name] for name in ("x", "y")]
    assert place != [200, 200]
    own_line.mend()
    ada.comes_back()
    expect_same(own_server, board, ada, lin)
    assert [ada.element(box)[name] for name in ("x", "y")] == place


def test_the_button_brings_a_closed_page_back(invite: Invite, own_server: ServerProcess, board: str) -> None:
    """A board that is deleted under its people says so; what one draws then is kept until Reconnect. [R6, R25]"""
    ada = invite(own_server)
    ada.draw(*zigzag(150, 150))
    ada.settles()
    assert own_server.request("DELETE", f"/api/boards/{board}")[0] == 204
    ada.light_says("closed", "The board was deleted. What you draw now stays on this device.")
    mine = ada.draw(*zigzag(150, 300))
    assert ada.pending > 0
    ada.find("retry").click()
    ada.light_says("saved", SAVED)
    assert [el["id"] for el in expect_same(own_server, board, ada)] == [mine]
