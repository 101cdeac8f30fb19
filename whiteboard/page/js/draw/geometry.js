// @ts-check
/**
 * Geometry of elements, in board coordinates: boxes, distances, outlines, hit tests.
 * Pure: knows nothing of the page, of canvases or of the sync client.
 *
 * @typedef {{minX:number, minY:number, maxX:number, maxY:number}} Box
 * @typedef {{x:number, y:number}} Point
 * @typedef {readonly number[]} Line points joined by lines, flat: x, y, pressure, x, y, pressure, …
 * @typedef {import("../types.js").Element} Element
 * @typedef {import("./text.js").MeasureText} MeasureText
 */
import { dotRadius, radiusAt } from "./ink.js";
import { NOTE, noteHeight, textSizeOf } from "./text.js";

export const DEFAULT_WIDTH = 4;
/** Width and height of a box that has none. */
const DEFAULT_SIDE = 100;
const ELLIPSE_SIDES = 48;
/** How much farther off a line's side may lie in a bend (draw/ink.js). */
const BEND = 1.3;
/** Letters reach beyond their box, and pixels beyond any line. */
const SLACK = 3;
/** An arrow is drawn no thicker than this share of its length: head and shaft stay what they are. */
const ARROW_WIDTH_SHARE = 1 / 6;
const ARROW_HEAD_SHARE = 1 / 2;
const BARB_ANGLE = 0.46;
const MIN_HEAD = 4;

/** Box of two opposite corners, whichever way they lie. @returns {Box} */
export function boxFromCorners(/** @type {number} */ ax, /** @type {number} */ ay, /** @type {number} */ bx, /** @type {number} */ by) {
  return { minX: Math.min(ax, bx), minY: Math.min(ay, by), maxX: Math.max(ax, bx), maxY: Math.max(ay, by) };
}

/** Box of a line, or null for an empty one. @param {Line} line @returns {Box|null} */
export function boxOfLine(line) {
  if (line.length === 0) return null;
  let minX = Infinity, minY = Infinity, maxX = -Infinity, maxY = -Infinity;
  for (let i = 0; i < line.length; i += 3) {
    const x = line[i], y = line[i + 1];
    if (x < minX) minX = x;
    if (x > maxX) maxX = x;
    if (y < minY) minY = y;
    if (y > maxY) maxY = y;
  }
  return { minX, minY, maxX, maxY };
}

/** Smallest box around both; null counts as nothing. @param {Box|null} a @param {Box|null} b @returns {Box|null} */
export function union(a, b) {
  if (!a) return b;
  if (!b) return a;
  return {
    minX: Math.min(a.minX, b.minX), minY: Math.min(a.minY, b.minY),
    maxX: Math.max(a.maxX, b.maxX), maxY: Math.max(a.maxY, b.maxY),
  };
}

/** @param {Box} box @param {number} by @returns {Box} */
export function expand(box, by) {
  return { minX: box.minX - by, minY: box.minY - by, maxX: box.maxX + by, maxY: box.maxY + by };
}

/** Do the boxes share a point? @param {Box} a @param {Box} b */
export function intersects(a, b) {
  return a.minX <= b.maxX && a.maxX >= b.minX && a.minY <= b.maxY && a.maxY >= b.minY;
}

/** Is `inner` wholly in `outer`? @param {Box} outer @param {Box} inner */
export function contains(outer, inner) {
  return inner.minX >= outer.minX && inner.maxX <= outer.maxX && inner.minY >= outer.minY && inner.maxY <= outer.maxY;
}

/** @param {Box} box @param {number} x @param {number} y */
export function inBox(box, x, y) {
  return x >= box.minX && x <= box.maxX && y >= box.minY && y <= box.maxY;
}

/** Distance of a point from a segment. */
export function segmentDistance(/** @type {number} */ px, /** @type {number} */ py, /** @type {number} */ ax, /** @type {number} */ ay, /** @type {number} */ bx, /** @type {number} */ by) {
  const dx = bx - ax, dy = by - ay;
  const length2 = dx * dx + dy * dy;
  const t = length2 === 0 ? 0 : Math.max(0, Math.min(1, ((px - ax) * dx + (py - ay) * dy) / length2));
  return Math.hypot(px - ax - t * dx, py - ay - t * dy);
}

/** Twice the signed area of the triangle a, b, c. */
function cross(/** @type {number} */ ax, /** @type {number} */ ay, /** @type {number} */ bx, /** @type {number} */ by, /** @type {number} */ cx, /** @type {number} */ cy) {
  return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
}

/** Distance between two segments: 0 when they cross. @param {Point} a @param {Point} b */
export function segmentsDistance(a, b, /** @type {number} */ cx, /** @type {number} */ cy, /** @type {number} */ dx, /** @type {number} */ dy) {
  const d1 = cross(a.x, a.y, b.x, b.y, cx, cy), d2 = cross(a.x, a.y, b.x, b.y, dx, dy);
  const d3 = cross(cx, cy, dx, dy, a.x, a.y), d4 = cross(cx, cy, dx, dy, b.x, b.y);
  if (d1 * d2 < 0 && d3 * d4 < 0) return 0;
  return Math.min(
    segmentDistance(cx, cy, a.x, a.y, b.x, b.y), segmentDistance(dx, dy, a.x, a.y, b.x, b.y),
    segmentDistance(a.x, a.y, cx, cy, dx, dy), segmentDistance(b.x, b.y, cx, cy, dx, dy),
  );
}

/** Even-odd test. @param {Line} ring @param {number} x @param {number} y */
export function inPolygon(ring, x, y) {
  let inside = false;
  for (let i = 0, j = ring.length - 3; i < ring.length; j = i, i += 3) {
    const xi = ring[i], yi = ring[i + 1], xj = ring[j], yj = ring[j + 1];
    if ((yi > y) !== (yj > y) && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}

/** @param {number} x @param {number} y @param {number} cx @param {number} cy @param {number} angle radians */
export function rotateAround(x, y, cx, cy, angle) {
  const cos = Math.cos(angle), sin = Math.sin(angle);
  return { x: cx + (x - cx) * cos - (y - cy) * sin, y: cy + (x - cx) * sin + (y - cy) * cos };
}

const num = (/** @type {unknown} */ value, /** @type {number} */ fallback) =>
  typeof value === "number" && Number.isFinite(value) ? value : fallback;

/** Is this a shape of two end points, with no inside? @param {Element} el */
export function isLinear(el) {
  return el.type === "shape" && (el.kind === "line" || el.kind === "arrow");
}

/** Line width of an element. @param {Element} el */
export function widthOf(el) {
  return num(el.width, DEFAULT_WIDTH);
}

/** How wide its line is drawn. @param {Element} el */
export function drawnWidth(el) {
  if (el.type !== "shape" || el.kind !== "arrow") return widthOf(el);
  return Math.min(widthOf(el), Math.max(1, arrowLength(el) * ARROW_WIDTH_SHARE));
}

/** @param {Element} el */
function arrowLength(el) {
  const { w, h } = extentOf(el);
  return Math.hypot(w, h);
}

/** Width and height of an element that has them, before a note grows with its text. @param {Element} el */
export function extentOf(el) {
  const { w, h } = isLinear(el) ? { w: 0, h: 0 } : el.type === "note" ? NOTE : { w: DEFAULT_SIDE, h: DEFAULT_SIDE };
  return { w: num(el.w, w), h: num(el.h, h) };
}

/** @typedef {{line: Line, count: number}} Stretched */
/** Elements are never changed in place but for points that are added. @type {WeakMap<Element, Stretched>} */
const stretched = new WeakMap();

/** Points of a stroke as they are shown before its offset: stretched to its w and h, if it has them (PRP-12). @param {Element} el @returns {Line} */
export function shownPoints(el) {
  const points = el.points ?? [];
  if (!isStretched(el)) return points;
  const known = stretched.get(el);
  if (known?.count === points.length) return known.line;
  const line = stretch(points, num(el.w, 0), num(el.h, 0));
  stretched.set(el, { line, count: points.length });
  return line;
}

/** Is it a stroke with a size of its own? @param {Element} el */
export function isStretched(el) {
  return el.type === "stroke" && (num(el.w, 0) > 0 || num(el.h, 0) > 0);
}

/** @param {Line} points @param {number} w @param {number} h @returns {Line} */
function stretch(points, w, h) {
  const box = boxOfLine(points);
  if (!box) return points;
  const { minX, minY, maxX, maxY } = box;
  const alongX = w > 0 && maxX > minX ? w / (maxX - minX) : 1, alongY = h > 0 && maxY > minY ? h / (maxY - minY) : 1;
  return points.map((v, i) => (i % 3 === 0 ? minX + (v - minX) * alongX : i % 3 === 1 ? minY + (v - minY) * alongY : v));
}

/** The unrotated box of an element's own geometry, without line width. @param {Element} el @param {MeasureText} measure @returns {Box|null} */
export function plainBox(el, measure) {
  const x = num(el.x, 0), y = num(el.y, 0);
  if (el.type === "stroke") {
    const box = boxOfLine(shownPoints(el));
    return box && { minX: box.minX + x, minY: box.minY + y, maxX: box.maxX + x, maxY: box.maxY + y };
  }
  if (el.type === "text") {
    const size = measure(String(el.text ?? ""), textSizeOf(el));
    return { minX: x, minY: y, maxX: x + size.w, maxY: y + size.h };
  }
  const { w, h } = extentOf(el), box = boxFromCorners(x, y, x + w, y + h);
  if (el.type === "note") box.maxY = Math.max(box.maxY, box.minY + noteHeight(el, measure));
  return box;
}

/** Rotation in radians about the middle of the plain box. @param {Element} el */
export function rotationOf(el) {
  return num(el.rotation, 0);
}

/** How far the drawn line reaches beyond the plain box. @param {Element} el */
export function lineMargin(el) {
  if (el.type === "stroke") return inkRadius(el);
  if (el.type !== "shape") return 0;
  return drawnWidth(el) / 2 + (el.kind === "arrow" ? Math.max(MIN_HEAD, arrowHeadLength(el) * Math.sin(BARB_ANGLE)) : 0);
}

/** Of a stroke where it is pressed most. @param {Element} el */
function inkRadius(el) {
  const { points = [] } = el, radius = points.length === 3 ? dotRadius : radiusAt;
  let most = 0;
  for (let i = 2; i < points.length; i += 3) most = Math.max(most, radius(widthOf(el), points[i]));
  return most;
}

/** Everything the element can paint on. @param {Element} el @param {MeasureText} measure @returns {Box|null} */
export function paintBox(el, measure) {
  const box = plainBox(el, measure);
  if (!box) return null;
  return expand(rotatedBox(box, rotationOf(el)), lineMargin(el) * BEND + SLACK);
}

/** The upright box of what is seen of the element. @param {Element} el @param {MeasureText} measure @returns {Box|null} */
export function seenBox(el, measure) {
  const box = plainBox(el, measure);
  return box && expand(rotatedBox(box, rotationOf(el)), lineMargin(el));
}

/** Upright box around a box turned about its middle. @param {Box} box @param {number} angle @returns {Box} */
export function rotatedBox(box, angle) {
  if (angle === 0) return box;
  const cx = (box.minX + box.maxX) / 2, cy = (box.minY + box.maxY) / 2;
  const cos = Math.abs(Math.cos(angle)), sin = Math.abs(Math.sin(angle));
  const w = (box.maxX - box.minX) / 2, h = (box.maxY - box.minY) / 2;
  const hw = w * cos + h * sin, hh = w * sin + h * cos;
  return { minX: cx - hw, minY: cy - hh, maxX: cx + hw, maxY: cy + hh };
}

/** Length of an arrow's head, grows with the line but never beyond half of it. @param {Element} el */
export function arrowHeadLength(el) {
  return Math.min(10 + drawnWidth(el) * 2.6, Math.max(MIN_HEAD, arrowLength(el) * ARROW_HEAD_SHARE));
}

/** Tip and both barbs of an arrow. @param {Element} el @returns {[number, number][]} barb, tip, barb */
export function arrowHead(el) {
  const x = num(el.x, 0), y = num(el.y, 0), { w, h } = extentOf(el);
  const tipX = x + w, tipY = y + h;
  const angle = Math.atan2(tipY - y, tipX - x), length = arrowHeadLength(el);
  const barb = (/** @type {number} */ turn) => /** @type {[number, number]} */ (
    [tipX - length * Math.cos(angle + turn), tipY - length * Math.sin(angle + turn)]);
  return [barb(BARB_ANGLE), [tipX, tipY], barb(-BARB_ANGLE)];
}

/** The line of a closed shape, back to its start. @param {string} kind @param {Box} box @returns {Line} */
export function shapeRing(kind, box) {
  const { minX, minY, maxX, maxY } = box;
  const cx = (minX + maxX) / 2, cy = (minY + maxY) / 2;
  if (kind === "diamond") return [cx, minY, -1, maxX, cy, -1, cx, maxY, -1, minX, cy, -1, cx, minY, -1];
  if (kind !== "ellipse") return [minX, minY, -1, maxX, minY, -1, maxX, maxY, -1, minX, maxY, -1, minX, minY, -1];
  const ring = [];
  for (let i = 0; i <= ELLIPSE_SIDES; i++) {
    const angle = (i / ELLIPSE_SIDES) * 2 * Math.PI;
    ring.push(cx + (Math.cos(angle) * (maxX - minX)) / 2, cy + (Math.sin(angle) * (maxY - minY)) / 2, -1);
  }
  return ring;
}

/** The line an element consists of, unrotated and, for a stroke, before its offset; null when it is a solid box.
 * @param {Element} el @param {Box} box @returns {Line|null} */
export function lineOf(el, box) {
  if (el.type === "stroke") return shownPoints(el);
  if (el.type !== "shape") return null;
  if (!isLinear(el)) return shapeRing(String(el.kind), box);
  const x = num(el.x, 0), y = num(el.y, 0), { w, h } = extentOf(el);
  return [x, y, -1, x + w, y + h, -1];
}

const isFilled = (/** @type {Element} */ el) => typeof el.fill === "string" && el.fill !== "" && el.fill !== "transparent";

/** Shortest distance of the segment a–b from a line. @param {Line} line @param {Point} a @param {Point} b */
export function lineDistance(line, a, b) {
  if (line.length === 3) return segmentDistance(line[0], line[1], a.x, a.y, b.x, b.y);
  let best = Infinity;
  for (let i = 3; i < line.length && best > 0; i += 3) {
    const d = segmentsDistance(a, b, line[i - 3], line[i - 2], line[i], line[i + 1]);
    if (d < best) best = d;
  }
  return best;
}

/**
 * Does a sweep from `a` to `b` with a round tip of `radius` touch what is drawn of the element?
 * A point test is a sweep with a = b.
 * @param {Element} el @param {MeasureText} measure @param {Point} a @param {Point} b @param {number} radius
 */
export function sweepHits(el, measure, a, b, radius) {
  const box = plainBox(el, measure);
  if (!box) return false;
  const from = intoFrame(el, box, a), to = intoFrame(el, box, b);
  const reach = radius + (el.type === "stroke" || el.type === "shape" ? drawnWidth(el) / 2 : 0);
  if (!intersects(expand(box, reach), boxFromCorners(from.x, from.y, to.x, to.y))) return false;
  const line = lineOf(el, box);
  if (!line) return sweepHitsBox(box, from, to, radius);
  if (el.type === "stroke") return lineDistance(line, beforeOffset(el, from), beforeOffset(el, to)) <= reach;
  if (lineDistance(line, from, to) <= reach) return true;
  return !isLinear(el) && isFilled(el) && inPolygon(line, to.x, to.y);
}

/** A point as the element's own, unturned frame has it. @param {Element} el @param {Box} box @param {Point} p */
function intoFrame(el, box, p) {
  const angle = rotationOf(el);
  return angle === 0 ? p : rotateAround(p.x, p.y, (box.minX + box.maxX) / 2, (box.minY + box.maxY) / 2, -angle);
}

/** @param {Element} el @param {Point} p */
function beforeOffset(el, p) {
  return { x: p.x - num(el.x, 0), y: p.y - num(el.y, 0) };
}

/** @param {Box} box @param {Point} a @param {Point} b @param {number} radius */
function sweepHitsBox(box, a, b, radius) {
  if (inBox(box, a.x, a.y) || inBox(box, b.x, b.y)) return true;
  return lineDistance(shapeRing("rectangle", box), a, b) <= radius;
}
