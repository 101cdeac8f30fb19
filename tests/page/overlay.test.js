/** The overlay: pending ops on top of the confirmed board. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Board } from "../../whiteboard/page/js/core/board.js";
import { Overlay } from "../../whiteboard/page/js/core/overlay.js";
import { random } from "./chance.mjs";

function confirmed(size) {
  const board = new Board();
  for (let at = 1; at <= size; at += 1) board.apply({ opId: `o:${at}`, lamport: at, type: "note", id: `n${at}`, x: 0 });
  return board;
}

test("a pending create stands on top, a pending delete hides, a pending restore shows", () => {
  const board = confirmed(3);
  const overlay = new Overlay(board);
  overlay.add({ opId: "me:1", type: "note", id: "new" });
  overlay.add({ opId: "me:2", type: "delete", id: "n2" });
  assert.deepEqual(overlay.drawOrder(), ["n1", "n3", "new"]);
  overlay.add({ opId: "me:3", type: "restore", id: "n2" });
  assert.deepEqual(overlay.drawOrder(), ["n1", "n2", "n3", "new"]);
});

test("a pending z moves an element between confirmed ones", () => {
  const board = confirmed(4);
  const overlay = new Overlay(board);
  overlay.add({ opId: "me:1", type: "set", id: "n4", props: { z: "a1V" } });
  assert.deepEqual(overlay.drawOrder(), ["n1", "n4", "n2", "n3"]);
  assert.equal(board.drawOrder().join(), "n1,n2,n3,n4");
});

test("pending ops that move nothing leave the confirmed order as it is", () => {
  const board = confirmed(3);
  const overlay = new Overlay(board);
  overlay.add({ opId: "me:1", type: "set", id: "n1", props: { x: 1 } });
  assert.equal(overlay.drawOrder(), board.drawOrder());
});

test("taking a pending op away shows what is left", () => {
  const overlay = new Overlay(confirmed(1));
  const first = { opId: "me:1", type: "set", id: "n1", props: { x: 1 } };
  const second = { opId: "me:2", type: "set", id: "n1", props: { x: 2 } };
  overlay.add(first);
  overlay.add(second);
  assert.equal(overlay.get("n1").x, 2);
  overlay.remove(second);
  assert.equal(overlay.get("n1").x, 1);
  overlay.remove(first);
  overlay.remove(first);
  assert.equal(overlay.get("n1").x, 0);
  assert.ok(!overlay.isPending("n1"));
});

test("confirmed changes show through where nothing is pending", () => {
  const board = confirmed(1);
  const overlay = new Overlay(board);
  overlay.add({ opId: "me:1", type: "set", id: "n1", props: { x: 1 } });
  assert.equal(overlay.get("n1").x, 1);
  board.apply({ opId: "o:9", lamport: 99, type: "set", id: "n1", props: { x: 9, y: 9 } });
  overlay.refresh("n1");
  assert.deepEqual([overlay.get("n1").x, overlay.get("n1").y], [1, 9]);
});

test("in any interleaving the view is the confirmed board with the pending ops applied to it", () => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const chance = random(seed);
    const board = confirmed(3);
    const overlay = new Overlay(board);
    const pending = [];
    for (let step = 1; step <= 60; step += 1) {
      const id = `n${1 + Math.floor(chance() * 5)}`;
      const roll = chance();
      const kind = chance() < 0.3 ? { type: "note", x: step } : chance() < 0.5 ? { type: "delete" } : { type: "set", props: { z: chance() < 0.5 ? "a0V" : null, x: step } };
      if (roll < 0.4) {
        const op = { opId: `me:${step}`, id, ...kind };
        overlay.add(op);
        pending.push(op);
      } else if (roll < 0.7) {
        if (board.apply({ opId: `o:${1000 + step}`, lamport: step, id, ...kind })) overlay.refresh(id);
      } else if (pending.length > 0) {
        const [op] = pending.splice(Math.floor(chance() * pending.length), 1);
        if (chance() < 0.5 && board.apply({ ...op, lamport: 10 + step })) overlay.refresh(op.id);
        overlay.remove(op);
      }
      if (chance() < 0.5) continue;
      const expected = new Board();
      for (const state of board.states()) expected.join(state);
      for (const op of pending) expected.apply(op);
      assert.deepEqual(overlay.drawOrder(), expected.drawOrder(), `seed ${seed}, step ${step}`);
      for (const one of expected.drawOrder()) assert.deepEqual(overlay.get(one), expected.get(one), `seed ${seed}, step ${step}`);
    }
  }
});
