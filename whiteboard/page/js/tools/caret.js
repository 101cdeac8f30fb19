// @ts-check
/**
 * Where the caret stands in a text or a note: from a place in its string to one on the board, and back. Pure.
 *
 * @typedef {import("../types.js").Element} Element
 * @typedef {import("../draw/geometry.js").Point} Point
 * @typedef {import("../draw/geometry.js").MeasureText} MeasureText
 * @typedef {{from:number, text:string}} Line a line as it is drawn, and where in the string it begins
 */
import { plainBox } from "../draw/geometry.js";
import { LINE_HEIGHT, NOTE_PAD, noteLines, textSizeOf } from "../draw/text.js";

/** @param {Element} el @param {MeasureText} measure @returns {Line[]} */
export function linesOf(el, measure) {
  /** @type {Line[]} */
  const lines = [];
  let from = 0;
  for (const paragraph of String(el.text ?? "").split("\n")) {
    lines.push(...(el.type === "note" ? brokenLines({ ...el, text: paragraph }, from, measure) : [{ from, text: paragraph }]));
    from += paragraph.length + 1;
  }
  return lines;
}

/** A note's paragraph as it is broken; of the spaces at which it is broken the lines have none. @param {Element} note @param {number} from @param {MeasureText} measure @returns {Line[]} */
function brokenLines(note, from, measure) {
  const paragraph = String(note.text), lines = noteLines(note, measure);
  let at = 0;
  return lines.length === 0 ? [{ from, text: "" }] : lines.map((text) => {
    const start = Math.max(at, paragraph.indexOf(text, at));
    at = start + text.length;
    return { from: from + start, text };
  });
}

/** Top left corner of the first line. @param {Element} el @param {MeasureText} measure @returns {Point} */
function origin(el, measure) {
  const box = plainBox(el, measure), pad = el.type === "note" ? NOTE_PAD : { x: 0, y: 0 };
  return { x: (box?.minX ?? 0) + pad.x, y: (box?.minY ?? 0) + pad.y };
}

/** Top of the caret that stands before a character, and its height. @param {Element} el @param {number} offset @param {MeasureText} measure */
export function caretAt(el, offset, measure) {
  const lines = linesOf(el, measure), size = textSizeOf(el), { x, y } = origin(el, measure);
  const n = Math.max(0, lines.findLastIndex((line) => line.from <= offset));
  const before = String(el.text ?? "").slice(lines[n].from, offset);
  return { x: x + (before ? measure(before, size).w : 0), y: y + n * size * LINE_HEIGHT, h: size * LINE_HEIGHT };
}

/** The place in the string that is nearest to a point. @param {Element} el @param {Point} at @param {MeasureText} measure */
export function offsetAt(el, at, measure) {
  const lines = linesOf(el, measure), size = textSizeOf(el), { x, y } = origin(el, measure);
  const n = Math.max(0, Math.min(lines.length - 1, Math.floor((at.y - y) / (size * LINE_HEIGHT))));
  const { from, text } = lines[n];
  let before = "", left = 0;
  for (const character of text) {
    const right = measure(before + character, size).w;
    if (at.x - x < (left + right) / 2) break;
    before += character;
    left = right;
  }
  return from + before.length;
}
