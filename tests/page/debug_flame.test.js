// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { amountOf, childrenOf, fold, functionsOf, isComparison, pathTo, sameIn } from "../../whiteboard/page/js/debug/folding.js";
import { boxAt, layOut, neighbour, rowsOf } from "../../whiteboard/page/js/debug/layout.js";
import { decode } from "../../whiteboard/page/js/debug/pprof.js";
import { changeOf, packageOf, shadeOf, shadeOfChange } from "../../whiteboard/page/js/debug/shades.js";
import { written } from "./profile_written.mjs";

/** @param {[string[], number[]][]} samples */
const profileOf = (samples) => decode(written({ types: [["n", "count"]], samples }));
const NOW = profileOf([[["c", "b", "a"], [6]], [["b", "a"], [2]], [["d", "a"], [4]], [["a", "b", "a"], [1]]]);
const BEFORE = profileOf([[["c", "b", "a"], [3]], [["gone", "a"], [9]]]);
const HOW = { type: 0 };

/** @param {import("../../whiteboard/page/js/debug/folding.js").Node} node @returns {unknown} */
const shown = (node) => [node.name, node.total.now, node.self.now, ...childrenOf(node).map(shown)];

test("stacks fold from the outermost function to the innermost", () => {
  assert.deepEqual(shown(fold(NOW, HOW)), ["", 13, 0, ["a", 13, 0, ["b", 9, 2, ["c", 6, 6], ["a", 1, 1]], ["d", 4, 4]]]);
});

test("inverted, each function that had something of its own stands on top, its callers below", () => {
  const root = fold(NOW, { ...HOW, isInverted: true });
  assert.deepEqual(childrenOf(root).map(({ name, total }) => [name, total.now]), [["c", 6], ["d", 4], ["b", 2], ["a", 1]]);
  assert.deepEqual(childrenOf(childrenOf(root)[0]).map(({ name }) => name), ["b"]);
});

test("a function is in the table once, and counted once where it calls itself", () => {
  const rows = functionsOf(NOW, HOW);
  assert.deepEqual(rows.map(({ name, self, total }) => [name, self.now, total.now]), [["c", 6, 6], ["d", 4, 4], ["b", 2, 9], ["a", 1, 13]]);
});

test("two profiles lie over each other, with what is gone as well", () => {
  const root = fold(NOW, { ...HOW, before: BEFORE });
  assert.deepEqual(root.total, { now: 13, before: 12 });
  const a = childrenOf(root)[0];
  assert.deepEqual(childrenOf(a).map(({ name, total }) => [name, total.now, total.before]), [["b", 9, 3], ["gone", 0, 9], ["d", 4, 0]]);
  assert.equal(a.width, 22, "6 + 2 + 1 + 4 now, and 9 that are gone");
  assert.ok(isComparison(NOW, { ...HOW, before: BEFORE }) && !isComparison(NOW, HOW));
});

test("compared by share, as much was there before as is now", () => {
  const root = fold(NOW, { ...HOW, before: BEFORE, asShares: true });
  assert.equal(Math.round(root.total.before * 1e6), 13e6);
});

test("what a profile of differences has below zero counts as what was before", () => {
  const change = profileOf([[["f"], [5]], [["g"], [-3]]]);
  assert.ok(isComparison(change, HOW));
  assert.deepEqual(childrenOf(fold(change, HOW)).map(({ name, total }) => [name, total]), [["f", { now: 5, before: 0 }], ["g", { now: 0, before: 3 }]]);
});

test("a search counts each stack once, however often it matches", () => {
  assert.equal(amountOf(NOW, HOW, (name) => name === "a" || name === "b").now, 13);
  assert.equal(amountOf(NOW, HOW, (name) => name === "c").now, 6);
});

test("a place is found again in another tree, as far as it is there", () => {
  const place = childrenOf(childrenOf(childrenOf(fold(NOW, HOW))[0])[0])[0];
  assert.deepEqual(pathTo(place).map(({ name }) => name), ["", "a", "b", "c"]);
  assert.deepEqual(pathTo(sameIn(fold(BEFORE, HOW), place)).map(({ name }) => name), ["", "a", "b", "c"]);
  assert.equal(sameIn(fold(profileOf([[["b", "a"], [1]]]), HOW), place).name, "b");
});

test("boxes fill their row by share, below their callers and within them", () => {
  const root = fold(NOW, HOW), boxes = layOut(root, 1300);
  for (const { node, x, width } of boxes) {
    const caller = boxes.find((box) => box.node === node.parent);
    assert.ok(Math.abs(width - 100 * node.width) < 1e-6);
    assert.ok(!caller || (x >= caller.x - 1e-6 && x + width <= caller.x + caller.width + 1e-6), node.name);
  }
  assert.equal(rowsOf(boxes), 4);
  assert.equal(boxAt(boxes, 1, 2)?.node.name, "b");
  assert.equal(boxAt(boxes, 1299, 2)?.node.name, "d");
  assert.equal(boxAt(boxes, 1299, 3), undefined);
});

test("zoomed, a function is as wide as the picture, and so are its callers above it", () => {
  const b = childrenOf(childrenOf(fold(NOW, HOW))[0])[0], boxes = layOut(b, 900);
  assert.deepEqual(boxes.slice(0, 3).map(({ node, width, isAbove }) => [node.name, width, isAbove]), [["", 900, true], ["a", 900, true], ["b", 900, false]]);
  assert.equal(boxes.find(({ node }) => node.name === "c")?.width, 600);
});

test("what is too narrow to be seen is not there, however much of it there is", () => {
  const many = profileOf(Array.from({ length: 5000 }, (_, n) => [[`f${n}`, "a"], [1]]));
  assert.equal(layOut(fold(many, HOW), 1000).length, 2);
});

test("stacks of any depth are drawn", () => {
  const deep = profileOf([[Array.from({ length: 20_000 }, (_, n) => `f${n}`), [1]]]);
  assert.equal(rowsOf(layOut(fold(deep, HOW), 1000)), 20_001);
});

test("arrows lead to the caller, to the widest that is called, and along the row", () => {
  const boxes = layOut(fold(NOW, HOW), 1300), named = (/** @type {string} */ name) => /** @type {any} */ (boxes.find(({ node }) => node.name === name)).node;
  assert.equal(neighbour(boxes, named("b"), "up")?.node.name, "a");
  assert.equal(neighbour(boxes, named("a"), "down")?.node.name, "b");
  assert.equal(neighbour(boxes, named("b"), "right")?.node.name, "d");
  assert.equal(neighbour(boxes, named("b"), "left"), undefined);
});

test("colours follow the package and are the same every time; a change has two that all can tell apart", () => {
  assert.equal(packageOf("whiteboard.rooms.room.Room.commit", "whiteboard/rooms/room.py"), "whiteboard");
  assert.equal(packageOf("Run.step", "/usr/lib/python3.11/site-packages/trio/_core/_run.py"), "trio");
  assert.equal(packageOf("<module>", "run.py"), "run.py");
  assert.equal(packageOf("_find_and_load", "<frozen importlib._bootstrap>"), "importlib");
  assert.equal(packageOf("__init__", "<attrs generated methods trio.x>"), "generated");
  assert.equal(shadeOf("a.b", "", true), shadeOf("a.b", "", true));
  assert.deepEqual([changeOf({ now: 1, before: 2 }), changeOf({ now: 3, before: 0 }), changeOf({ now: 0, before: 0 })], [-0.5, 1, 0]);
  assert.match(shadeOfChange({ now: 0, before: 1 }, false), /^hsl\(212 /);
  assert.match(shadeOfChange({ now: 1, before: 1 }, false), / 0% /);
});
