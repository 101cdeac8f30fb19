// @ts-check
/**
 * The frame around what is selected, on the screen: where it lies, which handles it has, which of them a
 * pointer takes, how it is drawn. Knows no elements but their boxes, and changes nothing.
 *
 * Theory of operation. A frame keeps clear of what it frames, and is never smaller than a fingertip needs: the
 * handles of something tiny stand around it, not on it. Whatever lies in the frame's middle half is there to
 * be moved by; a handle near it gives way.
 *
 * @typedef {import("../draw/geometry.js").Box} Box
 * @typedef {import("../draw/geometry.js").Point} Point
 * @typedef {import("../draw/camera.js").Camera} Camera
 * @typedef {{x:number, y:number, w:number, h:number, angle:number}} Frame middle, size and turn, in screen pixels
 * @typedef {{name:string, x:number, y:number}} Handle
 * @typedef {"none"|"corners"|"all"} Kind which handles there are beside the one for turning
 */
import { toBoard, toScreen } from "../draw/camera.js";
import { boxOfLine, rotateAround } from "../draw/geometry.js";

export const FRAME_PX = 5;
/** Least side of a frame. */
const LEAST_PX = 36;
/** Least side that has a handle in its middle. */
const SIDE_PX = 52;
/** How far above the frame the handle for turning stands. */
const KNOB_PX = 22;
const HANDLE_PX = 4.5;
/** From how far a handle is taken. */
const REACH_PX = { mouse: 11, pen: 11, touch: 20 };
/** Least distance of the handles of a line. */
const LEAST_LINE_PX = 44;
const COMPASS = ["n", "ne", "e", "se", "s", "sw", "w", "nw"];
export const TURN = "turn";

/** Frame around a box that may be turned about its middle. @param {Box} box @param {number} angle @param {Camera} camera @param {number} [margin] px @param {number} [least] px @returns {Frame} */
export function frameAround(box, angle, camera, margin = FRAME_PX, least = LEAST_PX) {
  const { x, y } = toScreen(camera, (box.minX + box.maxX) / 2, (box.minY + box.maxY) / 2);
  const side = (/** @type {number} */ length) => Math.max(least, length * camera.z + 2 * margin);
  return { x, y, w: side(box.maxX - box.minX), h: side(box.maxY - box.minY), angle };
}

/** @param {Frame} frame @param {Kind} kind @returns {Handle[]} */
export function handlesOf(frame, kind) {
  if (kind === "none") return [];
  const names = COMPASS.filter((name) => name.length === 2 || (kind === "all" && hasSide(frame, name)));
  return [...names.map((name) => ({ name, ...placeOf(frame, name) })), knobOf(frame)];
}

/** @param {Frame} frame @param {string} name of a side */
function hasSide({ w, h }, name) {
  return (name === "n" || name === "s" ? w : h) >= SIDE_PX;
}

/** @param {Frame} frame @param {string} name @returns {Point} */
function placeOf({ x, y, w, h, angle }, name) {
  const dx = name.includes("e") ? w / 2 : name.includes("w") ? -w / 2 : 0, dy = name.includes("s") ? h / 2 : name.includes("n") ? -h / 2 : 0;
  return rotateAround(x + dx, y + dy, x, y, angle);
}

/** The handle for turning. @param {Frame} frame @returns {Handle} */
function knobOf({ x, y, h, angle }) {
  return { name: TURN, ...rotateAround(x, y - h / 2 - KNOB_PX, x, y, angle) };
}

/** Handles of a line: at its ends, or beyond them when it is short. @param {Point} start on the board @param {Point} end @param {Camera} camera @returns {Handle[]} */
export function lineHandles(start, end, camera) {
  const a = toScreen(camera, start.x, start.y), b = toScreen(camera, end.x, end.y), length = Math.hypot(b.x - a.x, b.y - a.y);
  const out = Math.max(0, LEAST_LINE_PX - length) / 2, ux = length > 0 ? (b.x - a.x) / length : 1, uy = length > 0 ? (b.y - a.y) / length : 0;
  return [{ name: "start", x: a.x - ux * out, y: a.y - uy * out }, { name: "end", x: b.x + ux * out, y: b.y + uy * out }];
}

/** The upright box on the board of a frame and its handles. @param {Frame|null} frame @param {Handle[]} handles @param {Camera} camera @returns {Box|null} */
export function boxAround(frame, handles, camera) {
  const corners = frame ? COMPASS.map((name) => placeOf(frame, name)) : [];
  const points = [...corners, ...handles].map(({ x, y }) => toBoard(camera, x, y));
  return boxOfLine(points.flatMap(({ x, y }) => [x, y, -1]));
}

/** The handle that a pointer takes. @param {Handle[]} handles @param {Point} at @param {"mouse"|"pen"|"touch"} kind of pointer @returns {string|null} */
export function handleAt(handles, at, kind) {
  let found = null, best = REACH_PX[kind];
  for (const { name, x, y } of handles) {
    const distance = Math.hypot(x - at.x, y - at.y);
    if (distance > best) continue;
    best = distance;
    found = name;
  }
  return found;
}

/** Is it in the frame, or in a share of it about its middle? @param {Frame} frame @param {Point} at @param {number} [share] */
export function isInFrame({ x, y, w, h, angle }, at, share = 1) {
  const p = rotateAround(at.x, at.y, x, y, -angle);
  return Math.abs(p.x - x) <= (w / 2) * share && Math.abs(p.y - y) <= (h / 2) * share;
}

/** Is it in the middle half of a line, by which it is moved? @param {Handle[]} handles both ends @param {Point} at */
export function isInMiddle([a, b], at) {
  return Math.hypot(at.x - (a.x + b.x) / 2, at.y - (a.y + b.y) / 2) <= Math.hypot(b.x - a.x, b.y - a.y) / 4;
}

/** What the pointer looks like on a handle: the way it pulls, also where the frame is turned. @param {string} handle @param {number} angle */
export function cursorOf(handle, angle) {
  if (handle === TURN) return "grab";
  const at = COMPASS.indexOf(handle);
  if (at < 0) return `resize-${handle}`;
  const turned = at + Math.round(angle / (Math.PI / 4));
  return `resize-${COMPASS[((turned % 8) + 8) % 8]}`;
}

/** @param {CanvasRenderingContext2D} ctx @param {Frame} frame */
export function drawFrame(ctx, { x, y, w, h, angle }) {
  ctx.save();
  ctx.translate(x, y);
  ctx.rotate(angle);
  ctx.beginPath();
  ctx.roundRect(-w / 2, -h / 2, w, h, 3);
  ctx.stroke();
  ctx.restore();
}

/** @param {CanvasRenderingContext2D} ctx @param {Handle[]} handles @param {Frame|null} frame whose they are, null: a line's @param {string} fill */
export function drawHandles(ctx, handles, frame, fill) {
  ctx.fillStyle = fill;
  for (const { name, x, y } of handles) {
    if (name === TURN && frame) drawStem(ctx, frame, { x, y });
    ctx.beginPath();
    ctx.arc(x, y, HANDLE_PX, 0, 2 * Math.PI);
    ctx.fill();
    ctx.stroke();
  }
}

/** From the frame to the handle for turning. @param {CanvasRenderingContext2D} ctx @param {Frame} frame @param {Point} knob */
function drawStem(ctx, frame, knob) {
  const from = placeOf(frame, "n");
  ctx.beginPath();
  ctx.moveTo(from.x, from.y);
  ctx.lineTo(knob.x, knob.y);
  ctx.stroke();
}
