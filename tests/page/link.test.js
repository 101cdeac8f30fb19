/** The link: back-off, what the page's state means for it, heartbeats, close codes, draining. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Stage } from "./stage.mjs";

test("delays double from 0.25 s to 15 s, with full jitter [CLS-2]", async () => {
  const stage = new Stage();
  stage.clock.random = () => 0.999;
  await stage.sync.start();
  const waits = [];
  for (let attempt = 0; attempt < 9; attempt += 1) {
    await stage.socket.end();
    waits.push(Math.round(stage.sync.status.retryAt - stage.clock.now()));
    await stage.clock.advance(stage.sync.status.retryAt - stage.clock.now());
  }
  assert.deepEqual(waits, [250, 500, 999, 1998, 3996, 7992, 14985, 14985, 14985]);
});

test("a hidden tab waits up to a minute, and connects at once when it is seen again", async () => {
  const stage = new Stage();
  stage.clock.random = () => 0.999;
  await stage.sync.start();
  await stage.page.set({ hidden: true });
  for (let attempt = 0; attempt < 10; attempt += 1) {
    await stage.socket.end();
    await stage.clock.advance(60_000);
  }
  await stage.socket.end();
  assert.equal(Math.round(stage.sync.status.retryAt - stage.clock.now()), 59940);
  const before = stage.sockets.length;
  await stage.page.set({ hidden: false });
  assert.equal(stage.sockets.length, before + 1);
});

test("offline closes the socket itself; online connects at once", async () => {
  const stage = new Stage();
  await stage.join();
  const first = stage.socket;
  await stage.page.set({ online: false });
  assert.ok(first.closedWith);
  assert.equal(stage.sync.status.state, "offline");
  await stage.clock.advance(59_000);
  assert.equal(stage.sockets.length, 1);
  await stage.page.set({ online: true });
  assert.equal(stage.sockets.length, 2);
});

test("a browser that believes to be offline is not believed for ever: a server on this machine is there", async () => {
  const stage = new Stage();
  await stage.page.set({ online: false });
  await stage.join();
  assert.equal(stage.sync.status.state, "online");
  await stage.socket.end();
  assert.equal(stage.sync.status.retryAt, stage.clock.now() + 60_000);
  await stage.clock.advance(60_000);
  assert.equal(stage.sockets.length, 2);
});

test("a hidden tab whose network is back need not be seen to connect", async () => {
  const stage = new Stage();
  await stage.join();
  await stage.page.set({ hidden: true });
  await stage.page.set({ online: false });
  await stage.page.set({ online: true });
  await stage.clock.advance(60_000);
  assert.equal(stage.sockets.length, 2);
});

test("no welcome within ten seconds is a failed attempt", async () => {
  const stage = new Stage();
  await stage.sync.start();
  stage.socket.open();
  await stage.clock.advance(10_000);
  assert.ok(stage.sockets[0].closedWith);
  await stage.clock.advance(1_000);
  assert.equal(stage.sockets.length, 2);
});

test("silence is probed, and a probe without answer ends the link", async () => {
  const stage = new Stage();
  await stage.join();
  await stage.clock.advance(10_000);
  assert.equal(stage.socket.heard.at(-1).type, "ping");
  await stage.socket.say({ type: "pong", ts: 1 });
  await stage.clock.advance(10_000);
  assert.equal(stage.sockets.length, 1);
  assert.equal(stage.socket.heard.at(-1).type, "ping");
  await stage.clock.advance(10_000);
  assert.ok(stage.sockets[0].closedWith);
  assert.equal(stage.sync.status.reason, "the server is silent");
});

test("silence is noticed though the wall clock was set back meanwhile", async () => {
  const stage = new Stage();
  await stage.join();
  stage.clock.set(-3_600_000);
  await stage.clock.advance(20_000);
  assert.ok(stage.sockets[0].closedWith);
  assert.equal(stage.sync.status.reason, "the server is silent");
});

test("44xx ends it, with the reason shown, until asked to try again [CLS-2]", async () => {
  for (const code of [4400, 4401, 4403, 4404, 4409, 4413]) {
    const stage = new Stage();
    await stage.join();
    await stage.socket.end(code, "because");
    assert.deepEqual([stage.sync.status.state, stage.sync.status.code, stage.sync.status.reason], ["closed", code, "because"]);
    await stage.clock.advance(600_000);
    await stage.page.set({ online: true, hidden: false });
    assert.equal(stage.sockets.length, 1);
    stage.sync.retry();
    assert.equal(stage.sockets.length, 2);
  }
});

test("4408, 45xx and closes without a reason come back [CLS-2]", async () => {
  for (const code of [4408, 4500, 4503, 1000, 1001, 1006, 1012]) {
    const stage = new Stage();
    await stage.join();
    await stage.socket.end(code);
    await stage.clock.advance(250);
    assert.equal(stage.sockets.length, 2, String(code));
  }
});

test("4429 comes back after five seconds at the earliest [CLS-2]", async () => {
  const stage = new Stage();
  stage.clock.random = () => 0;
  await stage.join();
  await stage.socket.end(4429, "slow down");
  await stage.clock.advance(4_999);
  assert.equal(stage.sockets.length, 1);
  await stage.clock.advance(1);
  assert.equal(stage.sockets.length, 2);
});

test("another protocol version is told as 4409", async () => {
  const stage = new Stage();
  await stage.join({ v: 2 }, null);
  assert.equal(stage.sync.status.state, "closed");
  assert.equal(stage.sync.status.code, 4409);
});

test("drain: told, then reconnected within the given range, also when the server closes first", async () => {
  const stage = new Stage();
  stage.clock.random = () => 0.5;
  await stage.join();
  await stage.socket.say({ type: "drain", reconnect: [2, 4] });
  assert.deepEqual(stage.told("drain"), [{ reconnect: [2, 4] }]);
  await stage.clock.advance(1000);
  await stage.socket.end(1001, "going away");
  await stage.clock.advance(2_999);
  assert.equal(stage.sockets.length, 1);
  await stage.clock.advance(1);
  assert.equal(stage.sockets.length, 2);
  await stage.answer();
  await stage.socket.say({ type: "drain", reconnect: [2, 4] });
  await stage.clock.advance(3_000);
  assert.equal(stage.sockets.length, 3, "left by itself");
});

test("frames that are no messages are passed over", async () => {
  const stage = new Stage();
  await stage.join();
  for (const data of ["{", "null", "[1,null,{}]", '"x"', new ArrayBuffer(2)]) stage.socket.onmessage({ data });
  assert.equal(stage.sync.status.state, "online");
});
