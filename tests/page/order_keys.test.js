/** Fractional order keys: the same spelling as in Python, and always room between two. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { compareKeys, isOrderKey, keyBetween, orderKey } from "../../whiteboard/page/js/core/order_keys.js";
import { random } from "./chance.mjs";

test("integers are spelled as the contract says", () => {
  const known = [[0, "a0"], [61, "az"], [62, "b00"], [3905, "bzz"], [3906, "c000"], [-1, "Zz"], [-62, "Z0"], [-63, "Yzz"], [-3906, "Y00"], [-3907, "Xzzz"]];
  for (const [number, key] of known) assert.equal(orderKey(number), key);
});

test("keys of integers rise with the integer, up to the largest safe one", () => {
  const numbers = [-(2 ** 53) + 1, -4000, -63, -62, -1, 0, 1, 61, 62, 3905, 3906, 10 ** 9, 2 ** 53 - 2, 2 ** 53 - 1];
  const keys = numbers.map(orderKey);
  assert.deepEqual([...keys].sort(compareKeys), keys);
  assert.equal(new Set(keys).size, keys.length);
});

test("known keys between", () => {
  const known = [[null, null, "a0"], ["a0", null, "a1"], ["az", null, "b00"], [null, "a0", "Zz"], [null, "a0V", "a0"], ["a0", "a1", "a0V"], ["a0", "a2", "a1"], ["a0", "a0V", "a0G"], ["a0V", "a1", "a0l"], ["Zz", "a0", "ZzV"], ["Zz", "a1", "a0"], ["a0", "a001", "a000V"], ["a0z", "a1", "a0zV"]];
  for (const [low, high, key] of known) assert.equal(keyBetween(low, high), key, `${low} ${high}`);
});

test("a thousand insertions at random places stay sorted and well-formed", () => {
  const chance = random(4);
  const keys = [];
  for (let count = 0; count < 1000; count += 1) {
    const at = Math.floor(chance() * (keys.length + 1));
    const key = keyBetween(keys[at - 1] ?? null, keys[at] ?? null);
    assert.ok(isOrderKey(key), key);
    assert.ok(at === 0 || keys[at - 1] < key);
    assert.ok(at === keys.length || key < keys[at]);
    keys.splice(at, 0, key);
  }
});

test("what is no key, or has no room, is refused", () => {
  for (const bad of ["", "a", "0", "a00", "b0", "a0-", "a0 "]) assert.throws(() => keyBetween(bad, null), RangeError, bad);
  assert.throws(() => keyBetween("a1", "a1"), RangeError);
  assert.throws(() => keyBetween("a2", "a1"), RangeError);
});

const url = new URL("../vectors/order_keys.json", import.meta.url);
test("the shared vectors", { skip: !existsSync(url) }, () => {
  const vectors = JSON.parse(readFileSync(url, "utf8"));
  for (const [number, key] of vectors.order_key) assert.equal(orderKey(number), key);
  for (const [low, high, key] of vectors.between) assert.equal(keyBetween(low, high), key, `${low} ${high}`);
});
