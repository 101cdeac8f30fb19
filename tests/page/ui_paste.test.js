// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { centred, Repeats } from "../../whiteboard/page/js/input/clipboard.js";

const measure = (/** @type {string} */ text, /** @type {number} */ size) => ({ w: text.length * size * 0.5, h: size });

test("what is pasted keeps its arrangement, with its middle at the point", () => {
  const ops = [
    { type: "stroke", id: "s", x: 100, y: 0, points: [[0, 0], [20, 40, 0.5]] },
    { type: "shape", id: "r", kind: "rectangle", x: 160, y: 60, w: 40, h: 40 },
  ];
  const moved = centred(ops, { x: 0, y: 0 }, measure);
  assert.deepEqual(moved.map(({ x, y }) => [x, y]), [[-50, -50], [10, 10]]);
  assert.deepEqual(moved[0].points, ops[0].points);
});

test("the same in the same place goes a step further each time; elsewhere, or something else, begins anew", () => {
  const repeats = new Repeats(), here = { x: 5, y: 5 };
  assert.deepEqual([0, 1, 2].map(() => repeats.count("a", here)), [0, 1, 2]);
  assert.equal(repeats.count("a", { x: 6, y: 5 }), 0);
  assert.equal(repeats.count("b", { x: 6, y: 5 }), 0);
  assert.equal(repeats.count("b", { x: 6, y: 5 }), 1);
});
