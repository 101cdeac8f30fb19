/** The session: what is drawn is seen at once, sent once, kept until confirmed, and never lost. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { MemoryJournal } from "../../whiteboard/page/js/sync/journal.js";
import { Stage, WELCOME, foreign, settle } from "./stage.mjs";

const NOTE = { type: "note", id: "n", x: 1, y: 1 };

/** The ops of a stage's view, as ids and one property. */
function xOf(stage, id) {
  return stage.view.get(id)?.x;
}

test("the hello says who we are, and asks for nothing missed on a first visit", async () => {
  const stage = new Stage();
  await stage.join();
  assert.deepEqual(stage.socket.hello, { type: "hello", v: 1, client: "c-me", name: "Ada", color: "red", compact: true });
  assert.equal(stage.sync.status.state, "online");
  assert.equal(stage.sync.status.loading, false);
  assert.equal(stage.sync.status.durable, "disk");
});

test("the key of the first welcome is handed out to be kept", async () => {
  const stage = new Stage();
  await stage.join();
  assert.equal(stage.told("identity").at(-1).key, "secret");
  await stage.socket.end();
  await stage.clock.advance(1000);
  stage.socket.open();
  assert.equal(stage.socket.hello.key, "secret");
});

test("an op is on the view before anything is sent, and journaled", async () => {
  const store = new MemoryJournal();
  const stage = new Stage({ store });
  const opId = stage.sync.submit(NOTE);
  assert.equal(xOf(stage, "n"), 1);
  assert.deepEqual(stage.view.drawOrder(), ["n"]);
  assert.equal(stage.sync.status.pending, 1);
  assert.deepEqual((await store.all("c-me")).map(({ op }) => op.opId), [opId]);
  assert.equal(stage.sockets.length, 0);
});

test("ops of one task go out in one frame, in order, with op id, seen and ts [IDN-8]", async () => {
  const stage = new Stage();
  await stage.join({ seq: 7 });
  const before = stage.socket.frames;
  stage.sync.submit(NOTE);
  stage.sync.submit({ type: "set", id: "n", props: { x: 2 } });
  await settle();
  assert.equal(stage.socket.frames, before + 1);
  const [first, second] = stage.socket.ops;
  assert.deepEqual([first.type, second.type], ["note", "set"]);
  assert.equal(first.seen, 7);
  assert.equal(first.ts, stage.clock.now());
  assert.match(first.opId, /^c-me:[1-9][0-9]*$/);
  assert.ok(Number(second.opId.split(":")[1]) > Number(first.opId.split(":")[1]));
});

test("an ack makes an op count as saved; the echo takes it off the overlay", async () => {
  const store = new MemoryJournal();
  const stage = new Stage({ store });
  await stage.join();
  stage.sync.submit(NOTE);
  await settle();
  const [op] = stage.socket.ops;
  await stage.socket.say(stage.ack(op, 1));
  assert.equal(stage.sync.status.pending, 0);
  assert.deepEqual(await store.all("c-me"), []);
  assert.ok(stage.view.isPending("n"), "still overlaid: the confirmed board does not have it yet");
  await stage.socket.say(stage.echo(op, 1));
  assert.ok(!stage.view.isPending("n"));
  assert.equal(xOf(stage, "n"), 1);
  assert.equal(stage.board.get("n").x, 1);
});

test("an echo before the ack confirms as well [BRC-5]", async () => {
  const stage = new Stage();
  await stage.join();
  stage.sync.submit(NOTE);
  await settle();
  const [op] = stage.socket.ops;
  await stage.socket.say(stage.echo(op, 1), stage.ack(op, 1));
  assert.equal(stage.sync.status.pending, 0);
  assert.ok(!stage.view.isPending("n"));
});

test("what one has just done wins on the view until the server's order is known", async () => {
  const stage = new Stage();
  await stage.join({ seq: 1 }, { type: "snapshot", seq: 1, part: 1, parts: 1, elements: [{ id: "n", type: "note", by: "c-other", created: [1, "c-other", 1], x: 0 }] });
  stage.sync.submit({ type: "set", id: "n", props: { x: 5 } });
  await settle();
  await stage.socket.say(foreign(2, { type: "set", id: "n", props: { x: 9 }, lamport: 100 }));
  assert.equal(xOf(stage, "n"), 5);
  await stage.socket.say(stage.echo(stage.socket.ops[0], 3, 50));
  assert.equal(xOf(stage, "n"), 9, "the other's stamp is higher");
});

test("a rejected op is rolled back and told [REJ-4]", async () => {
  const store = new MemoryJournal();
  const stage = new Stage({ store });
  await stage.join();
  const opId = stage.sync.submit(NOTE);
  await settle();
  await stage.socket.say({ type: "reject", opId, id: "n", code: "bad_field", reason: "no", path: "$.x", retry: false });
  assert.equal(stage.view.get("n"), undefined);
  assert.equal(stage.sync.status.pending, 0);
  assert.deepEqual(await store.all("c-me"), []);
  const [{ op, code, path }] = stage.told("rejected");
  assert.deepEqual([op.opId, code, path], [opId, "bad_field", "$.x"]);
});

test("an op refused for now is kept and sent again later, later each time [REJ-4]", async () => {
  const stage = new Stage();
  await stage.join();
  const opId = stage.sync.submit(NOTE);
  await settle();
  const refusal = { type: "reject", opId, id: "n", code: "storage_unavailable", reason: "disk full", retry: true };
  await stage.socket.say(refusal);
  assert.equal(stage.sync.status.pending, 1);
  await stage.clock.advance(999);
  assert.equal(stage.socket.ops.length, 1);
  await stage.clock.advance(1);
  assert.equal(stage.socket.ops.length, 2);
  await stage.socket.say(refusal);
  await stage.clock.advance(1999);
  assert.equal(stage.socket.ops.length, 2);
  await stage.clock.advance(1);
  assert.equal(stage.socket.ops[2].opId, opId);
  assert.equal(stage.told("rejected").length, 0);
});

test("an op refused for now is not sent again with whatever is drawn meanwhile", async () => {
  const stage = new Stage();
  await stage.join();
  const opId = stage.sync.submit(NOTE);
  await settle();
  await stage.socket.say({ type: "reject", opId, id: "n", code: "draining", reason: "", retry: true });
  for (let x = 0; x < 5; x += 1) {
    stage.sync.submit({ type: "set", id: "m", props: { x } });
    await settle();
  }
  assert.equal(stage.socket.ops.length, 6);
  await stage.clock.advance(1000);
  assert.equal(stage.socket.ops.at(-1).opId, opId);
});

test("an op that is passed over, while one behind it is answered, is sent again [ACK-6]", async () => {
  const stage = new Stage();
  await stage.join();
  const lost = stage.sync.submit(NOTE);
  await settle();
  stage.sync.submit({ type: "note", id: "m" });
  await settle();
  await stage.socket.say(stage.ack(stage.socket.ops[1], 1));
  assert.equal(stage.sync.status.pending, 1);
  await stage.clock.advance(1000);
  assert.deepEqual(stage.socket.ops.slice(2).map((op) => op.opId), [lost]);
  await stage.socket.say(stage.ack(stage.socket.ops[0], 2));
  assert.equal(stage.sync.status.pending, 0);
  await stage.clock.advance(9_000);
  assert.equal(stage.socket.ops.length, 3);
});

test("an error for a whole frame names no op: what has no answer a while later is sent again [CON-8]", async () => {
  const stage = new Stage();
  await stage.join();
  stage.sync.submit(NOTE);
  stage.sync.submit({ type: "note", id: "m" });
  await settle();
  await stage.socket.say({ type: "error", code: "too_large", reason: "a frame too many" });
  assert.equal(stage.told("problem")[0].code, "too_large");
  await stage.clock.advance(999);
  assert.equal(stage.socket.ops.length, 2);
  await stage.clock.advance(1);
  assert.deepEqual(stage.socket.ops.slice(2).map((op) => op.id), ["n", "m"]);
});

test("an error about something else sends nothing twice", async () => {
  const stage = new Stage();
  await stage.join();
  stage.sync.submit(NOTE);
  await settle();
  await stage.socket.say({ type: "error", code: "unknown_type", reason: "?" }, stage.ack(stage.socket.ops[0], 1));
  await stage.clock.advance(9_000);
  assert.equal(stage.socket.ops.length, 1);
});

test("after a reconnect unconfirmed ops are sent again, same ids and order, and the log is resumed [ACK-5] [RES-2]", async () => {
  const stage = new Stage();
  await stage.join();
  const first = stage.sync.submit(NOTE);
  await settle();
  await stage.socket.say(foreign(1, { type: "note", id: "m" }));
  await stage.socket.end();
  assert.equal(stage.sync.status.state, "offline");
  const second = stage.sync.submit({ type: "set", id: "n", props: { x: 2 } });
  await stage.clock.advance(1000);
  stage.socket.open();
  assert.equal(stage.socket.hello.since, 1);
  assert.equal(stage.socket.hello.epoch, "e1");
  await stage.socket.say({ ...WELCOME, seq: 1 });
  assert.deepEqual(stage.socket.ops.map((op) => op.opId), [first, second]);
  assert.equal(stage.socket.ops[0].seen, 0);
  assert.equal(stage.socket.ops[1].seen, 1);
  assert.deepEqual(stage.told("reset"), []);
});

test("an op acked on the lost link, whose echo was missed, stays on the view until the log brings it", async () => {
  const stage = new Stage();
  await stage.join();
  stage.sync.submit(NOTE);
  await settle();
  const [op] = stage.socket.ops;
  await stage.socket.say(stage.ack(op, 1));
  await stage.socket.end();
  await stage.clock.advance(1000);
  await stage.answer({ seq: 1 });
  assert.deepEqual(stage.socket.ops, [], "acked: not sent again");
  assert.equal(xOf(stage, "n"), 1);
  await stage.socket.say(stage.echo(op, 1));
  assert.ok(!stage.view.isPending("n"));
  assert.equal(xOf(stage, "n"), 1);
});

test("a gap in the log: the op after it is not taken, a new link asks for what is missing", async () => {
  const stage = new Stage();
  await stage.join();
  await stage.socket.say(foreign(1, { type: "note", id: "a" }), foreign(3, { type: "note", id: "c" }), foreign(4, { type: "note", id: "d" }));
  assert.deepEqual(stage.view.drawOrder(), ["a"]);
  assert.ok(stage.socket.closedWith);
  await stage.clock.advance(1000);
  stage.socket.open();
  assert.equal(stage.socket.hello.since, 1);
});

test("an op that comes twice changes nothing", async () => {
  const stage = new Stage();
  await stage.join();
  const op = foreign(1, { type: "note", id: "a" });
  await stage.socket.say(op, op);
  assert.equal(stage.board.seq, 1);
  assert.equal(stage.sockets.length, 1);
});

test("an op of a kind from the future still counts in the log [CON-16]", async () => {
  const stage = new Stage();
  await stage.join();
  await stage.socket.say(foreign(1, { type: "teleport", id: "a" }), foreign(2, { type: "note", id: "b" }));
  assert.equal(stage.board.seq, 2);
  assert.deepEqual(stage.view.drawOrder(), ["b"]);
});

test("snapshot parts show as they come, and ops between them are not lost [RES-10]", async () => {
  const stage = new Stage();
  await stage.join({ seq: 2 }, null);
  assert.equal(stage.sync.status.loading, true);
  const element = (id, n) => ({ id, type: "note", by: "c-other", created: [n, "c-other", n], x: 0 });
  await stage.socket.say({ type: "snapshot", seq: 2, part: 1, parts: 2, elements: [element("a", 1)] });
  assert.deepEqual(stage.view.drawOrder(), ["a"]);
  await stage.socket.say(foreign(3, { type: "set", id: "b", props: { x: 7 } }), foreign(4, { type: "note", id: "c" }));
  assert.deepEqual(stage.view.drawOrder(), ["a", "c"], "b has a property and no create yet");
  await stage.socket.say({ type: "snapshot", seq: 2, part: 2, parts: 2, elements: [element("b", 2)] });
  assert.deepEqual(stage.view.drawOrder(), ["a", "b", "c"]);
  assert.equal(xOf(stage, "b"), 7);
  assert.equal(stage.board.seq, 4);
  assert.equal(stage.sync.status.loading, false);
});

test("a link lost between snapshot parts is no place to resume from [RES-6] [RES-13]", async () => {
  const stage = new Stage();
  await stage.join({ seq: 2 }, { type: "snapshot", seq: 2, part: 1, parts: 2, elements: [{ id: "a", type: "note", by: "c-other", created: [1, "c-other", 1] }] });
  await stage.socket.end();
  assert.deepEqual(stage.view.drawOrder(), ["a"], "still shown");
  await stage.clock.advance(1000);
  await stage.answer({ seq: 3 }, { type: "snapshot", seq: 3, part: 1, parts: 1, elements: [] });
  assert.equal(stage.socket.hello.since, undefined);
  assert.deepEqual(stage.view.drawOrder(), [], "deleted meanwhile: a snapshot leaves it out");
  assert.equal(stage.told("reset").length, 1);
});

test("resync discards what was confirmed and keeps what is pending [RES-6]", async () => {
  const stage = new Stage();
  await stage.join();
  await stage.socket.say(foreign(1, { type: "note", id: "gone" }));
  stage.sync.submit(NOTE);
  await settle();
  await stage.socket.say({ type: "resync", reason: "too far behind" });
  assert.deepEqual(stage.view.drawOrder(), ["n"]);
  assert.equal(stage.told("reset").length, 1);
  await stage.socket.say({ type: "snapshot", seq: 9, part: 1, parts: 1, elements: [{ id: "m", type: "note", by: "c-other", created: [3, "c-other", 3] }] });
  assert.deepEqual(stage.view.drawOrder(), ["m", "n"]);
  assert.equal(stage.sync.status.pending, 1);
  await stage.socket.say(foreign(10, { type: "note", id: "k" }));
  assert.equal(stage.board.seq, 10);
});

test("an acked op that a snapshot covers leaves the overlay with its last part", async () => {
  const stage = new Stage();
  await stage.join();
  stage.sync.submit(NOTE);
  await settle();
  const [op] = stage.socket.ops;
  await stage.socket.say(stage.ack(op, 1), { type: "resync", reason: "x" });
  assert.equal(xOf(stage, "n"), 1);
  await stage.socket.say({ type: "snapshot", seq: 2, part: 1, parts: 1, elements: [{ id: "n", type: "note", by: "c-me", created: [1, "c-me", 1], x: 6 }] });
  assert.ok(!stage.view.isPending("n"));
  assert.equal(xOf(stage, "n"), 6);
});

test("another epoch: nothing confirmed stays, and what was seen in the old one counts as nothing", async () => {
  const stage = new Stage();
  await stage.join();
  await stage.socket.say(foreign(1, { type: "note", id: "old" }));
  await stage.socket.end();
  stage.sync.submit(NOTE);
  await stage.clock.advance(1000);
  await stage.answer({ epoch: "e2", seq: 0 }, { type: "snapshot", seq: 0, part: 1, parts: 1, elements: [] });
  assert.deepEqual(stage.view.drawOrder(), ["n"]);
  assert.equal(stage.socket.ops[0].seen, 0);
  assert.equal(stage.board.seq, 0);
  assert.equal(stage.board.epoch, "e2");
});

test("another epoch: an op acked in the old one, whose echo never came, is gone from the view as from the board", async () => {
  const stage = new Stage();
  await stage.join();
  stage.sync.submit(NOTE);
  await settle();
  await stage.socket.say(stage.ack(stage.socket.ops[0], 1));
  await stage.socket.end();
  await stage.clock.advance(1000);
  await stage.answer({ epoch: "e2", seq: 0 }, { type: "snapshot", seq: 0, part: 1, parts: 1, elements: [] });
  assert.equal(stage.view.get("n"), undefined);
  assert.ok(!stage.view.isPending("n"));
});

test("an op that comes before the picture is merged, and hides no gap before it", async () => {
  const stage = new Stage();
  await stage.join({ seq: 2 }, null);
  await stage.socket.say(foreign(4, { type: "note", id: "d" }));
  assert.deepEqual(stage.view.drawOrder(), ["d"]);
  await stage.socket.say({ type: "snapshot", seq: 2, part: 1, parts: 1, elements: [] }, foreign(3, { type: "note", id: "c" }));
  assert.equal(stage.board.seq, 3);
  await stage.socket.say(foreign(5, { type: "note", id: "e" }));
  assert.ok(stage.sockets[0].closedWith, "4 is not known to be here in its place: it is asked for again");
});

test("a client id handed out anew renames what is pending, in order, and tells [IDN-5]", async () => {
  const store = new MemoryJournal();
  const stage = new Stage({ store });
  stage.sync.submit(NOTE);
  stage.sync.submit({ type: "set", id: "n", props: { x: 2 } });
  await stage.join({ client: "c-new", key: "other" });
  assert.equal(stage.sync.client, "c-new");
  const opIds = stage.socket.ops.map((op) => op.opId);
  assert.equal(opIds.length, 2);
  assert.ok(opIds.every((opId) => opId.startsWith("c-new:")));
  assert.deepEqual((await store.all("c-new")).map(({ op }) => op.opId), opIds);
  assert.deepEqual(await store.all("c-me"), []);
  const identity = stage.told("identity").at(-1);
  assert.deepEqual([identity.client, identity.key], ["c-new", "other"]);
  assert.equal(xOf(stage, "n"), 2);
  await stage.socket.say(...stage.socket.ops.map((op, at) => stage.echo(op, at + 1)));
  assert.equal(stage.sync.status.pending, 0);
  assert.ok(!stage.view.isPending("n"));
});

test("the journal of an earlier life of this tab is taken up, below what is made now", async () => {
  const store = new MemoryJournal();
  store.append({ op: { ...NOTE, opId: "c-me:5", seen: 3, ts: 1 }, epoch: "e1" });
  const stage = new Stage({ store });
  const newer = stage.sync.submit({ type: "set", id: "n", props: { x: 2 } });
  await stage.join({ seq: 9 }, { type: "snapshot", seq: 9, part: 1, parts: 1, elements: [] });
  assert.deepEqual(stage.socket.ops.map((op) => op.opId), ["c-me:5", newer]);
  assert.equal(stage.socket.ops[0].seen, 3, "judged by what its author had seen");
  assert.equal(xOf(stage, "n"), 2);
});

test("a counter is never used again after a reload, with all ops acked and no server at hand [IDN-8]", async () => {
  const one = new Stage();
  const first = one.sync.submit(NOTE);
  const two = new Stage();
  await two.clock.advance(5);
  assert.notEqual(two.sync.submit(NOTE), first);
});

test("counters go on above what the welcome's clock says", async () => {
  const stage = new Stage();
  await stage.join({ clock: { "c-me": 2 ** 52 } });
  assert.equal(stage.sync.submit(NOTE), `c-me:${2 ** 52 + 1}`);
});

test("when another tab is this client, the tab becomes somebody else and leaves the other's journal alone", async () => {
  const store = new MemoryJournal();
  store.append({ op: { ...NOTE, opId: "c-me:5", seen: 0, ts: 1 }, epoch: null });
  const claim = store.claim.bind(store);
  store.claim = async (client) => client !== "c-me" && claim(client);
  const stage = new Stage({ store });
  await stage.join({ client: undefined });
  assert.notEqual(stage.sync.client, "c-me");
  assert.equal((await store.all("c-me")).length, 1);
});

test("a dead tab's journal is shown at once and sent on its own link under its own id and key", async () => {
  const store = new MemoryJournal();
  const entries = [{ op: { ...NOTE, opId: "c-dead:5", seen: 2, ts: 1 }, epoch: "e1" }, { op: { type: "set", id: "n", props: { x: 4 }, opId: "c-dead:6", seen: 2, ts: 1 }, epoch: "e1" }];
  store.orphans = async () => [{ client: "c-dead", key: "dead-key", entries: entries.splice(0) }].filter((one) => one.entries.length > 0);
  const released = [];
  store.release = (client) => released.push(client);
  const stage = new Stage({ store });
  await stage.sync.start();
  assert.equal(xOf(stage, "n"), 4);
  assert.equal(stage.sync.status.pending, 2);
  const main = stage.socket;
  await stage.answer();
  const carrier = stage.socket;
  assert.notEqual(carrier, main);
  assert.deepEqual(main.ops, []);
  carrier.open();
  assert.deepEqual([carrier.hello.client, carrier.hello.key], ["c-dead", "dead-key"]);
  await main.say({ type: "join", session: "S2", client: "c-dead", name: "Ada", color: "red" });
  await carrier.say({ type: "welcome", v: 1, session: "S2", client: "c-dead", key: "dead-key", epoch: "e1", clock: {}, peers: [], limits: {} });
  assert.equal(stage.sync.peers.size, 0, "our own carrier is no peer");
  assert.deepEqual(carrier.ops.map((op) => op.opId), ["c-dead:5", "c-dead:6"]);
  await carrier.say(stage.ack(carrier.ops[0], 1), stage.ack(carrier.ops[1], 2));
  assert.equal(stage.sync.status.pending, 0);
  assert.ok(carrier.closedWith);
  assert.deepEqual(released, ["c-dead"]);
  await main.say(stage.echo(carrier.ops[0], 1), stage.echo(carrier.ops[1], 2));
  assert.equal(xOf(stage, "n"), 4);
  assert.ok(!stage.view.isPending("n"));
});

test("a carrier that is given another client id sends under that one", async () => {
  const store = new MemoryJournal();
  const entries = [{ op: { ...NOTE, opId: "c-dead:5", seen: 2, ts: 1 }, epoch: "e1" }];
  store.orphans = async () => [{ client: "c-dead", entries: entries.splice(0) }].filter((one) => one.entries.length > 0);
  const stage = new Stage({ store });
  await stage.join();
  await stage.answer({ session: "S2", client: "c-fresh", key: "k" });
  assert.deepEqual(stage.socket.ops.map((op) => op.opId), ["c-fresh:5"]);
  await stage.socket.say(stage.ack(stage.socket.ops[0], 1));
  assert.equal(stage.sync.status.pending, 0);
});

test("a dead tab's journal that the server will not have makes room for the next, and is tried again later", async () => {
  const store = new MemoryJournal();
  let orphans = ["c-one", "c-two"].map((client) => ({ client, entries: [{ op: { type: "note", id: client, opId: `${client}:1`, seen: 0, ts: 1 }, epoch: "e1" }] }));
  store.orphans = async () => orphans.splice(0);
  const stage = new Stage({ store });
  await stage.join();
  assert.equal(stage.sockets.length, 2);
  stage.socket.open();
  assert.equal(stage.socket.hello.client, "c-one");
  await stage.socket.end(4403, "no");
  assert.equal(stage.sync.status.state, "online");
  assert.equal(stage.sync.status.pending, 2);
  for (let turn = 0; turn < 4; turn += 1) {
    await stage.clock.advance(9_000);
    await stage.sockets[0].say({ type: "pong" });
  }
  assert.equal(stage.sockets.length, 3);
  stage.socket.open();
  assert.equal(stage.socket.hello.client, "c-two");
  await stage.socket.say({ ...WELCOME, session: "S2", client: "c-two" });
  await stage.socket.say(stage.ack(stage.socket.ops[0], 1));
  stage.socket.open();
  assert.equal(stage.socket.hello.client, "c-one");
  assert.equal(stage.sync.status.pending, 1);
});

test("a large journal goes out in frames that the server takes, each op once", async () => {
  const stage = new Stage();
  const text = "é".repeat(2000);
  for (let count = 0; count < 60; count += 1) stage.sync.submit({ type: "text", id: `t${count}`, text });
  await stage.join({ limits: { frameBytes: 20_000, batch: 3 } });
  assert.equal(stage.socket.ops.length, 60);
  assert.deepEqual(stage.socket.ops.map((op) => op.id), Array.from({ length: 60 }, (_, at) => `t${at}`));
  assert.ok(stage.socket.frames >= 21);
});

test("an op that no frame can hold is refused here, with a code", async () => {
  const stage = new Stage();
  await stage.join({ limits: { frameBytes: 500, batch: 10 } });
  stage.sync.submit({ type: "text", id: "t", text: "x".repeat(600) });
  await settle();
  assert.equal(stage.told("rejected")[0].code, "too_large");
  assert.equal(stage.sync.status.pending, 0);
  assert.deepEqual(stage.socket.ops, []);
});

test("change events gather the ids of one task", async () => {
  const stage = new Stage();
  await stage.join();
  stage.told("change");
  await stage.socket.say(foreign(1, { type: "note", id: "a" }), foreign(2, { type: "note", id: "b" }));
  const told = stage.told("change");
  assert.equal(told.length, 1);
  assert.deepEqual([...told[0].ids].sort(), ["a", "b"]);
});

test("cursors: none while alone, the first at once, then the newest every 33 ms", async () => {
  const stage = new Stage();
  await stage.join();
  const cursors = () => stage.socket.heard.filter((one) => one.type === "cursor").map((one) => one.x);
  stage.sync.sendCursor(0, 0);
  await stage.clock.advance(100);
  assert.deepEqual(cursors(), []);
  await stage.socket.say({ type: "join", session: "S9", client: "c-other", name: "Bob", color: "blue" });
  for (const x of [1, 2, 3]) stage.sync.sendCursor(x, 0);
  assert.deepEqual(cursors(), [1]);
  await stage.clock.advance(33);
  assert.deepEqual(cursors(), [1, 3]);
  await stage.clock.advance(1000);
  assert.deepEqual(cursors(), [1, 3]);
  stage.sync.sendCursor(4, 0);
  assert.deepEqual(cursors(), [1, 3, 4]);
});

test("peers come with the welcome, join, change their name, leave, and are gone with the link", async () => {
  const stage = new Stage();
  await stage.join({ peers: [{ session: "S2", client: "c-2", name: "Bob", color: "blue" }] });
  assert.deepEqual([...stage.sync.peers.keys()], ["S2"]);
  await stage.socket.say({ type: "join", session: "S3", client: "c-3", name: "Eve", color: "green" }, { type: "join", session: "S1", client: "c-me", name: "Ada", color: "red", compact: true });
  assert.deepEqual([...stage.sync.peers.keys()], ["S2", "S3"]);
  await stage.socket.say({ type: "join", session: "S2", client: "c-2", name: "Rob", color: "blue" }, { type: "leave", session: "S3" });
  assert.deepEqual([...stage.sync.peers.values()].map((peer) => peer.name), ["Rob"]);
  await stage.socket.end();
  assert.equal(stage.sync.peers.size, 0);
});

test("cursors of others are passed on, our own are not", async () => {
  const stage = new Stage();
  await stage.join();
  await stage.socket.say({ type: "cursors", cursors: [{ session: "S1", x: 1, y: 1 }, { session: "S2", x: 2, y: 2 }] });
  assert.deepEqual(stage.told("cursors"), [[{ session: "S2", x: 2, y: 2 }]]);
});

test("a rename is said at once and kept for the next hello", async () => {
  const stage = new Stage();
  await stage.join();
  stage.sync.rename("Grace", "green");
  assert.deepEqual(stage.socket.heard.at(-1), { type: "hello", v: 1, name: "Grace", color: "green" });
  assert.equal(stage.told("identity").at(-1).name, "Grace");
  await stage.socket.end();
  await stage.clock.advance(1000);
  stage.socket.open();
  assert.equal(stage.socket.hello.name, "Grace");
});

test("a changed role is told", async () => {
  const stage = new Stage();
  await stage.join();
  await stage.socket.say({ type: "role", role: "viewer" });
  assert.equal(stage.told("status").at(-1).role, "viewer");
});

test("after stop nothing is sent and nothing connects; what is pending stays in the journal", async () => {
  const store = new MemoryJournal();
  const stage = new Stage({ store });
  await stage.join();
  stage.sync.stop();
  stage.sync.submit(NOTE);
  await stage.clock.advance(120_000);
  assert.equal(stage.sockets.length, 1);
  assert.equal((await store.all("c-me")).length, 1);
  await stage.sync.start();
  await stage.answer();
  assert.equal(stage.socket.ops.length, 1);
});
