// @ts-check
/**
 * The others on the board: their cursors, gliding between updates, and everybody's laser trails.
 *
 * @typedef {import("../desk.js").Desk} Desk
 * @typedef {import("../sync/board_sync.js").CursorEntry} CursorEntry
 * @typedef {{node:HTMLElement, x:number, y:number, toX:number, toY:number, movedAt:number}} Cursor
 */
import { toScreen } from "../draw/camera.js";
import { personColor } from "../draw/color.js";
import { t } from "../i18n/i18n.js";
import { h, safeColor } from "./dom.js";

/** Time in which a cursor covers most of the way to where it really is. */
const GLIDE_MS = 55;
const IDLE_MS = 8_000;
const LASER_MS = 900;
const LASER_PX = 5;

export class Presence {
  /** @param {Desk} desk @param {HTMLElement} layer where the cursors live */
  constructor(desk, layer) {
    this.desk = desk;
    this.layer = layer;
    /** @type {Map<string, Cursor>} */
    this.cursors = new Map();
    /** @type {Map<string, {x:number, y:number, at:number}[]>} */
    this.lasers = new Map();
    this.lastFrame = 0;
    this.isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
    setInterval(() => this.markIdle(), IDLE_MS / 4);
    desk.sync.addEventListener("cursors", (e) => this.take(/** @type {CustomEvent} */ (e).detail));
    desk.sync.addEventListener("peers", () => this.dropGone());
    desk.addEventListener("camera", () => this.place());
    desk.addEventListener("laser", (e) => this.addLaser("", /** @type {CustomEvent} */ (e).detail.points, false));
    desk.layers.animations.add((now) => this.animate(now));
    desk.decorators.add((ctx) => this.drawLasers(ctx));
  }

  /** @param {CursorEntry[]} entries */
  take(entries) {
    for (const { session, x, y, laser } of entries) {
      if (!this.desk.sync.peers.has(session)) continue;
      if (typeof x === "number" && typeof y === "number") this.moveTo(session, x, y);
      if (laser) this.addLaser(session, laser, true);
    }
    this.desk.layers.request();
  }

  /** @param {string} session @param {number} x @param {number} y */
  moveTo(session, x, y) {
    const cursor = this.cursors.get(session);
    if (cursor) {
      Object.assign(cursor, { toX: x, toY: y, movedAt: performance.now() });
      cursor.node.classList.remove("is-idle");
      return;
    }
    const node = this.makeNode(session);
    this.layer.append(node);
    this.cursors.set(session, { node, x, y, toX: x, toY: y, movedAt: performance.now() });
    this.place();
  }

  /** @param {string} session */
  makeNode(session) {
    const peer = this.desk.sync.peers.get(session);
    const node = h("div", { class: "cursor", testid: "cursor" }, cursorArrow(), h("span", { class: "cursor-name" }, peer?.name || t("people.guest")));
    node.dataset.session = session;
    node.style.setProperty("--person", safeColor(peer?.color, personColor(session)));
    return node;
  }

  /** Cursors of those who have left go; names and colours follow changes. */
  dropGone() {
    for (const [session, cursor] of this.cursors) {
      const peer = this.desk.sync.peers.get(session);
      if (!peer) {
        cursor.node.remove();
        this.cursors.delete(session);
        this.lasers.delete(session);
        continue;
      }
      cursor.node.style.setProperty("--person", safeColor(peer.color, personColor(session)));
      cursor.node.querySelector(".cursor-name")?.replaceChildren(peer.name || t("people.guest"));
    }
  }

  /** @param {number} now @returns {boolean} is anything still moving */
  animate(now) {
    const share = this.isStill ? 1 : 1 - Math.exp(-Math.min(100, now - this.lastFrame) / GLIDE_MS);
    this.lastFrame = now;
    let isMoving = this.fadeLasers();
    for (const cursor of this.cursors.values()) {
      const dx = cursor.toX - cursor.x, dy = cursor.toY - cursor.y;
      const isNear = Math.hypot(dx, dy) * this.desk.camera.z < 0.4;
      cursor.x = isNear ? cursor.toX : cursor.x + dx * share;
      cursor.y = isNear ? cursor.toY : cursor.y + dy * share;
      isMoving ||= !isNear;
    }
    this.place();
    return isMoving;
  }

  markIdle() {
    for (const { node, movedAt } of this.cursors.values()) node.classList.toggle("is-idle", performance.now() - movedAt > IDLE_MS);
  }

  place() {
    for (const { node, x, y } of this.cursors.values()) {
      const at = toScreen(this.desk.camera, x, y);
      node.style.transform = `translate(${at.x.toFixed(1)}px, ${at.y.toFixed(1)}px)`;
    }
  }

  /** A peer sends its whole recent trail each time; of it, only what is new is added.
   * @param {string} session "" is oneself @param {[number, number][]} points @param {boolean} isTrail */
  addLaser(session, points, isTrail) {
    const trail = this.lasers.get(session) ?? [], at = performance.now();
    const last = trail.at(-1);
    const known = isTrail && last ? points.findLastIndex(([x, y]) => x === last.x && y === last.y) : -1;
    for (const [x, y] of points.slice(known + 1)) trail.push({ x, y, at });
    this.lasers.set(session, trail);
    this.desk.layers.request();
  }

  fadeLasers() {
    const since = performance.now() - LASER_MS;
    let isAnyLeft = false;
    for (const [session, trail] of this.lasers) {
      const left = trail.filter((p) => p.at > since);
      this.lasers.set(session, left);
      isAnyLeft ||= left.length > 0;
    }
    return isAnyLeft;
  }

  /** @param {CanvasRenderingContext2D} ctx */
  drawLasers(ctx) {
    for (const [session, trail] of this.lasers) {
      const color = session ? this.desk.sync.peers.get(session)?.color : this.desk.sync.identity.color;
      ctx.strokeStyle = safeColor(color, "#e03131");
      this.drawTrail(ctx, trail);
    }
  }

  /** @param {CanvasRenderingContext2D} ctx @param {{x:number, y:number, at:number}[]} trail */
  drawTrail(ctx, trail) {
    const now = performance.now();
    ctx.lineCap = "round";
    for (let i = 1; i < trail.length; i++) {
      const a = toScreen(this.desk.camera, trail[i - 1].x, trail[i - 1].y), b = toScreen(this.desk.camera, trail[i].x, trail[i].y);
      ctx.lineWidth = LASER_PX * Math.max(0, 1 - (now - trail[i].at) / LASER_MS) * (0.3 + (0.7 * i) / trail.length);
      ctx.beginPath();
      ctx.moveTo(a.x, a.y);
      ctx.lineTo(b.x, b.y);
      ctx.stroke();
    }
  }
}

const SVG = "http://www.w3.org/2000/svg";

function cursorArrow() {
  const svg = document.createElementNS(SVG, "svg"), path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("class", "cursor-arrow");
  path.setAttribute("d", "M2.5 2.2l13.6 5.9-6 1.9-2.2 6z");
  svg.append(path);
  return svg;
}
