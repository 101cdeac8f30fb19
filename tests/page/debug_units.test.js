// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { ageText, amountText, bytesText, changeText, figureText, secondsText, shareText } from "../../whiteboard/page/js/debug/units.js";

test("bytes, times and counts have three digits that count", () => {
  assert.deepEqual([0, 1023, 1024, 1536, 123 * 1024 * 1024].map(bytesText), ["0 B", "1,023 B", "1 KiB", "1.50 KiB", "123 MiB"]);
  assert.deepEqual([0, 2.5e-7, 0.0123, 1.5].map(secondsText), ["0 s", "250 ns", "12.3 ms", "1.50 s"]);
  assert.deepEqual([5, 65, 3700, 200_000].map(ageText), ["5 s", "1 min 5 s", "1 h 1 min", "2 d 7 h"]);
});

test("a value of a profile is told in its unit, a change with its sign", () => {
  assert.equal(amountText(2048, "bytes"), "2 KiB");
  assert.equal(amountText(1_500_000, "nanoseconds"), "1.50 ms");
  assert.equal(amountText(1234, "count"), "1,234");
  assert.deepEqual([5, -5, 0].map((value) => changeText(value, "count")), ["+5", "−5", "±0"]);
  assert.deepEqual([shareText(1, 3), shareText(3, 3), shareText(1, 400), shareText(1, 0)], ["33.3 %", "100 %", "0.25 %", "–"]);
});

test("a figure is told in the unit that its name has", () => {
  assert.equal(figureText("whiteboard_queue_bytes", 4096), "4 KiB");
  assert.equal(figureText("whiteboard_gc_pause_seconds", 0.0017), "1.70 ms");
  assert.equal(figureText("whiteboard_ops_total", 12), "12");
});
