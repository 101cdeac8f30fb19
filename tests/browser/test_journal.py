"""What a browser keeps for its tabs, where tabs cannot be told apart with certainty and disks fail (R25)."""

import re
from typing import Any

import pytest
from browser.conftest import Browse, Invite, expect_same, log_of
from browser.line import Line
from browser.person import Person, meet, zigzag
from integration.server_process import ServerProcess
from playwright.sync_api import BrowserContext

pytestmark = pytest.mark.browser

WITHOUT_LOCKS = "Object.defineProperty(Navigator.prototype, 'locks', { get: () => undefined });"
"""As on http://192.168.0.5: no secure context, so tabs ask each other."""
MUTE = "() => { BroadcastChannel.prototype.postMessage = () => {}; }"
"""A tab that does not answer others: frozen, or busy."""
BLIND = """
  const { getAll } = IDBObjectStore.prototype;
  IDBObjectStore.prototype.getAll = function (range) {
    if (this.name === "ops") throw new DOMException("disk", "UnknownError");
    return getAll.call(this, range);
  };
"""
"""A database whose ops cannot be read."""
JOURNAL = """async work => {
  const { openJournal } = await import(document.querySelector('link[href$="sync/journal.js"]').href);
  const entry = counter => ({ op: { type: "note", id: "n", opId: `c-1:${counter}`, seen: 0, ts: 1 }, epoch: "e" });
  const keys = () => new Promise(resolve => {
    indexedDB.open("whiteboard").onsuccess = ({ target: { result } }) => {
      result.transaction("clients").objectStore("clients").getAll().onsuccess = (event) => {
        resolve(event.target.result.filter(row => row.board === "test").map(row => [row.client, row.key ?? null]));
        result.close();
      };
    };
  });
  WORK
}"""
"""Work on journals of a board "test" in a page, beside the page's own."""


def browser_without_locks(browse: Browse) -> BrowserContext:
    """Somebody's browser at a server on plain HTTP."""
    context = browse()
    context.add_init_script(WITHOUT_LOCKS)
    return context


def draw_offline_and_leave(person: Person, line: Line) -> tuple[str, str]:
    """Draw a stroke on a cut line and close the tab; the stroke and its author."""
    person.expects_network_trouble = True
    person.page.bring_to_front()
    line.cut()
    mine, author = person.draw(*zigzag(200, 200)), person.client
    person.light_says("offline", re.compile("kept on this device$"))
    person.page.close()
    line.mend()
    return mine, author


def with_journals(person: Person, work: str) -> Any:
    """What some work on journals comes to."""
    return person.ask(JOURNAL.replace("WORK", work))


def test_a_tab_that_does_not_answer_loses_nothing(
    browse: Browse, invite: Invite, own_server: ServerProcess, own_line: Line, board: str
) -> None:
    """Taken for dead while it lives, a tab draws on offline and is closed: the next tab sends it. [R25]"""
    context = browser_without_locks(browse)
    ada = invite(own_line, context=context)
    ada.ask(MUTE)
    other = invite(own_line, context=context)  # finds an empty journal whose owner says nothing
    other.expects_network_trouble = True
    mine, author = draw_offline_and_leave(ada, own_line)
    heir = invite(own_line, context=context)
    heir.sees(id=mine)
    elements = expect_same(own_server, board, heir)
    assert [el["by"] for el in elements] == [author], "sent with the key that its author had"


def test_a_journal_that_two_tabs_send_is_stored_once(
    browse: Browse, invite: Invite, own_server: ServerProcess, own_line: Line, board: str
) -> None:
    """A live tab's journal, adopted while it does not answer, is stored once, and its later ink is found. [R25]"""
    context = browser_without_locks(browse)
    ada = invite(own_line, context=context)
    ada.ask(MUTE)
    own_line.hush()
    first = ada.draw(*zigzag(200, 400))
    other = meet(context)
    other.expects_network_trouble = True
    other.page.goto(f"{own_line.url}/b/{board}")
    other.wait("window.whiteboard?.view.drawOrder().length === 1")
    own_line.flow()
    other.arrives()
    assert len(expect_same(own_server, board, ada, other)) == 1
    second, author = draw_offline_and_leave(ada, own_line)
    heir = invite(own_line, context=context)
    heir.sees(id=second)
    elements = expect_same(own_server, board, heir)
    assert {el["id"]: el["by"] for el in elements} == {first: author, second: author}
    assert other.troubles == []


def test_a_journal_that_cannot_be_read_is_not_taken_for_an_empty_one(
    browse: Browse, invite: Invite, own_server: ServerProcess, own_line: Line, board: str
) -> None:
    """A tab whose reads fail says so and leaves a dead tab's journal to the next one. [R25]"""
    context = browse()
    mine, author = draw_offline_and_leave(invite(own_line, context=context), own_line)
    blind = meet(context)
    blind.page.add_init_script(BLIND)
    blind.open(f"{own_line.url}/b/{board}")
    assert blind.ask("whiteboard.sync.status.kept") == "memory"
    assert log_of(own_server, board) == []
    blind.page.close()
    heir = invite(own_line, context=context)
    heir.sees(id=mine)
    assert [el["by"] for el in expect_same(own_server, board, heir)] == [author]


def test_a_failing_write_is_told_at_once(invite: Invite, own_line: Line) -> None:
    """When the journal cannot be written, the status says so before anything else happens. [R25]"""
    ada = invite(own_line)
    own_line.hush()
    told = ada.ask(
        """async () => {
          IDBDatabase.prototype.transaction = () => { throw new DOMException('full', 'QuotaExceededError'); };
          const told = [];
          whiteboard.sync.addEventListener('status', ({ detail }) => told.push(detail.kept));
          whiteboard.desk.submit({ type: 'note', id: 'n', x: 0, y: 0, w: 10, h: 10 });
          await new Promise(resolve => setTimeout(resolve));
          return told;
        }"""
    )
    assert told[-1] == "memory"
    own_line.flow()
    ada.settles()


def test_a_key_stands_beside_its_ops(invite: Invite, own_server: ServerProcess) -> None:
    """A key goes with its client's last op, and comes with the next one, whoever looked meanwhile. [R25]"""
    kept = with_journals(
        invite(own_server),
        """
        const [mine, other] = [await openJournal("test"), await openJournal("test")];
        const kept = [];
        const look = async () => { await mine.settled(); await other.orphans(); kept.push(await keys()); };
        await mine.claim("c-1");
        mine.remember("c-1", "secret");
        await look();
        mine.append(entry(1));
        await look();
        mine.remove(["c-1:1"]);
        await look();
        mine.append(entry(2));
        await look();
        return kept;
        """,
    )
    assert kept == [[], [["c-1", "secret"]], [], [["c-1", "secret"]]]


def test_orphans_are_found_by_their_ops(invite: Invite, own_server: ServerProcess) -> None:
    """Journals whose keys are gone are found all the same, each once, in the order of their counters. [R25]"""
    found = with_journals(
        invite(own_server),
        """
        const dead = await openJournal("test", { indexedDB });
        const make = (client, counter) => ({ op: { type: "note", id: "n", opId: `${client}:${counter}`, seen: 0, ts: 1 }, epoch: "e" });
        for (const [client, counter] of [["c-2", 9], ["c-1", 10], ["c-1", 9], ["c-3", 1]]) dead.append(make(client, counter));
        await dead.settled();
        await new Promise(resolve => {
          indexedDB.open("whiteboard").onsuccess = ({ target: { result } }) => {
            const transaction = result.transaction("clients", "readwrite");
            transaction.objectStore("clients").clear();
            transaction.oncomplete = () => resolve(result.close());
          };
        });
        const heir = await openJournal("test");
        const orphans = await heir.orphans();
        return [orphans.map(({ client, entries }) => [client, entries.map(({ op }) => op.opId)]), await heir.orphans()];
        """,
    )
    assert found == [[["c-1", ["c-1:9", "c-1:10"]], ["c-2", ["c-2:9"]], ["c-3", ["c-3:1"]]], []]
