/** The journal in memory, claims between tabs, identity, and the outbox. IndexedDB is tested in a browser. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Claims } from "../../whiteboard/page/js/sync/claims.js";
import { loadIdentity, newClientId, saveIdentity } from "../../whiteboard/page/js/sync/identity.js";
import { MemoryJournal, openJournal } from "../../whiteboard/page/js/sync/journal.js";
import { Outbox } from "../../whiteboard/page/js/sync/outbox.js";
import { settle } from "./stage.mjs";

function entry(opId, epoch = "e1") {
  return { op: { type: "note", id: "n", opId, seen: 4, ts: 1 }, epoch };
}

class Storage extends Map {
  getItem(key) {
    return this.get(key) ?? null;
  }
  setItem(key, value) {
    this.set(key, value);
  }
}

/** BroadcastChannels of several tabs in one test. */
function channels() {
  const all = [];
  return () => {
    const channel = { onmessage: null, postMessage: (data) => all.filter((one) => one !== channel).forEach((one) => queueMicrotask(() => one.onmessage?.({ data }))) };
    all.push(channel);
    return channel;
  };
}

/** Web Locks, as far as claims use them. */
function lockManager() {
  const held = new Set();
  return {
    async request(name, options, run) {
      if (held.has(name)) return run(null);
      held.add(name);
      try {
        return await run({ name });
      } finally {
        held.delete(name);
      }
    },
  };
}

test("entries come back in the order of their counters, by client", async () => {
  const journal = new MemoryJournal();
  for (const opId of ["a:10", "a:9", "b:1"]) journal.append(entry(opId));
  assert.deepEqual((await journal.all("a")).map(({ op }) => op.opId), ["a:9", "a:10"]);
  journal.remove(["a:9", "a:77"]);
  assert.deepEqual((await journal.all("a")).map(({ op }) => op.opId), ["a:10"]);
});

test("where there is no IndexedDB, or it refuses, the journal is in memory and says so", async () => {
  assert.equal((await openJournal("b", {})).kept, "memory");
  const refusing = { open: () => { throw new Error("private window"); } };
  assert.equal((await openJournal("b", { indexedDB: refusing })).kept, "memory");
});

test("an identity is made once per tab and board, and survives mangled storage", () => {
  const storage = new Storage();
  const first = loadIdentity("b1", { name: "Ada" }, storage);
  assert.match(first.client, /^c-[0-9a-f]{20}$/);
  assert.deepEqual(loadIdentity("b1", {}, storage), first);
  assert.notEqual(loadIdentity("b2", {}, storage).client, first.client);
  saveIdentity("b1", { ...first, key: "k" }, storage);
  assert.equal(loadIdentity("b1", {}, storage).key, "k");
  storage.setItem("whiteboard.identity:b1", "{");
  assert.notEqual(loadIdentity("b1", {}, storage).client, first.client);
});

test("client ids are new each time", () => {
  assert.equal(new Set(Array.from({ length: 100 }, newClientId)).size, 100);
});

test("with Web Locks one tab holds a client, until it lets go", async () => {
  const locks = lockManager();
  const [one, two] = [new Claims("b", { locks }), new Claims("b", { locks })];
  assert.equal(await one.claim("c"), true);
  assert.equal(await one.claim("c"), true);
  assert.equal(await two.claim("c"), false);
  assert.equal(await new Claims("other", { locks }).claim("c"), true);
  one.release("c");
  await settle();
  assert.equal(await two.claim("c"), true);
});

test("without Web Locks the other tabs are asked", async () => {
  const channel = channels();
  const [one, two] = [new Claims("b", { channel }), new Claims("b", { channel })];
  assert.equal(await one.claim("c"), true);
  assert.equal(await two.claim("c"), false);
  assert.equal(await two.claim("d"), true);
  one.release("c");
  assert.equal(await two.claim("c"), true);
});

test("of two tabs that ask at once one gets it", async () => {
  const channel = channels();
  const tabs = [new Claims("b", { channel }), new Claims("b", { channel })];
  const held = await Promise.all(tabs.map((tab) => tab.claim("c")));
  assert.deepEqual(held.filter(Boolean).length, 1);
});

/** Chances, one after the other. */
function chances(...values) {
  return () => values.shift() ?? 0.5;
}

test("of any number of tabs that ask at once just one gets it", async () => {
  for (let count = 2; count <= 6; count += 1) {
    const channel = channels();
    const tabs = Array.from({ length: count }, () => new Claims("b", { channel }));
    const held = await Promise.all(tabs.map((tab) => tab.claim("c")));
    assert.equal(held.filter(Boolean).length, 1, `${count} tabs`);
    assert.equal(tabs.filter((tab) => tab.holds("c")).length, 1);
  }
});

test("of two questions that overlap just one is granted, whichever came first", async () => {
  for (const [first, second] of [[0.2, 0.8], [0.8, 0.2]]) {
    const channel = channels();
    const [early, late] = [first, second].map((chance) => new Claims("b", { channel, random: chances(chance) }));
    const asked = early.claim("c");
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.deepEqual((await Promise.all([asked, late.claim("c")])).filter(Boolean), [true]);
  }
});

test("what is being asked for is not held yet", async () => {
  const claims = new Claims("b", { channel: channels() });
  const first = claims.claim("c");
  assert.ok(!claims.holds("c"));
  assert.equal(await claims.claim("c"), false);
  assert.equal(await first, true);
});

test("an outbox gives each op once, and all again after the link is gone", () => {
  const outbox = new Outbox("a");
  outbox.add(entry("a:1"));
  outbox.add(entry("a:2"));
  const ids = () => outbox.take("e1", { frameBytes: 10_000, batch: 10 }).frames.flatMap((frame) => JSON.parse(frame)).map((op) => op.opId);
  assert.deepEqual(ids(), ["a:1", "a:2"]);
  assert.deepEqual(ids(), []);
  outbox.remove("a:1");
  outbox.unsendAll();
  assert.deepEqual(ids(), ["a:2"]);
});

/** An outbox whose ops a:1 to a:`count` have been sent, and what it gives when asked. */
function sentOutbox(count) {
  const outbox = new Outbox("a");
  for (let counter = 1; counter <= count; counter += 1) outbox.add(entry(`a:${counter}`));
  const ids = () => outbox.take("e1", { frameBytes: 10_000, batch: 10 }).frames.flatMap((frame) => JSON.parse(frame)).map((op) => op.opId);
  ids();
  return { outbox, ids };
}

test("ops that were sent before an answered one and have no answer wait, and go out again on resume [ACK-6]", () => {
  const { outbox, ids } = sentOutbox(4);
  outbox.remove("a:1"); // by its echo
  assert.equal(outbox.answered("a:1"), false);
  assert.equal(outbox.answered("a:3"), true);
  outbox.remove("a:3");
  assert.ok(outbox.isHeldUp);
  assert.deepEqual(ids(), []);
  outbox.resume();
  assert.deepEqual(ids(), ["a:2"]);
  outbox.resume();
  assert.deepEqual(ids(), [], "under way once more");
  assert.equal(outbox.answered("a:4"), false);
  assert.equal(outbox.answered("a:2"), false);
  outbox.remove("a:2");
  assert.ok(!outbox.isHeldUp);
});

test("an op whose echo comes before its ack is not passed over", () => {
  const { outbox } = sentOutbox(2);
  outbox.remove("a:1");
  assert.equal(outbox.answered("a:2"), false);
});

test("an op in doubt goes out again unless it is answered before", () => {
  const { outbox, ids } = sentOutbox(2);
  assert.ok(outbox.doubt());
  outbox.answered("a:1");
  outbox.remove("a:1");
  outbox.resume();
  assert.deepEqual(ids(), ["a:2"]);
});

test("ops in doubt go out in frames of their own, also after a reconnect, and only they do", () => {
  const { outbox } = sentOutbox(3);
  outbox.doubt();
  outbox.resume();
  outbox.add(entry("a:4"));
  outbox.add(entry("a:5"));
  const frames = () => outbox.take("e1", { frameBytes: 10_000, batch: 10 }).frames.map((frame) => JSON.parse(frame).map((op) => op.opId));
  assert.deepEqual(frames(), [["a:1"], ["a:2"], ["a:3"], ["a:4", "a:5"]]);
  outbox.remove("a:2");
  outbox.unsendAll();
  assert.deepEqual(frames(), [["a:1"], ["a:3"], ["a:4", "a:5"]]);
});

test("frames keep to the server's bytes and batch", () => {
  const outbox = new Outbox("a");
  for (let count = 1; count <= 50; count += 1) outbox.add({ op: { type: "text", id: "t", opId: `a:${count}`, seen: 0, text: "字".repeat(count * 20) }, epoch: "e1" });
  const { frames, oversize } = outbox.take("e1", { frameBytes: 4_000, batch: 7 });
  assert.equal(oversize.length, 0);
  assert.ok(frames.every((frame) => new TextEncoder().encode(frame).length <= 4_000));
  assert.ok(frames.every((frame) => JSON.parse(frame).length <= 7));
  assert.equal(frames.flatMap((frame) => JSON.parse(frame)).length, 50);
});

test("what was seen in another epoch is not claimed", () => {
  const outbox = new Outbox("a");
  outbox.add(entry("a:1", "e1"));
  outbox.add(entry("a:2", "e2"));
  const { frames } = outbox.take("e2", { frameBytes: 10_000, batch: 10 });
  assert.deepEqual(JSON.parse(frames[0]).map((op) => op.seen), [0, 4]);
});
