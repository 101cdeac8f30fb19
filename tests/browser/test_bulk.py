"""Much at once: what is done to thousands of strokes costs so many times one, not the square of it (R25)."""

import pytest
from browser.conftest import Invite, expect_same
from browser.person import Person
from integration.server_process import ServerProcess

pytestmark = pytest.mark.browser

MANY = 1_500

DRAW_MANY = """count => whiteboard.desk.history.do(Array.from({ length: count }, (_, n) => {
  const x = (n % 50) * 18, y = 80 + Math.floor(n / 50) * 18;
  const points = Array.from({ length: 8 }, (_, i) => [x + i * 2, y + (i % 3) * 4]);
  return { type: "stroke", id: `many-${n}`, points, color: "#1971c2", width: 2 };
}))"""

COUNT = """() => {
  const { desk, layers } = whiteboard;
  window.counted = { takes: 0, boxes: 0, frames: layers.stats.frames };
  for (const [name, kind] of [["take", "takes"], ["selectedBox", "boxes"]]) {
    const real = desk[name].bind(desk);
    desk[name] = (...given) => (counted[kind]++, real(...given));
  }
}"""
"""From now on, count how often changes are taken over and the box of the whole selection is computed."""


@pytest.fixture
def ada(invite: Invite, shared_server: ServerProcess) -> Person:
    """Somebody with a board full of strokes, all of them selected."""
    ada = invite(shared_server)
    ada.ask(DRAW_MANY, MANY)
    ada.settles()
    return ada


def select_all(person: Person) -> None:
    """All strokes are selected, and counting begins."""
    person.key("Control+a")
    person.wait("count => whiteboard.desk.selection.size === count", MANY)
    person.ask(COUNT)


def test_edits_of_many_are_taken_over_once(ada: Person, shared_server: ServerProcess, board: str) -> None:
    """Nudging, colouring, undoing and deleting many strokes look at the whole selection once or twice. [R25]"""
    select_all(ada)
    for edit in (
        "document.querySelector('[data-testid=color-red]').click()",
        "whiteboard.desk.history.undo()",
        "whiteboard.desk.history.redo()",
        "whiteboard.desk.history.do([...whiteboard.desk.selection].map(id => ({ type: 'delete', id })))",
    ):
        takes, boxes = ada.ask(
            f"() => {{ const before = {{ ...counted }}; {edit};"
            " return [counted.takes - before.takes, counted.boxes - before.boxes]; }"
        )
        assert takes == 1, edit
        assert boxes <= 2, edit
    assert ada.ask("whiteboard.desk.selection.size") == 0, "what is gone is not selected any more"
    ada.key("Control+z")
    ada.sees_count(MANY)
    assert all(el["color"] == "#e03131" for el in expect_same(shared_server, board, ada))


def test_the_box_of_many_is_computed_once_a_frame(
    ada: Person, invite: Invite, shared_server: ServerProcess, board: str
) -> None:
    """Changes that come one by one, own or another's, move the frame of all that is selected once a frame. [R25]"""
    lin = invite(shared_server)
    lin.sees_count(MANY)
    select_all(lin)
    ada.key("Control+a", "ArrowRight")
    lin.wait("() => probe.elements().every(el => el.x === 1)")
    boxes, frames = lin.ask("[counted.boxes, whiteboard.layers.stats.frames - counted.frames]")
    assert boxes <= 2 * frames + 2
    at_once = lin.ask(
        """() => {
          const before = counted.boxes;
          for (const id of whiteboard.desk.selection) whiteboard.desk.submit({ type: "set", id, props: { x: 2 } });
          return counted.boxes - before;
        }"""
    )
    assert at_once == 0
    expect_same(shared_server, board, ada, lin)
