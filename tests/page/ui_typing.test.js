// @ts-check
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Board } from "../../whiteboard/page/js/core/board.js";
import { History } from "../../whiteboard/page/js/history.js";
import { Typing } from "../../whiteboard/page/js/tools/typing.js";

/** A desk whose ops are applied at once; of it only what typing needs. */
function makeDesk() {
  const board = new Board(), ops = /** @type {any[]} */ ([]), told = /** @type {string[]} */ ([]);
  let made = 0;
  const submit = (/** @type {any} */ op) => {
    ops.push(op);
    board.apply({ ...op, opId: `c-1:${ops.length}`, lamport: ops.length, seq: ops.length });
  };
  const view = /** @type {any} */ (board);
  const desk = /** @type {any} */ ({
    view, history: new History(view, submit), sync: { status: { loading: false } }, newId: () => `new-${++made}`,
    emit: (/** @type {string} */ _name, /** @type {string} */ key) => void told.push(key),
  });
  return { board, ops, told, desk, submit, text: (/** @type {string} */ id) => board.get(id)?.text };
}

const blank = { type: "text", id: "t", x: 0, y: 0, size: 24, color: "#000000", text: "" };

/** Types word by word, with time for each to be sent. @param {Typing} typing @param {...string} texts */
function type(typing, ...texts) {
  for (const text of texts) {
    typing.hear(text);
    mock.timers.tick(400);
  }
}

test.beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
test.afterEach(() => mock.timers.reset());

test("a new text is sent while it is typed, seldom, and is one thing to undo", () => {
  const { ops, desk, text } = makeDesk();
  const typing = new Typing(desk, blank, true);
  for (const part of ["h", "he", "hel", "hell"]) typing.hear(part);
  assert.deepEqual(ops, []);
  mock.timers.tick(300);
  assert.deepEqual(ops.map((op) => [op.type, op.text]), [["text", "hell"]]);
  type(typing, "hello", "hello ");
  typing.hear("hello you ");
  typing.end();
  assert.deepEqual(ops.slice(1).map((op) => op.props.text), ["hello", "hello you"]);
  assert.equal(desk.history.undos.length, 1);
  desk.history.undo();
  assert.equal(text("t"), undefined);
});

test("a changed text goes back to what it was in one undo", () => {
  const { desk, submit, text, board } = makeDesk();
  submit({ ...blank, text: "before" });
  const typing = new Typing(desk, /** @type {any} */ (board.get("t")), false);
  type(typing, "during", "after");
  typing.end();
  assert.equal(text("t"), "after");
  desk.history.undo();
  assert.equal(text("t"), "before");
});

test("what is left is sent at once when it is asked for", () => {
  const { desk, text } = makeDesk();
  const typing = new Typing(desk, blank, true);
  typing.hear("words");
  typing.flush();
  assert.equal(text("t"), "words");
});

test("a new text that is emptied again leaves nothing, not even something to undo", () => {
  const { desk, text } = makeDesk();
  const typing = new Typing(desk, blank, true);
  type(typing, "oops", "");
  assert.equal(text("t"), "oops", "others do not see it vanish while one thinks");
  typing.end();
  assert.equal(text("t"), undefined);
  assert.equal(desk.history.undos.length, 0);
});

test("an emptied text is deleted, and one undo brings it back as it was", () => {
  const { desk, submit, text, board } = makeDesk();
  submit({ ...blank, text: "before" });
  const typing = new Typing(desk, /** @type {any} */ (board.get("t")), false);
  type(typing, "befor", "");
  typing.end();
  assert.equal(text("t"), undefined);
  desk.history.undo();
  assert.equal(text("t"), "before");
});

test("an element that is deleted while it is typed in comes back with the words, and its author is told", () => {
  const { desk, submit, text, told } = makeDesk();
  const typing = new Typing(desk, blank, true);
  type(typing, "first");
  submit({ type: "delete", id: "t" });
  type(typing, "first words");
  assert.equal(text("t"), "first words");
  assert.deepEqual(told, ["toast.textKept"]);
  submit({ type: "delete", id: "t" });
  typing.end();
  assert.equal(text("t"), "first words", "deleted after the last word, too");
});

test("somebody who has typed nothing does not bring back what was deleted", () => {
  const { desk, submit, text, board } = makeDesk();
  submit({ ...blank, text: "before" });
  const typing = new Typing(desk, /** @type {any} */ (board.get("t")), false);
  submit({ type: "delete", id: "t" });
  typing.end();
  assert.equal(text("t"), undefined);
});

test("where nothing is left to restore, the words make a new element", () => {
  const { desk, board, text } = makeDesk();
  const ids = /** @type {string[]} */ ([]);
  const typing = new Typing(desk, blank, true, (id) => ids.push(id));
  type(typing, "first");
  board.clear();
  type(typing, "first words");
  typing.end();
  assert.deepEqual(ids, ["new-1"]);
  assert.equal(text("new-1"), "first words");
});

test("while the picture is loading, an element that is not there yet is not taken for deleted", () => {
  const { desk, ops, board } = makeDesk();
  const typing = new Typing(desk, blank, true);
  type(typing, "first");
  board.clear();
  desk.sync.status.loading = true;
  type(typing, "first words");
  typing.end();
  assert.deepEqual(ops.map((op) => op.type), ["text", "set"]);
});

test("an empty note is a note", () => {
  const { desk, board } = makeDesk();
  new Typing(desk, { ...blank, type: "note" }, true).end();
  assert.equal(board.get("t")?.type, "note");
});
