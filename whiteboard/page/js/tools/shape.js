// @ts-check
/**
 * Rectangle, ellipse, diamond, line and arrow: dragged out between two corners, sent when let go.
 *
 * @typedef {import("../types.js").PointerSample} PointerSample
 * @typedef {import("../types.js").Element} Element
 */
import { paintBox } from "../draw/geometry.js";
import { round2 } from "../draw/ink.js";
import { paint } from "../draw/painters.js";
import { measureText } from "../draw/text.js";
import { Tool } from "./tool.js";

const MIN_DRAG_PX = 4;
const CLICK_SIZE_PX = 100;
const ANGLE_STEP = Math.PI / 12;

/**
 * Width and height of a drag; with Shift a square, or for lines a multiple of 15°.
 * @param {boolean} isLinear @param {number} dx @param {number} dy @param {boolean} isStraight
 */
export function dragSize(isLinear, dx, dy, isStraight) {
  if (!isStraight) return { w: dx, h: dy };
  if (!isLinear) {
    const side = Math.max(Math.abs(dx), Math.abs(dy));
    return { w: Math.sign(dx || 1) * side, h: Math.sign(dy || 1) * side };
  }
  const length = Math.hypot(dx, dy), angle = Math.round(Math.atan2(dy, dx) / ANGLE_STEP) * ANGLE_STEP;
  return { w: length * Math.cos(angle), h: length * Math.sin(angle) };
}

export class ShapeTool extends Tool {
  /** @param {import("../desk.js").Desk} desk @param {string} kind */
  constructor(desk, kind) {
    super(desk);
    this.kind = kind;
    this.isLinear = kind === "line" || kind === "arrow";
    this.cursor = "crosshair";
    /** @type {PointerSample|null} */
    this.start = null;
    /** @type {Element|null} */
    this.shape = null;
  }

  /** @param {PointerSample} p */
  down(p) {
    this.start = p;
    this.shape = null;
    this.desk.layers.draft = (ctx) => this.draw(ctx);
  }

  /** @param {PointerSample[]} samples */
  move(samples) {
    const p = samples[samples.length - 1];
    if (!this.start || (!this.shape && Math.hypot(p.sx - this.start.sx, p.sy - this.start.sy) < MIN_DRAG_PX)) return;
    const { w, h } = dragSize(this.isLinear, p.x - this.start.x, p.y - this.start.y, p.shift);
    this.shape = this.make(this.start.x, this.start.y, w, h);
    this.desk.layers.request();
  }

  up() {
    const shape = this.shape ?? (this.start && !this.isLinear ? this.clicked(this.start) : null);
    this.clear();
    if (!shape) return;
    const { id, type, ...props } = shape;
    this.desk.history.do([{ type, id, ...props }]);
    this.desk.finishTool([id]);
  }

  cancel() {
    this.clear();
  }

  clear() {
    this.start = this.shape = null;
    this.desk.layers.draft = null;
    this.desk.layers.request();
  }

  /** A click without a drag makes a shape of usual size. @param {PointerSample} p */
  clicked(p) {
    const side = CLICK_SIZE_PX / this.desk.camera.z;
    return this.make(p.x - side / 2, p.y - side / 2, side, side);
  }

  /** @returns {Element} */
  make(/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ w, /** @type {number} */ h) {
    const [left, top] = this.isLinear ? [x, y] : [Math.min(x, x + w), Math.min(y, y + h)];
    const { color, width, fill } = this.desk.style;
    const size = this.isLinear ? { w: round2(w), h: round2(h) } : { w: round2(Math.abs(w)), h: round2(Math.abs(h)) };
    return {
      id: this.shape?.id ?? this.desk.newId(), type: "shape", kind: this.kind, x: round2(left), y: round2(top), ...size,
      color, width, ...(fill && !this.isLinear ? { fill: this.desk.fillColor() } : {}),
    };
  }

  /** @param {CanvasRenderingContext2D} ctx */
  draw(ctx) {
    const box = this.shape && paintBox(this.shape, measureText);
    if (!this.shape || !box) return;
    paint(ctx, { id: this.shape.id, el: this.shape, box, count: 0, rank: 0, path: null }, this.desk.layers.theme, this.desk.camera.z);
  }
}
