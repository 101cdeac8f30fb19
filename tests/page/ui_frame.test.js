// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { plainBox, rotateAround, rotationOf } from "../../whiteboard/page/js/draw/geometry.js";
import * as c from "../../whiteboard/page/js/tools/change.js";
import * as f from "../../whiteboard/page/js/tools/frame.js";

const measure = (/** @type {string} */ text, /** @type {number} */ size) => ({ w: text.length * size * 0.5, h: size * 1.3 });
const camera = { x: 0, y: 0, z: 1 };
const box = (/** @type {number} */ minX, /** @type {number} */ minY, /** @type {number} */ maxX, /** @type {number} */ maxY) => ({ minX, minY, maxX, maxY });
const near = (/** @type {number} */ a, /** @type {number} */ b, by = 0.02) => assert.ok(Math.abs(a - b) <= by, `${a} is not ${b}`);
const rectangle = { type: "shape", id: "r", kind: "rectangle", x: 10, y: 20, w: 100, h: 50 };
const stroke = { type: "stroke", id: "s", points: [0, 0, -1, 40, 20, -1], x: 5, y: 5, width: 4 };

/** Where a corner of an element is on the board. @param {import("../../whiteboard/page/js/types.js").Element} el @param {string} name compass */
function corner(el, name) {
  const b = /** @type {any} */ (plainBox(el, measure)), x = name.includes("e") ? b.maxX : b.minX, y = name.includes("s") ? b.maxY : b.minY;
  return rotateAround(x, y, (b.minX + b.maxX) / 2, (b.minY + b.maxY) / 2, rotationOf(el));
}

// --- the frame ------------------------------------------------------------------------------------

test("the middle of even the smallest thing moves it, with a mouse and with a finger", () => {
  for (const size of [1, 4, 10, 20, 30, 60]) {
    const small = box(100, 100, 100 + size, 100 + size), frame = f.frameAround(small, 0, camera), handles = f.handlesOf(frame, "all");
    for (const dx of [-0.25, 0, 0.25]) for (const dy of [-0.25, 0, 0.25]) {
      const at = { x: 100 + size * (0.5 + dx), y: 100 + size * (0.5 + dy) };
      assert.ok(f.isInFrame(frame, at, 0.5) || !f.handleAt(handles, at, "touch"), `${size}: finger at ${at.x}, ${at.y}`);
      assert.equal(f.handleAt(handles, at, "mouse"), null, `${size}: mouse at ${at.x}, ${at.y}`);
    }
    for (const { name, x, y } of handles) assert.equal(f.handleAt(handles, { x, y }, "mouse"), name, `${size}: each handle can be taken`);
  }
});

test("sides have handles where there is room, corners always", () => {
  const names = (/** @type {any} */ b, /** @type {any} */ kind) => f.handlesOf(f.frameAround(b, 0, camera), kind).map(({ name }) => name).sort().join(" ");
  assert.equal(names(box(0, 0, 100, 100), "all"), "e n ne nw s se sw turn w");
  assert.equal(names(box(0, 0, 100, 10), "all"), "n ne nw s se sw turn");
  assert.equal(names(box(0, 0, 10, 10), "all"), "ne nw se sw turn");
  assert.equal(names(box(0, 0, 100, 100), "corners"), "ne nw se sw turn");
  assert.equal(names(box(0, 0, 100, 100), "none"), "");
});

test("the handles of a short line stand apart, in its own direction", () => {
  const [start, end] = f.lineHandles({ x: 100, y: 100 }, { x: 103, y: 104 }, camera);
  assert.ok(Math.hypot(end.x - start.x, end.y - start.y) > 40);
  near((end.y - start.y) / (end.x - start.x), 4 / 3);
  assert.ok(f.isInMiddle([start, end], { x: 101.5, y: 102 }));
  const [a, b] = f.lineHandles({ x: 0, y: 0 }, { x: 200, y: 0 }, camera);
  assert.deepEqual([a.x, b.x], [0, 200], "those of a long one are at its ends");
  assert.ok(f.lineHandles({ x: 7, y: 7 }, { x: 7, y: 7 }, camera).every(({ x, y }) => Number.isFinite(x + y)));
});

test("a turned frame has its handles and cursors turned with it", () => {
  const frame = f.frameAround(box(0, 0, 200, 100), Math.PI / 2, camera), handles = f.handlesOf(frame, "all");
  const knob = /** @type {any} */ (handles.find(({ name }) => name === f.TURN));
  assert.ok(knob.x > 150 && Math.abs(knob.y - 50) < 1, "the upper side is to the right");
  assert.equal(f.cursorOf("n", Math.PI / 2), "resize-e");
  assert.equal(f.cursorOf("nw", -Math.PI / 4), "resize-w");
  assert.equal(f.cursorOf("start", 1), "resize-start");
  const all = /** @type {any} */ (f.boxAround(frame, handles, camera));
  assert.ok(all.maxX >= knob.x && all.minY < -50);
});

// --- one element ------------------------------------------------------------------------------------

test("what is turned is resized in its own directions, and the opposite corner stays", () => {
  for (const el of [{ ...rectangle, rotation: 0.7 }, { ...stroke, rotation: -2 }, { type: "note", id: "n", x: 0, y: 0, w: 100, h: 80, text: "", rotation: 1.3 }]) {
    for (const [handle, opposite] of [["se", "nw"], ["nw", "se"], ["ne", "sw"], ["sw", "ne"]]) {
      const pull = rotateAround(handle.includes("e") ? 30 : -30, handle.includes("s") ? 20 : -20, 0, 0, rotationOf(el));
      const before = corner(el, opposite), from = corner(el, handle), after = { ...el, ...c.resizedProps(el, handle, pull.x, pull.y, false, measure) };
      near(corner(after, opposite).x, before.x);
      near(corner(after, opposite).y, before.y);
      near(corner(after, handle).x, from.x + pull.x);
      near(corner(after, handle).y, from.y + pull.y);
    }
  }
});

test("a stroke is resized by its box, from any corner; what has no height gets none", () => {
  assert.deepEqual(c.resizedProps(stroke, "se", 40, 0, false, measure), { x: 5, y: 5, w: 80, h: 20 });
  assert.deepEqual(c.resizedProps(stroke, "nw", 20, 10, false, measure), { x: 25, y: 15, w: 20, h: 10 });
  assert.deepEqual(c.resizedProps(stroke, "e", 40, 9, false, measure), { x: 5, w: 80 });
  const flat = { ...stroke, points: [0, 0, -1, 40, 0, -1] };
  assert.deepEqual(c.resizedProps(flat, "ne", 40, -30, false, measure), { x: 5, y: 5, w: 80 });
  const again = { ...stroke, ...c.resizedProps(stroke, "se", 40, 0, false, measure) };
  assert.deepEqual(c.resizedProps(again, "se", -40, 0, false, measure), { x: 5, y: 5, w: 40, h: 20 });
});

test("a text that is turned keeps its opposite corner too", () => {
  const text = { type: "text", id: "t", x: 0, y: 0, size: 20, text: "abcdef", rotation: 0.5 }, before = corner(text, "nw");
  const pull = rotateAround(60, 26, 0, 0, 0.5), after = { ...text, ...c.resizedProps(text, "se", pull.x, pull.y, false, measure) };
  assert.equal(after.size, 40);
  near(corner(after, "nw").x, before.x);
  near(corner(after, "nw").y, before.y);
});

test("a line that something else has turned is taken by the ends that are seen", () => {
  const line = { type: "shape", id: "l", kind: "line", x: 0, y: 0, w: 100, h: 0, rotation: Math.PI / 2 };
  const [start, end] = c.endsOf(line);
  near(start.x, 50);
  near(start.y, -50);
  const after = { ...line, ...c.resizedProps(line, "end", 10, 20, false, measure) }, [newStart, newEnd] = c.endsOf(after);
  near(newStart.x, start.x);
  near(newStart.y, start.y);
  near(newEnd.x, end.x + 10);
  near(newEnd.y, end.y + 20);
  assert.equal(after.rotation, 0);
});

// --- several ----------------------------------------------------------------------------------------

test("several are scaled about the opposite corner, each with its place, size and letters", () => {
  const all = box(0, 0, 200, 100), scale = c.groupScale(all, "se", 200, 100), anchor = c.anchorOf(all, "se");
  assert.equal(scale, 2);
  assert.deepEqual(c.scaledProps({ ...rectangle, rotation: 0.4 }, anchor, scale, measure), { x: 20, y: 40, w: 200, h: 100 });
  assert.deepEqual(c.scaledProps({ ...stroke, x: 10, y: 20 }, anchor, scale, measure), { x: 20, y: 40, w: 80, h: 40 });
  assert.deepEqual(c.scaledProps({ type: "text", id: "t", text: "abcd", size: 10, x: 5, y: 5 }, anchor, scale, measure), { size: 20, x: 10, y: 10 });
  assert.deepEqual(c.scaledProps({ ...rectangle, kind: "arrow", h: -50 }, anchor, scale, measure), { x: 20, y: 40, w: 200, h: -100 });
  assert.deepEqual(c.scaledProps({ type: "note", id: "n", x: 0, y: 0, w: 90, h: 90, text: "" }, anchor, scale, measure), { x: 0, y: 0, w: 180, h: 180, size: 36 });
  near(c.groupScale(all, "nw", 100, 50), 0.5, 1e-9);
  assert.deepEqual(c.anchorOf(all, "ne"), { x: 0, y: 100 });
});

test("a scale that would make letters or all of it too small stops before", () => {
  const text = { type: "text", id: "t", text: "a", size: 8 }, all = box(0, 0, 100, 50);
  assert.equal(c.boundedScale([text], all, 0.01), 0.5);
  assert.equal(c.boundedScale([rectangle], all, -3), 0.04);
  assert.equal(c.boundedScale([text], all, 1e9), 125);
  assert.equal(c.boundedScale([rectangle], box(0, 0, 1, 1), 0.5), 1, "what is tiny gets no smaller");
});

// --- turning ----------------------------------------------------------------------------------------

test("one element turns in its place, several about their middle, lines by their ends", () => {
  const middle = { x: 60, y: 45 };
  assert.deepEqual(c.turnedProps(rectangle, middle, 0.5, measure), { rotation: 0.5 });
  assert.deepEqual(c.turnedProps(rectangle, { x: 0, y: 45 }, Math.PI, measure), { x: -110, y: 20, rotation: -3.1416 });
  const line = { ...rectangle, kind: "line", h: 0 };
  assert.deepEqual(c.turnedProps(line, { x: 60, y: 20 }, Math.PI / 2, measure), { x: 60, y: -30, w: 0, h: 100 });
  const turned = { ...stroke, ...c.turnedProps(stroke, { x: 0, y: 0 }, 1, measure) }, from = rotateAround(5, 5, 0, 0, 1);
  near(corner(turned, "nw").x, from.x);
  near(corner(turned, "nw").y, from.y);
  near(/** @type {any} */ (c.turnedProps({ ...rectangle, rotation: 3 }, middle, 3, measure)).rotation, 6 - 2 * Math.PI, 1e-3);
});

test("a turn goes in steps with Shift, and stays upright when nearly so", () => {
  near(c.meantAngle(0.3, true), Math.PI / 12, 1e-9);
  assert.equal(c.meantAngle(0.03, false), 0);
  near(c.meantAngle(Math.PI / 2 - 0.02, false), Math.PI / 2, 1e-9);
  assert.equal(c.meantAngle(0.2, false), 0.2);
});
