// @ts-check
/**
 * Select, move, resize, turn. What is being changed is lifted onto the live layer and previewed there; others see
 * it move too, as long as it is not too much at once; one drag is one undo.
 *
 * @typedef {import("../types.js").PointerSample} PointerSample
 * @typedef {import("../types.js").Element} Element
 * @typedef {import("../draw/geometry.js").Box} Box
 * @typedef {{kind:"none"} | {kind:"marquee", from:PointerSample, to:PointerSample, base:string[]}
 *   | {kind:"change", from:PointerSample, handle:string|null, before:Map<string, Element>, box:Box, turn:number, hasMoved:boolean, sentAt:number}} State
 * @typedef {State & {kind:"change"}} Change `box`: of all that is changed, before it was; `turn`: by how much it is turned
 * @typedef {Map<string, Record<string, unknown>>} Changes new properties by element
 * @typedef {import("./frame.js").Frame} Frame
 * @typedef {{frame:Frame|null, handles:import("./frame.js").Handle[]}} Grip by which the selection is taken; a line has no frame
 */
import { boxFromCorners, expand, isLinear, lineMargin, plainBox, rotationOf } from "../draw/geometry.js";
import { anchorOf, boundedScale, endsOf, groupScale, meantAngle, middleOf, movedProps, resizedProps, scaledProps, turnedProps } from "./change.js";
import { boxAround, cursorOf, drawFrame, drawHandles, frameAround, handleAt, handlesOf, isInFrame, isInMiddle, lineHandles, TURN } from "./frame.js";
import { Tool } from "./tool.js";

const HIT_PX = 7;
const DRAG_PX = 3;
/** Room between an element and its frame among several. */
const EACH_PX = 2;
/** More are not framed one by one. */
const EACH_MAX = 200;
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
    const handle = this.handleAt(p);
    if (handle) {
      this.beginChange(p, handle);
      return;
    }
    if (p.clicks === 2 && this.doubleClick(p)) return;
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
    const { desk } = this, box = desk.selectedBox();
    if (desk.isReadOnly || !box) return;
    const before = new Map();
    for (const id of desk.selection) {
      const el = desk.view.get(id);
      if (el) before.set(id, el);
    }
    this.state = { kind: "change", from: p, handle, before, box, turn: 0, hasMoved: false, sentAt: 0 };
    if (handle === TURN) desk.setCursor("grabbing");
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

  /** @param {Change} state @param {PointerSample} p */
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

  /** @param {Change} state @param {Changes} changes */
  sendLive(state, changes) {
    const now = performance.now();
    if (state.before.size > LIVE_MAX || now - state.sentAt < LIVE_MS) return;
    state.sentAt = now;
    this.send(changes);
  }

  /** @param {Changes} changes */
  send(changes) {
    const ops = [];
    for (const [id, props] of changes) if (this.desk.view.get(id)) ops.push({ type: "set", id, props });
    this.desk.history.do(ops);
  }

  /** New properties of each element for a pointer position. @param {Change} state @param {PointerSample} p @returns {Changes} */
  changesAt(state, p) {
    const change = this.changeAt(state, p);
    return new Map(Array.from(state.before, ([id, el]) => [id, change(el)]));
  }

  /** What happens to each. @param {Change} state @param {PointerSample} p @returns {(el: Element) => Record<string, number>} */
  changeAt(state, p) {
    const { before, handle, from, box } = state, { measure } = this.desk.scene;
    let dx = p.x - from.x, dy = p.y - from.y;
    if (handle === TURN) return this.turnAt(state, p);
    if (handle && before.size === 1) return (el) => resizedProps(el, handle, dx, dy, p.shift !== (el.type === "image"), measure); // pictures keep their sides' ratio
    if (handle) {
      const anchor = anchorOf(box, handle), scale = boundedScale(before.values(), box, groupScale(box, handle, dx, dy));
      return (el) => scaledProps(el, anchor, scale, measure);
    }
    if (p.shift) [dx, dy] = Math.abs(dx) > Math.abs(dy) ? [dx, 0] : [0, dy];
    return (el) => movedProps(el, dx, dy);
  }

  /** @param {Change} state @param {PointerSample} p @returns {(el: Element) => Record<string, number>} */
  turnAt(state, p) {
    const { from, before, box } = state, { measure } = this.desk.scene;
    const [single] = before.size === 1 ? before.values() : [null];
    const about = middleOf((single && plainBox(single, measure)) ?? box), turned = single ? rotationOf(single) : 0;
    const by = Math.atan2(p.y - about.y, p.x - about.x) - Math.atan2(from.y - about.y, from.x - about.x);
    state.turn = meantAngle(turned + by, p.shift) - turned;
    return (el) => turnedProps(el, about, state.turn, measure);
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
    this.desk.setCursor(handle ? cursorOf(handle, this.grip()?.frame?.angle ?? 0) : hit || this.isInFrame(p) ? "move" : "default");
  }

  /** The only selected element if it may be changed. @returns {Element|null} */
  single() {
    const { selection, view, layers } = this.desk;
    if (selection.size !== 1 || this.desk.isReadOnly) return null;
    const [id] = selection;
    return layers.previews.get(id) ?? view.get(id) ?? null;
  }

  /** @param {Box|null} [box] of all that is selected @returns {Grip|null} */
  grip(box = this.desk.selectedBox()) {
    const el = this.single();
    if (!box) return null;
    if (el && isLinear(el)) return { frame: null, handles: lineHandles(...endsOf(el), this.desk.camera) };
    const frame = el ? this.frameOf(el) : this.frameOfAll(box);
    return { frame, handles: handlesOf(frame, this.kindOfHandles(el)) };
  }

  /** Around one element, turned as it is. @param {Element} el @param {number} [margin] px @param {number} [least] px */
  frameOf(el, margin, least) {
    const box = /** @type {Box} */ (plainBox(el, this.desk.scene.measure));
    return frameAround(expand(box, lineMargin(el)), rotationOf(el), this.desk.camera, margin, least);
  }

  /** Around several, upright until they are turned. @param {Box} box */
  frameOfAll(box) {
    const { state } = this, isTurned = state.kind === "change" && state.turn !== 0;
    return frameAround(isTurned ? state.box : box, isTurned ? state.turn : 0, this.desk.camera);
  }

  /** @param {Element|null} el the only one, null: several @returns {import("./frame.js").Kind} */
  kindOfHandles(el) {
    if (this.desk.isReadOnly) return "none";
    if (!el || el.type === "text") return "corners";
    return el.type === "stroke" && (el.points?.length ?? 0) <= 3 ? "none" : "all";
  }

  /** @param {Box} box */
  around(box) {
    const grip = this.grip(box);
    return (grip && boxAround(grip.frame, grip.handles, this.desk.camera)) ?? box;
  }

  /** @param {PointerSample} p @returns {string|null} */
  handleAt(p) {
    const grip = this.grip(), at = { x: p.sx, y: p.sy };
    if (!grip || (grip.frame ? isInFrame(grip.frame, at, 0.5) : isInMiddle(grip.handles, at))) return null;
    return handleAt(grip.handles, at, p.kind);
  }

  /** @param {PointerSample} p */
  isInFrame(p) {
    const frame = this.grip()?.frame;
    return Boolean(frame && isInFrame(frame, { x: p.sx, y: p.sy }));
  }

  /** @param {CanvasRenderingContext2D} ctx */
  decorate(ctx) {
    ctx.strokeStyle = this.desk.accent;
    ctx.lineWidth = 1.25;
    this.drawGrip(ctx);
    if (this.state.kind === "marquee") this.drawMarquee(ctx, this.state);
  }

  /** @param {CanvasRenderingContext2D} ctx */
  drawGrip(ctx) {
    const grip = this.grip(), { size } = this.desk.selection;
    if (!grip) return;
    if (size > 1 && size <= EACH_MAX) this.drawEach(ctx);
    if (grip.frame) drawFrame(ctx, grip.frame);
    drawHandles(ctx, grip.handles, grip.frame, this.desk.paper);
  }

  /** @param {CanvasRenderingContext2D} ctx */
  drawEach(ctx) {
    ctx.globalAlpha = 0.35;
    for (const id of this.desk.selection) {
      const el = this.desk.layers.previews.get(id) ?? this.desk.view.get(id);
      if (el && this.desk.scene.get(id)) drawFrame(ctx, this.frameOf(el, EACH_PX, 0));
    }
    ctx.globalAlpha = 1;
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
