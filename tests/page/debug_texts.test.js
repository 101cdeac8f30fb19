// @ts-check
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import en from "../../whiteboard/page/js/debug/texts_en.js";
import zh from "../../whiteboard/page/js/debug/texts_zh.js";

const FOLDER = new URL("../../whiteboard/page/js/debug/", import.meta.url);
const blanks = (/** @type {string} */ text) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();
const code = readdirSync(FOLDER).filter((name) => !name.startsWith("texts")).map((name) => readFileSync(new URL(name, FOLDER), "utf8")).join("\n");

test("both languages of the operator's page say the same, with the same blanks", () => {
  assert.deepEqual(Object.keys(zh), Object.keys(en));
  for (const [key, text] of Object.entries(en)) assert.deepEqual(blanks(/** @type {Record<string, string>} */ (zh)[key]), blanks(text), key);
});

test("every text that the page names is there, and none is without use", () => {
  const named = new Set([...code.matchAll(/"#?(debug\.[A-Za-z.]+)"/g)].map(([, key]) => key));
  for (const key of named) assert.ok(key in en || ["debug.tile.", "debug.tile-"].includes(key), key);
  const isMade = (/** @type {string} */ key) => /^debug\.(tab|kind)\./.test(key);
  for (const key of Object.keys(en)) assert.ok(isMade(key) || named.has(key), key);
});

test("debug.html has no inline script or style, which the page's policy forbids", () => {
  const html = readFileSync(new URL("../../debug.html", FOLDER), "utf8");
  assert.ok(!/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/.test(html));
});
