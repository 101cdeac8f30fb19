// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { arrived, NotArrived, untilAllArrive } from "../../whiteboard/page/js/loading.js";

const missing = () => arrived(Promise.reject(new TypeError("Failed to fetch dynamically imported module")));

test("what browsers call a TypeError has not arrived; a module that cannot be read fails as it does", async () => {
  assert.equal(await arrived(Promise.resolve("module")), "module");
  await assert.rejects(missing(), NotArrived);
  await assert.rejects(arrived(Promise.reject(new SyntaxError("Unexpected token"))), SyntaxError);
});

test("parts are asked for until all are there, with pauses that double to half a minute", async () => {
  const pauses = /** @type {number[]} */ ([]);
  let times = 0;
  const ask = () => [Promise.resolve(), ++times < 9 ? missing() : Promise.resolve()];
  await untilAllArrive(ask, async (ms) => void pauses.push(ms / 1_000));
  assert.deepEqual(pauses, [1, 2, 4, 8, 16, 30, 30, 30]);
});

test("a part that is at fault itself is not asked for again", async () => {
  const fault = new SyntaxError("Unexpected token");
  await assert.rejects(untilAllArrive(() => [missing(), Promise.reject(fault)], () => assert.fail("a pause")), fault);
});
