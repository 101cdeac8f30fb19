// @ts-check
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { quantile } from "../../whiteboard/page/js/debug/histograms.js";
import { poll } from "../../whiteboard/page/js/debug/polling.js";

const document = Object.assign(new EventTarget(), { hidden: false });
Object.assign(globalThis, { document });
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("questions never pile up, and none is asked from a page that is hidden", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  let asked = 0, isWanted = true;
  /** @type {() => void} */
  let answer = () => {};
  const turn = poll(() => new Promise((resolve) => {
    asked += 1;
    answer = resolve;
  }), 2000, () => isWanted);
  assert.equal(asked, 1);
  mock.timers.tick(60_000);
  turn();
  assert.equal(asked, 1, "the first has no answer yet");
  answer();
  await settled();
  mock.timers.tick(1999);
  assert.equal(asked, 1);
  mock.timers.tick(1);
  assert.equal(asked, 2);
  answer();
  await settled();
  document.hidden = true;
  mock.timers.tick(60_000);
  assert.equal(asked, 2);
  document.hidden = false;
  document.dispatchEvent(new Event("visibilitychange"));
  assert.equal(asked, 3);
  answer();
  await settled();
  isWanted = false;
  mock.timers.tick(60_000);
  assert.equal(asked, 3);
  mock.timers.reset();
});

test("a share of a histogram lies below the bound of its bin, and never above the largest", () => {
  const histogram = { bounds: [1, 2, 4], counts: [50, 49, 1, 0], largest: 3 };
  assert.deepEqual([0.5, 0.99, 1].map((share) => quantile(histogram, share)), [1, 2, 3]);
  assert.equal(quantile({ bounds: [1], counts: [0, 5], largest: 9 }, 0.5), 9);
  assert.equal(quantile({}, 0.5), 0);
});
