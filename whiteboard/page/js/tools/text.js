// @ts-check
/**
 * Text and notes are typed into a text area that lies where the text will be; input methods work in it as
 * anywhere. What is typed is sent when the field is left; an emptied text is deleted.
 *
 * @typedef {import("../types.js").PointerSample} PointerSample
 * @typedef {import("../types.js").Element} Element
 * @typedef {import("../desk.js").Desk} Desk
 */
import { toScreen } from "../draw/camera.js";
import { paintBox, plainBox } from "../draw/geometry.js";
import { round2 } from "../draw/ink.js";
import { paint } from "../draw/painters.js";
import { DEFAULT_TEXT_SIZE, FONT, LINE_HEIGHT, measureText, NOTE, NOTE_PAD, textSizeOf } from "../draw/text.js";
import { t } from "../i18n/i18n.js";
import { Tool } from "./tool.js";

const HIT_PX = 6;
const DEFAULT_MAX_CHARS = 10_000;

export class TextTool extends Tool {
  /** @param {Desk} desk @param {"text"|"note"} type */
  constructor(desk, type) {
    super(desk);
    this.type = type;
    this.cursor = type === "text" ? "text" : "crosshair";
    /** @type {PointerSample|null} */
    this.start = null;
  }

  /** @param {PointerSample} p */
  down(p) {
    this.start = p;
  }

  up() {
    const p = this.start;
    this.start = null;
    if (!p) return;
    const hit = this.desk.scene.hit(p, HIT_PX / this.desk.camera.z);
    const type = hit && this.desk.view.get(hit)?.type;
    openEditor(this.desk, type === "text" || type === "note" ? hit : null, p, this.type);
  }

  cancel() {
    this.start = null;
  }
}

/** The element that a new text begins as. @param {Desk} desk @param {{x:number, y:number}} at @param {"text"|"note"} type @returns {Element} */
function blank(desk, at, type) {
  const id = desk.newId();
  if (type === "note") return { id, type, x: round2(at.x - NOTE.w / 2), y: round2(at.y - NOTE.h / 2), ...NOTE, text: "" };
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
  editor.open();
}

class Editor {
  /** @param {Desk} desk @param {Element} el @param {boolean} isNew */
  constructor(desk, el, isNew) {
    this.desk = desk;
    this.el = el;
    this.isNew = isNew;
    this.area = document.createElement("textarea");
    this.isOpen = false;
    this.place = this.place.bind(this);
  }

  open() {
    const { area, desk } = this;
    area.className = `text-editor text-editor-${this.el.type}`;
    area.dataset.testid = "text-editor";
    area.setAttribute("aria-label", t("text.label"));
    area.maxLength = Number(desk.limits.textChars ?? DEFAULT_MAX_CHARS);
    area.spellcheck = false;
    area.wrap = this.el.type === "note" ? "soft" : "off";
    area.value = String(this.el.text ?? "");
    area.addEventListener("input", this.place);
    area.addEventListener("keydown", (e) => this.onKey(e));
    area.addEventListener("blur", () => this.close());
    desk.floating.append(area);
    desk.layers.hide(this.el.id, true);
    if (this.el.type === "note") desk.layers.draft = (ctx) => this.drawPaper(ctx);
    desk.addEventListener("camera", this.place);
    this.isOpen = true;
    this.place();
    area.focus({ preventScroll: true });
    area.select();
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

  /** The element with what has been typed so far. @returns {Element} */
  typed() {
    return { ...this.el, text: this.area.value };
  }

  /** The note under the field: it grows with what is typed. @param {CanvasRenderingContext2D} ctx */
  drawPaper(ctx) {
    const el = this.typed(), box = plainBox(el, measureText), room = paintBox(el, measureText);
    if (!box || !room) return;
    const paper = { ...el, text: "", x: box.minX, y: box.minY, w: box.maxX - box.minX, h: box.maxY - box.minY };
    paint(ctx, { id: el.id, el: paper, box: room, count: 0, rank: 0, path: null }, this.desk.layers.theme, this.desk.camera.z);
  }

  /** Keeps the field where the text is drawn, and as large. */
  place() {
    const { area, desk } = this, { z } = desk.camera, el = this.typed(), isNote = el.type === "note";
    const size = textSizeOf(el) * z, box = isNote ? this.noteRoom(el) : this.textRoom(el);
    const at = toScreen(desk.camera, box.x, box.y);
    const color = isNote ? "#1e1e1e" : desk.layers.theme.color(el.color ?? "#1e1e1e");
    Object.assign(area.style, {
      transform: `translate(${at.x}px, ${at.y}px)`, font: `${size}px/${LINE_HEIGHT} ${FONT}`, color, caretColor: color,
      width: `${box.w * z}px`, height: `${box.h * z}px`,
    });
    if (isNote) desk.layers.request();
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
    const { desk, el, area } = this, text = area.value.replace(/\s+$/u, "");
    desk.removeEventListener("camera", this.place);
    desk.editor = null;
    area.remove();
    desk.layers.hide(el.id, false);
    if (el.type === "note") desk.layers.draft = null;
    this.save(text);
    desk.finishTool(text && this.isNew ? [el.id] : []);
  }

  /** @param {string} text */
  save(text) {
    const { desk, el } = this, { id, type, ...props } = el;
    if (this.isNew) {
      if (text || type === "note") desk.history.do([{ type, id, ...props, text }]);
    } else if (!text && type === "text") {
      desk.history.do([{ type: "delete", id }]);
    } else if (text !== el.text) {
      desk.history.do([{ type: "set", id, props: { text } }]);
    }
  }
}
