// @ts-check
/**
 * The tools, the colours and widths, undo and redo, and the zoom: buttons made from the action table.
 *
 * @typedef {import("../desk.js").Desk} Desk
 * @typedef {import("../input/actions.js").Context} Context
 */
import { onDark, PALETTE } from "../draw/color.js";
import { actionOf, isPossible } from "../input/actions.js";
import { isDark } from "../prefs.js";
import { TOOLS } from "../tools/registry.js";
import { h, iconButton, keyHint, popover } from "./dom.js";
import { rove } from "./rove.js";

export const WIDTHS = [2, 4, 8, 16];

/** A button that does an action. @param {Desk} desk @param {Context} context @param {string} id */
export function actionButton(desk, context, id) {
  const action = actionOf(id);
  return iconButton(action.icon ?? id, {
    label: action.label, keys: keyHint(action.keys), testid: id.replace(".", "-"),
    on: { click: () => {
      if (action.group !== "view") desk.closeEditor();
      if (isPossible(action, desk)) action.run(desk, context);
    } },
  });
}

/** @param {Desk} desk @param {Context} context */
export function makeToolbar(desk, context) {
  const bar = h("div", { class: "toolbar panel", label: "toolbar.label", testid: "toolbar", attrs: { role: "toolbar" } });
  /** @type {Map<string, HTMLButtonElement>} */
  const buttons = new Map();
  let group = 0;
  for (const tool of TOOLS) {
    if (tool.group !== group) bar.append(h("span", { class: "divider", attrs: { role: "separator" } }));
    group = tool.group;
    const button = actionButton(desk, context, `tool.${tool.id}`);
    button.dataset.tool = tool.id;
    buttons.set(tool.id, button);
    bar.append(button);
  }
  const show = () => {
    for (const [id, button] of buttons) button.setAttribute("aria-pressed", String(id === desk.toolId));
    buttons.get(desk.toolId)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  desk.addEventListener("tool", show);
  desk.addEventListener("status", () => markReadOnly(desk, buttons));
  show();
  rove(bar);
  return bar;
}

/** @param {Desk} desk @param {Map<string, HTMLButtonElement>} buttons */
function markReadOnly(desk, buttons) {
  const readable = new Set(["select", "hand", "laser"]);
  for (const [id, button] of buttons) button.disabled = desk.isReadOnly && !readable.has(id);
}

/** Colours, widths and fill. @param {Desk} desk */
export function makeStylePanel(desk) {
  const colors = PALETTE.map(({ name, value }) => {
    const button = h("button", {
      class: "swatch", label: `color.${name}`, testid: `color-${name}`, attrs: { type: "button" },
      on: { click: () => desk.setStyle({ color: value }) },
    });
    button.dataset.color = value;
    return button;
  });
  const widths = WIDTHS.map((width) => {
    const button = h("button", {
      class: `width width-${width}`, label: `width.${width}`, testid: `width-${width}`, attrs: { type: "button" },
      on: { click: () => desk.setStyle({ width }) },
    }, h("span", { class: "width-dot" }));
    button.dataset.width = String(width);
    return button;
  });
  const fill = iconButton("fill", { label: "style.fill", testid: "fill", class: "fill", on: { click: () => desk.setStyle({ fill: !desk.style.fill }) } });
  const panel = h("div", { class: "style panel", label: "style.label", testid: "style-panel", attrs: { role: "group" } },
    group("swatches", "style.color", colors), h("span", { class: "divider" }), group("widths", "style.width", widths),
    h("span", { class: "divider" }), fill);
  const show = () => showStyle(desk, colors, widths, fill);
  desk.addEventListener("style", show);
  document.addEventListener("themechange", show);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  show();
  return panel;
}

/** Buttons of which one is chosen: one Tab stop. @param {string} className @param {string} label @param {HTMLElement[]} buttons */
function group(className, label, buttons) {
  const node = h("div", { class: className, label, attrs: { role: "group" } }, ...buttons);
  rove(node);
  return node;
}

/** @param {Desk} desk @param {HTMLElement[]} colors @param {HTMLElement[]} widths @param {HTMLElement} fill */
function showStyle(desk, colors, widths, fill) {
  for (const button of colors) {
    const value = button.dataset.color ?? "";
    button.style.setProperty("--swatch", isDark() ? onDark(value) : value);
    button.setAttribute("aria-pressed", String(value === desk.style.color));
  }
  for (const button of widths) button.setAttribute("aria-pressed", String(Number(button.dataset.width) === desk.style.width));
  fill.setAttribute("aria-pressed", String(desk.style.fill));
  const shown = isDark() ? onDark(desk.style.color) : desk.style.color;
  document.documentElement.style.setProperty("--ink-now", shown);
}

/** On small screens the colours are behind a button that shows the present one; a choice closes them. @param {HTMLElement} panel */
export function makeStyleButton(panel) {
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

/** @param {Desk} desk @param {Context} context */
export function makeUndoBar(desk, context) {
  const undo = actionButton(desk, context, "undo"), redo = actionButton(desk, context, "redo");
  const show = () => {
    undo.disabled = !isPossible(actionOf("undo"), desk);
    redo.disabled = !isPossible(actionOf("redo"), desk);
  };
  desk.history.addEventListener("change", show);
  desk.addEventListener("status", show);
  show();
  return h("div", { class: "undo panel" }, undo, redo);
}

/** @param {Desk} desk @param {Context} context */
export function makeZoomBar(desk, context) {
  const level = h("button", {
    class: "zoom-level", label: "action.zoomReset", keys: keyHint(actionOf("zoomReset").keys), testid: "zoom-level", attrs: { type: "button" },
    on: { click: () => actionOf("zoomReset").run(desk, context) },
  });
  const show = () => {
    level.textContent = `${Math.round(desk.camera.z * 100)}%`;
  };
  desk.addEventListener("camera", show);
  show();
  return h("div", { class: "zoom panel" }, actionButton(desk, context, "zoomOut"), level, actionButton(desk, context, "zoomIn"),
    h("span", { class: "divider" }), actionButton(desk, context, "fitAll"));
}

const BAR_ACTIONS = ["duplicate", "front", "back", "delete"];
const BAR_GAP = 14;

/** A small bar above what is selected. @param {Desk} desk @param {Context} context */
export function makeSelectionBar(desk, context) {
  const bar = h("div", { class: "selection-bar panel", label: "selection.actions", testid: "selection-bar", attrs: { role: "toolbar" } },
    ...BAR_ACTIONS.map((id) => actionButton(desk, context, id)));
  bar.hidden = true;
  rove(bar);
  const place = () => placeBar(desk, bar);
  desk.addEventListener("selection", place);
  desk.addEventListener("camera", place);
  return bar;
}

/** @param {Desk} desk @param {HTMLElement} bar */
function placeBar(desk, bar) {
  const box = desk.isReadOnly || desk.editor || desk.layers.previews.size ? null : desk.selectionBox();
  bar.hidden = !box;
  if (!box) return;
  const { camera, layers } = desk, { offsetWidth: w, offsetHeight: height } = bar;
  const middle = ((box.minX + box.maxX) / 2 - camera.x) * camera.z;
  const above = (box.minY - camera.y) * camera.z - height - BAR_GAP, below = (box.maxY - camera.y) * camera.z + BAR_GAP;
  const x = Math.max(12, Math.min(layers.width - w - 12, middle - w / 2));
  const y = above > 70 ? above : Math.min(below, layers.height - height - 90);
  bar.style.transform = `translate(${Math.round(x)}px, ${Math.round(Math.max(70, y))}px)`;
}

