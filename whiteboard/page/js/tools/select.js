// @ts-check
/**
 * Select, move, resize. What is being changed is lifted onto the live layer and previewed there; others see it
 * move too, as long as it is not too much at once; one drag is one undo.
 *
 * @typedef {import("../types.js").PointerSample} PointerSample
 * @typedef {import("../types.js").Element} Element
 * @typedef {import("../draw/geometry.js").Box} Box
 * @typedef {{kind:"none"} | {kind:"marquee", from:PointerSample, to:PointerSample, base:string[]}
 *   | {kind:"change", from:PointerSample, handle:string|null, before:Map<string, Element>, hasMoved:boolean, sentAt:number}} State
 */
import { toScreen } from "../draw/camera.js";
import { boxFromCorners, expand, inBox, isLinear } from "../draw/geometry.js";
import { handlesOf, movedProps, resizedProps } from "./change.js";
import { Tool } from "./tool.js";

const HIT_PX = 7;
const DRAG_PX = 3;
const FRAME_PX = 5;
const HANDLE_PX = 11;
/** So many elements are shown to others while they move; more are sent when let go. */
const LIVE_MAX = 12;
const LIVE_MS = 66;

export class SelectTool extends Tool {
  /** @param {import("../desk.js").Desk} desk */
  constructor(desk) {
    super(desk);
    this.isReadOnly = true;
    /** @type {State} */
    this.state = { kind: "none" };
  }

  leave() {
    this.cancel();
    this.desk.select([]);
  }

  /** @param {PointerSample} p */
  down(p) {
    if (p.clicks === 2 && this.doubleClick(p)) return;
    const handle = this.handleAt(p);
    if (handle) {
      this.beginChange(p, handle);
      return;
    }
    const hit = this.desk.scene.hit(p, (p.kind === "touch" ? 2 : 1) * HIT_PX / this.desk.camera.z);
    if (p.shift && hit) this.desk.toggle(hit);
    else if (hit && !this.desk.selection.has(hit)) this.desk.select([hit]);
    if (hit || this.isInFrame(p)) this.beginChange(p, null);
    else this.beginMarquee(p);
  }

  /** @param {PointerSample} p @returns {boolean} */
  doubleClick(p) {
    if (this.desk.isReadOnly) return false;
    const hit = this.desk.scene.hit(p, HIT_PX / this.desk.camera.z);
    const type = hit && this.desk.view.get(hit)?.type;
    if (hit && type !== "text" && type !== "note") return false;
    this.desk.select([]);
    this.desk.editText(hit, p);
    return true;
  }

  /** @param {PointerSample} p */
  beginMarquee(p) {
    if (!p.shift) this.desk.select([]);
    this.state = { kind: "marquee", from: p, to: p, base: [...this.desk.selection] };
  }

  /** @param {PointerSample} p @param {string|null} handle */
  beginChange(p, handle) {
    if (this.desk.isReadOnly) return;
    const before = new Map();
    for (const id of this.desk.selection) {
      const el = this.desk.view.get(id);
      if (el) before.set(id, el);
    }
    this.state = { kind: "change", from: p, handle, before, hasMoved: false, sentAt: 0 };
  }

  /** @param {PointerSample[]} samples */
  move(samples) {
    const p = samples[samples.length - 1], { state } = this;
    if (state.kind === "marquee") {
      state.to = p;
      const box = boxFromCorners(state.from.x, state.from.y, p.x, p.y);
      this.desk.select([...state.base, ...this.desk.scene.enclosed(box)]);
    } else if (state.kind === "change") {
      this.change(state, p);
    }
    this.desk.layers.request();
  }

  /** @param {State & {kind:"change"}} state @param {PointerSample} p */
  change(state, p) {
    if (!state.hasMoved) {
      if (Math.hypot(p.sx - state.from.sx, p.sy - state.from.sy) < DRAG_PX) return;
      state.hasMoved = true;
      this.desk.history.begin();
      this.desk.layers.lift(state.before.keys());
    }
    const changes = this.changesAt(state, p);
    for (const [id, props] of changes) {
      const el = this.desk.view.get(id);
      if (el) this.desk.layers.previews.set(id, { ...el, ...props });
    }
    this.sendLive(state, changes);
    this.desk.announce("selection");
  }

  /** @param {State & {kind:"change"}} state @param {Map<string, Record<string, unknown>>} changes */
  sendLive(state, changes) {
    const now = performance.now();
    if (state.before.size > LIVE_MAX || now - state.sentAt < LIVE_MS) return;
    state.sentAt = now;
    this.send(changes);
  }

  /** @param {Map<string, Record<string, unknown>>} changes */
  send(changes) {
    const ops = [];
    for (const [id, props] of changes) if (this.desk.view.get(id)) ops.push({ type: "set", id, props });
    this.desk.history.do(ops);
  }

  /** New properties of each element for a pointer position. @param {State & {kind:"change"}} state @param {PointerSample} p */
  changesAt(state, p) {
    let dx = p.x - state.from.x, dy = p.y - state.from.y;
    if (!state.handle && p.shift) [dx, dy] = Math.abs(dx) > Math.abs(dy) ? [dx, 0] : [0, dy];
    /** @type {Map<string, Record<string, unknown>>} */
    const changes = new Map();
    for (const [id, el] of state.before) {
      changes.set(id, state.handle ? resizedProps(el, state.handle, dx, dy, p.shift, this.desk.scene.measure) : movedProps(el, dx, dy));
    }
    return changes;
  }

  /** @param {PointerSample} p */
  up(p) {
    const { state } = this;
    this.state = { kind: "none" };
    if (state.kind === "change" && state.hasMoved) {
      this.send(this.changesAt(state, p));
      this.desk.history.end();
      this.desk.layers.drop(state.before.keys());
    } else if (state.kind === "change" && !p.shift && !state.handle) {
      const hit = this.desk.scene.hit(p, HIT_PX / this.desk.camera.z);
      this.desk.select(hit ? [hit] : []);
    }
    this.desk.announce("selection");
  }

  cancel() {
    const { state } = this;
    this.state = { kind: "none" };
    if (state.kind !== "change" || !state.hasMoved) return;
    this.desk.layers.drop(state.before.keys());
    this.desk.history.abandon();
    this.desk.announce("selection");
  }

  /** @param {PointerSample} p */
  hover(p) {
    const handle = this.handleAt(p);
    const hit = handle ? null : this.desk.scene.hit(p, HIT_PX / this.desk.camera.z);
    this.desk.setCursor(handle ? `resize-${handle}` : hit || this.isInFrame(p) ? "move" : "default");
  }

  /** The only selected element if it has handles. @returns {Element|null} */
  single() {
    const { selection, view, layers } = this.desk;
    if (selection.size !== 1 || this.desk.isReadOnly) return null;
    const [id] = selection;
    return layers.previews.get(id) ?? view.get(id) ?? null;
  }

  /** @param {PointerSample} p @returns {string|null} */
  handleAt(p) {
    const el = this.single();
    if (!el) return null;
    const reach = p.kind === "touch" ? HANDLE_PX * 1.8 : HANDLE_PX;
    for (const { name, x, y } of handlesOf(el, this.desk.scene.measure)) {
      const at = toScreen(this.desk.camera, x, y);
      if (Math.hypot(at.x - p.sx, at.y - p.sy) <= reach) return name;
    }
    return null;
  }

  /** @param {PointerSample} p */
  isInFrame(p) {
    const box = this.desk.selectionBox(), el = this.single();
    return Boolean(box && !(el && isLinear(el)) && inBox(expand(box, FRAME_PX / this.desk.camera.z), p.x, p.y));
  }

  /** @param {CanvasRenderingContext2D} ctx */
  decorate(ctx) {
    ctx.strokeStyle = this.desk.accent;
    ctx.lineWidth = 1.25;
    this.drawFrames(ctx);
    if (this.state.kind === "marquee") this.drawMarquee(ctx, this.state);
  }

  /** @param {CanvasRenderingContext2D} ctx */
  drawFrames(ctx) {
    const box = this.desk.selectionBox(), el = this.single();
    if (!box) return;
    if (!el || !isLinear(el)) this.frame(ctx, box, FRAME_PX);
    for (const { x, y } of el ? handlesOf(el, this.desk.scene.measure) : []) {
      const at = toScreen(this.desk.camera, x, y);
      ctx.fillStyle = this.desk.paper;
      ctx.beginPath();
      ctx.arc(at.x, at.y, 4.5, 0, 2 * Math.PI);
      ctx.fill();
      ctx.stroke();
    }
    if (this.desk.selection.size > 1 && this.desk.selection.size <= 200) this.drawEach(ctx);
  }

  /** @param {CanvasRenderingContext2D} ctx */
  drawEach(ctx) {
    ctx.globalAlpha = 0.35;
    for (const id of this.desk.selection) {
      const box = this.desk.shownBox(id);
      if (box) this.frame(ctx, box, 2);
    }
    ctx.globalAlpha = 1;
  }

  /** @param {CanvasRenderingContext2D} ctx @param {Box} box @param {number} margin */
  frame(ctx, box, margin) {
    const a = toScreen(this.desk.camera, box.minX, box.minY), b = toScreen(this.desk.camera, box.maxX, box.maxY);
    ctx.beginPath();
    ctx.roundRect(a.x - margin, a.y - margin, b.x - a.x + 2 * margin, b.y - a.y + 2 * margin, 3);
    ctx.stroke();
  }

  /** @param {CanvasRenderingContext2D} ctx @param {State & {kind:"marquee"}} state */
  drawMarquee(ctx, state) {
    const { sx, sy } = state.from, w = state.to.sx - sx, h = state.to.sy - sy;
    ctx.globalAlpha = 0.08;
    ctx.fillStyle = this.desk.accent;
    ctx.fillRect(sx, sy, w, h);
    ctx.globalAlpha = 1;
    ctx.strokeRect(sx, sy, w, h);
  }
}
