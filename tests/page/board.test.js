/** The board: views, draw order, and convergence of random histories (R4). */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Board, comparePlaces } from "../../whiteboard/page/js/core/board.js";
import { random, shuffled } from "./chance.mjs";

const CLIENTS = ["a", "b", "C"];
const TYPES = ["stroke", "shape", "text", "note", "image", "page"];

function op(lamport, client, counter, type, id, fields = {}) {
  return { opId: `${client}:${counter}`, by: client, lamport, type, id, ...fields };
}

/** Stamped ops as a careless crowd would make them: colliding ids, gaps, overlaps, deletes. */
function history(chance, size) {
  const counters = new Map();
  const pick = (items) => items[Math.floor(chance() * items.length)];
  const points = (count) => Array.from({ length: count }, () => (chance() < 0.5 ? [pick([1, 2]), pick([1, 2])] : [1, pick([1, 2]), pick([0, 0.5])]));
  return Array.from({ length: size }, () => {
    const client = pick(CLIENTS);
    counters.set(client, (counters.get(client) ?? 0) + 1);
    const make = (type, fields) => op(1 + Math.floor(chance() * 8), client, counters.get(client), type, pick(["e1", "e2", "e3"]), fields);
    const roll = chance();
    if (roll < 0.25) return make(pick(TYPES), { points: points(2), x: Math.floor(chance() * 5), z: pick([null, "a1", "a0V", "Zz"]) });
    if (roll < 0.5) return make("append", { from: Math.floor(chance() * 5), points: points(1 + Math.floor(chance() * 3)) });
    if (roll < 0.8) return make("set", { props: { [pick(["x", "y", "z", "color"])]: pick([null, 1, "a2"]) } });
    return make(pick(["delete", "restore"]));
  });
}

/** The same ops, with appends cut at random places into appends of their own stamp. */
function split(ops, chance) {
  return ops.flatMap((one) => {
    if (one.type !== "append" || one.points.length < 2) return [one];
    const at = 1 + Math.floor(chance() * (one.points.length - 1));
    return [{ ...one, points: one.points.slice(0, at + (chance() < 0.5 ? 1 : 0)) }, { ...one, from: one.from + at, points: one.points.slice(at) }];
  });
}

function merged(ops) {
  const board = new Board();
  for (const one of ops) board.apply(one);
  return board;
}

test("any order, duplication and split of the same ops gives the same board", () => {
  for (let seed = 1; seed <= 150; seed += 1) {
    const chance = random(seed);
    const ops = history(chance, 25);
    const expected = merged(ops);
    for (const other of [[...ops].reverse(), shuffled(ops, chance), shuffled([...ops, ...ops], chance), shuffled(split(ops, chance), chance)]) {
      const board = merged(other);
      assert.deepEqual(board.states(), expected.states(), `seed ${seed}`);
      assert.deepEqual(board.drawOrder(), expected.drawOrder(), `seed ${seed}`);
    }
  }
});

test("states of replicas that each know a part join to the whole", () => {
  for (let seed = 1; seed <= 100; seed += 1) {
    const chance = random(seed);
    const ops = history(chance, 25);
    const parts = [ops.filter(() => chance() < 0.6), ops.filter(() => chance() < 0.6), ops];
    const board = new Board();
    for (const state of shuffled(parts.flatMap((part) => merged(part).states()), chance)) board.join(structuredClone(state));
    assert.deepEqual(board.states(), merged(ops).states(), `seed ${seed}`);
  }
});

test("the draw order kept step by step is the order sorted anew", () => {
  for (let seed = 1; seed <= 30; seed += 1) {
    const chance = random(seed);
    const board = new Board();
    for (const one of history(chance, 60)) {
      board.apply(one);
      if (chance() < 0.2) board.forget("e1");
      if (chance() < 0.7) continue;
      const places = ["e1", "e2", "e3"].map((id) => board.place(id)).filter(Boolean);
      assert.deepEqual(board.drawOrder(), places.sort(comparePlaces).map((place) => place.id), `seed ${seed}`);
    }
  }
});

test("many elements at once are sorted like few", () => {
  const chance = random(5);
  const ops = Array.from({ length: 500 }, (_, at) => op(at + 1, "a", at + 1, "note", `n${at}`));
  assert.deepEqual(merged(shuffled(ops, chance)).drawOrder(), ops.map(({ id }) => id));
});

test("without z an element stands where it was created; z puts it anywhere", () => {
  const board = merged([op(1, "a", 1, "note", "n1"), op(2, "a", 2, "note", "n2"), op(2, "b", 1, "note", "n3"), op(3, "a", 3, "note", "n4", { z: "a1" })]);
  assert.deepEqual(board.drawOrder(), ["n1", "n4", "n2", "n3"]);
  board.apply(op(9, "a", 9, "set", "n3", { props: { z: "Zz" } }));
  assert.equal(board.drawOrder()[0], "n3");
  board.apply(op(10, "a", 10, "set", "n3", { props: { z: null } }));
  assert.equal(board.drawOrder().at(-1), "n3");
});

test("the draw order is the same array until the order changes", () => {
  const board = merged([op(1, "a", 1, "stroke", "s", { points: [[0, 0]] })]);
  const before = board.drawOrder();
  board.apply(op(1, "a", 2, "append", "s", { from: 1, points: [[1, 1]] }));
  assert.equal(board.drawOrder(), before);
  board.apply(op(1, "a", 3, "delete", "s"));
  assert.deepEqual(board.drawOrder(), []);
  assert.deepEqual(before, ["s"]);
});

test("a view is flat, leaves unset properties out, and is the same object until the element changes", () => {
  const board = merged([op(1, "a", 1, "stroke", "s", { points: [[1, 2], [3, 4, 0.5]], color: "red", fill: null, odd: [1] })]);
  const view = board.get("s");
  assert.deepEqual(view, { id: "s", type: "stroke", by: "a", created: [1, "a", 1], points: [1, 2, -1, 3, 4, 0.5], color: "red", odd: [1] });
  assert.equal(board.get("s"), view);
  assert.equal(board.apply(op(1, "a", 1, "stroke", "s", { points: [[1, 2]], color: "red" })), null);
  assert.equal(board.get("s"), view);
  assert.equal(board.apply(op(2, "b", 1, "set", "s", { props: { x: 1 } })), "s");
  assert.notEqual(board.get("s"), view);
});

test("deleted, orphaned and unknown elements have no view", () => {
  const board = merged([op(1, "a", 1, "note", "n"), op(2, "a", 2, "delete", "n"), op(2, "a", 3, "set", "ghost", { props: { x: 1 } })]);
  for (const id of ["n", "ghost", "nothing"]) assert.equal(board.get(id), undefined);
  assert.equal(board.state("nothing"), null);
  assert.ok(board.knows("ghost"));
});

test("a copy is independent", () => {
  const board = merged([op(1, "a", 1, "stroke", "s", { points: [[0, 0]] })]);
  const other = new Board();
  other.copy(board, "s");
  other.apply(op(1, "a", 2, "append", "s", { from: 1, points: [[1, 1]] }));
  assert.equal(board.get("s").points.length, 3);
  assert.equal(other.get("s").points.length, 6);
});

test("forgotten elements are out of the draw order; clear leaves nothing", () => {
  const board = merged([op(1, "a", 1, "note", "n1"), op(2, "a", 2, "note", "n2")]);
  assert.deepEqual(board.drawOrder(), ["n1", "n2"]);
  board.forget("n1");
  assert.deepEqual(board.drawOrder(), ["n2"]);
  board.clear();
  assert.deepEqual(board.drawOrder(), []);
  assert.equal(board.size, 0);
});
