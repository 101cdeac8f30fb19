/** Undo and redo on a board that is not all there. How steps are made and merged is tested with the desk. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { History } from "../../whiteboard/page/js/history.js";
import { Stage, settle } from "./stage.mjs";

const STEPS = [{ type: "shape", id: "r", kind: "line", x: 1 }, { type: "set", id: "r", props: { x: 2 } }, { type: "set", id: "r", props: { x: 3 } }];

/** A page whose three steps are stored, and whose server has just begun a new picture. */
async function resyncing() {
  const stage = new Stage();
  await stage.join();
  const history = new History(stage.view, (op) => stage.sync.submit(op), (work) => work(), () => stage.sync.status.loading);
  for (const op of STEPS) history.do([op]);
  await settle();
  for (const [at, op] of stage.socket.ops.entries()) await stage.socket.say(stage.ack(op, at + 1), stage.echo(op, at + 1));
  const elements = [stage.board.state("r")];
  await stage.socket.say({ type: "resync", reason: "too far behind" });
  return { stage, history, snapshot: { type: "snapshot", seq: 3, part: 1, parts: 1, elements } };
}

test("undo while a picture loads does nothing and loses nothing", async () => {
  const { stage, history, snapshot } = await resyncing();
  assert.equal(history.undo(), false);
  assert.equal(history.undos.length, 3);
  await stage.socket.say(snapshot);
  assert.equal(history.undo(), true);
  assert.equal(stage.view.get("r").x, 2);
});

test("redo while a picture loads does nothing and loses nothing", async () => {
  const { stage, history, snapshot } = await resyncing();
  await stage.socket.say(snapshot);
  history.undo();
  await stage.socket.say({ type: "resync", reason: "too far behind" });
  assert.equal(history.redo(), false);
  assert.equal(history.redos.length, 1);
  await stage.socket.say(snapshot);
  assert.equal(history.redo(), true);
  assert.equal(stage.view.get("r").x, 3);
});

test("a history without a word about loading undoes at once", () => {
  const stage = new Stage();
  const history = new History(stage.view, (op) => stage.sync.submit(op));
  history.do([STEPS[0]]);
  assert.equal(history.undo(), true);
  assert.equal(stage.view.get("r"), undefined);
});
