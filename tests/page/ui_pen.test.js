// @ts-check
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { Board } from "../../whiteboard/page/js/core/board.js";
import { History } from "../../whiteboard/page/js/history.js";
import { PenTool } from "../../whiteboard/page/js/tools/pen.js";

/** @type {PenTool[]} */
const pens = [];
afterEach(() => pens.splice(0).forEach((pen) => pen.leave()));

/** A pen on a board to which its ops are applied at once; of the desk only what a pen needs. @param {object} [limits] */
function penOnBoard(limits = {}) {
  const board = new Board(), ops = /** @type {any[]} */ ([]);
  const submit = (/** @type {any} */ op) => {
    ops.push(op);
    board.apply({ ...op, opId: `c-1:${ops.length}`, lamport: ops.length, seq: ops.length });
  };
  const desk = {
    camera: { x: 0, y: 0, z: 1 }, style: { color: "#000000", width: 4, fill: false }, limits, submit,
    layers: { hidden: new Set(), draft: null, request() {}, hide(/** @type {string} */ id) { this.hidden.delete(id); } }, newId: () => `e${++made}`,
    history: new History(/** @type {any} */ (board), submit),
  };
  let made = 0;
  const pen = new PenTool(/** @type {any} */ (desk));
  pens.push(pen);
  return { pen, board, ops, desk };
}

const at = (/** @type {number} */ x, /** @type {number} */ y, kind = "mouse") =>
  /** @type {any} */ ({ x, y, sx: x, sy: y, t: x * 4, pressure: null, kind, shift: false, alt: false, mod: false, clicks: 1 });
const wave = (/** @type {number} */ x) => at(x, 40 * Math.sin(x / 15));

test("a stroke arrives in pieces that follow one another, and is whole at the end", () => {
  const { pen, board, ops } = penOnBoard();
  pen.down(wave(0));
  for (let x = 1; x < 200; x++) {
    if (pen.draft) pen.draft.sentAt = -Infinity;
    pen.move([wave(x)]);
  }
  pen.up(wave(200));
  assert.equal(ops[0].type, "stroke");
  assert.ok(ops.length > 5 && ops.slice(1).every((op) => op.type === "append"));
  let next = 0;
  for (const op of ops) {
    assert.equal(op.from ?? 0, next);
    next += op.points.length;
  }
  const { points } = /** @type {any} */ (board.get(ops[0].id));
  assert.equal(points.length, next * 3);
  assert.deepEqual([points.at(-3), points.at(-2)], [200, Math.round(4000 * Math.sin(200 / 15)) / 100]);
});

test("a click leaves a dot", () => {
  const { pen, ops } = penOnBoard();
  pen.down(at(5, 5));
  pen.up(at(5, 5));
  assert.deepEqual(ops.map((op) => [op.type, op.points.length]), [["stroke", 1]]);
});

test("a stroke at its bound goes on in a new one that begins where it ended", () => {
  const { pen, board, ops } = penOnBoard({ pointsPerStroke: 94 });
  pen.down(wave(0));
  for (let x = 1; x < 400; x++) {
    if (pen.draft) pen.draft.sentAt = -Infinity;
    pen.move([wave(x)]);
  }
  pen.up(wave(400));
  const strokes = board.drawOrder().map((id) => /** @type {any} */ (board.get(id)).points);
  assert.ok(strokes.length > 1);
  assert.ok(strokes.every((points) => points.length / 3 <= 94));
  for (let i = 1; i < strokes.length; i++) assert.deepEqual(strokes[i].slice(0, 2), strokes[i - 1].slice(-3, -1));
  assert.equal(new Set(ops.map((op) => op.id)).size, strokes.length);
});

test("the first finger of a pinch leaves nothing, a stroke that was drawn for a while stays", () => {
  const { pen, board, ops } = penOnBoard();
  pen.down(at(0, 0, "touch"));
  pen.move([at(3, 0, "touch")]);
  pen.interrupt();
  assert.equal(ops.length, 0);

  pen.down(wave(0));
  for (let x = 1; x < 50; x++) pen.move([wave(x)]);
  if (pen.draft) pen.draft.begunAt -= 1000;
  pen.interrupt();
  assert.equal(board.drawOrder().length, 1);
});

test("Escape takes a stroke back for everybody", () => {
  const { pen, board, ops } = penOnBoard();
  pen.down(at(0, 0));
  pen.move([at(50, 50)]);
  pen.cancel();
  assert.equal(ops.at(-1).type, "delete");
  assert.equal(board.drawOrder().length, 0);
});

test("a stroke is undone whole", () => {
  const { pen, board, desk } = penOnBoard();
  pen.down(wave(0));
  for (let x = 1; x < 50; x++) pen.move([wave(x)]);
  pen.up(wave(50));
  assert.equal(desk.history.undos.length, 1);
  desk.history.undo();
  assert.equal(board.drawOrder().length, 0);
  desk.history.redo();
  assert.equal(board.drawOrder().length, 1);
});

test("an abandoned gesture is as if it had not been", () => {
  const { board, desk } = penOnBoard();
  desk.history.do([{ type: "shape", id: "r", kind: "rectangle", x: 0, y: 0, w: 5, h: 5 }]);
  desk.history.begin();
  desk.history.do([{ type: "set", id: "r", props: { x: 9 } }]);
  desk.history.abandon();
  assert.equal(/** @type {any} */ (board.get("r")).x, 0);
  assert.equal(desk.history.redos.length, 0);
  assert.equal(desk.history.undos.length, 1);
});
