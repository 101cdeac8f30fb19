/** What an op says its author had seen, what a page remembers of the log, and how ops are counted and cut. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { MemoryJournal } from "../../whiteboard/page/js/sync/journal.js";
import { splitPoints } from "../../whiteboard/page/js/sync/split.js";
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

// --- seen -------------------------------------------------------------------------------------------

test("an op made while a picture loads claims the picture before, not the one that is coming [OP-4]", async () => {
  const stage = new Stage();
  await stage.join({ seq: 2 }, part(2, 1, 1, note("n", 1)));
  await stage.socket.end();
  await stage.clock.advance(20_000);
  await stage.answer({ seq: 500 }, { type: "resync", reason: "x" }, part(500, 1, 3));
  assert.equal(await seenOf(stage, { type: "set", id: "n", props: { x: 7 } }), 2);
  await stage.socket.end();
  stage.sync.submit({ type: "set", id: "n", props: { x: 8 } });
  await stage.clock.advance(20_000);
  await stage.answer({ seq: 500 });
  assert.deepEqual(stage.socket.ops.map((op) => op.seen), [2, 2]);
  assert.equal(stage.socket.hello.since, undefined);
});

test("what has come with a picture that is loading has been seen as the picture has it, nothing else has", async () => {
  const stage = new Stage();
  await stage.join({ seq: 9 }, part(9, 1, 2, note("come", 1)));
  assert.equal(await seenOf(stage, { type: "set", id: "come", props: { x: 7 } }), 9);
  assert.equal(await seenOf(stage, { ...NOTE, id: "mine" }), 0);
  await stage.socket.end();
  assert.equal(stage.sync.status.loading, true);
  stage.sync.submit({ type: "set", id: "come", props: { x: 8 } });
  await stage.clock.advance(20_000);
  await stage.answer({ seq: 9 });
  assert.deepEqual(stage.socket.ops.map((op) => op.seen), [9, 0, 9]);
});

test("with the last part all that came between the parts counts as seen, and is a place to resume from [RES-13]", async () => {
  const stage = new Stage();
  await stage.join({ seq: 2 }, part(2, 1, 2));
  await stage.socket.say(foreign(3, { type: "note", id: "a" }), foreign(4, { type: "note", id: "b" }));
  assert.equal(stage.board.seq, 0);
  await stage.socket.say(part(2, 2, 2));
  assert.equal(await seenOf(stage, NOTE), 4);
  await stage.socket.end();
  await stage.clock.advance(1_000);
  stage.socket.open();
  assert.equal(stage.socket.hello.since, 4);
});

test("a board that has lost the end of its log is not claimed to have been seen further than it goes", async () => {
  const stage = new Stage();
  await stage.join({ seq: 90 });
  await stage.socket.say({ type: "resync", reason: "restored from a backup" }, part(50, 1, 1));
  assert.equal(await seenOf(stage, NOTE), 50);
});

// --- what is remembered -------------------------------------------------------------------------------

/** A page that has seen `count` notes made and deleted by somebody else, d1 first. */
async function graveyard(count) {
  const stage = new Stage();
  await stage.join();
  await stage.socket.say(...Array.from({ length: count }, (_, at) => foreign(at + 1, { type: "note", id: `d${at + 1}` })));
  await bury(stage, count, 1, count);
  return stage;
}

/** Somebody else deletes d`first` to d`last`, after `seq`. */
async function bury(stage, seq, first, last) {
  for (let at = first; at <= last; at += 1) await stage.socket.say(foreign(seq + 1 + at - first, { type: "delete", id: `d${at}` }));
}

test("of deleted elements the newest two thousand are remembered [MRG-16]", async () => {
  const stage = await graveyard(2_003);
  assert.deepEqual([1, 2, 3, 4, 2_003].map((at) => stage.board.knows(`d${at}`)), [false, false, false, true, true]);
  assert.equal(stage.board.size, 2_000);
});

test("what is forgotten comes back with its state [ACC-18]", async () => {
  const stage = await graveyard(2_001);
  await stage.socket.say(foreign(4_003, { type: "restore", id: "d1", element: { ...note("d1", 1, 6), deleted: false, stamps: { deleted: [9_000, "c-other", 1] } } }));
  assert.equal(stage.view.get("d1").x, 6);
});

test("an element that was brought back is not forgotten, and one with ops of ours on it is not either", async () => {
  const stage = await graveyard(2_000);
  await stage.socket.say(foreign(4_001, { type: "restore", id: "d1", lamport: 9_000 }));
  stage.sync.submit({ type: "restore", id: "d2" });
  await stage.socket.say(foreign(4_002, { type: "note", id: "more" }), foreign(4_003, { type: "delete", id: "more", lamport: 9_001 }));
  await stage.socket.say(foreign(4_004, { type: "note", id: "most" }), foreign(4_005, { type: "delete", id: "most", lamport: 9_002 }));
  assert.ok(stage.view.get("d1"));
  assert.ok(stage.view.get("d2"));
  assert.deepEqual(["d2", "d3", "d4"].map((id) => stage.board.knows(id)), [true, false, true]);
});

test("an op of before that comes again does not bring back what was forgotten", async () => {
  const stage = await graveyard(2_001);
  await stage.socket.say(foreign(1, { type: "note", id: "d1" }));
  assert.equal(stage.view.get("d1"), undefined);
  assert.equal(stage.sockets.length, 1);
});

// --- counters -------------------------------------------------------------------------------------------

test("a counter is not used again though the clock was set back before a reload [IDN-8]", async () => {
  const one = new Stage();
  const used = ["n", "m", "k"].map((id) => one.sync.submit({ type: "note", id }));
  const identity = one.told("identity").at(-1);
  const two = new Stage({ identity });
  two.clock.set(-3_600_000);
  const counter = (opId) => Number(opId.split(":")[1]);
  assert.ok(counter(two.sync.submit(NOTE)) > counter(used[2]));
});

test("an identity is told for its counters once a minute of drawing, not with each op", async () => {
  const stage = new Stage();
  await stage.join();
  stage.told("identity");
  for (let second = 0; second < 180; second += 1) {
    stage.sync.submit({ type: "set", id: "n", props: { x: second } });
    await stage.clock.advance(1_000);
    await stage.socket.say({ type: "pong" });
  }
  assert.equal(stage.told("identity").length, 3);
});

test("an identity whose counter is mangled counts by the clock", () => {
  const stage = new Stage({ identity: { client: "c-me", name: "", color: "", counter: "many" } });
  assert.equal(stage.sync.submit(NOTE), `c-me:${stage.clock.now()}`);
  assert.equal(stage.told("identity").at(-1).counter, stage.clock.now() + 60_000);
});

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

// --- more points than an op may have ------------------------------------------------------------------------

/** So many points on a line. */
function line(count) {
  return Array.from({ length: count }, (_, at) => [at, 0]);
}

test("a stroke with more points than an op may have goes out as a create and appends, in one frame [OP-17] [MRG-1]", async () => {
  const stage = new Stage();
  await stage.join({ limits: { ...WELCOME.limits, pointsPerOp: 100 } });
  const opId = stage.sync.submit({ type: "stroke", id: "s", points: line(250), color: "red" });
  await settle();
  const ops = stage.socket.ops;
  assert.equal(ops[0].opId, opId);
  assert.deepEqual(ops.map((op) => [op.type, op.from, op.points.length, op.color]), [["stroke", undefined, 100, "red"], ["append", 100, 100, undefined], ["append", 200, 50, undefined]]);
  assert.equal(stage.view.get("s").points.length, 250 * 3);
  await stage.socket.say(...ops.map((op, at) => stage.echo(op, at + 1)));
  assert.equal(stage.board.get("s").points.length, 250 * 3);
  assert.equal(stage.sync.status.pending, 0);
});

test("before the server has said its bounds a stroke is cut at five thousand points", () => {
  const stage = new Stage();
  stage.sync.submit({ type: "stroke", id: "s", points: line(5_001) });
  assert.equal(stage.sync.status.pending, 2);
});

test("an append is cut behind its own start; what has few points, or none of its own, is left as it is", () => {
  const append = { type: "append", id: "s", from: 7, points: line(5) };
  assert.deepEqual(splitPoints(append, 3).map((op) => [op.from, op.points]), [[7, line(5).slice(0, 3)], [10, line(5).slice(3)]]);
  for (const op of [{ ...append, points: line(3) }, { type: "note", id: "n", points: line(9) }, { type: "delete", id: "s" }]) {
    assert.deepEqual(splitPoints(op, 3), [op]);
  }
});

test("a bound that is none cuts nothing", () => {
  const op = { type: "stroke", id: "s", points: line(5) };
  for (const most of [0, -1, NaN, undefined]) assert.deepEqual(splitPoints(op, /** @type {any} */ (most)), [op]);
});
