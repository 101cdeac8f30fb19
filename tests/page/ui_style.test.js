// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { darkPaper, onDark, parseHex, tint } from "../../whiteboard/page/js/draw/color.js";
import { areNotes, FIRST_STYLE, PAPERS, restyled, shownStyle } from "../../whiteboard/page/js/style.js";

const RED = "#e03131", BLUE = "#1971c2";
const box = { id: "b", type: "shape", kind: "rectangle", color: RED, width: 8 };
const filled = { ...box, id: "f", fill: tint(RED) };
const arrow = { ...box, id: "a", kind: "arrow" };
const text = { id: "t", type: "text", color: RED, text: "" };
const note = { id: "n", type: "note", color: "#d3f9d8", text: "" };

test("without a selection the panel shows what is drawn with next", () => {
  assert.deepEqual(shownStyle([], { ...FIRST_STYLE, width: 16 }), { ...FIRST_STYLE, width: 16 });
});

test("the panel shows what the selected have in common, and nothing where they differ", () => {
  assert.deepEqual(shownStyle([box, arrow], FIRST_STYLE), { color: RED, width: 8, fill: false, paper: null });
  assert.deepEqual(shownStyle([filled, { ...box, color: BLUE }], FIRST_STYLE), { color: null, width: 8, fill: null, paper: null });
});

test("what has no such property has no say in it", () => {
  assert.deepEqual(shownStyle([box, text, note], FIRST_STYLE), { color: RED, width: 8, fill: false, paper: "#d3f9d8" });
  assert.deepEqual(shownStyle([note], FIRST_STYLE), { color: null, width: null, fill: null, paper: "#d3f9d8" });
  assert.ok(areNotes([note]) && !areNotes([note, box]) && !areNotes([]));
});

test("a change of one thing changes that alone", () => {
  assert.deepEqual(restyled(box, { color: BLUE }), { color: BLUE });
  assert.deepEqual(restyled(filled, { width: 2 }), { width: 2 });
  assert.equal(restyled(text, { width: 2 }), null);
  assert.equal(restyled(note, { color: BLUE }), null);
  assert.deepEqual(restyled(note, { paper: "#ffe3e3" }), { color: "#ffe3e3" });
  assert.equal(restyled(arrow, { fill: true }), null);
});

test("a filling has the shape's own colour, and follows it", () => {
  assert.deepEqual(restyled(box, { fill: true }), { fill: tint(RED) });
  assert.deepEqual(restyled(filled, { fill: false }), { fill: null });
  assert.deepEqual(restyled(filled, { color: BLUE }), { color: BLUE, fill: tint(BLUE) });
});

/** @param {string} color WCAG 2.2 relative luminance */
function luminance(color) {
  const [r, g, b] = /** @type {number[]} */ (parseHex(color)).map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

test("black letters are read well on every paper, on a dark screen too", () => {
  for (const { value, name } of PAPERS) {
    for (const [paper, letters] of [[value, "#1e1e1e"], [darkPaper(value), onDark("#1e1e1e")]]) {
      const [dark, light] = [luminance(paper), luminance(letters)].sort((a, b) => a - b);
      assert.ok((light + 0.05) / (dark + 0.05) > 7, `${name}: ${letters} on ${paper}`);
    }
  }
});
