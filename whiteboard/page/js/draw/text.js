// @ts-check
/**
 * Text: how large it is, and where a note breaks its lines. What is measured here is what is drawn, hit and
 * selected. Measures with a canvas where there is one; knows nothing else of the page.
 *
 * @typedef {import("../types.js").Element} Element
 * @typedef {(text: string, size: number) => {w:number, h:number}} MeasureText
 */

export const FONT = 'ui-sans-serif, system-ui, "Segoe UI", Roboto, "Helvetica Neue", "PingFang SC", "Microsoft YaHei", "WenQuanYi Micro Hei", "Noto Sans CJK SC", sans-serif';
export const LINE_HEIGHT = 1.3;
export const DEFAULT_TEXT_SIZE = 24;
/** What a note has that does not say otherwise; new ones say just this. */
export const NOTE = Object.freeze({ w: 180, h: 180, size: 18, color: "#fff3bf" });
/** Room between a note's edge and its text. */
export const NOTE_PAD = Object.freeze({ x: 12, y: 10 });

const probe = typeof document === "undefined" ? null : document.createElement("canvas").getContext("2d");
let probedSize = 0;

/** Size of a text block as it is drawn. @type {MeasureText} */
export function measureText(text, size) {
  const lines = text.split("\n");
  const h = lines.length * size * LINE_HEIGHT;
  if (!probe) return { w: size * 0.55 * Math.max(...lines.map((l) => l.length)), h };
  if (size !== probedSize) probe.font = `${size}px ${FONT}`;
  probedSize = size;
  return { w: lines.reduce((widest, line) => Math.max(widest, probe.measureText(line).width), 1), h };
}

/** Size of an element's letters. @param {Element} el */
export function textSizeOf(el) {
  return el.size ?? (el.type === "note" ? NOTE.size : DEFAULT_TEXT_SIZE);
}

/** Elements are never changed in place, so what was measured of one holds. @type {WeakMap<Element, {measure: MeasureText, lines: string[]}>} */
const broken = new WeakMap();

/** A note's text as it is broken into lines. @param {Element} note @param {MeasureText} measure @returns {readonly string[]} */
export function noteLines(note, measure) {
  const known = broken.get(note);
  if (known?.measure === measure) return known.lines;
  const size = textSizeOf(note), room = Math.max(size, Math.abs(note.w ?? NOTE.w) - 2 * NOTE_PAD.x);
  const lines = note.text ? wrap(String(note.text), room, (text) => measure(text, size).w) : [];
  broken.set(note, { measure, lines });
  return lines;
}

/** The least height at which a note holds its text: one that is made lower grows to it. @param {Element} note @param {MeasureText} measure */
export function noteHeight(note, measure) {
  const { length } = noteLines(note, measure);
  return length === 0 ? 0 : length * textSizeOf(note) * LINE_HEIGHT + 2 * NOTE_PAD.y;
}

/**
 * Breaks a text into lines that are no wider than `width`: at spaces, and between characters where a word is
 * too long or has no spaces, as in Chinese.
 * @param {string} text @param {number} width @param {(text: string) => number} measure @returns {string[]}
 */
export function wrap(text, width, measure) {
  /** @type {string[]} */
  const lines = [];
  for (const paragraph of text.split("\n")) {
    let line = "";
    for (const piece of paragraph.match(/[\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef]|[^\s\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef]+|\s+/gu) ?? []) {
      if (measure(line + piece.trimEnd()) <= width) {
        line += piece;
        continue;
      }
      if (line) lines.push(line.trimEnd());
      const parts = measure(piece) <= width ? [piece.trimStart()] : chop(piece, width, measure);
      lines.push(...parts.slice(0, -1));
      line = parts[parts.length - 1] ?? "";
    }
    lines.push(line.trimEnd());
  }
  return lines;
}

/** @param {string} word @param {number} width @param {(text: string) => number} measure */
function chop(word, width, measure) {
  const parts = [""];
  for (const character of word) {
    const last = parts[parts.length - 1];
    if (last && measure(last + character) > width) parts.push(character);
    else parts[parts.length - 1] = last + character;
  }
  return parts;
}
