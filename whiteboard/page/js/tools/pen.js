// @ts-check
/**
 * The pen: a stroke is created with its first points and appended to about thirty times a second, so that
 * others see it grow; on this screen the newest points are drawn before they are sent, just as they will be.
 *
 * @typedef {import("../types.js").PointerSample} PointerSample
 * @typedef {import("../draw/ink.js").InkPoint} InkPoint
 */
import { Tool } from "./tool.js";
import { Simplifier, Smoother } from "../draw/ink.js";
import { painters } from "../draw/painters.js";

const SEND_MS = 33;
/** A finger may turn out to be the first of two: its stroke is not sent before this. */
const TOUCH_DELAY_MS = 110;
/** A stroke younger than this was the first finger of a pinch. */
const BEGINNING_MS = 250;
const TOLERANCE_PX = 0.35;
const DEFAULT_MAX_POINTS = 10_000;

/** What painting asks of an item beside its element; a stroke's painter needs no box. */
const NOWHERE = { box: { minX: 0, minY: 0, maxX: 0, maxY: 0 }, count: 0, rank: 0, path: null };

/** One stroke being drawn. */
class Draft {
  /** @param {import("../desk.js").Desk} desk @param {PointerSample} first */
  constructor(desk, first) {
    this.desk = desk;
    this.id = desk.newId();
    this.isPen = first.kind === "pen";
    this.smoother = new Smoother(desk.camera.z, this.isPen);
    this.simplifier = new Simplifier(TOLERANCE_PX / desk.camera.z);
    this.color = desk.style.color;
    this.width = desk.style.width;
    this.begunAt = performance.now();
    this.notBefore = this.begunAt + (first.kind === "touch" ? TOUCH_DELAY_MS : 0);
    this.sentAt = -Infinity;
    this.sent = 0;
    /** @type {InkPoint[]} */
    this.queue = [];
    /** @type {number[]} all points given out, flat */
    this.line = [];
    this.add(first);
  }

  /** @param {PointerSample} p */
  add(p) {
    this.take(this.simplifier.push(this.smoother.push({ x: p.x, y: p.y, t: p.t, pressure: p.pressure })));
  }

  /** @param {InkPoint[]} points */
  take(points) {
    this.queue.push(...points);
    for (const point of points) this.line.push(...point);
  }

  /** Sends what is there, the newest point included. @param {boolean} isLast */
  send(isLast) {
    const now = performance.now();
    if (!isLast && (now < this.notBefore || now - this.sentAt < SEND_MS - 2)) return;
    this.take(this.simplifier.flush());
    if (this.queue.length === 0) return;
    const { id, queue: points } = this;
    this.queue = [];
    this.sentAt = now;
    if (this.sent === 0) this.desk.submit({ type: "stroke", id, points, color: this.color, width: this.width });
    else this.desk.submit({ type: "append", id, from: this.sent, points });
    this.sent += points.length;
  }

  /** @param {CanvasRenderingContext2D} ctx */
  draw(ctx) {
    const { layers, camera } = this.desk, points = [...this.line, ...this.simplifier.pending().flat()];
    const el = { id: this.id, type: "stroke", points, color: this.color, width: this.width };
    painters.stroke(ctx, { ...NOWHERE, id: this.id, el }, layers.theme, camera.z);
  }
}

export class PenTool extends Tool {
  /** @param {import("../desk.js").Desk} desk */
  constructor(desk) {
    super(desk);
    this.cursor = "pen";
    /** @type {Draft|null} */
    this.draft = null;
    this.timer = 0;
  }

  leave() {
    this.finish();
  }

  /** @param {PointerSample} p */
  down(p) {
    this.begin(p);
    this.timer = setInterval(() => this.draft?.send(false), SEND_MS);
  }

  /** @param {PointerSample} p */
  begin(p) {
    const draft = new Draft(this.desk, p);
    this.draft = draft;
    this.desk.layers.hidden.add(draft.id);
    this.desk.layers.draft = (ctx) => draft.draw(ctx);
    this.desk.layers.request();
  }

  /** @param {PointerSample[]} samples */
  move(samples) {
    if (!this.draft) return;
    for (const p of samples) this.draft.add(p);
    this.draft.send(false);
    this.desk.layers.request();
    if (this.draft.sent + this.draft.queue.length >= this.maxPoints()) this.goOn(samples[samples.length - 1]);
  }

  /** @param {PointerSample} p */
  up(p) {
    if (!this.draft) return;
    this.draft.add(p);
    this.finish();
  }

  cancel() {
    const { draft } = this;
    if (!draft) return;
    this.release(draft);
    if (draft.sent > 0) this.desk.submit({ type: "delete", id: draft.id });
  }

  /** What has been drawn for a while is ink and stays; what has only begun was no stroke. */
  interrupt() {
    if (this.draft && this.draft.sent > 0 && performance.now() - this.draft.begunAt > BEGINNING_MS) this.finish();
    else this.cancel();
  }

  finish() {
    const { draft } = this;
    if (!draft) return;
    this.seal(draft);
    this.release(draft);
  }

  /** @param {Draft} draft */
  seal(draft) {
    const end = draft.smoother.end();
    if (end) draft.take(draft.simplifier.push(end));
    draft.send(true);
    this.desk.history.keep([{ op: { type: "delete", id: draft.id } }]);
  }

  /** A stroke that has reached its bound is sealed, and the hand goes on in a new one. @param {PointerSample} p */
  goOn(p) {
    const full = this.draft;
    if (!full) return;
    this.seal(full);
    this.desk.layers.hide(full.id, false);
    this.begin(p);
  }

  /** @param {Draft} draft */
  release(draft) {
    clearInterval(this.timer);
    this.draft = null;
    this.desk.layers.draft = null;
    this.desk.layers.hide(draft.id, false);
  }

  maxPoints() {
    return Number(this.desk.limits.pointsPerStroke ?? DEFAULT_MAX_POINTS) - 64;
  }
}
