// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import * as c from "../../whiteboard/page/js/draw/camera.js";

const near = (/** @type {number} */ a, /** @type {number} */ b) => assert.ok(Math.abs(a - b) < 1e-9, `${a} is not ${b}`);
const step = (/** @type {object} */ e) => ({ deltaX: 0, deltaY: 0, deltaMode: 0, ctrl: false, shift: false, ...e });

test("screen and board coordinates are each other's inverse", () => {
  const camera = { x: -20, y: 7, z: 2.5 };
  const p = c.toScreen(camera, 33, 44), q = c.toBoard(camera, p.x, p.y);
  near(q.x, 33);
  near(q.y, 44);
});

test("zooming keeps the point under the pointer", () => {
  const before = { x: 10, y: 20, z: 1 }, after = c.zoomAt(before, 3, 200, 100);
  const a = c.toBoard(before, 200, 100), b = c.toBoard(after, 200, 100);
  near(a.x, b.x);
  near(a.y, b.y);
});

test("zoom stays within its limits", () => {
  assert.equal(c.zoomAt({ x: 0, y: 0, z: 1 }, 1e6, 0, 0).z, c.MAX_ZOOM);
  assert.equal(c.zoomAt({ x: 0, y: 0, z: 1 }, 1e-6, 0, 0).z, c.MIN_ZOOM);
});

test("two fingers that move together pan, that part zoom", () => {
  const from = { x: 0, y: 0, z: 1 };
  assert.deepEqual(c.pinch(from, { x: 100, y: 100, spread: 50 }, { x: 130, y: 100, spread: 50 }), { x: -30, y: 0, z: 1 });
  assert.equal(c.pinch(from, { x: 0, y: 0, spread: 50 }, { x: 0, y: 0, spread: 100 }).z, 2);
});

test("fit shows the whole box in the middle", () => {
  const camera = c.fit({ minX: 0, minY: 0, maxX: 4000, maxY: 1000 }, 800, 600), view = c.viewBox(camera, 800, 600);
  assert.ok(view.minX < 0 && view.maxX > 4000 && view.minY < 0 && view.maxY > 1000);
  near((view.minX + view.maxX) / 2, 2000);
});

test("fit keeps clear of what covers the edges", () => {
  const box = { minX: 0, minY: 0, maxX: 1000, maxY: 1000 };
  const camera = c.fit(box, 800, 600, { top: 64, right: 0, bottom: 64, left: 64 });
  const a = c.toScreen(camera, 0, 0), b = c.toScreen(camera, 1000, 1000);
  assert.ok(a.x > 64 && a.y > 64 && b.x < 800 && b.y < 600 - 64);
});

test("fit shows little no larger than asked for", () => {
  const dot = { minX: 0, minY: 0, maxX: 10, maxY: 10 };
  assert.equal(c.fit(dot, 800, 600).z, 2);
  assert.equal(c.fit(dot, 800, 600, undefined, 1).z, 1);
  assert.ok(c.fit({ ...dot, maxX: 8000 }, 800, 600, undefined, 1).z < 0.1);
});

test("a snapped camera lies on whole device pixels", () => {
  const { x, y, z } = c.snap({ x: 1.2345, y: -6.789, z: 0.77 }, 1.5);
  near(Math.round(x * z * 1.5), x * z * 1.5);
  near(Math.round(y * z * 1.5), y * z * 1.5);
});

test("a mouse wheel zooms, a touchpad pans, a pinch zooms, and a gesture keeps its kind", () => {
  assert.equal(c.wheelKind(step({ deltaY: 100 }), null), "zoom");
  assert.equal(c.wheelKind(step({ deltaY: 3, deltaMode: 1 }), null), "zoom");
  assert.equal(c.wheelKind(step({ deltaY: 4 }), null), "pan");
  assert.equal(c.wheelKind(step({ deltaX: 30, deltaY: 100 }), null), "pan");
  assert.equal(c.wheelKind(step({ deltaY: 100 }), "pan"), "pan");
  assert.equal(c.wheelKind(step({ deltaY: 2.5, ctrl: true }), null), "zoom");
});

test("a mouse wheel zooms at any scale of the display and of the page", () => {
  for (const scale of [1, 1.1, 1.25, 1.5, 1.75, 2, 3]) {
    assert.equal(c.wheelKind(step({ deltaY: 100 / scale, wheelDelta: -120 }), null), "zoom", `${scale}`);
    assert.equal(c.wheelKind(step({ deltaY: -300 / scale, wheelDelta: 360 }), null), "zoom", `${scale}, three notches`);
  }
  for (const scale of [1.1, 1.5, 2]) assert.equal(c.wheelKind(step({ deltaY: 100 / scale }), null), "zoom", `${scale}, nothing said of notches`);
});

test("a touchpad pans however fast, and is known by what goes sideways", () => {
  assert.equal(c.wheelKind(step({ deltaY: 2.5, wheelDelta: -7 }), null), "pan");
  assert.equal(c.wheelKind(step({ deltaY: 61, wheelDelta: -183 }), null), "pan");
  assert.equal(c.wheelKind(step({ deltaX: 1, deltaY: 40, wheelDelta: -120 }), null), "pan");
  assert.equal(c.wheelKind(step({ deltaX: -3, deltaY: 12 }), "zoom"), "pan");
});

test("one wheel step up and one down end where they began", () => {
  near(c.wheelFactor(100, false) * c.wheelFactor(-100, false), 1);
});
