// @ts-check
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Board } from "../../whiteboard/page/js/core/board.js";
import { History } from "../../whiteboard/page/js/history.js";
import { nudgeOf, Nudges } from "../../whiteboard/page/js/input/nudge.js";

test.beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
test.afterEach(() => mock.timers.reset());

/** A shape on a board, moved by arrow keys, and a page that tells of presses. */
function moved() {
  const board = new Board(), page = new EventTarget();
  let n = 0, x = 0;
  const submit = (/** @type {any} */ op) => void board.apply({ ...op, opId: `c-1:${++n}`, lamport: n, seq: n });
  const history = new History(/** @type {any} */ (board), submit), nudges = new Nudges(history);
  nudges.settleBeforeOthers(page);
  history.do([{ type: "shape", id: "r", kind: "rectangle", x: 0, y: 0, w: 10, h: 10 }]);
  const press = () => nudges.do([{ type: "set", id: "r", props: { x: ++x } }]);
  const tell = (/** @type {string} */ name, key = "") => page.dispatchEvent(Object.assign(new Event(name), { key }));
  return { history, press, tell, x: () => board.get("r")?.x };
}

test("a burst of arrow keys is one thing to undo", () => {
  const { history, press, tell, x } = moved();
  for (let n = 0; n < 5; n++) {
    tell("keydown", "ArrowRight");
    press();
    mock.timers.tick(200);
  }
  tell("keydown", "z");
  history.undo();
  assert.equal(x(), 0);
  history.redo();
  assert.equal(x(), 5);
});

test("after a pause, a press or a click another burst begins", () => {
  const { history, press, tell, x } = moved();
  press();
  mock.timers.tick(1000);
  press();
  tell("pointerdown");
  press();
  tell("click");
  for (const left of [2, 1, 0]) {
    history.undo();
    assert.equal(x(), left);
  }
});

test("an arrow moves by one, with Shift by ten", () => {
  assert.deepEqual(nudgeOf({ key: "ArrowLeft", shiftKey: false }), { dx: -1, dy: 0 });
  assert.deepEqual(nudgeOf({ key: "ArrowDown", shiftKey: true }), { dx: 0, dy: 10 });
});
