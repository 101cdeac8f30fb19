// @ts-check
/**
 * What moving and resizing does to an element's properties. Pure.
 *
 * @typedef {import("../types.js").Element} Element
 * @typedef {import("../draw/geometry.js").MeasureText} MeasureText
 * @typedef {{name:string, x:number, y:number}} Handle
 */
import { extentOf, isLinear, plainBox } from "../draw/geometry.js";
import { round2 } from "../draw/ink.js";
import { noteHeight, textSizeOf } from "../draw/text.js";

const MIN_SIZE = 4;
const MAX_TEXT_SIZE = 1000;

/** @param {Element} el @param {number} dx @param {number} dy */
export function movedProps(el, dx, dy) {
  return { x: round2((el.x ?? 0) + dx), y: round2((el.y ?? 0) + dy) };
}

/** Points by which an element can be resized: named by compass, or the ends of a line. @param {Element} el @param {MeasureText} measure @returns {Handle[]} */
export function handlesOf(el, measure) {
  if (isLinear(el)) {
    const x = el.x ?? 0, y = el.y ?? 0, { w, h } = extentOf(el);
    return [{ name: "start", x, y }, { name: "end", x: x + w, y: y + h }];
  }
  const box = plainBox(el, measure);
  if (!box || el.type === "stroke" || (el.rotation ?? 0) !== 0) return [];
  const { minX, minY, maxX, maxY } = box, cx = (minX + maxX) / 2, cy = (minY + maxY) / 2;
  const corners = [{ name: "nw", x: minX, y: minY }, { name: "ne", x: maxX, y: minY }, { name: "se", x: maxX, y: maxY }, { name: "sw", x: minX, y: maxY }];
  if (el.type === "text") return corners;
  return [...corners, { name: "n", x: cx, y: minY }, { name: "e", x: maxX, y: cy }, { name: "s", x: cx, y: maxY }, { name: "w", x: minX, y: cy }];
}

/**
 * Properties of an element whose handle has been dragged by dx, dy.
 * @param {Element} el before the drag @param {string} handle @param {number} dx @param {number} dy
 * @param {boolean} isProportional keep the sides' ratio @param {MeasureText} measure
 * @returns {Record<string, number>}
 */
export function resizedProps(el, handle, dx, dy, isProportional, measure) {
  if (isLinear(el)) return lineProps(el, handle, dx, dy);
  const box = plainBox(el, measure);
  if (!box) return {};
  let { minX, minY, maxX, maxY } = box;
  if (handle.includes("w")) minX = Math.min(minX + dx, maxX - MIN_SIZE);
  if (handle.includes("e")) maxX = Math.max(maxX + dx, minX + MIN_SIZE);
  if (handle.includes("n")) minY = Math.min(minY + dy, maxY - MIN_SIZE);
  if (handle.includes("s")) maxY = Math.max(maxY + dy, minY + MIN_SIZE);
  const w0 = box.maxX - box.minX, h0 = box.maxY - box.minY;
  if (el.type === "text") return textProps(el, handle, box, Math.max((maxX - minX) / w0, (maxY - minY) / h0));
  let w = maxX - minX, h = maxY - minY;
  if (isProportional && handle.length === 2) {
    const scale = Math.max(w / w0, h / h0);
    [w, h] = [w0 * scale, h0 * scale];
  }
  if (el.type === "note") h = Math.max(h, noteHeight({ ...el, w }, measure));
  const across = { x: round2(handle.includes("w") ? box.maxX - w : box.minX), w: round2(w) };
  const down = { y: round2(handle.includes("n") ? box.maxY - h : box.minY), h: round2(h) };
  if (handle === "w" || handle === "e") return across; // a side moves alone: what others do to the other way stands
  return handle === "n" || handle === "s" ? down : { ...across, ...down };
}

/** @param {Element} el @param {string} handle @param {number} dx @param {number} dy @returns {Record<string, number>} */
function lineProps(el, handle, dx, dy) {
  const { w, h } = extentOf(el);
  if (handle === "end") return { w: round2(w + dx), h: round2(h + dy) };
  return { x: round2((el.x ?? 0) + dx), y: round2((el.y ?? 0) + dy), w: round2(w - dx), h: round2(h - dy) };
}

/** @param {Element} el @param {string} handle @param {import("../draw/geometry.js").Box} box @param {number} scale */
function textProps(el, handle, box, scale) {
  const before = textSizeOf(el);
  const size = Math.max(MIN_SIZE, Math.min(MAX_TEXT_SIZE, Math.round(before * scale * 10) / 10)), by = size / before;
  return {
    size,
    x: round2(handle.includes("w") ? box.maxX - (box.maxX - box.minX) * by : box.minX),
    y: round2(handle.includes("n") ? box.maxY - (box.maxY - box.minY) * by : box.minY),
  };
}
