// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import * as g from "../../whiteboard/page/js/draw/geometry.js";
import { Grid } from "../../whiteboard/page/js/draw/grid.js";
import { LINE_HEIGHT, NOTE, NOTE_PAD, noteLines } from "../../whiteboard/page/js/draw/text.js";
import { endsOf, resizedProps } from "../../whiteboard/page/js/tools/change.js";

const measure = (/** @type {string} */ text, /** @type {number} */ size) => ({ w: text.length * size * 0.5, h: size * 1.3 });
const at = (/** @type {number} */ x, /** @type {number} */ y) => ({ x, y });
const hits = (/** @type {any} */ el, /** @type {any} */ a, /** @type {any} */ b, /** @type {number} */ r) => g.sweepHits(el, measure, a, b, r);

test("crossing segments have no distance, parallel ones their gap", () => {
  assert.equal(g.segmentsDistance(at(0, 0), at(10, 10), 0, 10, 10, 0), 0);
  assert.equal(g.segmentsDistance(at(0, 0), at(10, 0), 0, 3, 10, 3), 3);
});

test("a fast sweep across a thin stroke hits it although both ends are far", () => {
  const el = { id: "s", type: "stroke", points: [0, 0, -1, 100, 0, -1], width: 2 };
  assert.ok(hits(el, at(50, -80), at(50, 80), 1));
  assert.ok(!hits(el, at(150, -80), at(150, 80), 1));
});

test("a moved stroke is hit where it is drawn, not where it was [PRP-9]", () => {
  const el = { id: "s", type: "stroke", points: [0, 0, -1, 100, 0, -1], width: 2, x: 0, y: 500 };
  assert.ok(hits(el, at(50, 501), at(50, 501), 2));
  assert.ok(!hits(el, at(50, 0), at(50, 0), 2));
});

test("a hollow shape is hit on its line only, a filled one inside too", () => {
  const hollow = { id: "r", type: "shape", kind: "rectangle", x: 0, y: 0, w: 100, h: 100, width: 2 };
  assert.ok(!hits(hollow, at(50, 50), at(50, 50), 2));
  assert.ok(hits(hollow, at(100, 50), at(100, 50), 2));
  assert.ok(hits({ ...hollow, fill: "#ff0000" }, at(50, 50), at(50, 50), 2));
  assert.ok(!hits({ ...hollow, fill: "#ff0000", kind: "ellipse" }, at(3, 3), at(3, 3), 1));
});

test("a turned shape is hit in its turned frame", () => {
  const el = { id: "r", type: "shape", kind: "rectangle", x: 0, y: 40, w: 100, h: 20, width: 2, fill: "#000", rotation: Math.PI / 2 };
  assert.ok(hits(el, at(50, 5), at(50, 5), 1));
  assert.ok(!hits(el, at(5, 50), at(5, 50), 1));
});

test("a stroke with w or h is stretched from its upper left corner, and its box, line and hits with it [PRP-12]", () => {
  const el = { id: "s", type: "stroke", points: [10, 10, 0.5, 20, 30, 0.5], width: 2 };
  assert.deepEqual(g.shownPoints(el), el.points, "as it is without");
  const wide = { ...el, w: 40, x: 5, y: 7 };
  assert.deepEqual(g.shownPoints(wide), [10, 10, 0.5, 50, 30, 0.5]);
  assert.deepEqual(g.plainBox(wide, measure), { minX: 15, minY: 17, maxX: 55, maxY: 37 });
  assert.deepEqual(g.shownPoints({ ...wide, h: 10 }), [10, 10, 0.5, 50, 20, 0.5]);
  assert.ok(hits(wide, at(55, 37), at(55, 37), 1) && hits(wide, at(35, 27), at(35, 27), 1));
  assert.ok(!hits(wide, at(25, 37), at(25, 37), 1), "not where it would be unstretched");
  assert.deepEqual(g.shownPoints({ ...el, w: 0, h: -5 }), el.points, "sides that are not above 0 count for nothing");
  const flat = { ...el, points: [0, 5, -1, 8, 5, -1], w: 16, h: 99 };
  assert.deepEqual(g.shownPoints(flat), [0, 5, -1, 16, 5, -1], "what has no height gets none");
  const turned = { ...wide, rotation: Math.PI / 2 }; // about 35, 27, the middle of the stretched box
  assert.ok(hits(turned, at(25, 47), at(25, 47), 1), "[PRP-11]");
});

test("a stretched stroke that grows is stretched anew, though its points are the same list", () => {
  const points = [0, 0, -1, 10, 0, -1], el = { id: "s", type: "stroke", points, w: 20 };
  assert.deepEqual(g.shownPoints(el), [0, 0, -1, 20, 0, -1]);
  points.push(40, 0, -1);
  assert.deepEqual(g.shownPoints(el), [0, 0, -1, 5, 0, -1, 20, 0, -1]);
});

test("what is seen of an element is within what it may paint on, and as wide as its line is drawn", () => {
  const line = { points: [0, 0, 0.2, 50, 40, 0.9, 100, 0, 0.4], width: 16 };
  for (const el of [{ type: "stroke", ...line }, { type: "stroke", ...line, rotation: 1 }, { type: "shape", kind: "ellipse", x: 0, y: 0, w: 50, h: 30, width: 16 }]) {
    const seen = /** @type {any} */ (g.seenBox({ id: "e", ...el }, measure)), painted = /** @type {any} */ (g.paintBox({ id: "e", ...el }, measure));
    assert.ok(g.contains(painted, seen));
  }
  assert.deepEqual(g.seenBox({ id: "r", type: "shape", kind: "rectangle", x: 0, y: 0, w: 50, h: 30, width: 16 }, measure), { minX: -8, minY: -8, maxX: 58, maxY: 38 });
  assert.equal(g.seenBox({ id: "s", type: "stroke", ...line }, measure)?.minY, -16 * (0.2 + 0.6 * 0.9));
});

test("boxes begin at x, y; shapes, notes, images and pages extend by w, h, texts by their letters [PRP-10]", () => {
  const place = { x: 10, y: 20, w: 30, h: 40 }, box = { minX: 10, minY: 20, maxX: 40, maxY: 60 };
  for (const type of ["shape", "note", "image", "page"]) {
    assert.deepEqual(g.plainBox({ id: "e", type, ...place }, measure), box, type);
  }
  const text = { id: "t", type: "text", text: "ab", size: 20, ...place };
  assert.deepEqual(g.plainBox(text, measure), { minX: 10, minY: 20, maxX: 30, maxY: 46 });
  const stroke = { id: "s", type: "stroke", points: [0, 0, -1, 5, 6, -1], x: 10, y: 20 };
  assert.deepEqual(g.plainBox(stroke, measure), { minX: 10, minY: 20, maxX: 15, maxY: 26 }, "[PRP-9]");
});

test("a line runs from x, y to x + w, y + h, also backwards [PRP-10]", () => {
  const el = { id: "l", type: "shape", kind: "line", x: 100, y: 100, w: -100, h: -50, width: 2 };
  assert.deepEqual(g.lineOf(el, { minX: 0, minY: 50, maxX: 100, maxY: 100 }), [100, 100, -1, 0, 50, -1]);
  assert.ok(hits(el, at(50, 75), at(50, 75), 1));
  assert.ok(!hits(el, at(50, 50), at(50, 50), 1), "not along the other diagonal");
});

test("rotation is in radians, clockwise on the screen, about the middle [PRP-11]", () => {
  const el = { id: "l", type: "shape", kind: "line", x: 0, y: 0, w: 100, h: 0, width: 2, rotation: Math.PI / 4 };
  const reach = 50 * Math.SQRT1_2 - 1; // y grows downwards: clockwise, the right end goes down
  assert.ok(hits(el, at(50 + reach, reach), at(50 + reach, reach), 1));
  assert.ok(hits(el, at(50 - reach, -reach), at(50 - reach, -reach), 1));
  assert.ok(!hits(el, at(50 + reach, -reach), at(50 + reach, -reach), 1));
  const turned = g.rotateAround(1, 0, 0, 0, Math.PI / 2);
  assert.deepEqual([Math.round(turned.x), Math.round(turned.y)], [0, 1]);
});

test("what has no size has one and the same everywhere: drawn, hit, framed and resized", () => {
  const note = { id: "n", type: "note", x: 0, y: 0 };
  assert.deepEqual(g.plainBox(note, measure), { minX: 0, minY: 0, maxX: NOTE.w, maxY: NOTE.h });
  assert.deepEqual(resizedProps(note, "se", 10, 20, false, measure), { x: 0, w: NOTE.w + 10, y: 0, h: NOTE.h + 20 });
  assert.ok(hits(note, at(NOTE.w - 1, NOTE.h - 1), at(NOTE.w - 1, NOTE.h - 1), 0));
  const line = { id: "l", type: "shape", kind: "line", x: 7, y: 8 };
  assert.deepEqual(g.plainBox(line, measure), { minX: 7, minY: 8, maxX: 7, maxY: 8 });
  assert.ok(!hits(line, at(60, 60), at(60, 60), 5));
  assert.deepEqual(endsOf(line), [at(7, 8), at(7, 8)]);
});

test("a note grows with its text: its box is what is drawn, hit and selected", () => {
  const low = { id: "n", type: "note", x: 0, y: 0, w: 100, h: 40, size: 10 };
  const text = "word ".repeat(40).trim(); // 15 letters to a line of 76 units: three words, 14 lines
  const long = { ...low, text }, box = /** @type {any} */ (g.plainBox(long, measure));
  assert.equal(noteLines(long, measure).length, 14);
  assert.equal(box.maxY, 14 * 10 * LINE_HEIGHT + 2 * NOTE_PAD.y);
  assert.ok(hits(long, at(50, box.maxY - 1), at(50, box.maxY - 1), 0));
  assert.equal(g.plainBox({ ...low, text: "word" }, measure)?.maxY, 40, "a short text leaves it as it is");
  assert.equal(g.plainBox({ ...low, h: 5, text: "" }, measure)?.maxY, 5);
});

test("a note is never made lower than its text, and a side is moved alone", () => {
  const note = { id: "n", type: "note", x: 0, y: 0, w: 100, h: 100, size: 10, text: "word ".repeat(9).trim() };
  const least = 3 * 10 * LINE_HEIGHT + 2 * NOTE_PAD.y;
  assert.deepEqual(resizedProps(note, "s", 0, -99, false, measure), { y: 0, h: least });
  assert.deepEqual(resizedProps(note, "n", 0, 99, false, measure), { y: 100 - least, h: least });
  assert.deepEqual(resizedProps(note, "e", 20, 5, false, measure), { x: 0, w: 120 });
});

test("a line of negative size has a proper box", () => {
  const box = g.plainBox({ id: "l", type: "shape", kind: "line", x: 10, y: 10, w: -30, h: -5 }, measure);
  assert.deepEqual(box, { minX: -20, minY: 5, maxX: 10, maxY: 10 });
});

test("an arrow's barbs lie behind its tip and within the painted box", () => {
  const el = { id: "a", type: "shape", kind: "arrow", x: 0, y: 0, w: 200, h: 0, width: 4 };
  const [one, tip, other] = g.arrowHead(el), box = g.paintBox(el, measure);
  assert.deepEqual(tip, [200, 0]);
  for (const [x, y] of [one, other]) assert.ok(x < 200 && g.inBox(/** @type {any} */ (box), x, y));
});

test("a thick short arrow is drawn thinner, so that its head is one; what is stored stays", () => {
  const arrow = (/** @type {number} */ w, /** @type {number} */ width) => ({ id: "a", type: "shape", kind: "arrow", x: 0, y: 0, w, h: 0, width });
  for (const length of [12, 30, 60, 90, 300]) {
    const el = arrow(length, 16), [[, low], , [, high]] = g.arrowHead(el), thick = g.drawnWidth(el);
    assert.ok(thick <= Math.max(1, length / 6), `length ${length}: ${thick} thick`);
    assert.ok(Math.abs(high - low) > 2 * thick, `length ${length}: a head of ${Math.abs(high - low)} on a shaft of ${thick}`);
    assert.ok(g.arrowHeadLength(el) <= Math.max(4, length / 2));
    assert.equal(el.width, 16);
  }
  assert.equal(g.drawnWidth(arrow(300, 16)), 16);
  assert.equal(g.drawnWidth({ ...arrow(10, 16), kind: "line" }), 16);
});

test("the grid finds the same as a scan of all boxes", () => {
  const grid = new Grid(), boxes = new Map();
  let seed = 7;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  for (let i = 0; i < 600; i++) {
    const x = random() * 9000 - 4500, y = random() * 9000 - 4500, s = i % 50 === 0 ? 8000 : random() * 300;
    const box = { minX: x, minY: y, maxX: x + s, maxY: y + s };
    grid.set(`e${i % 400}`, box);
    boxes.set(`e${i % 400}`, box);
  }
  for (let i = 0; i < 30; i++) {
    grid.delete(`e${i}`);
    boxes.delete(`e${i}`);
  }
  for (let i = 0; i < 60; i++) {
    const x = random() * 9000 - 4500, y = random() * 9000 - 4500, s = random() * 2000;
    const view = { minX: x, minY: y, maxX: x + s, maxY: y + s };
    const expected = [...boxes].filter(([, box]) => g.intersects(box, view)).map(([id]) => id);
    assert.deepEqual(grid.query(view).sort(), expected.sort());
  }
  assert.equal(grid.size, boxes.size);
});
