// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { LINE_HEIGHT, NOTE_PAD } from "../../whiteboard/page/js/draw/text.js";
import { clearRect, insets, pushInto } from "../../whiteboard/page/js/room.js";
import { caretAt, linesOf, offsetAt } from "../../whiteboard/page/js/tools/caret.js";

/** Letters are half as wide as they are high. @type {import("../../whiteboard/page/js/draw/text.js").MeasureText} */
const measure = (text, size) => ({ w: [...text].length * size * 0.5, h: size * LINE_HEIGHT });
const text = { type: "text", id: "t", x: 100, y: 50, size: 20, text: "first\n\nthird line" };
const note = { type: "note", id: "n", x: 0, y: 0, w: 100 + 2 * NOTE_PAD.x, h: 100, size: 20, text: "one two three\n\n一二三四五六七八九十一二" };

test("a text's lines begin where the string says", () => {
  assert.deepEqual(linesOf(text, measure), [{ from: 0, text: "first" }, { from: 6, text: "" }, { from: 7, text: "third line" }]);
});

test("a note's lines are those that are drawn, each with its place in the string", () => {
  const lines = linesOf(note, measure);
  assert.deepEqual(lines.map((line) => line.text), ["one two", "three", "", "一二三四五六七八九十", "一二"]);
  for (const { from, text: drawn } of lines) assert.equal(note.text.slice(from, from + drawn.length), drawn);
});

test("the caret stands before its letter, on its line", () => {
  assert.deepEqual(caretAt(text, 0, measure), { x: 100, y: 50, h: 26 });
  assert.deepEqual(caretAt(text, 5, measure), { x: 150, y: 50, h: 26 });
  assert.deepEqual(caretAt(text, 6, measure), { x: 100, y: 76, h: 26 });
  assert.deepEqual(caretAt(text, text.text.length, measure), { x: 200, y: 102, h: 26 });
  assert.deepEqual(caretAt(note, 10, measure), { x: NOTE_PAD.x + 20, y: NOTE_PAD.y + 26, h: 26 });
});

test("a click finds the place between the nearest letters, and every place is found by its caret", () => {
  assert.equal(offsetAt(text, { x: 124, y: 60 }, measure), 2);
  assert.equal(offsetAt(text, { x: 126, y: 60 }, measure), 3);
  assert.equal(offsetAt(text, { x: -500, y: -500 }, measure), 0);
  assert.equal(offsetAt(text, { x: 900, y: 900 }, measure), text.text.length);
  for (let n = 0; n <= text.text.length; n++) assert.equal(offsetAt(text, caretAt(text, n, measure), measure), n);
});

test("what is clear lies between the bars, and above a keyboard that covers them", () => {
  assert.deepEqual(clearRect(1280, 800), { left: 76, top: 76, right: 1268, bottom: 724 });
  assert.deepEqual(insets(390, 844), { top: 64, right: 0, bottom: 120, left: 0 });
  const covered = clearRect(390, 844, { width: 390, height: 500, offsetLeft: 0, offsetTop: 120 });
  assert.deepEqual(covered, { left: 12, top: 132, right: 378, bottom: 608 });
});

test("a thing is pushed no farther than it must be", () => {
  const room = { left: 0, top: 0, right: 100, bottom: 100 };
  assert.deepEqual(pushInto(room, { left: 10, top: 20, right: 30, bottom: 40 }), { dx: 0, dy: 0 });
  assert.deepEqual(pushInto(room, { left: 90, top: -5, right: 120, bottom: 5 }), { dx: -20, dy: 5 });
  assert.deepEqual(pushInto(room, { left: 50, top: 0, right: 400, bottom: 10 }), { dx: -50, dy: 0 });
});
