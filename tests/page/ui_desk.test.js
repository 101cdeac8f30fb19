// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { Board } from "../../whiteboard/page/js/core/board.js";
import { Scene } from "../../whiteboard/page/js/draw/scene.js";
import { mergeBoxes } from "../../whiteboard/page/js/draw/layers.js";
import { wrap } from "../../whiteboard/page/js/draw/text.js";
import { History, mergeSteps } from "../../whiteboard/page/js/history.js";
import { ACTIONS, chordOf, copyOf } from "../../whiteboard/page/js/input/actions.js";
import { readElements } from "../../whiteboard/page/js/input/clipboard.js";
import { movedProps, resizedProps } from "../../whiteboard/page/js/tools/change.js";
import { dragSize } from "../../whiteboard/page/js/tools/shape.js";

const measure = (/** @type {string} */ text, /** @type {number} */ size) => ({ w: text.length * size * 0.5, h: size * 1.3 });

/** A board to which one person's ops are applied at once. */
function desk() {
  const board = new Board();
  let n = 0;
  const submit = (/** @type {any} */ op) => void board.apply({ ...op, opId: `c-1:${++n}`, lamport: n, seq: n });
  const view = /** @type {any} */ (board);
  const batches = /** @type {number[]} */ ([]);
  const together = (/** @type {() => any} */ work) => {
    const before = n, result = work();
    batches.push(n - before);
    return result;
  };
  return { board, view, submit, batches, history: new History(view, submit, together), scene: new Scene(view, measure) };
}

const rectangle = { type: "shape", id: "r", kind: "rectangle", x: 0, y: 0, w: 10, h: 10 };
const set = (/** @type {object} */ props) => ({ type: "set", id: "r", props });

test("a drag of many small moves is undone in one, and redone in one", () => {
  const { board, history } = desk();
  history.do([rectangle]);
  history.begin();
  for (let x = 1; x <= 30; x++) history.do([set({ x })]);
  history.end();
  assert.equal(history.undos.length, 2);
  assert.equal(history.undos[1].length, 1);
  history.undo();
  assert.equal(board.get("r")?.x, 0);
  history.redo();
  assert.equal(board.get("r")?.x, 30);
});

test("however many ops are done, undone or abandoned at once, they are one batch", () => {
  const { history, batches } = desk(), ids = ["a", "b", "c"];
  history.do(ids.map((id) => ({ ...rectangle, id })));
  history.undo();
  history.redo();
  assert.deepEqual(batches, [3, 3, 3]);
  history.begin();
  history.do(ids.map((id) => ({ type: "set", id, props: { x: 4 } })));
  history.abandon();
  assert.deepEqual(batches.slice(3), [3, 3]);
});

test("undo leaves alone what somebody else has changed since", () => {
  const { board, history, submit } = desk();
  history.do([rectangle]);
  history.do([set({ x: 5, y: 5 })]);
  submit(set({ x: 99 }));
  history.undo();
  assert.equal(board.get("r")?.x, 99);
  assert.equal(board.get("r")?.y, 0);
});

test("undo passes over what has nothing left to do", () => {
  const { board, history, submit } = desk();
  history.do([{ ...rectangle, id: "a" }]);
  history.do([{ ...rectangle, id: "b" }]);
  submit({ type: "delete", id: "b" });
  assert.ok(history.undo());
  assert.equal(board.get("a"), undefined);
  assert.ok(!history.undo());
});

test("doing something new forgets what could be redone", () => {
  const { history } = desk();
  history.do([rectangle]);
  history.undo();
  history.do([{ ...rectangle, id: "other" }]);
  assert.ok(!history.redo());
});

test("what a gesture makes and changes is undone by deleting it alone", () => {
  const steps = mergeSteps([{ op: { type: "delete", id: "n" } }, { op: { type: "set", id: "n", props: { x: 0 } }, expects: { x: 1 } }]);
  assert.deepEqual(steps, [{ op: { type: "delete", id: "n" } }]);
});

test("the scene tells growing strokes from changed things, and is quiet about confirmations", () => {
  const { scene, submit, board } = desk();
  submit({ type: "stroke", id: "s", points: [[0, 0], [10, 0]], width: 2 });
  assert.deepEqual(scene.refresh(["s"]).begun, ["s"]);
  submit({ type: "append", id: "s", from: 2, points: [[20, 0]] });
  assert.deepEqual(scene.refresh(["s"]).grown, ["s"]);
  assert.deepEqual(scene.refresh(["s"]), { added: [], begun: [], grown: [], dirty: [], gone: [] });
  submit({ type: "set", id: "s", props: { color: "#ff0000" } });
  assert.equal(scene.refresh(["s"]).dirty.length, 2);
  submit({ type: "delete", id: "s" });
  assert.deepEqual(scene.refresh(["s"]).gone, ["s"]);
  assert.equal(board.get("s"), undefined);
  assert.equal(scene.grid.size, 0);
});

test("what has not changed is neither measured nor put in its place again", () => {
  const { view, submit } = desk();
  let measured = 0;
  const scene = new Scene(view, (text, size) => {
    measured++;
    return measure(text, size);
  });
  submit({ type: "text", id: "t", text: "abc", x: 0, y: 0 });
  scene.refresh(["t"]);
  scene.outerBox("t");
  const before = measured;
  assert.deepEqual(scene.refresh(["t"]), { added: [], begun: [], grown: [], dirty: [], gone: [] });
  for (let i = 0; i < 5; i++) scene.outerBox("t");
  assert.equal(measured, before);
});

test("a stroke that is turned or stretched is drawn anew as it grows", () => {
  for (const props of [{ rotation: 1 }, { w: 30 }]) {
    const { scene, submit } = desk();
    submit({ type: "stroke", id: "s", points: [[0, 0], [10, 5]], width: 2, ...props });
    scene.refresh(["s"]);
    submit({ type: "append", id: "s", from: 2, points: [[20, 0]] });
    const { dirty, grown } = scene.refresh(["s"]);
    assert.equal(dirty.length, 2);
    assert.deepEqual(grown, []);
  }
});

test("a stroke that is moved or coloured keeps its traced path, a wider one does not", () => {
  const { scene, submit } = desk();
  submit({ type: "stroke", id: "s", points: [[0, 0], [10, 0]], width: 2 });
  scene.refresh(["s"]);
  const path = /** @type {any} */ ({});
  Object.assign(/** @type {any} */ (scene.get("s")), { path });
  submit({ type: "set", id: "s", props: { x: 5, color: "#ff0000" } });
  scene.refresh(["s"]);
  assert.equal(scene.get("s")?.path, path);
  submit({ type: "set", id: "s", props: { width: 4 } });
  scene.refresh(["s"]);
  assert.equal(scene.get("s")?.path, null);
  Object.assign(/** @type {any} */ (scene.get("s")), { path });
  submit({ type: "set", id: "s", props: { w: 40 } });
  scene.refresh(["s"]);
  assert.equal(scene.get("s")?.path, null);
});

test("what is confirmed is drawn anew only where that puts it above or below something else", () => {
  const { board, scene, submit } = desk();
  const own = (/** @type {string} */ id, /** @type {number} */ n) => ({ ...rectangle, id, opId: `c-me:${n}` });
  for (const [n, id] of ["a", "b"].entries()) board.apply(own(id, n + 1));
  scene.refresh(["a", "b"]);
  scene.arrange();
  for (const [n, id] of ["a", "b"].entries()) board.apply({ ...own(id, n + 1), lamport: 10 + n });
  assert.deepEqual(scene.refresh(["a", "b"]).dirty, [], "b lay over a, and still does");
  board.apply(own("c", 3));
  scene.refresh(["c"]);
  scene.arrange();
  submit({ ...rectangle, id: "d" });
  board.apply({ ...own("c", 3), lamport: 9 });
  assert.deepEqual(scene.refresh(["c"]).dirty, [scene.get("c")?.box], "c turns out to be older than a and b");
});

test("a hit finds the topmost, by the draw order", () => {
  const { scene, submit } = desk();
  submit({ ...rectangle, id: "low", fill: "#fff" });
  submit({ ...rectangle, id: "high", fill: "#fff" });
  scene.rebuild();
  assert.equal(scene.hit({ x: 5, y: 5 }, 1), "high");
  submit({ type: "set", id: "low", props: { z: "z0" } });
  scene.refresh(["low"]);
  assert.equal(scene.hit({ x: 5, y: 5 }, 1), "low");
  assert.deepEqual(scene.enclosed({ minX: -5, minY: -5, maxX: 15, maxY: 15 }), ["high", "low"]);
});

test("overlapping dirty boxes are joined until none overlap", () => {
  const box = (/** @type {number} */ a, /** @type {number} */ b) => ({ minX: a, minY: 0, maxX: b, maxY: 1 });
  assert.deepEqual(mergeBoxes([box(0, 2), box(5, 6), box(1, 5.5)]), [box(0, 6)]);
  assert.equal(mergeBoxes([box(0, 1), box(5, 6)]).length, 2);
});

const press = (/** @type {object} */ e) => ({ key: "", code: "", ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...e });

test("keys are named alike on all keyboards", () => {
  assert.equal(chordOf(press({ key: "z", code: "KeyZ", ctrlKey: true })), "Mod+Z");
  assert.equal(chordOf(press({ key: "Z", code: "KeyW", metaKey: true, shiftKey: true })), "Mod+Shift+Z");
  assert.equal(chordOf(press({ key: "я", code: "KeyZ", ctrlKey: true })), "Mod+Z");
  assert.equal(chordOf(press({ key: "!", code: "Digit1", shiftKey: true })), "Shift+1");
  assert.equal(chordOf(press({ key: "+", code: "Equal", shiftKey: true, ctrlKey: true })), "Mod++");
  assert.equal(chordOf(press({ key: "?", code: "Slash", shiftKey: true })), "?");
  assert.equal(chordOf(press({ key: "{", code: "BracketLeft", shiftKey: true, ctrlKey: true })), "Mod+Shift+[");
});

test("no two actions have the same key", () => {
  const keys = ACTIONS.flatMap((action) => action.keys);
  assert.equal(new Set(keys).size, keys.length);
});

test("a copy has its own id and the wire's form of points, and no stamps", () => {
  const { board, submit } = desk();
  submit({ type: "stroke", id: "s", points: [[0, 0], [10, 0, 0.5]], color: "#000000", x: 1 });
  assert.deepEqual(copyOf(/** @type {any} */ (board.get("s")), "t", 20), { type: "stroke", id: "t", color: "#000000", x: 21, y: 20, points: [[0, 0], [10, 0, 0.5]] });
});

test("resizing keeps the opposite corner, and never turns inside out", () => {
  const el = { ...rectangle, x: 10, y: 10, w: 100, h: 50 };
  assert.deepEqual(resizedProps(el, "se", 20, 10, false, measure), { x: 10, y: 10, w: 120, h: 60 });
  assert.deepEqual(resizedProps(el, "nw", 20, 10, false, measure), { x: 30, y: 20, w: 80, h: 40 });
  const tiny = resizedProps(el, "w", 500, 0, false, measure);
  assert.equal(tiny.x + tiny.w, 110);
  assert.ok(tiny.w > 0);
  const kept = resizedProps(el, "se", 100, 0, true, measure);
  assert.equal(kept.w / kept.h, 2);
});

test("an arrow is changed by its ends, text by its size", () => {
  const arrow = { type: "shape", id: "a", kind: "arrow", x: 0, y: 0, w: 10, h: 10 };
  assert.deepEqual(resizedProps(arrow, "start", 5, 0, false, measure), { x: 5, y: 0, w: 5, h: 10 });
  assert.deepEqual(resizedProps(arrow, "end", 5, 0, false, measure), { w: 15, h: 10 });
  const text = { type: "text", id: "t", x: 0, y: 0, size: 20, text: "abcd" };
  assert.equal(resizedProps(text, "se", 40, 0, false, measure).size, 40);
  assert.deepEqual(movedProps({ type: "stroke", id: "s" }, 1.006, 2), { x: 1.01, y: 2 });
});

test("with Shift, shapes are square and lines go in steps of 15 degrees", () => {
  assert.deepEqual(dragSize(false, 30, -10, true), { w: 30, h: -30 });
  const { w, h } = dragSize(true, 100, 4, true);
  assert.ok(Math.abs(h) < 1e-9 && w > 100);
  assert.deepEqual(dragSize(true, 3, 4, false), { w: 3, h: 4 });
});

const oneEach = (/** @type {string} */ text) => [...text].length;

test("a note's text is broken at spaces, between Chinese characters, and in words that are too long", () => {
  assert.deepEqual(wrap("one two three", 7, oneEach), ["one two", "three"]);
  assert.deepEqual(wrap("一二三四五", 2, oneEach), ["一二", "三四", "五"]);
  assert.deepEqual(wrap("abcdefgh", 3, oneEach), ["abc", "def", "gh"]);
  assert.deepEqual(wrap("a\n\nb", 5, oneEach), ["a", "", "b"]);
});

test("what is pasted is a list of creates, or nothing", () => {
  assert.deepEqual(readElements('[{"type":"shape","id":"a"},{"type":"delete","id":"b"},null,3]'), [{ type: "shape", id: "a" }]);
  assert.deepEqual(readElements("{"), []);
  assert.deepEqual(readElements(""), []);
});
