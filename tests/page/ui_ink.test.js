// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import * as ink from "../../whiteboard/page/js/draw/ink.js";

/** Winding number of flat polygons about a point. @param {number[][]} polygons */
function winding(polygons, /** @type {number} */ x, /** @type {number} */ y) {
  let turns = 0;
  for (const p of polygons) {
    for (let i = 0; i < p.length; i += 2) {
      const j = (i + 2) % p.length;
      const side = (p[j] - p[i]) * (y - p[i + 1]) - (x - p[i]) * (p[j + 1] - p[i + 1]);
      if (p[i + 1] <= y && p[j + 1] > y && side > 0) turns++;
      if (p[i + 1] > y && p[j + 1] <= y && side < 0) turns--;
    }
  }
  return turns;
}

/** @param {number[]} line */
const middles = (line) => {
  const out = [];
  for (let i = 0; i + 3 < line.length; i += 3) {
    for (const t of [0.25, 0.5, 0.75]) out.push([line[i] + (line[i + 3] - line[i]) * t, line[i + 1] + (line[i + 4] - line[i + 1]) * t]);
  }
  return out;
};

const curve = (/** @type {number} */ n, /** @type {(t:number)=>[number, number]} */ f) =>
  Array.from({ length: n }, (_, i) => [...f(i / (n - 1)), 0.5]).flat();

const lines = {
  straight: [0, 0, 0.5, 100, 0, 0.5],
  corner: [0, 0, 0.5, 50, 0, 0.5, 50, 50, 0.5],
  back: [0, 0, 0.5, 50, 0, 0.5, 1, 1, 0.5],
  spiral: curve(80, (t) => [Math.cos(t * 20) * t * 60, Math.sin(t * 20) * t * 60]),
  curl: curve(40, (t) => [Math.cos(t * 12) * 3 + t * 20, Math.sin(t * 12) * 3]),
  zigzag: curve(21, (t) => [t * 100, (Math.round(t * 20) % 2) * 40]),
};

for (const [name, line] of Object.entries(lines)) {
  test(`the outline of a ${name} line covers the line itself, without holes`, () => {
    const polygons = ink.outline(line, 6);
    for (const [x, y] of middles(line)) assert.notEqual(winding(polygons, x + 1e-4, y + 1e-4), 0, `${x}, ${y}`);
    assert.ok(polygons.flat().every(Number.isFinite));
  });
}

test("all outlines turn the same way", () => {
  for (const polygon of ink.outline(lines.zigzag, 4)) {
    let area = 0;
    for (let i = 0; i < polygon.length; i += 2) {
      const j = (i + 2) % polygon.length;
      area += polygon[i] * polygon[j + 1] - polygon[j] * polygon[i + 1];
    }
    assert.ok(area < 0);
  }
});

test("a single point is a dot, no point is nothing, repeated points are one", () => {
  const [dot] = ink.outline([5, 5, -1], 10);
  for (let i = 0; i < dot.length; i += 2) assert.ok(Math.abs(Math.hypot(dot[i] - 5, dot[i + 1] - 5) - 5) < 1e-9);
  assert.deepEqual(ink.outline([], 4), []);
  assert.equal(ink.outline([1, 1, 0.5, 1, 1, 0.5], 4).length, 1);
});

test("the thinnest pen's dot is larger than its line, a thick pen's is as its line", () => {
  assert.equal(ink.dotRadius(2, 0.3), 1.5);
  assert.ok(ink.dotRadius(2, 0.3) > ink.radiusAt(2, 0.3));
  assert.equal(ink.dotRadius(16, 0.5), ink.radiusAt(16, 0.5));
});

/** Points along a traced path, and how many straight pieces it has. @param {number[]} polygon */
function traced(polygon) {
  const points = /** @type {[number, number][]} */ ([]);
  let straight = 0, x = 0, y = 0;
  const along = (/** @type {number} */ cx, /** @type {number} */ cy, /** @type {number} */ toX, /** @type {number} */ toY) => {
    for (let t = 0.05; t <= 1; t += 0.05) points.push([(1 - t) ** 2 * x + 2 * t * (1 - t) * cx + t * t * toX, (1 - t) ** 2 * y + 2 * t * (1 - t) * cy + t * t * toY]);
    [x, y] = [toX, toY];
  };
  const moveTo = (/** @type {number} */ toX, /** @type {number} */ toY) => void ([x, y] = [toX, toY]);
  const lineTo = (/** @type {number} */ toX, /** @type {number} */ toY) => {
    straight++;
    along((x + toX) / 2, (y + toY) / 2, toX, toY);
  };
  ink.trace({ moveTo, lineTo, quadraticCurveTo: along, closePath() {} }, [polygon]);
  return { points, straight };
}

const regular = (/** @type {number} */ corners, /** @type {number} */ radius) =>
  Array.from({ length: corners }, (_, i) => [radius * Math.cos((i / corners) * 2 * Math.PI), radius * Math.sin((i / corners) * 2 * Math.PI)]).flat();

test("rounding cuts a few units off the corners of a pentagon or an octagon, however large", () => {
  for (const [corners, radius, most] of [[5, 60, 3], [8, 80, 3], [5, 15, 3], [8, 800, 26]]) {
    const polygon = regular(corners, radius), { points } = traced(polygon);
    for (let i = 0; i < polygon.length; i += 2) {
      const cut = Math.min(...points.map(([x, y]) => Math.hypot(x - polygon[i], y - polygon[i + 1])));
      assert.ok(cut > 0.1 && cut <= most, `${corners} corners, radius ${radius}: ${cut}`);
    }
  }
});

test("a thin line is traced from its first point to its last, round where it is round", () => {
  const calls = /** @type {any[]} */ ([]), note = (/** @type {string} */ name) => (/** @type {number[]} */ ...at) => void calls.push([name, ...at]);
  const path = { moveTo: note("move"), lineTo: note("line"), quadraticCurveTo: note("curve") };
  ink.traceLine(path, [0, 0, -1, 4, 0, -1, 4, 4, -1]);
  assert.deepEqual(calls, [["move", 0, 0], ["curve", 4, 0, 4, 2], ["line", 4, 4]]);
  calls.length = 0;
  ink.traceLine(path, [0, 0, -1, 5, 5, -1, 5, 5, -1, 9, 9, -1]);
  assert.ok(calls.flat().every((v) => typeof v === "string" || Number.isFinite(v)), "repeated points do no harm");
});

test("a circle of few points has no straight pieces, at any size", () => {
  for (const radius of [5, 50, 5000]) assert.equal(traced(regular(24, radius)).straight, 0);
});

test("a line is no thinner in its bends, and not rougher where points lie close", () => {
  const far = (/** @type {number[]} */ line) => {
    const [polygon] = ink.outline(line, 10);
    let most = 0;
    for (let i = 0; i < polygon.length; i += 2) {
      const off = Math.hypot(polygon[i] - line[3], polygon[i + 1] - line[4]);
      if (off < 8) most = Math.max(most, off);
    }
    return most;
  };
  assert.ok(Math.abs(far([0, 0, -1, 100, 0, -1, 150, 50 * Math.sqrt(3), -1]) - 5 / Math.cos(Math.PI / 6)) < 0.01);
  assert.ok(far([0, 0, -1, 100, 0, -1, 100.05, 0.05 * Math.sqrt(3), -1]) < 5.2);
});

test("pressure makes the line wider, none given makes it even", () => {
  assert.ok(ink.radiusAt(10, 0) < ink.radiusAt(10, 0.5) && ink.radiusAt(10, 0.5) < ink.radiusAt(10, 1));
  assert.equal(ink.radiusAt(10, -1), 5);
});

test("a straight line is sent as its ends, a curve within the tolerance", () => {
  const straight = new ink.Simplifier(0.3), sent = [];
  for (let i = 0; i <= 100; i++) sent.push(...straight.push([i, 0, 0.5]));
  sent.push(...straight.flush());
  assert.deepEqual(sent, [[0, 0, 0.5], [100, 0, 0.5]]);

  const round = new ink.Simplifier(0.3), kept = [];
  const raw = Array.from({ length: 200 }, (_, i) => /** @type {[number,number,number]} */ ([Math.cos(i / 30) * 50, Math.sin(i / 30) * 50, 0.5]));
  for (const p of raw) kept.push(...round.push(p));
  kept.push(...round.flush());
  assert.ok(kept.length < 60, `${kept.length} points`);
  for (const [x, y] of kept) assert.ok(Math.abs(Math.hypot(x, y) - 50) < 0.02);
});

test("a line that turns back on itself keeps its far end", () => {
  const s = new ink.Simplifier(0.3), sent = [];
  for (let i = 0; i <= 50; i++) sent.push(...s.push([i, 0, 0.5]));
  for (let i = 50; i >= 0; i--) sent.push(...s.push([i, 0, 0.5]));
  sent.push(...s.flush());
  assert.ok(sent.some(([x]) => x === 50));
});

test("points are rounded to two decimals and pressure to 0..1", () => {
  const s = new ink.Simplifier(0.3);
  assert.deepEqual(s.push([1.23456, 7.891, 1.7]), [[1.23, 7.89, 1]]);
});

test("the smoother follows, lags less with a pen, and ends where the hand stopped", () => {
  const pen = new ink.Smoother(1, true), mouse = new ink.Smoother(1, false);
  let p = /** @type {any} */ (null), m = /** @type {any} */ (null);
  for (let i = 0; i < 5; i++) {
    p = pen.push({ x: i * 10, y: 0, t: i * 8, pressure: 0.9 });
    m = mouse.push({ x: i * 10, y: 0, t: i * 8, pressure: null });
  }
  assert.ok(m[0] < p[0] && p[0] < 40);
  assert.deepEqual(pen.end()?.slice(0, 2), [40, 0]);
  assert.ok(p[2] > 0.8);
});

test("without a pen, a fast line is thinner than a slow one", () => {
  assert.ok(ink.speedPressure(5) < ink.speedPressure(0.1));
});
