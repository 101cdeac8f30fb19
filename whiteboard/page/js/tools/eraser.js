// @ts-check
/**
 * The eraser: whatever the pointer sweeps over goes, whole, at once and for everybody; one sweep is one undo.
 *
 * @typedef {import("../types.js").PointerSample} PointerSample
 */
import { toScreen } from "../draw/camera.js";
import { outline, radiusAt, trace } from "../draw/ink.js";
import { Tool } from "./tool.js";

const RADIUS_PX = 9;
const TRAIL_MS = 180;
/** The trail is ink whose pressure fades: this wide, it is as wide as the eraser where it is fresh. */
const TRAIL_WIDTH = RADIUS_PX / radiusAt(1, 1);

export class EraserTool extends Tool {
  /** @param {import("../desk.js").Desk} desk */
  constructor(desk) {
    super(desk);
    this.cursor = "eraser";
    /** @type {PointerSample|null} */
    this.last = null;
    /** @type {{x:number, y:number, at:number}[]} */
    this.trail = [];
    this.fade = (/** @type {number} */ _now) => this.animate();
  }

  enter() {
    this.desk.layers.animations.add(this.fade);
  }

  leave() {
    this.interrupt();
    this.trail = [];
    this.desk.layers.animations.delete(this.fade);
  }

  /** @param {PointerSample} p */
  down(p) {
    this.desk.history.begin();
    this.last = p;
    this.sweep(p, p);
  }

  /** @param {PointerSample[]} samples */
  move(samples) {
    for (const p of samples) {
      if (this.last) this.sweep(this.last, p);
      this.last = p;
    }
  }

  up() {
    this.last = null;
    this.desk.history.end();
  }

  cancel() {
    if (!this.last) return;
    this.last = null;
    this.desk.history.abandon();
  }

  interrupt() {
    if (this.last) this.up();
  }

  /** @param {PointerSample} from @param {PointerSample} to */
  sweep(from, to) {
    const { scene, camera, history, layers } = this.desk;
    const ids = scene.swept(from, to, RADIUS_PX / camera.z).filter((id) => !layers.hidden.has(id));
    if (ids.length) history.do(ids.map((id) => ({ type: "delete", id })));
    this.trail.push({ x: to.x, y: to.y, at: performance.now() });
    layers.request();
  }

  animate() {
    const since = performance.now() - TRAIL_MS;
    this.trail = this.trail.filter((p) => p.at > since);
    return this.trail.length > 0;
  }

  /** The trail as one shape: pieces laid over each other would show as darker discs. @param {CanvasRenderingContext2D} ctx */
  decorate(ctx) {
    const now = performance.now();
    const line = this.trail.flatMap(({ x, y, at }) => {
      const screen = toScreen(this.desk.camera, x, y);
      return [screen.x, screen.y, Math.max(0, 1 - (now - at) / TRAIL_MS)];
    });
    const path = new Path2D();
    trace(path, outline(line, TRAIL_WIDTH));
    ctx.fillStyle = "rgba(134, 142, 150, 0.35)";
    ctx.fill(path);
  }
}
