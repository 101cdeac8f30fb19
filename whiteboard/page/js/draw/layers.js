// @ts-check
/**
 * The picture: three stacked canvases and one animation frame loop. The bottom one caches what is settled and
 * is shifted on panning and patched by dirty rectangles; the middle one holds what is in motion (strokes that
 * grow, things being dragged, the tool's draft); the top one holds frames, handles and trails.
 * Knows the scene; knows nothing of tools or the network.
 *
 * @typedef {import("./geometry.js").Box} Box
 * @typedef {import("./camera.js").Camera} Camera
 * @typedef {import("./scene.js").Scene} Scene
 * @typedef {import("./scene.js").Item} Item
 * @typedef {CanvasRenderingContext2D} Context
 * @typedef {{camera:Camera, items:Item[], next:number}} Job
 */
import { expand, intersects, union } from "./geometry.js";
import { snap, viewBox } from "./camera.js";
import { paint } from "./painters.js";
import { samePath } from "./scene.js";

/** So many visible elements are drawn at once; more are drawn in slices, on the canvas at the back. */
const AT_ONCE = 700;
const SLICE_MS = 9;
const STRIP_PIECES = 6;
const ZOOM_REST_MS = 110;
/** A stroke that has not grown for so long is settled. */
const SETTLE_MS = 450;
const MAX_RATIO = 3;
const MAX_DIRTY = 24;
/** So many new things at once are a board being loaded, not people drawing. */
const MANY_NEW = 60;

export class Layers {
  /** @param {HTMLElement} stage @param {Scene} scene @param {import("./painters.js").Theme} theme */
  constructor(stage, scene, theme) {
    this.stage = stage;
    this.scene = scene;
    this.theme = theme;
    /** @type {Camera} */
    this.camera = { x: 0, y: 0, z: 1 };
    this.width = 0;
    this.height = 0;
    this.ratio = 1;
    this.front = makeCanvas(stage, "layer");
    this.back = makeCanvas(stage, "layer layer-back");
    this.live = makeCanvas(stage, "layer layer-live");
    this.overlay = makeCanvas(stage, "layer layer-overlay");
    /** @type {Camera} camera that the front canvas was drawn with */
    this.drawn = this.camera;
    this.isStale = true;
    /** @type {Box[]} changed parts of the front canvas: drawn anew in the next frame */
    this.dirty = [];
    /** @type {Box[]} parts that panning has uncovered: drawn as time allows */
    this.strips = [];
    /** @type {Map<string, number>} elements in motion → when they settle (Infinity: when told) */
    this.moving = new Map();
    /** @type {Set<string>} elements not drawn at all, such as a text being edited */
    this.hidden = new Set();
    /** @type {Map<string, import("../types.js").Element>} how lifted elements are shown while they are changed */
    this.previews = new Map();
    /** @type {Job|null} */
    this.job = null;
    this.zoomedAt = -Infinity;
    this.requested = 0;
    /** @type {((ctx: Context) => void)|null} draws the tool's draft, in board coordinates */
    this.draft = null;
    /** @type {((ctx: Context) => void)|null} draws frames and handles, in screen coordinates */
    this.decorate = null;
    /** @type {Set<(now: number) => boolean>} called every frame; true asks for another */
    this.animations = new Set();
    this.stats = { frames: 0, fullDraws: 0, lastFrameMs: 0 };
  }

  /** Takes the stage's size. */
  resize() {
    const { clientWidth, clientHeight } = this.stage;
    this.width = clientWidth;
    this.height = clientHeight;
    this.ratio = Math.min(MAX_RATIO, globalThis.devicePixelRatio || 1);
    for (const { canvas } of [this.front, this.back, this.live, this.overlay]) {
      canvas.width = Math.max(1, Math.round(clientWidth * this.ratio));
      canvas.height = Math.max(1, Math.round(clientHeight * this.ratio));
    }
    this.redraw();
  }

  /** @param {Camera} camera */
  look(camera) {
    if (camera.z !== this.camera.z) this.zoomedAt = performance.now();
    this.camera = camera;
    this.request();
  }

  /** @param {import("./painters.js").Theme} theme */
  setTheme(theme) {
    this.theme = theme;
    this.redraw();
  }

  /** Draws everything anew. */
  redraw() {
    this.isStale = true;
    this.job = null;
    this.request();
  }

  /** Takes over what the scene says has changed. @param {import("./scene.js").Changes} changes */
  show(changes) {
    for (const id of changes.gone) this.moving.delete(id);
    if (changes.added.length + changes.begun.length + changes.grown.length > MANY_NEW) {
      this.redraw();
      return;
    }
    const settles = performance.now() + SETTLE_MS;
    for (const id of changes.begun) this.moving.set(id, settles);
    for (const id of changes.grown) this.grow(id, settles);
    for (const id of changes.added) if (!this.moving.has(id)) this.settle(id);
    this.dirty.push(...changes.dirty);
    this.request();
  }

  /** A stroke that grows leaves the cached layer: on both, its edges would be drawn twice and look thicker. @param {string} id @param {number} settles */
  grow(id, settles) {
    const due = this.moving.get(id), item = this.scene.get(id);
    if (due === Infinity) return;
    if (due === undefined && item) this.dirty.push(item.box);
    this.moving.set(id, settles);
  }

  /** Takes elements off the cached layer until `drop`. @param {Iterable<string>} ids */
  lift(ids) {
    for (const id of ids) {
      const item = this.scene.get(id);
      if (item && this.moving.get(id) !== Infinity) this.dirty.push(item.box);
      this.moving.set(id, Infinity);
    }
    this.request();
  }

  /** Puts lifted elements back. @param {Iterable<string>} ids */
  drop(ids) {
    for (const id of ids) {
      this.previews.delete(id);
      const item = this.scene.get(id);
      this.moving.delete(id);
      if (item) this.dirty.push(item.box);
    }
    this.request();
  }

  /** Hides an element, or shows it again. @param {string} id @param {boolean} isHidden */
  hide(id, isHidden) {
    if (isHidden) this.hidden.add(id);
    else this.hidden.delete(id);
    const item = this.scene.get(id);
    if (item) this.dirty.push(item.box);
    this.request();
  }

  request() {
    if (!this.requested) this.requested = requestAnimationFrame((now) => this.frame(now));
  }

  /** @param {number} now */
  frame(now) {
    this.requested = 0;
    const started = performance.now();
    this.settleDue(started);
    const isBusy = this.drawBase(started);
    this.drawLive();
    this.drawOverlay();
    let wantsMore = isBusy || this.hasSettling();
    for (const animate of this.animations) wantsMore = animate(now) || wantsMore;
    this.stats.frames++;
    this.stats.lastFrameMs = performance.now() - started;
    if (wantsMore) this.request();
  }

  /** @param {number} now */
  settleDue(now) {
    if (this.isStale) return; // until there is a picture to settle on, they are seen where they are
    for (const [id, due] of this.moving) {
      if (due > now || this.hidden.has(id)) continue;
      this.moving.delete(id);
      this.settle(id);
    }
  }

  /** Hidden ones wait: they are one's own, under the pen. */
  hasSettling() {
    for (const [id, due] of this.moving) if (due !== Infinity && !this.hidden.has(id)) return true;
    return false;
  }

  /** Puts one element on the cached layer: straight on top if nothing lies over it. @param {string} id */
  settle(id) {
    const item = this.scene.get(id);
    if (!item || this.hidden.has(id)) return;
    if ((item.el.opacity ?? 1) < 1 || !this.scene.isOnTop(item)) {
      this.dirty.push(item.box);
      return;
    }
    this.job?.items.push(item);
    if (this.isStale) return;
    this.aim(this.front.ctx, this.drawn);
    paint(this.front.ctx, item, this.theme, this.drawn.z);
  }

  /** Brings the cached layer up to date. @param {number} now @returns {boolean} is there more to do */
  drawBase(now) {
    const target = snap(this.camera, this.ratio);
    if (this.isStale || target.z !== this.drawn.z) return this.drawAnew(target, now);
    if (target.x !== this.drawn.x || target.y !== this.drawn.y) this.shift(target);
    this.patch();
    return this.patchStrips();
  }

  /** @param {Camera} target @param {number} now */
  drawAnew(target, now) {
    const box = viewBox(target, this.width, this.height);
    if (this.dirty.length) this.job = null;
    if (this.scene.grid.query(box).length <= AT_ONCE) {
      this.job = null;
      this.drawAll(target, box);
      return false;
    }
    this.patch();
    this.stretch(target);
    if (now - this.zoomedAt < ZOOM_REST_MS && !this.isStale) return true;
    return this.drawSlice(target, box);
  }

  /** @param {Camera} target @param {Box} box */
  drawAll(target, box) {
    const { ctx, canvas } = this.front;
    clear(ctx, canvas);
    this.aim(ctx, target);
    for (const item of this.settled(box)) paint(ctx, item, this.theme, target.z);
    this.finish(target);
  }

  /** Draws a part of a big picture at the back, and turns it to the front when it is whole. @param {Camera} target @param {Box} box */
  drawSlice(target, box) {
    if (!this.job || !sameCamera(this.job.camera, target)) {
      this.job = { camera: target, items: this.settled(box), next: 0 };
      clear(this.back.ctx, this.back.canvas);
    }
    const { job } = this, until = performance.now() + SLICE_MS;
    this.aim(this.back.ctx, target);
    while (job.next < job.items.length) {
      paint(this.back.ctx, job.items[job.next++], this.theme, target.z);
      if (job.next % 16 === 0 && performance.now() > until) return true;
    }
    this.job = null;
    [this.front, this.back] = [this.back, this.front];
    this.back.canvas.classList.add("layer-back");
    this.front.canvas.classList.remove("layer-back");
    this.finish(target);
    return false;
  }

  /** @param {Camera} target */
  finish(target) {
    this.drawn = target;
    this.isStale = false;
    this.dirty = [];
    this.strips = [];
    this.front.canvas.style.transform = "";
    this.stats.fullDraws++;
  }

  /** Shows the old picture where the new one will be. @param {Camera} target */
  stretch(target) {
    const scale = target.z / this.drawn.z;
    const dx = (this.drawn.x - target.x) * target.z, dy = (this.drawn.y - target.y) * target.z;
    this.front.canvas.style.transform = `matrix(${scale}, 0, 0, ${scale}, ${dx}, ${dy})`;
  }

  /** Moves the cached picture and draws the strips that come into view. @param {Camera} target */
  shift(target) {
    const { ctx, canvas } = this.front, unit = target.z * this.ratio;
    const dx = Math.round((this.drawn.x - target.x) * unit), dy = Math.round((this.drawn.y - target.y) * unit);
    const old = viewBox(this.drawn, this.width, this.height), view = viewBox(target, this.width, this.height);
    this.drawn = target;
    this.front.canvas.style.transform = "";
    if (!intersects(old, view)) {
      this.dirty.push(view);
      return;
    }
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.globalCompositeOperation = "copy";
    ctx.drawImage(canvas, dx, dy);
    ctx.globalCompositeOperation = "source-over";
    const edge = 2 / unit;
    if (dx > 0) this.uncover({ ...view, maxX: old.minX + edge });
    if (dx < 0) this.uncover({ ...view, minX: old.maxX - edge });
    if (dy > 0) this.uncover({ ...view, maxY: old.minY + edge });
    if (dy < 0) this.uncover({ ...view, minY: old.maxY - edge });
  }

  /** Cuts a strip into pieces, so that drawing it can be spread over frames. @param {Box} strip */
  uncover({ minX, minY, maxX, maxY }) {
    const w = maxX - minX, h = maxY - minY;
    for (let i = 0; i < STRIP_PIECES; i++) {
      const from = i / STRIP_PIECES, to = (i + 1) / STRIP_PIECES;
      this.strips.push(w > h
        ? { minX: minX + w * from, minY, maxX: minX + w * to, maxY }
        : { minX, minY: minY + h * from, maxX, maxY: minY + h * to });
    }
  }

  /** @returns {boolean} is there more to do */
  patchStrips() {
    if (this.strips.length === 0) return false;
    const until = performance.now() + SLICE_MS, view = viewBox(this.drawn, this.width, this.height);
    const strips = this.strips.filter((box) => intersects(box, view));
    let box = strips.pop();
    for (; box; box = strips.pop()) {
      this.patchStrip(box);
      if (performance.now() > until) break;
    }
    this.strips = strips;
    return strips.length > 0;
  }

  /** Redraws the dirty parts of the cached layer: what touches them is drawn whole on the live canvas, which is
   * drawn anew in each frame, and they are taken over from there. Clipped lines would get slightly other edges. */
  patch() {
    if (this.dirty.length === 0) return;
    const view = viewBox(this.drawn, this.width, this.height), margin = 3 / (this.drawn.z * this.ratio);
    const boxes = mergeBoxes(this.dirty.filter((box) => intersects(box, view)));
    this.dirty = [];
    if (boxes.length === 0) return;
    const touching = new Set(boxes.flatMap((box) => this.scene.grid.query(expand(box, margin))));
    clear(this.live.ctx, this.live.canvas);
    this.aim(this.live.ctx, this.drawn);
    for (const item of this.onBase(this.scene.sorted(touching))) paint(this.live.ctx, item, this.theme, this.drawn.z);
    for (const box of boxes) this.takeOver(box);
  }

  /** Copies a box from the live canvas to the cached layer. @param {Box} box */
  takeOver(box) {
    const part = this.pixelsOf(box), { ctx } = this.front;
    if (!part) return;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.clearRect(...part);
    ctx.drawImage(this.live.canvas, ...part, ...part);
  }

  /** Draws a strip that has come into view. @param {Box} box */
  patchStrip(box) {
    const part = this.pixelsOf(box), { ctx } = this.front;
    if (!part) return;
    ctx.save();
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.beginPath();
    ctx.rect(...part);
    ctx.clip();
    ctx.clearRect(...part);
    this.aim(ctx, this.drawn);
    for (const item of this.settled(expand(box, 3 / (this.drawn.z * this.ratio)))) paint(ctx, item, this.theme, this.drawn.z);
    ctx.restore();
  }

  /** Left, top, width and height of the cached layer's pixels that a box touches, if any. @param {Box} box
   * @returns {[number, number, number, number]|null} */
  pixelsOf(box) {
    const { canvas } = this.front, unit = this.drawn.z * this.ratio, { x, y } = this.drawn;
    const left = Math.max(0, Math.floor((box.minX - x) * unit) - 1), top = Math.max(0, Math.floor((box.minY - y) * unit) - 1);
    const right = Math.min(canvas.width, Math.ceil((box.maxX - x) * unit) + 1);
    const bottom = Math.min(canvas.height, Math.ceil((box.maxY - y) * unit) + 1);
    return right <= left || bottom <= top ? null : [left, top, right - left, bottom - top];
  }

  /** Items of the cached layer in a box, bottom first. @param {Box} box */
  settled(box) {
    return this.onBase(this.scene.within(box));
  }

  /** @param {Item[]} items @returns {Item[]} those that the cached layer shows */
  onBase(items) {
    return items.filter((item) => !this.moving.has(item.id) && !this.hidden.has(item.id));
  }

  drawLive() {
    const { ctx, canvas } = this.live;
    clear(ctx, canvas);
    if (this.moving.size === 0 && !this.draft) return;
    const camera = snap(this.camera, this.ratio), view = viewBox(camera, this.width, this.height);
    this.aim(ctx, camera); // as the cached layer is, so that what settles stays the same to the pixel
    for (const item of this.scene.sorted(this.moving.keys())) {
      const el = this.previews.get(item.id);
      if (this.hidden.has(item.id) || (!el && !intersects(item.box, view))) continue;
      paint(ctx, el ? previewOf(item, el) : item, this.theme, this.camera.z);
    }
    this.draft?.(ctx);
  }

  drawOverlay() {
    const { ctx, canvas } = this.overlay;
    clear(ctx, canvas);
    ctx.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    this.decorate?.(ctx);
  }

  /** Lets a context take board coordinates. @param {Context} ctx @param {Camera} camera */
  aim(ctx, camera) {
    const unit = camera.z * this.ratio;
    ctx.setTransform(unit, 0, 0, unit, -camera.x * unit, -camera.y * unit);
  }
}

/** An item as it is shown while it is changed; what is only moved is not traced anew. @param {Item} item @param {import("../types.js").Element} el @returns {Item} */
function previewOf(item, el) {
  const preview = { ...item, el };
  return samePath(item, preview) ? preview : { ...preview, path: null };
}

/** @param {HTMLElement} stage @param {string} className */
function makeCanvas(stage, className) {
  const canvas = document.createElement("canvas");
  canvas.className = className;
  canvas.setAttribute("aria-hidden", "true");
  stage.append(canvas);
  return { canvas, ctx: /** @type {Context} */ (canvas.getContext("2d")) };
}

/** @param {Context} ctx @param {HTMLCanvasElement} canvas */
function clear(ctx, canvas) {
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  ctx.clearRect(0, 0, canvas.width, canvas.height);
}

/** @param {Camera} a @param {Camera} b */
function sameCamera(a, b) {
  return a.x === b.x && a.y === b.y && a.z === b.z;
}

/** Joins boxes that overlap; all of them when they are many. @param {Box[]} boxes @returns {Box[]} */
export function mergeBoxes(boxes) {
  if (boxes.length > MAX_DIRTY) return [/** @type {Box} */ (boxes.reduce((a, b) => /** @type {Box} */ (union(a, b))))];
  /** @type {Box[]} */
  const merged = [];
  for (let box of boxes) {
    for (let i = 0; i < merged.length; i++) {
      if (!intersects(merged[i], box)) continue;
      box = /** @type {Box} */ (union(merged[i], box));
      merged.splice(i, 1);
      i = -1;
    }
    merged.push(box);
  }
  return merged;
}
