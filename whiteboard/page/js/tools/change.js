// @ts-check
/**
 * What moving, resizing, scaling and turning does to an element's properties. Pure.
 *
 * @typedef {import("../types.js").Element} Element
 * @typedef {import("../draw/geometry.js").Box} Box
 * @typedef {import("../draw/geometry.js").Point} Point
 * @typedef {import("../draw/geometry.js").MeasureText} MeasureText
 * @typedef {Record<string, number>} Props
 */
import { boxOfLine, extentOf, isLinear, plainBox, rotateAround, rotationOf } from "../draw/geometry.js";
import { round2 } from "../draw/ink.js";
import { noteHeight, textSizeOf } from "../draw/text.js";

const MIN_SIZE = 4;
const MAX_TEXT_SIZE = 1000;
const TURN_STEP = Math.PI / 12;
/** So near to upright, a turn is meant to be. */
const UPRIGHT = Math.PI / 72;

/** @param {Box} box @returns {Point} */
export const middleOf = (box) => ({ x: (box.minX + box.maxX) / 2, y: (box.minY + box.maxY) / 2 });

/** @param {Element} el @param {number} dx @param {number} dy @returns {Props} */
export function movedProps(el, dx, dy) {
  return { x: round2((el.x ?? 0) + dx), y: round2((el.y ?? 0) + dy) };
}

/** Both ends of a line, where they are seen. @param {Element} el @returns {[Point, Point]} */
export function endsOf(el) {
  const x = el.x ?? 0, y = el.y ?? 0, { w, h } = extentOf(el), angle = rotationOf(el);
  const at = (/** @type {number} */ px, /** @type {number} */ py) => (angle === 0 ? { x: px, y: py } : rotateAround(px, py, x + w / 2, y + h / 2, angle));
  return [at(x, y), at(x + w, y + h)];
}

// --- one element, by a handle -----------------------------------------------------------------------

/**
 * Properties of an element whose handle has been dragged by dx, dy.
 * @param {Element} el before the drag @param {string} handle @param {number} dx @param {number} dy
 * @param {boolean} isProportional keep the sides' ratio @param {MeasureText} measure
 * @returns {Props}
 */
export function resizedProps(el, handle, dx, dy, isProportional, measure) {
  if (isLinear(el)) return lineProps(el, handle, dx, dy);
  const before = plainBox(el, measure);
  if (!before) return {};
  const angle = rotationOf(el), pulled = rotateAround(dx, dy, 0, 0, -angle);
  const isFlat = { x: el.type === "stroke" && before.maxX === before.minX, y: el.type === "stroke" && before.maxY === before.minY };
  let box = pulledBox(before, handle, isFlat.x ? 0 : pulled.x, isFlat.y ? 0 : pulled.y); // what has no height gets none
  if (el.type === "text") return textProps(el, handle, before, box, measure);
  if (isProportional && handle.length === 2) box = scaledFromCorner(before, box, handle);
  if (el.type === "note") box = grownToText(el, box, handle, measure);
  const props = placedProps(el, placedAsTurned(before, box, angle));
  if (angle !== 0 || handle.length === 2) return props;
  const across = handle === "w" || handle === "e"; // a side moves alone: what others do to the other way stands
  return across ? pick(props, ["x", "w"]) : pick(props, ["y", "h"]);
}

/** @param {Box} box @param {string} handle compass @param {number} dx @param {number} dy @returns {Box} */
function pulledBox({ minX, minY, maxX, maxY }, handle, dx, dy) {
  const leastX = Math.min(MIN_SIZE, maxX - minX), leastY = Math.min(MIN_SIZE, maxY - minY);
  return {
    minX: handle.includes("w") ? Math.min(minX + dx, maxX - leastX) : minX,
    maxX: handle.includes("e") ? Math.max(maxX + dx, minX + leastX) : maxX,
    minY: handle.includes("n") ? Math.min(minY + dy, maxY - leastY) : minY,
    maxY: handle.includes("s") ? Math.max(maxY + dy, minY + leastY) : maxY,
  };
}

/** The box before, made as many times larger as the pulled one is in the way it was pulled most. @param {Box} before @param {Box} pulled @param {string} handle */
function scaledFromCorner(before, pulled, handle) {
  const w = before.maxX - before.minX, h = before.maxY - before.minY;
  const scale = Math.max(w > 0 ? (pulled.maxX - pulled.minX) / w : 0, h > 0 ? (pulled.maxY - pulled.minY) / h : 0);
  return sizedBox(before, handle, w * scale, h * scale);
}

/** A box of another size whose side or corner opposite to a handle stays. @param {Box} box @param {string} handle @param {number} w @param {number} h @returns {Box} */
function sizedBox(box, handle, w, h) {
  const minX = handle.includes("w") ? box.maxX - w : box.minX, minY = handle.includes("n") ? box.maxY - h : box.minY;
  return { minX, minY, maxX: minX + w, maxY: minY + h };
}

/** @param {Element} note @param {Box} box @param {string} handle @param {MeasureText} measure */
function grownToText(note, box, handle, measure) {
  const w = box.maxX - box.minX;
  return sizedBox(box, handle, w, Math.max(box.maxY - box.minY, noteHeight({ ...note, w }, measure)));
}

/** A turned element turns about its middle: where its box has to lie, so that what was not pulled stays in its
 * place on the board. @param {Box} before @param {Box} after as if it were not turned @param {number} angle @returns {Box} */
function placedAsTurned(before, after, angle) {
  if (angle === 0) return after;
  const old = middleOf(before), unturned = middleOf(after), to = rotateAround(unturned.x, unturned.y, old.x, old.y, angle);
  return movedBox(after, to.x - unturned.x, to.y - unturned.y);
}

/** @param {Box} box @param {number} dx @param {number} dy @returns {Box} */
function movedBox(box, dx, dy) {
  return { minX: box.minX + dx, minY: box.minY + dy, maxX: box.maxX + dx, maxY: box.maxY + dy };
}

/** What gives an element, but a text or a line, this box. @param {Element} el @param {Box} box @returns {Props} */
function placedProps(el, box) {
  const size = { w: round2(box.maxX - box.minX), h: round2(box.maxY - box.minY) };
  if (el.type !== "stroke") return { x: round2(box.minX), y: round2(box.minY), ...size };
  const points = boxOfLine(el.points ?? []) ?? box; // the corner from which a stroke is stretched
  return {
    x: round2(box.minX - points.minX), y: round2(box.minY - points.minY),
    ...(points.maxX > points.minX ? { w: size.w } : {}), ...(points.maxY > points.minY ? { h: size.h } : {}),
  };
}

/** A text is as large as its letters. @param {Element} el @param {string} handle @param {Box} before @param {Box} pulled @param {MeasureText} measure @returns {Props} */
function textProps(el, handle, before, pulled, measure) {
  const w = before.maxX - before.minX, h = before.maxY - before.minY;
  const scale = Math.max((pulled.maxX - pulled.minX) / w, (pulled.maxY - pulled.minY) / h);
  const size = Math.max(MIN_SIZE, Math.min(MAX_TEXT_SIZE, Math.round(textSizeOf(el) * scale * 10) / 10));
  const to = measure(String(el.text ?? ""), size);
  const box = placedAsTurned(before, sizedBox(before, handle, to.w, to.h), rotationOf(el));
  return { size, x: round2(box.minX), y: round2(box.minY) };
}

/** @param {Element} el @param {string} handle @param {number} dx @param {number} dy @returns {Props} */
function lineProps(el, handle, dx, dy) {
  const { w, h } = extentOf(el);
  if (rotationOf(el) !== 0) return turnedLineProps(el, handle, dx, dy);
  if (handle === "end") return { w: round2(w + dx), h: round2(h + dy) };
  return { x: round2((el.x ?? 0) + dx), y: round2((el.y ?? 0) + dy), w: round2(w - dx), h: round2(h - dy) };
}

/** The page turns lines by their ends; one that something else has turned is made such a line. @param {Element} el @param {string} handle @param {number} dx @param {number} dy @returns {Props} */
function turnedLineProps(el, handle, dx, dy) {
  const [start, end] = endsOf(el), moved = handle === "end" ? end : start;
  moved.x += dx;
  moved.y += dy;
  return { x: round2(start.x), y: round2(start.y), w: round2(end.x - start.x), h: round2(end.y - start.y), rotation: 0 };
}

// --- several elements together ----------------------------------------------------------------------

/** By how much a box grows about the corner opposite to a dragged one. @param {Box} box @param {string} handle @param {number} dx @param {number} dy */
export function groupScale(box, handle, dx, dy) {
  const w = box.maxX - box.minX, h = box.maxY - box.minY;
  if (w === 0 && h === 0) return 1;
  const alongX = (handle.includes("w") ? -dx : dx) * w, alongY = (handle.includes("n") ? -dy : dy) * h;
  return 1 + (alongX + alongY) / (w * w + h * h); // the pointer's way along the diagonal
}

/** The scale nearest to the wanted one at which everything stays within its bounds. @param {Iterable<Element>} elements @param {Box} box of all of them @param {number} wanted */
export function boundedScale(elements, box, wanted) {
  let least = MIN_SIZE / Math.max(MIN_SIZE, box.maxX - box.minX, box.maxY - box.minY), most = Infinity;
  for (const el of elements) {
    if (el.type !== "text" && el.type !== "note") continue;
    least = Math.max(least, Math.min(1, MIN_SIZE / textSizeOf(el)));
    most = Math.min(most, Math.max(1, MAX_TEXT_SIZE / textSizeOf(el)));
  }
  return Math.max(least, Math.min(most, wanted));
}

/** The corner of a box that stays when another is dragged. @param {Box} box @param {string} handle @returns {Point} */
export function anchorOf(box, handle) {
  return { x: handle.includes("w") ? box.maxX : box.minX, y: handle.includes("n") ? box.maxY : box.minY };
}

/** Properties of an element that is scaled about a point, its letters with it; lines stay as thick as they are.
 * @param {Element} el @param {Point} anchor @param {number} scale @param {MeasureText} measure @returns {Props} */
export function scaledProps(el, anchor, scale, measure) {
  const { w, h } = extentOf(el);
  if (isLinear(el)) {
    const at = scaledPoint({ x: el.x ?? 0, y: el.y ?? 0 }, anchor, scale);
    return { x: round2(at.x), y: round2(at.y), w: round2(w * scale), h: round2(h * scale) };
  }
  const box = plainBox(el, measure);
  if (!box) return {};
  const size = round2(textSizeOf(el) * scale), middle = scaledPoint(middleOf(box), anchor, scale);
  if (el.type === "text") {
    const to = measure(String(el.text ?? ""), size);
    return { size, x: round2(middle.x - to.w / 2), y: round2(middle.y - to.h / 2) };
  }
  const halfW = ((box.maxX - box.minX) * scale) / 2, halfH = ((box.maxY - box.minY) * scale) / 2;
  const placed = placedProps(el, { minX: middle.x - halfW, minY: middle.y - halfH, maxX: middle.x + halfW, maxY: middle.y + halfH });
  return el.type === "note" ? { ...placed, size } : placed;
}

/** @param {Point} p @param {Point} anchor @param {number} scale @returns {Point} */
function scaledPoint(p, anchor, scale) {
  return { x: anchor.x + (p.x - anchor.x) * scale, y: anchor.y + (p.y - anchor.y) * scale };
}

// --- turning ----------------------------------------------------------------------------------------

/** An angle that is meant: in steps, or upright when nearly so. @param {number} angle @param {boolean} isStepped */
export function meantAngle(angle, isStepped) {
  if (isStepped) return Math.round(angle / TURN_STEP) * TURN_STEP;
  const upright = Math.round(angle / (Math.PI / 2)) * (Math.PI / 2);
  return Math.abs(angle - upright) < UPRIGHT ? upright : angle;
}

/** Properties of an element that is turned about a point: a line by its ends, others by their rotation.
 * @param {Element} el @param {Point} about @param {number} by radians @param {MeasureText} measure @returns {Props} */
export function turnedProps(el, about, by, measure) {
  const box = plainBox(el, measure);
  if (!box) return {};
  const middle = middleOf(box), to = rotateAround(middle.x, middle.y, about.x, about.y, by);
  if (isLinear(el)) {
    const { w, h } = extentOf(el), way = rotateAround(w, h, 0, 0, by);
    return { x: round2(to.x - way.x / 2), y: round2(to.y - way.y / 2), w: round2(way.x), h: round2(way.y) };
  }
  const rotation = roundAngle(rotationOf(el) + by);
  const isInPlace = Math.hypot(to.x - middle.x, to.y - middle.y) < 1e-6;
  return isInPlace ? { rotation } : { ...movedProps(el, to.x - middle.x, to.y - middle.y), rotation };
}

/** From -π to π, as fine as anybody sees. @param {number} angle */
function roundAngle(angle) {
  const turns = Math.round(angle / (2 * Math.PI));
  return Math.round((angle - turns * 2 * Math.PI) * 1e4) / 1e4 + 0; // plain 0, not -0
}

/** @param {Props} props @param {string[]} names @returns {Props} */
function pick(props, names) {
  return Object.fromEntries(names.map((name) => [name, props[name]]));
}
