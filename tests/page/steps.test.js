/** Points of snapshots that come as steps. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Board } from "../../whiteboard/page/js/core/board.js";
import { pointsOf } from "../../whiteboard/page/js/core/steps.js";

test("steps are the points that they were made of", () => {
  assert.deepEqual(pointsOf([2, 10, 1234, -5, 1, 0, -3, 12]), [[123.4, -0.5], [123.5, -0.5], [123.2, 0.7]]);
  assert.deepEqual(pointsOf([3, 100, 100, 200, 45, 1, 1, 5]), [[1, 2, 0.45], [1.01, 2.01, 0.5]]);
});

test("points stay as they are", () => {
  for (const points of [[], [[1, 2]], [[1, 2, 0.5], [3, 4]]]) assert.deepEqual(pointsOf(points), points);
});

test("a state with steps joins like the one with points [ELM-10]", () => {
  const state = { id: "s", type: "stroke", by: "a", created: [1, "a", 1], color: "red" };
  const [plain, compact] = [new Board(), new Board()];
  plain.join({ ...state, points: [[0.1, 0.2], [0.3, 0.1]] });
  compact.join({ ...state, points: [2, 10, 1, 2, 2, -1] });
  assert.deepEqual(compact.get("s"), plain.get("s"));
  assert.deepEqual(compact.state("s").points, [[0.1, 0.2], [0.3, 0.1]]);
});
