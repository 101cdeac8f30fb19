// @ts-check
/**
 * The laser pointer: a trail that fades within a second and is never stored.
 *
 * @typedef {import("../types.js").PointerSample} PointerSample
 */
import { round2 } from "../draw/ink.js";
import { Tool } from "./tool.js";

const SEND_MS = 33;
const SENT_POINTS = 24;

export class LaserTool extends Tool {
  /** @param {import("../desk.js").Desk} desk */
  constructor(desk) {
    super(desk);
    this.cursor = "laser";
    this.isReadOnly = true;
    /** @type {[number, number][]} */
    this.points = [];
    this.sentAt = 0;
    this.isDown = false;
  }

  /** @param {PointerSample} p */
  down(p) {
    this.isDown = true;
    this.points = [];
    this.add(p);
  }

  /** @param {PointerSample[]} samples */
  move(samples) {
    for (const p of samples) this.add(p);
  }

  /** @param {PointerSample} p */
  add(p) {
    const point = /** @type {[number, number]} */ ([round2(p.x), round2(p.y)]);
    this.points = [...this.points, point].slice(-SENT_POINTS);
    this.desk.emit("laser", { session: null, points: [point] });
    const now = performance.now();
    if (now - this.sentAt < SEND_MS) return;
    this.sentAt = now;
    this.desk.sync.sendLaser(this.points);
  }

  up() {
    if (!this.isDown) return;
    this.isDown = false;
    this.points = [];
    this.desk.sync.sendLaser([]);
  }

  cancel() {
    this.up();
  }
}
