// @ts-check
/** Building nodes: elements whose texts follow the language, and icons. */
import { translate } from "../i18n/i18n.js";
import { ICONS } from "./icons.js";

/**
 * @typedef {object} Parts
 * @property {string} [class]
 * @property {string} [text] key of the text
 * @property {string} [label] key of the accessible name and, on what can be used, of the tooltip
 * @property {string} [placeholder] key
 * @property {string} [keys] shortcut shown in the tooltip
 * @property {string} [testid]
 * @property {string} [icon]
 * @property {Record<string, string|boolean|number>} [attrs]
 * @property {Record<string, (event: any) => void>} [on]
 */

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {Parts} [parts] @param {...(Node|string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, parts = {}, ...children) {
  const node = document.createElement(tag);
  if (parts.class) node.className = parts.class;
  if (parts.testid) node.dataset.testid = parts.testid;
  if (parts.keys) node.dataset.keys = parts.keys;
  if (parts.text) node.dataset.t = parts.text;
  if (parts.label) node.dataset.tLabel = parts.label;
  if (parts.placeholder) node.dataset.tPlaceholder = parts.placeholder;
  for (const [name, value] of Object.entries(parts.attrs ?? {})) setAttribute(node, name, value);
  for (const [name, handler] of Object.entries(parts.on ?? {})) node.addEventListener(name, handler);
  translate(node);
  if (parts.icon) node.append(icon(parts.icon));
  node.append(...children);
  return node;
}

/** @param {HTMLElement} node @param {string} name @param {string|boolean|number} value */
function setAttribute(node, name, value) {
  if (typeof value === "boolean") node.toggleAttribute(name, value);
  else node.setAttribute(name, String(value));
}

const SVG = "http://www.w3.org/2000/svg";

/** A line icon of 24 by 24. @param {string} name */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  for (const d of ICONS[name] ?? []) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

/** A button that shows an icon. @param {string} iconName @param {Parts} parts */
export function iconButton(iconName, parts) {
  return h("button", { ...parts, class: `icon-button ${parts.class ?? ""}`.trim(), icon: iconName, attrs: { type: "button", ...parts.attrs } });
}

/** A colour that somebody else has chosen, if it is one. @param {unknown} color @param {string} instead */
export function safeColor(color, instead) {
  return typeof color === "string" && CSS.supports("color", color) ? color : instead;
}

const IS_MAC = /Mac|iP(hone|ad)/.test(navigator.platform);
/** @type {Record<string, string>} */
const KEY_NAMES = { Mod: IS_MAC ? "⌘" : "Ctrl", Shift: IS_MAC ? "⇧" : "Shift", Alt: IS_MAC ? "⌥" : "Alt", Escape: "Esc", Delete: "Del", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };

/** A shortcut as people read it, in its parts. @param {string} chord @returns {string[]} */
export function keyCaps(chord) {
  const parts = chord.endsWith("++") ? [...chord.slice(0, -2).split("+"), "+"] : chord.split("+");
  return parts.map((part) => KEY_NAMES[part] ?? part);
}

/** @param {string[]} chords */
export function keyHint(chords) {
  return chords.length ? keyCaps(chords[0]).join(IS_MAC ? "" : "+") : "";
}

/**
 * Shows a popover beside its button until something else is pressed or Escape is. A press on the board closes it
 * and does no more: it leaves no dot.
 * @param {HTMLElement} button @param {HTMLElement} panel
 * @param {(isOpen: boolean) => void} [show] @returns {() => void} closes it
 */
export function popover(button, panel, show = (isOpen) => void (panel.hidden = !isOpen)) {
  let isOpen = false;
  const turn = (/** @type {boolean} */ to) => {
    isOpen = to;
    show(to);
    button.setAttribute("aria-expanded", String(to));
  };
  const close = () => {
    if (!isOpen) return;
    // a field that is hidden would not tell what has been typed into it
    if (panel.contains(document.activeElement)) /** @type {HTMLElement} */ (document.activeElement).blur();
    turn(false);
    document.removeEventListener("pointerdown", outside, true);
    document.removeEventListener("keydown", escape, true);
  };
  const escape = (/** @type {KeyboardEvent} */ e) => {
    if (e.key !== "Escape" || e.isComposing) return;
    e.stopPropagation();
    close();
    button.focus();
  };
  const outside = (/** @type {Event} */ e) => {
    const target = /** @type {Element} */ (e.target);
    if (panel.contains(target) || button.contains(target)) return;
    close();
    if (!target.closest(".board")) return;
    e.preventDefault();
    e.stopPropagation();
  };
  turn(false);
  button.addEventListener("click", () => {
    if (isOpen) return close();
    turn(true);
    document.addEventListener("pointerdown", outside, true);
    document.addEventListener("keydown", escape, true);
  });
  return close;
}
