// @ts-check
/**
 * Colours, widths and fill: of what is selected, else of what is drawn next. For notes, the colours of paper.
 *
 * @typedef {import("../desk.js").Desk} Desk
 */
import { darkPaper, onDark, PALETTE } from "../draw/color.js";
import { isDark } from "../prefs.js";
import { areNotes, PAPERS, shownStyle } from "../style.js";
import { h, iconButton, popover } from "./dom.js";
import { rove } from "./rove.js";

const WIDTHS = [2, 4, 8, 16];

/** @param {Desk} desk */
export function makeStylePanel(desk) {
  const colors = PALETTE.map(({ name, value }) => swatch(`color-${name}`, name, value, () => desk.setStyle({ color: value })));
  const papers = PAPERS.map(({ name, value }) => swatch(`paper-${name}`, name, value, () => desk.setStyle({ paper: value })));
  const widths = WIDTHS.map((width) => {
    const button = h("button", {
      class: `width width-${width}`, label: `width.${width}`, testid: `width-${width}`, attrs: { type: "button" },
      on: { click: () => desk.setStyle({ width }) },
    }, h("span", { class: "width-dot" }));
    button.dataset.value = String(width);
    return button;
  });
  const fill = iconButton("fill", { label: "style.fill", testid: "fill", class: "fill", on: { click: () => desk.setStyle({ fill: !shownStyle(desk.chosen(), desk.style).fill }) } });
  const inks = group("swatches", "style.color", colors), sheets = group("swatches papers", "style.paper", papers);
  const panel = h("div", { class: "style panel", label: "style.label", testid: "style-panel", attrs: { role: "group" } },
    inks, sheets, h("span", { class: "divider" }), group("widths", "style.width", widths), h("span", { class: "divider" }), fill);
  const button = makeStyleButton(panel);
  const show = () => {
    const chosen = desk.chosen(), shown = shownStyle(chosen, desk.style), isPaper = chosen.length ? areNotes(chosen) : desk.toolId === "note";
    inks.hidden = isPaper;
    sheets.hidden = !isPaper;
    press(colors, shown.color);
    press(papers, shown.paper);
    press(widths, shown.width);
    setPressed(fill, shown.fill ?? (chosen.some((el) => el.fill) ? "mixed" : false));
    color(document.documentElement, "--ink-next", onScreen(desk.style.color));
    color(panel, "--ink-now", onScreen(shown.color ?? desk.style.color));
    color(button, "--ink-now", isPaper ? onPaper(shown.paper ?? desk.style.paper) : onScreen(shown.color ?? desk.style.color));
    for (const node of [button, panel]) node.classList.toggle("is-paper", isPaper);
  };
  const recolor = () => {
    for (const each of colors) color(each, "--swatch", onScreen(each.dataset.value ?? ""));
    for (const each of papers) color(each, "--swatch", onPaper(each.dataset.value ?? ""));
    show();
  };
  for (const name of ["style", "selection", "tool"]) desk.addEventListener(name, show);
  document.addEventListener("themechange", recolor);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolor);
  recolor();
  return { panel, button };
}

const onScreen = (/** @type {string} */ value) => (isDark() ? onDark(value) : value);
const onPaper = (/** @type {string} */ value) => (isDark() ? darkPaper(value) : value);

// A selection that is dragged along is shown at every step: what stays as it is costs nothing.

/** @param {HTMLElement} node @param {string} name @param {string} value */
function color(node, name, value) {
  if (node.style.getPropertyValue(name) !== value) node.style.setProperty(name, value);
}

/** @param {HTMLElement} button @param {boolean|"mixed"} state */
function setPressed(button, state) {
  if (button.getAttribute("aria-pressed") !== String(state)) button.setAttribute("aria-pressed", String(state));
}

/** @param {string} testid @param {string} name @param {string} value @param {() => void} choose */
function swatch(testid, name, value, choose) {
  const button = h("button", { class: "swatch", label: `color.${name}`, testid, attrs: { type: "button" }, on: { click: choose } });
  button.dataset.value = value;
  return button;
}

/** Buttons of which one is chosen: one Tab stop. @param {string} className @param {string} label @param {HTMLElement[]} buttons */
function group(className, label, buttons) {
  const node = h("div", { class: className, label, attrs: { role: "group" } }, ...buttons);
  rove(node);
  return node;
}

/** @param {HTMLElement[]} buttons @param {string|number|null} value */
function press(buttons, value) {
  for (const button of buttons) setPressed(button, button.dataset.value === String(value));
}

/** On small screens the panel is behind a button that shows the present colour; a choice closes it. @param {HTMLElement} panel */
function makeStyleButton(panel) {
  const button = h("button", { class: "icon-button style-button", label: "style.open", testid: "style-button", attrs: { type: "button" } },
    h("span", { class: "ink-dot" }));
  const close = popover(button, panel, (isOpen) => void panel.classList.toggle("is-open", isOpen));
  panel.addEventListener("click", (e) => {
    if (!(e.target instanceof Element) || !e.target.closest("button") || !panel.classList.contains("is-open")) return;
    close();
    if (e.detail === 0) button.focus();
  });
  return button;
}
