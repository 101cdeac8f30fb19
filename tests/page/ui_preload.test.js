// @ts-check
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const PAGE = new URL("../../whiteboard/page/", import.meta.url);
const FIRST = ["js/main.js", "js/board_page.js", "js/chrome/chrome.js", "js/tools/pen.js"];
const IMPORT = /^(?:import|export)[^"';]*?from "(\.[^"]+)";$/gm;

/** A module and all that it imports statically. @param {URL} module @param {Set<string>} found */
function collect(module, found) {
  if (found.has(module.href)) return found;
  found.add(module.href);
  for (const [, path] of readFileSync(module, "utf8").matchAll(IMPORT)) collect(new URL(path, module), found);
  return found;
}

test("index.html preloads just the modules that a board needs at once", () => {
  const needed = new Set();
  for (const path of FIRST) collect(new URL(path, PAGE), needed);
  const html = readFileSync(new URL("index.html", PAGE), "utf8");
  const listed = [...html.matchAll(/modulepreload" href="\{\{assets\}\}\/([^"]+)"/g)].map(([, path]) => new URL(path, PAGE).href);
  assert.deepEqual(listed.sort(), [...needed].sort());
});

test("index.html has no inline script or style, which the page's policy forbids", () => {
  const html = readFileSync(new URL("index.html", PAGE), "utf8");
  assert.ok(!/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/.test(html));
});
