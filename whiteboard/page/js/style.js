// @ts-check
/**
 * The style one draws with, what of it the chosen elements have, and what a change of it means for them. Pure.
 *
 * @typedef {import("./types.js").Element} Element
 * @typedef {{color:string, width:number, fill:boolean, paper:string}} Style paper: the colour of notes
 * @typedef {{[Name in keyof Style]: Style[Name]|null}} ShownStyle null: several at once, or nothing that has it
 */
import { PALETTE, tint } from "./draw/color.js";
import { isLinear } from "./draw/geometry.js";
import { NOTE } from "./draw/text.js";

/** Pale enough for black letters; named as the palette is. */
export const PAPERS = Object.freeze([
  { name: "yellow", value: NOTE.color }, { name: "orange", value: "#ffe8cc" },
  { name: "red", value: "#ffe3e3" }, { name: "pink", value: "#ffdeeb" },
  { name: "violet", value: "#e5dbff" }, { name: "blue", value: "#d0ebff" },
  { name: "teal", value: "#c5f6fa" }, { name: "green", value: "#d3f9d8" },
  { name: "grey", value: "#e9ecef" },
]);

/** What somebody draws with who has never chosen. @type {Readonly<Style>} */
export const FIRST_STYLE = Object.freeze({ color: PALETTE[0].value, width: 4, fill: false, paper: NOTE.color });

const isNote = (/** @type {Element} */ el) => el.type === "note";
const hasColor = (/** @type {Element} */ el) => !isNote(el) && el.type !== "image";
const hasWidth = (/** @type {Element} */ el) => el.type === "stroke" || el.type === "shape";
const hasInside = (/** @type {Element} */ el) => el.type === "shape" && !isLinear(el);
const isFilled = (/** @type {Element} */ el) => Boolean(el.fill) && el.fill !== "transparent";

/** Are these notes, and nothing else? @param {Element[]} elements */
export function areNotes(elements) {
  return elements.length > 0 && elements.every(isNote);
}

/** What the style panel shows: the style of the chosen elements, or without any the one to draw with. @param {Element[]} elements @param {Style} style @returns {ShownStyle} */
export function shownStyle(elements, style) {
  if (elements.length === 0) return style;
  return {
    color: common(elements.filter(hasColor), (el) => el.color ?? FIRST_STYLE.color),
    width: common(elements.filter(hasWidth), (el) => el.width ?? FIRST_STYLE.width),
    fill: common(elements.filter(hasInside), isFilled),
    paper: common(elements.filter(isNote), (el) => el.color ?? FIRST_STYLE.paper),
  };
}

/** The value that all have. @template T @param {Element[]} elements @param {(el: Element) => T} value @returns {T|null} */
function common(elements, value) {
  if (elements.length === 0) return null;
  const first = value(elements[0]);
  return elements.every((el) => value(el) === first) ? first : null;
}

/** Properties by which an element follows a change of style, and no others; null for none. @param {Element} el @param {Partial<Style>} change */
export function restyled(el, change) {
  /** @type {Record<string, unknown>} */
  const props = {};
  if (change.color && hasColor(el)) props.color = change.color;
  if (change.width && hasWidth(el)) props.width = change.width;
  if (change.paper && isNote(el)) props.color = change.paper;
  if (hasInside(el)) Object.assign(props, refilled(el, change));
  return Object.keys(props).length ? props : null;
}

/** A filling is a pale version of the shape's own colour, and goes along with it. @param {Element} el @param {Partial<Style>} change */
function refilled(el, { fill, color }) {
  if (fill === false) return { fill: null };
  const isWanted = fill ?? (color !== undefined && isFilled(el));
  return isWanted ? { fill: tint(color ?? el.color ?? FIRST_STYLE.color) } : {};
}
