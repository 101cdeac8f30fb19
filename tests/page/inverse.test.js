/** Undo as new ops, which touch only what one has changed oneself. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { due, inverse } from "../../whiteboard/page/js/core/inverse.js";
import { Board } from "../../whiteboard/page/js/core/board.js";

/** A board on which `run` applies ops as they would be confirmed, one after the other. */
function bench() {
  const board = new Board();
  let count = 0;
  const run = (op) => board.apply({ ...op, opId: `a:${++count}`, lamport: count });
  return { board, run };
}

/** Do an op, and return what undoes it. */
function done({ board, run }, op) {
  const steps = inverse(board, op);
  run(op);
  return steps;
}

test("undo of a create deletes; redo brings the element back", () => {
  const it = bench();
  const [step] = done(it, { type: "note", id: "n" });
  const undo = due(it.board, step);
  assert.deepEqual(undo, { type: "delete", id: "n" });
  const [redo] = done(it, undo);
  assert.deepEqual(due(it.board, redo), { type: "restore", id: "n" });
});

test("undo of a delete restores, unless somebody has restored it already", () => {
  const it = bench();
  it.run({ type: "note", id: "n" });
  const [step] = done(it, { type: "delete", id: "n" });
  assert.deepEqual(due(it.board, step), { type: "restore", id: "n" });
  it.run({ type: "restore", id: "n" });
  assert.equal(due(it.board, step), null);
});

test("undo of a set writes the former values, and unsets what was not set", () => {
  const it = bench();
  it.run({ type: "shape", id: "r", x: 1 });
  const [step] = done(it, { type: "set", id: "r", props: { x: 5, fill: "red" } });
  assert.deepEqual(due(it.board, step), { type: "set", id: "r", props: { x: 1, fill: null } });
});

test("what somebody else has written since is left alone", () => {
  const it = bench();
  it.run({ type: "shape", id: "r", x: 1, y: 1 });
  const [step] = done(it, { type: "set", id: "r", props: { x: 5, y: 5 } });
  it.run({ type: "set", id: "r", props: { x: 7 } });
  assert.deepEqual(due(it.board, step), { type: "set", id: "r", props: { y: 1 } });
  it.run({ type: "set", id: "r", props: { y: 7 } });
  assert.equal(due(it.board, step), null);
});

test("a step on an element that is gone comes to nothing", () => {
  const it = bench();
  const [made] = done(it, { type: "shape", id: "r", x: 1 });
  const [moved] = done(it, { type: "set", id: "r", props: { x: 5 } });
  it.run({ type: "delete", id: "r" });
  assert.equal(due(it.board, moved), null);
  assert.equal(due(it.board, made), null);
});

test("ops that change nothing, and parts of others, have no inverse", () => {
  const it = bench();
  it.run({ type: "shape", id: "r", x: 1, meta: { a: [1] } });
  assert.deepEqual(inverse(it.board, { type: "set", id: "r", props: { x: 1, fill: null, meta: { a: [1] } } }), []);
  assert.deepEqual(inverse(it.board, { type: "set", id: "ghost", props: { x: 1 } }), []);
  assert.deepEqual(inverse(it.board, { type: "delete", id: "ghost" }), []);
  assert.deepEqual(inverse(it.board, { type: "append", id: "r", from: 1, points: [] }), []);
});

test("undo and redo of a set go back and forth", () => {
  const it = bench();
  it.run({ type: "shape", id: "r", x: 1 });
  const [undo] = done(it, { type: "set", id: "r", props: { x: 5 } });
  const [redo] = done(it, due(it.board, undo));
  assert.equal(it.board.get("r").x, 1);
  const [again] = done(it, due(it.board, redo));
  assert.equal(it.board.get("r").x, 5);
  assert.deepEqual(due(it.board, again), { type: "set", id: "r", props: { x: 1 } });
});
