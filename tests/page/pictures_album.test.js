// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { Album, MAX_SIDE } from "../../whiteboard/page/js/pictures/album.js";
import { settle } from "./stage.mjs";

const NAMES = Array.from({ length: 40 }, (_, i) => i.toString(16).padStart(64, "0"));
const HUGE = { width: 4000, height: 4000 };

/** An album whose server, decoder and clock are the test's. */
function stage({ size = { width: 10, height: 10 } } = {}) {
  const asked = [], told = [], timers = [], decoded = [];
  const answers = new Map();
  let now = 0;
  const fetchPicture = async (/** @type {string} */ asset) => {
    asked.push(asset);
    const answer = answers.has(asset) ? answers.get(asset) : { asset };
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const album = new Album(fetchPicture, (ids) => told.push([...ids]), {
    decode: async (blob, side) => {
      const scale = Math.min(1, side / Math.max(size.width, size.height));
      const bitmap = { width: size.width * scale, height: size.height * scale, isClosed: false, close() { this.isClosed = true; } };
      decoded.push(bitmap);
      return bitmap;
    },
    now: () => now,
    later: (run, ms) => timers.push({ run, ms }),
  });
  return { album, answers, asked, told, timers, decoded, wait: (ms) => { now += ms; } };
}

test("a picture is fetched once, and who asked is told when it is there", async () => {
  const { album, asked, told } = stage();
  assert.equal(album.look(NAMES[0], "a").state, "loading");
  assert.equal(album.look(NAMES[0], "b").state, "loading");
  await settle();
  assert.deepEqual(asked, [NAMES[0]]);
  assert.deepEqual(told, [["a", "b"]]);
  assert.ok(album.look(NAMES[0], "a").bitmap);
  assert.deepEqual(told.length, 1);
});

test("what is no name of a picture is missing, and nobody is asked for it", async () => {
  const { album, asked } = stage();
  for (const name of [undefined, null, 7, "", "../../x", "https://evil.example/x.png", NAMES[0].slice(1), NAMES[10].toUpperCase()]) {
    assert.equal(album.look(name, "a").state, "missing");
  }
  await settle();
  assert.deepEqual(asked, []);
});

test("what does not come is asked for again, each time later, and shows as missing at last", async () => {
  const { album, answers, asked, timers, told } = stage();
  answers.set(NAMES[0], new Error("no network"));
  album.look(NAMES[0], "a");
  await settle();
  assert.equal(album.look(NAMES[0], "a").state, "loading");
  for (let i = 0; i < timers.length; i++) {
    timers[i].run();
    await settle();
  }
  assert.deepEqual(timers.map(({ ms }) => ms), [1000, 2000, 4000, 8000, 16000]);
  assert.equal(asked.length, 6);
  assert.equal(album.look(NAMES[0], "a").state, "missing");
  assert.deepEqual(told, [["a"]]);
});

test("what is not there yet shows as missing, and comes when it is", async () => {
  const { album, answers, timers, told } = stage();
  answers.set(NAMES[0], null);
  album.look(NAMES[0], "a");
  await settle();
  assert.equal(album.look(NAMES[0], "a").state, "missing");
  answers.set(NAMES[0], {});
  timers[0].run();
  await settle();
  assert.equal(album.look(NAMES[0], "a").state, "ready");
  assert.deepEqual(told, [["a"], ["a"]]);
});

test("with a connection again, what was given up is asked for anew", async () => {
  const { album, answers, timers } = stage();
  answers.set(NAMES[0], new Error("no network"));
  album.look(NAMES[0], "a");
  for (let i = 0; i < 6; i++) {
    await settle();
    timers[i]?.run();
  }
  answers.delete(NAMES[0]);
  album.retry();
  await settle();
  assert.equal(album.look(NAMES[0], "a").state, "ready");
});

test("so many are fetched at a time", async () => {
  const { album, answers, asked } = stage();
  const open = [];
  for (const name of NAMES.slice(0, 6)) {
    answers.set(name, new Promise((resolve) => open.push(resolve)));
    album.look(name, "a");
  }
  await settle();
  assert.equal(asked.length, 4);
  open.splice(0).forEach((resolve) => resolve({}));
  await settle();
  assert.equal(asked.length, 6);
});

test("what has not been drawn for a while makes room, and is fetched anew when it is drawn again", async () => {
  const { album, asked, decoded, wait } = stage({ size: HUGE });
  for (const name of NAMES.slice(0, 16)) album.look(name, "a");
  await settle();
  assert.ok(album.pixels >= 64_000_000);
  wait(60_000);
  for (const name of NAMES.slice(1, 16)) album.look(name, "a");
  album.look(NAMES[20], "b");
  await settle();
  assert.deepEqual(decoded.filter((bitmap) => bitmap.isClosed).length, 1);
  assert.equal(Math.max(...decoded.map((bitmap) => bitmap.width)), MAX_SIDE);
  album.look(NAMES[0], "a");
  await settle();
  assert.equal(asked.filter((name) => name === NAMES[0]).length, 2);
});

test("when all is in use, what comes is kept small", async () => {
  const { album, decoded } = stage({ size: HUGE });
  for (const name of NAMES) album.look(name, "a");
  for (let i = 0; i < 4; i++) await settle();
  assert.equal(decoded.length, NAMES.length);
  assert.equal(decoded.at(-1).width, 256);
  assert.ok(album.pixels < 90_000_000);
});

test("a picture at hand is not fetched, and comes in once", async () => {
  const { album, asked, decoded } = stage();
  await album.bring(NAMES[0], /** @type {any} */ ({}));
  await album.bring(NAMES[0], /** @type {any} */ ({}));
  assert.equal(album.look(NAMES[0], "a").state, "ready");
  assert.deepEqual([asked.length, decoded.length], [0, 1]);
});
