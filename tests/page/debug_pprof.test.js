// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { BadProfile, decode, readProfile } from "../../whiteboard/page/js/debug/pprof.js";
import { bytes, int, packedProfile, written } from "./profile_written.mjs";

/** @type {[string, string][]} */
const TYPES = [["objects", "count"], ["space", "bytes"]];
const CONTENT = { types: TYPES, samples: /** @type {[string[], number[]][]} */ ([[["draw a.py 7", "main b.py 1"], [2, 4096]], [["main b.py 3"], [1, -8]]]) };
const names = (/** @type {{frames: readonly {name: string}[]}} */ sample) => sample.frames.map(({ name }) => name);

test("a profile is read as it was written, packed or not", async () => {
  for (const file of [packedProfile(CONTENT), written(CONTENT), written({ ...CONTENT, isUnpacked: true })]) {
    const profile = await readProfile(file);
    assert.deepEqual(profile.types, [{ kind: "objects", unit: "count" }, { kind: "space", unit: "bytes" }]);
    assert.deepEqual(profile.samples.map(names), [["draw", "main"], ["main"]]);
    assert.deepEqual(profile.samples.map(({ values }) => values), [[2, 4096], [1, -8]]);
    assert.deepEqual(profile.samples[0].frames[0], { name: "draw", file: "a.py", line: 7, key: "draw\na.py" });
    assert.deepEqual([profile.at, profile.seconds], [1_700_000_000_000, 2]);
  }
});

test("the type that is shown first is the one that it names, else the last, as pprof has it", () => {
  assert.equal(decode(written({ ...CONTENT, defaultType: "objects" })).defaultType, 0);
  assert.equal(decode(written(CONTENT)).defaultType, 1);
});

test("numbers keep their value up to what a double holds, and their sign", () => {
  for (const value of [0, 127, 128, 2 ** 31, 2 ** 53 - 1, -1, -(2 ** 53) + 1]) {
    assert.equal(decode(written({ types: [["n", "count"]], samples: [[["f"], [value]]] })).samples[0].values[0], value);
  }
});

test("ids of 64 bits are told apart, though a double would not", () => {
  const place = (/** @type {bigint} */ id, /** @type {number} */ made) => bytes(4, [...int(1, id), ...bytes(4, int(1, made))]);
  const made = (/** @type {number} */ id, /** @type {number} */ name) => bytes(5, [...int(1, id), ...int(2, name)]);
  const text = (/** @type {string} */ word) => bytes(6, new TextEncoder().encode(word));
  const one = 0xffff_ffff_ffff_0001n, other = 0xffff_ffff_ffff_0002n;
  const file = new Uint8Array([
    ...bytes(1, int(1, 1)), ...bytes(2, [...int(1, other), ...int(1, one), ...int(2, 5)]),
    ...place(one, 1), ...place(other, 2), ...made(1, 2), ...made(2, 3), ...text(""), ...text("n"), ...text("one"), ...text("other"),
  ]);
  assert.deepEqual(names(decode(file).samples[0]), ["other", "one"]);
});

test("what is to be dropped goes with all that it called, but not what comes before anything else", () => {
  const samples = /** @type {[string[], number[]][]} */ ([[["inner", "trap", "user", "trap"], [1]], [["trap", "trap"], [2]]]);
  const profile = decode(written({ types: [["n", "count"]], samples, dropFrames: "tra." }));
  assert.deepEqual(profile.samples.map(names), [["user", "trap"], ["trap", "trap"]]);
  for (const dropFrames of ["(?i:x", "(.+)+trap!"]) {
    const unread = decode(written({ types: [["n", "count"]], samples, dropFrames }));
    assert.equal(unread.samples[0].frames.length, 4);
  }
});

test("what would take a browser hours to match is not tried", () => {
  const name = "a".repeat(60);
  const hostile = written({ types: [["n", "count"]], samples: [[[name], [1]]], dropFrames: "(a+)+b" });
  assert.deepEqual(decode(hostile).samples.map(names), [[name]]);
});

test("a field that claims to end before it begins is refused, and not read for ever", () => {
  const [, ...length] = int(0, -11n);
  assert.throws(() => decode(new Uint8Array([0x1a, ...length])), BadProfile);
});

test("labels are there by name", () => {
  const profile = decode(written({ ...CONTENT, label: ["task", "hub: tick"] }));
  assert.equal(profile.samples[0].labels.get("task"), "hub: tick");
});

test("what is no profile is refused, and says why", async () => {
  const whole = written(CONTENT);
  const odd = [new Uint8Array([0x1f, 0x8b, 1, 2]), whole.slice(0, whole.length - 3), new TextEncoder().encode("{\"error\":{}}"), new Uint8Array(), new Uint8Array(12).fill(0xff)];
  for (const file of odd) await assert.rejects(readProfile(file), BadProfile);
  assert.throws(() => decode(written({ types: TYPES, samples: [[["f"], [1]]] })), /1 values, not 2/);
});

test("cut anywhere, it is read or refused and never anything else", () => {
  const whole = written(CONTENT);
  for (let size = 0; size < whole.length; size++) {
    try {
      decode(whole.slice(0, size));
    } catch (error) {
      assert.ok(error instanceof BadProfile, `${size}: ${error}`);
    }
  }
});
