// @ts-check
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import en from "../../whiteboard/page/js/i18n/en.js";
import zh from "../../whiteboard/page/js/i18n/zh.js";
import { chooseLanguage, LANGUAGES, setLanguage, t, tn } from "../../whiteboard/page/js/i18n/i18n.js";
import { PEOPLE_COLORS } from "../../whiteboard/page/js/draw/color.js";
import { guestName } from "../../whiteboard/page/js/guest.js";
import { statusText } from "../../whiteboard/page/js/chrome/status.js";

const PAGE = new URL("../../whiteboard/page/js/", import.meta.url);
const blanks = (/** @type {string} */ text) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();

test("both dictionaries have the same keys, and the same blanks to fill", () => {
  assert.deepEqual(Object.keys(zh).sort(), Object.keys(en).sort());
  for (const [key, text] of Object.entries(en)) {
    const other = /** @type {Record<string, string>} */ (zh)[key];
    if (!key.endsWith(".one")) assert.deepEqual(blanks(other), blanks(text), key);
    assert.ok(other.trim() && text.trim(), key);
  }
});

test("every key that the page names is in the dictionaries", () => {
  const files = readdirSync(PAGE, { recursive: true, encoding: "utf8" }).filter((f) => f.endsWith(".js") && !/^(i18n|core|sync)/.test(f));
  const prefixes = new Set(Object.keys(en).map((key) => key.split(".")[0]));
  for (const file of files) {
    const text = readFileSync(new URL(file, PAGE), "utf8");
    for (const [, key] of text.matchAll(/"([a-z]+(?:\.[A-Za-z]+)+)"/g)) {
      if (prefixes.has(key.split(".")[0]) && key !== "app.js") assert.ok(key in en, `${key} in ${file}`);
    }
  }
});

test("the language is the first known one that is wished for", () => {
  assert.equal(chooseLanguage([null, "de-DE", "zh-Hant-TW", "en"]), "zh");
  assert.equal(chooseLanguage(["fr"]), "en");
  assert.equal(chooseLanguage(["constructor"]), "en");
  assert.deepEqual(Object.keys(LANGUAGES), ["en", "zh"]);
});

test("counts choose the singular where there is one, and blanks are filled", async () => {
  await setLanguage("en");
  assert.equal(tn("people.count", 1), "Only you are here");
  assert.equal(tn("people.count", 3), "3 people here");
  assert.equal(t("landing.failed", { reason: "full" }), "The server could not create a board: full");
  assert.equal(t("no.such.key"), "no.such.key");
});

const online = /** @type {const} */ ({ state: "online", pending: 0, durable: "disk", kept: "disk", role: "editor", reason: null, code: null });

test("the light says saved only when nothing is pending, and where", async () => {
  await setLanguage("en");
  assert.deepEqual(statusText(online), { level: "saved", text: "Saved · on disk" });
  assert.deepEqual(statusText({ ...online, pending: 2 }), { level: "saving", text: "Saving…" });
  assert.deepEqual(statusText({ ...online, durable: "memory" }), { level: "live", text: "Live · in server memory only" });
  assert.deepEqual(statusText({ ...online, durable: null }), { level: "live", text: "Live · in server memory only" });
});

test("offline, the light says how much is kept, and where truly", async () => {
  await setLanguage("en");
  assert.equal(statusText({ ...online, state: "offline", pending: 3 }).text, "Offline — 3 changes kept on this device");
  assert.equal(statusText({ ...online, state: "offline", pending: 1, kept: "memory" }).text, "Offline — 1 change kept in this tab only");
  assert.equal(statusText({ ...online, state: "connecting", pending: 1 }).text, "Connecting… 1 change kept");
  assert.deepEqual(statusText({ ...online, state: "closed", reason: "kicked" }), { level: "closed", text: "Disconnected: kicked" });
});

test("a deleted board is called deleted, and what is drawn there is said to be here alone", async () => {
  await setLanguage("en");
  const deleted = /** @type {const} */ ({ ...online, state: "closed", reason: "no such board", code: 4404 });
  assert.deepEqual(statusText(deleted), { level: "closed", text: "The board was deleted. What you draw now stays on this device." });
  assert.equal(statusText({ ...deleted, kept: "memory" }).text, "The board was deleted. What you draw now stays in this tab.");
});

test("no text in the dictionaries is without use", () => {
  const files = readdirSync(PAGE, { recursive: true, encoding: "utf8" }).filter((f) => f.endsWith(".js") && !f.startsWith("i18n"));
  const all = files.map((file) => readFileSync(new URL(file, PAGE), "utf8")).join("\n");
  const isMade = (/** @type {string} */ key) => /^(color|width|tool|theme|status\.saved|status\.deleted|help|guest)\./.test(key) || key.endsWith(".one") || key.endsWith(".keys");
  for (const key of Object.keys(en)) assert.ok(isMade(key) || all.includes(`"${key}"`), key);
});

test("guests are told apart: by two words, of which one is their colour, in the page's language", async () => {
  const seeds = Array.from({ length: 200 }, (_, n) => `c-${n * 7919}`);
  for (const [language, pattern] of /** @type {const} */ ([["en", /^[A-Z][a-z]+ [A-Z][a-z]+$/], ["zh", /^[\u4e00-\u9fff]{2,5}$/]])) {
    await setLanguage(language);
    const names = seeds.map((seed, n) => guestName(seed, PEOPLE_COLORS[n % PEOPLE_COLORS.length]));
    for (const name of names) assert.match(name, pattern);
    assert.ok(new Set(names).size > 150, `${new Set(names).size} names for 200 guests`);
  }
  assert.equal(guestName("c-1", PEOPLE_COLORS[3]), guestName("c-1", PEOPLE_COLORS[3]));
  assert.equal(en["guest.animals"].split(" ").length, zh["guest.animals"].split(" ").length);
});
