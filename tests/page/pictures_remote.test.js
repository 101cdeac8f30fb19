// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { isKept } from "../../whiteboard/page/js/pictures/prepare.js";
import { outcomeOf } from "../../whiteboard/page/js/pictures/remote.js";

test("an upload is done when the server says what it is called", () => {
  for (const status of [200, 201]) assert.deepEqual(outcomeOf(status, '{"asset":"abc"}'), { kind: "done", asset: "abc" });
  assert.equal(outcomeOf(200, "<html>a proxy's page</html>").kind, "refused");
});

test("what may pass is tried later; what will not is told with the server's code", () => {
  for (const status of [0, 408, 429, 500, 502, 503, 504]) assert.equal(outcomeOf(status, "").kind, "later");
  const told = '{"error":{"code":"no_blob_store","reason":"This server keeps no pictures."}}';
  assert.deepEqual(outcomeOf(501, told), { kind: "refused", code: "no_blob_store", reason: "This server keeps no pictures." });
  assert.deepEqual(outcomeOf(413, "nginx says no"), { kind: "refused", code: "too_large", reason: "413" });
});

test("small drawings go up as they are; photos are always drawn anew", () => {
  const file = (/** @type {string} */ type, size = 1000) => /** @type {any} */ ({ type, size });
  assert.ok(["image/png", "image/gif", "image/webp"].every((type) => isKept(file(type))));
  assert.ok(!["image/jpeg", "image/svg+xml", "image/avif", ""].some((type) => isKept(file(type))));
  assert.ok(!isKept(file("image/png", 5_000_000)));
});
