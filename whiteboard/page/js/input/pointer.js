// @ts-check
/**
 * Mouse, pen and fingers on the board: decides whether an event draws, pans or zooms, and hands samples to the
 * tool. Once a pen has been seen, fingers only move the view (palm rejection).
 *
 * @typedef {import("../desk.js").Desk} Desk
 * @typedef {import("../types.js").PointerSample} PointerSample
 * @typedef {{kind:"tool", id:number, tool:import("../tools/tool.js").Tool} | {kind:"pan", id:number, x:number, y:number}
 *   | {kind:"pinch", x:number, y:number, spread:number} | {kind:"spent"}} Gesture
 */
import { panBy, pinch, toBoard, wheelFactor, wheelKind, zoomAt } from "../draw/camera.js";

const DOUBLE_MS = 380;
const DOUBLE_PX = 8;
const WHEEL_GESTURE_MS = 220;
const LINE_PX = 18;
const MIDDLE = 1;
const PEN_ERASER = 5;

export class PointerInput {
  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
    this.isSpaceHeld = false;
    this.isPenSeen = false;
    /** @type {Map<number, {x:number, y:number}>} fingers on the glass */
    this.fingers = new Map();
    /** @type {Gesture|null} */
    this.gesture = null;
    /** @type {{x:number, y:number}|null} where the mouse or pen is in the stage; null when it is elsewhere */
    this.over = null;
    this.click = { at: 0, x: 0, y: 0, count: 0 };
    /** @type {{kind:"pan"|"zoom", at:number}|null} */
    this.wheel = null;
    this.attach();
  }

  attach() {
    const { stage } = this.desk;
    /** @type {[string, (e: any) => void][]} */
    const handlers = [
      ["pointerdown", (e) => this.down(e)], ["pointermove", (e) => this.move(e)],
      ["pointerup", (e) => this.up(e)], ["pointercancel", (e) => this.lost(e)],
      ["pointerleave", () => void (this.over = null)],
      ["contextmenu", (e) => e.preventDefault()],
    ];
    for (const [name, handler] of handlers) stage.addEventListener(name, handler);
    stage.addEventListener("wheel", (e) => this.turn(e), { passive: false });
    for (const name of ["gesturestart", "gesturechange"]) stage.addEventListener(name, (e) => e.preventDefault());
    stage.addEventListener("touchstart", (e) => e.preventDefault(), { passive: false });
  }

  /** @param {PointerEvent} e */
  down(e) {
    const { stage } = this.desk;
    if (e.pointerType === "pen") this.isPenSeen = true;
    if (e.pointerType === "mouse") e.preventDefault();
    this.desk.closeEditor();
    stage.focus({ preventScroll: true });
    stage.setPointerCapture(e.pointerId);
    if (e.pointerType === "touch" && this.finger(e)) return;
    if (this.gesture) return;
    if (this.wantsPan(e)) this.beginPan(e);
    else if (e.button === 0 || e.button === PEN_ERASER) this.beginTool(e);
  }

  /** @param {PointerEvent} e @returns {boolean} is the event dealt with */
  finger(e) {
    this.fingers.set(e.pointerId, { x: e.clientX, y: e.clientY });
    if (this.fingers.size === 2) {
      if (this.gesture?.kind === "tool") this.gesture.tool.interrupt();
      this.gesture = { kind: "pinch", ...this.span() };
      return true;
    }
    return this.fingers.size > 2;
  }

  /** @param {PointerEvent} e */
  wantsPan(e) {
    if (e.button === MIDDLE || this.isSpaceHeld || this.desk.toolId === "hand") return true;
    return e.pointerType === "touch" && this.isPenSeen;
  }

  /** @param {PointerEvent} e */
  beginPan(e) {
    this.gesture = { kind: "pan", id: e.pointerId, x: e.clientX, y: e.clientY };
    this.desk.setCursor("grabbing");
  }

  /** @param {PointerEvent} e */
  async beginTool(e) {
    const { desk } = this;
    const tool = e.button === PEN_ERASER ? await desk.part(desk.loadTool("eraser")) : desk.tool;
    if (!tool) return;
    if (desk.isReadOnly && !tool.isReadOnly) {
      desk.emit("refused");
      return;
    }
    this.countClick(e);
    this.gesture = { kind: "tool", id: e.pointerId, tool };
    tool.down(this.sample(e));
  }

  /** @param {PointerEvent} e */
  countClick(e) {
    const { click } = this;
    const isNext = e.timeStamp - click.at < DOUBLE_MS && Math.hypot(e.clientX - click.x, e.clientY - click.y) < DOUBLE_PX;
    this.click = { at: e.timeStamp, x: e.clientX, y: e.clientY, count: isNext ? click.count + 1 : 1 };
  }

  /** @param {PointerEvent} e */
  move(e) {
    if (this.fingers.has(e.pointerId)) this.fingers.set(e.pointerId, { x: e.clientX, y: e.clientY });
    if (e.pointerType !== "touch") this.over = this.place(e);
    const { gesture, desk } = this;
    if (gesture?.kind === "pinch") {
      this.follow(gesture);
      return;
    }
    if (e.pointerType !== "touch" || gesture?.kind === "tool") this.point(e);
    if (!gesture) {
      if (this.isSpaceHeld) desk.setCursor("grab");
      else desk.tool?.hover(this.sample(e));
    } else if (gesture.kind === "pan" && gesture.id === e.pointerId) {
      desk.look(panBy(desk.camera, e.clientX - gesture.x, e.clientY - gesture.y));
      this.gesture = { ...gesture, x: e.clientX, y: e.clientY };
    } else if (gesture.kind === "tool" && gesture.id === e.pointerId) {
      gesture.tool.move(this.samples(e));
    }
  }

  /** Shows others where this pointer is. @param {PointerEvent} e */
  point(e) {
    const { x, y } = this.sample(e);
    this.desk.sync.sendCursor(x, y);
  }

  /** @param {Gesture & {kind:"pinch"}} gesture */
  follow(gesture) {
    const to = this.span(), { left, top } = this.rect();
    const relative = (/** @type {{x:number,y:number,spread:number}} */ s) => ({ x: s.x - left, y: s.y - top, spread: s.spread });
    this.desk.look(pinch(this.desk.camera, relative(gesture), relative(to)));
    this.gesture = { kind: "pinch", ...to };
  }

  /** Middle and spread of the first two fingers, in client coordinates. */
  span() {
    const [a, b] = [...this.fingers.values()];
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, spread: Math.hypot(a.x - b.x, a.y - b.y) };
  }

  /** @param {PointerEvent} e */
  up(e) {
    this.fingers.delete(e.pointerId);
    const { gesture } = this;
    if (gesture?.kind === "tool" && gesture.id === e.pointerId) {
      this.gesture = null;
      gesture.tool.up(this.sample(e));
    } else {
      this.endOther(e);
    }
  }

  /** @param {PointerEvent} e */
  lost(e) {
    this.fingers.delete(e.pointerId);
    const { gesture } = this;
    if (gesture?.kind === "tool" && gesture.id === e.pointerId) {
      this.gesture = null;
      gesture.tool.interrupt();
    } else {
      this.endOther(e);
    }
  }

  /** Ends a pan or a pinch; of a pinch, the finger that stays does not draw. @param {PointerEvent} e */
  endOther(e) {
    const { gesture } = this;
    if (gesture?.kind === "pan" && gesture.id !== e.pointerId) return;
    if (gesture?.kind === "tool") return;
    const stays = gesture?.kind === "pinch" || gesture?.kind === "spent";
    this.gesture = stays && this.fingers.size > 0 ? { kind: "spent" } : null;
    this.desk.setCursor(this.isSpaceHeld ? "grab" : this.desk.tool?.cursor ?? "default");
  }

  /** @param {WheelEvent} e */
  turn(e) {
    e.preventDefault();
    const { desk } = this, unit = e.deltaMode === 1 ? LINE_PX : e.deltaMode === 2 ? desk.layers.height : 1;
    const ongoing = this.wheel && e.timeStamp - this.wheel.at < WHEEL_GESTURE_MS ? this.wheel.kind : null;
    const kind = wheelKind({ deltaX: e.deltaX, deltaY: e.deltaY, deltaMode: e.deltaMode, wheelDelta: /** @type {any} */ (e).wheelDeltaY, ctrl: e.ctrlKey || e.metaKey, shift: e.shiftKey }, ongoing);
    if (!e.ctrlKey && !e.metaKey && !e.shiftKey) this.wheel = { kind, at: e.timeStamp };
    const { left, top } = this.rect();
    if (kind === "zoom") {
      const factor = wheelFactor(e.deltaY * unit, e.ctrlKey && Math.abs(e.deltaY) < 40);
      desk.look(zoomAt(desk.camera, desk.camera.z * factor, e.clientX - left, e.clientY - top));
    } else {
      const isTurned = e.shiftKey && e.deltaX === 0;
      desk.look(panBy(desk.camera, -(isTurned ? e.deltaY : e.deltaX) * unit, -(isTurned ? 0 : e.deltaY) * unit));
    }
  }

  /** Space pans while it is held. @param {boolean} isHeld */
  holdSpace(isHeld) {
    this.isSpaceHeld = isHeld;
    if (!this.gesture) this.desk.setCursor(isHeld ? "grab" : this.desk.tool?.cursor ?? "default");
  }

  /** Escape: what is being drawn is taken back. @returns {boolean} was there something */
  escape() {
    if (this.gesture?.kind !== "tool") return false;
    this.gesture.tool.cancel();
    this.gesture = { kind: "spent" };
    return true;
  }

  /** Is a tool in the middle of something? */
  get isDrawing() {
    return this.gesture?.kind === "tool";
  }

  rect() {
    return this.desk.rect ?? this.desk.stage.getBoundingClientRect();
  }

  /** Everything the device measured since the last event. @param {PointerEvent} e @returns {PointerSample[]} */
  samples(e) {
    const events = e.getCoalescedEvents?.() ?? [];
    return (events.length ? events : [e]).map((each) => this.sample(each));
  }

  /** In the stage. @param {PointerEvent} e */
  place(e) {
    const { left, top } = this.rect();
    return { x: e.clientX - left, y: e.clientY - top };
  }

  /** @param {PointerEvent} e @returns {PointerSample} */
  sample(e) {
    const { x: sx, y: sy } = this.place(e);
    const kind = e.pointerType === "pen" || e.pointerType === "touch" ? e.pointerType : "mouse";
    return {
      ...toBoard(this.desk.camera, sx, sy), sx, sy, t: e.timeStamp, kind, pressure: kind === "pen" ? e.pressure : null,
      shift: e.shiftKey, alt: e.altKey, mod: e.ctrlKey || e.metaKey, clicks: this.click.count,
    };
  }
}
