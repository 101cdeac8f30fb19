/** What an op says its author had seen, what a page remembers of the log, and how ops are counted and cut. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { MemoryJournal } from "../../whiteboard/page/js/sync/journal.js";
import { Stage, WELCOME, foreign, settle } from "./stage.mjs";

const NOTE = { type: "note", id: "n", x: 1, y: 1 };

/** A note by somebody else, as a snapshot has it. */
function note(id, seq, x = 0) {
  return { id, type: "note", by: "c-other", created: [seq, "c-other", seq], x };
}

/** A part of a snapshot. */
function part(seq, number, parts, ...elements) {
  return { type: "snapshot", seq, part: number, parts, elements };
}

/** What the newest op says its author had seen. */
async function seenOf(stage, op) {
  stage.sync.submit(op);
  await settle();
  return stage.socket.ops.at(-1).seen;
}

// --- the journal ------------------------------------------------------------------------------------------

test("a journal that cannot be read at first is not taken for an empty one, and is taken up later", async () => {
  const store = new MemoryJournal();
  store.append({ op: { ...NOTE, opId: "c-me:5", seen: 0, ts: 1 }, epoch: "e1" });
  const all = store.all.bind(store);
  let isBroken = true;
  store.all = async (client) => (isBroken ? null : all(client));
  const stage = new Stage({ store });
  await stage.join();
  assert.equal(stage.sync.status.pending, 0);
  isBroken = false;
  for (let turn = 0; turn < 4; turn += 1) {
    await stage.clock.advance(9_000);
    await stage.socket.say({ type: "pong" });
  }
  assert.deepEqual(stage.socket.ops.map((op) => op.opId), ["c-me:5"]);
});

test("a journal that fails is told at once", async () => {
  const store = new MemoryJournal();
  let changed = () => {};
  store.watch = (tell) => (changed = tell);
  store.kept = "disk";
  const stage = new Stage({ store });
  await stage.join();
  stage.told("status");
  store.kept = "memory";
  changed();
  await settle();
  assert.equal(stage.told("status").at(-1).kept, "memory");
});

test("the key that claims a client is in the journal before its first op", () => {
  const store = new MemoryJournal();
  const calls = [];
  store.remember = (client, key) => calls.push(["remember", client, key]);
  store.append = (entry) => calls.push(["append", entry.op.id]);
  new Stage({ store, identity: { client: "c-me", key: "secret", name: "", color: "" } }).sync.submit(NOTE);
  assert.deepEqual(calls, [["remember", "c-me", "secret"], ["append", "n"]]);
});
