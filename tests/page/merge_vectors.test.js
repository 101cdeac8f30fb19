/** The page's merge against the vectors that the Python suite runs too (R4, rules 4 and 5). */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { Board } from "../../whiteboard/page/js/core/board.js";
import { random, shuffled } from "./chance.mjs";

const SHUFFLES = 8;

/** Key order is no part of a state. */
function plain(value) {
  return JSON.parse(JSON.stringify(value));
}

function merged(ops) {
  const board = new Board();
  for (const op of ops) board.apply(op);
  return plain(board.states());
}

function rejoined(states) {
  const board = new Board();
  for (const state of states) board.join(state);
  return plain(board.states());
}

function orders(ops) {
  const mixed = Array.from({ length: SHUFFLES }, (_, seed) => shuffled(ops, random(seed + 1)));
  const doubled = shuffled([...ops, ...ops], random(99));
  return [ops, [...ops].reverse(), ...mixed, doubled, [...ops, ...ops]];
}

for (const file of ["merge.json", "merge_by_hand.json"]) {
  const url = new URL(`../vectors/${file}`, import.meta.url);
  const cases = existsSync(url) ? JSON.parse(readFileSync(url, "utf8")).cases : [];
  for (const { name, ops, elements } of cases) {
    test(`${file}: ${name}`, () => {
      for (const order of orders(ops)) assert.deepEqual(merged(order), elements);
      assert.deepEqual(rejoined(elements), elements, "its states, joined");
      assert.deepEqual(rejoined(shuffled([...elements, ...merged(ops)], random(7))), elements);
    });
  }
}
