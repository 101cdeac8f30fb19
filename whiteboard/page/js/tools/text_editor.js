// @ts-check
/**
 * Texts and notes are typed into a text area that lies where the text will be; input methods work in it as
 * anywhere. The view is moved so that the caret is always seen. What becomes of the words is `Typing`'s.
 *
 * @typedef {import("../types.js").Element} Element
 * @typedef {import("../desk.js").Desk} Desk
 */
import { panBy, toScreen } from "../draw/camera.js";
import { paintBox, plainBox, rotateAround, rotationOf } from "../draw/geometry.js";
import { round2 } from "../draw/ink.js";
import { paint } from "../draw/painters.js";
import { DEFAULT_TEXT_SIZE, FONT, LINE_HEIGHT, measureText, NOTE, NOTE_PAD, textSizeOf } from "../draw/text.js";
import { t } from "../i18n/i18n.js";
import { clearRect, pushInto } from "../room.js";
import { caretAt, offsetAt } from "./caret.js";
import { Typing } from "./typing.js";

const DEFAULT_MAX_CHARS = 10_000;
/** So much is seen around the caret. */
const CARET_ROOM_PX = 16;

/** The element that a new text begins as. @param {Desk} desk @param {{x:number, y:number}} at @param {"text"|"note"} type @returns {Element} */
function blank(desk, at, type) {
  const id = desk.newId();
  if (type === "note") return { id, type, x: round2(at.x - NOTE.w / 2), y: round2(at.y - NOTE.h / 2), ...NOTE, color: desk.style.paper, text: "" };
  const size = DEFAULT_TEXT_SIZE;
  return { id, type, x: round2(at.x), y: round2(at.y - (size * LINE_HEIGHT) / 2), size, color: desk.style.color, text: "" };
}

/** Opens the field on an element, or on a new one; one field at a time.
 * @param {Desk} desk @param {string|null} id @param {{x:number, y:number}} at @param {"text"|"note"} [type] */
export function openEditor(desk, id, at, type = "text") {
  desk.closeEditor();
  const standing = id ? desk.view.get(id) : null;
  const editor = new Editor(desk, standing ?? blank(desk, at, type), !standing);
  desk.editor = editor;
  editor.open(at);
}

/** About which a text or a note is turned. @param {Element} el @returns {import("../draw/geometry.js").Point} */
function middleOf(el) {
  const { minX, minY, maxX, maxY } = /** @type {import("../draw/geometry.js").Box} */ (plainBox(el, measureText));
  return { x: (minX + maxX) / 2, y: (minY + maxY) / 2 };
}

/** A point turned about the element's middle. @param {Element} el @param {import("../draw/geometry.js").Point} at @param {number} angle */
function turned(el, at, angle) {
  const { x, y } = middleOf(el);
  return rotateAround(at.x, at.y, x, y, angle);
}

class Editor {
  /** @param {Desk} desk @param {Element} el @param {boolean} isNew */
  constructor(desk, el, isNew) {
    this.desk = desk;
    this.isNew = isNew;
    this.area = document.createElement("textarea");
    this.isOpen = false;
    /** @type {string|null} the element that the layers do not show meanwhile */
    this.shown = null;
    /** @type {Element|null} the element as it was when it was last looked at */
    this.last = null;
    this.listening = new AbortController();
    this.typing = new Typing(desk, el, isNew, (id) => this.show(id));
  }

  /** @param {{x:number, y:number}} at where it was clicked: there the caret begins */
  open(at) {
    const { area, desk, typing: { el } } = this;
    area.className = `text-editor text-editor-${el.type}`;
    area.dataset.testid = "text-editor";
    area.setAttribute("aria-label", t("text.label"));
    area.maxLength = Number(desk.limits.textChars ?? DEFAULT_MAX_CHARS);
    area.spellcheck = false;
    area.wrap = el.type === "note" ? "soft" : "off";
    area.value = String(el.text ?? "");
    desk.floating.append(area);
    this.listen();
    this.show(el.id);
    if (el.type === "note") desk.layers.draft = (ctx) => this.drawPaper(ctx);
    this.isOpen = true;
    this.place();
    area.focus({ preventScroll: true });
    desk.announce("style");
    area.selectionStart = area.selectionEnd = this.isNew ? 0 : offsetAt(el, turned(el, at, -rotationOf(el)), measureText);
    this.reveal();
  }

  listen() {
    const { area, desk } = this, { signal } = this.listening;
    const on = (/** @type {EventTarget|null|undefined} */ target, /** @type {string} */ name, /** @type {(e: any) => void} */ hear) => target?.addEventListener(name, hear, { signal });
    on(area, "input", (e) => this.typed(e.isComposing));
    on(area, "compositionend", () => this.typed(false));
    on(area, "keydown", (e) => this.onKey(e));
    on(area, "wheel", (e) => this.passOn(e));
    on(area, "blur", () => this.left());
    on(area, "scroll", () => area.scrollTo(0, 0));
    on(desk, "camera", () => this.place());
    on(desk, "content", () => this.follow());
    on(document, "selectionchange", () => this.reveal());
    on(desk, "size", () => this.reveal());
    on(visualViewport, "resize", () => this.reveal());
    on(window, "pagehide", () => this.save());
    on(document, "visibilitychange", () => this.save());
  }

  /** Letters that an input method has not settled yet are for this screen only. @param {boolean} isComposing */
  typed(isComposing) {
    this.place();
    this.reveal();
    if (!isComposing) this.typing.hear(this.area.value);
  }

  /** Keys in the field are not the board's; Escape and Ctrl+Enter end it, unless they belong to an input method. @param {KeyboardEvent} e */
  onKey(e) {
    e.stopPropagation();
    if (e.isComposing || e.keyCode === 229) return;
    if (e.key === "Escape" || (e.key === "Enter" && (e.ctrlKey || e.metaKey))) {
      e.preventDefault();
      this.close();
    }
  }

  /** The wheel moves the board under the field as everywhere. @param {WheelEvent} e */
  passOn(e) {
    e.preventDefault();
    this.desk.stage.dispatchEvent(new WheelEvent("wheel", e));
  }

  /** One may not come back: sends what stands here. */
  save() {
    this.typing.hear(this.area.value);
    this.typing.flush();
  }

  /** Another window in front is no end: one comes back. */
  left() {
    if (document.activeElement === this.area) this.save();
    else this.close();
  }

  /** Others move what one is typing. */
  follow() {
    const { typing, desk } = this, now = desk.view.get(typing.el.id);
    if (!now || now === this.last) return;
    this.last = now;
    typing.follow(now);
    this.place();
  }

  /** A new look for what is being typed. @param {(el: Element) => Record<string, unknown>|null} change */
  restyle(change) {
    const props = change(this.typing.el);
    if (!props) return;
    this.typing.restyle(props);
    this.place();
  }

  /** What is typed is shown by the field, not by the layers. @param {string} id */
  show(id) {
    if (this.shown) this.release(this.shown);
    this.shown = id;
    this.desk.layers.hide(id, true);
    this.desk.layers.lift([id]);
  }

  /** @param {string} id */
  release(id) {
    this.desk.layers.hide(id, false);
    this.desk.layers.drop([id]);
  }

  /** The element with what stands in the field. @returns {Element} */
  now() {
    return { ...this.typing.el, text: this.area.value };
  }

  /** The note under the field: it grows with what is typed. @param {CanvasRenderingContext2D} ctx */
  drawPaper(ctx) {
    const el = this.now(), box = plainBox(el, measureText), room = paintBox(el, measureText);
    if (!box || !room) return;
    const paper = { ...el, text: "", x: box.minX, y: box.minY, w: box.maxX - box.minX, h: box.maxY - box.minY };
    paint(ctx, { id: el.id, el: paper, box: room, count: 0, rank: 0, path: null }, this.desk.layers.theme, this.desk.camera.z);
  }

  /** Keeps the field where the text is drawn, and as large. */
  place() {
    const { area, desk } = this, { z } = desk.camera, el = this.now(), isNote = el.type === "note";
    const size = textSizeOf(el) * z, box = isNote ? this.noteRoom(el) : this.textRoom(el);
    const at = toScreen(desk.camera, box.x, box.y);
    const color = desk.layers.theme.color(isNote ? "#1e1e1e" : el.color ?? "#1e1e1e");
    const middle = middleOf(el);
    Object.assign(area.style, {
      transform: `translate(${at.x}px, ${at.y}px) rotate(${rotationOf(el)}rad)`,
      transformOrigin: `${(middle.x - box.x) * z}px ${(middle.y - box.y) * z}px`,
      font: `${size}px/${LINE_HEIGHT} ${FONT}`, color, caretColor: color,
      width: `${box.w * z}px`, height: `${box.h * z}px`,
    });
    if (isNote) desk.layers.request();
  }

  /** Moves the view so far that the caret is seen. */
  reveal() {
    const { area, desk } = this, { camera, layers } = desk;
    if (!this.isOpen || document.activeElement !== area) return;
    const el = this.now(), caret = caretAt(el, area.selectionEnd, measureText), seen = turned(el, caret, rotationOf(el));
    const { x, y } = toScreen(camera, seen.x, seen.y);
    const around = { left: x - CARET_ROOM_PX, top: y, right: x + CARET_ROOM_PX, bottom: y + caret.h * camera.z };
    const { dx, dy } = pushInto(clearRect(layers.width, layers.height, visualViewport), around);
    if (dx || dy) desk.look(panBy(camera, dx, dy));
  }

  /** @param {Element} el */
  noteRoom(el) {
    const { minX, minY, maxX, maxY } = /** @type {import("../draw/geometry.js").Box} */ (plainBox(el, measureText));
    return { x: minX + NOTE_PAD.x, y: minY + NOTE_PAD.y, w: Math.max(1, maxX - minX - 2 * NOTE_PAD.x), h: maxY - minY - 2 * NOTE_PAD.y };
  }

  /** A text's field has room for the next letter. @param {Element} el */
  textRoom(el) {
    const size = textSizeOf(el), { w, h } = measureText(`${el.text}\u200b`, size);
    return { x: el.x ?? 0, y: el.y ?? 0, w: Math.max(w + size, size * 2), h };
  }

  close() {
    if (!this.isOpen) return;
    this.isOpen = false;
    const { desk, area, typing } = this;
    this.listening.abort();
    desk.editor = null;
    typing.hear(area.value);
    typing.end();
    area.remove();
    this.release(typing.el.id);
    if (typing.el.type === "note") desk.layers.draft = null;
    desk.announce("style");
    desk.finishTool(typing.text && this.isNew ? [typing.el.id] : []);
  }
}
