// @ts-check
/**
 * The tools, undo and redo, the zoom, and what is done to a selection: buttons made from the action table.
 *
 * @typedef {import("../desk.js").Desk} Desk
 * @typedef {import("../input/actions.js").Context} Context
 */
import { actionOf, isPossible } from "../input/actions.js";
import { insets } from "../room.js";
import { TOOLS } from "../tools/registry.js";
import { h, iconButton, keyHint } from "./dom.js";
import { rove } from "./rove.js";

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
  const row = h("div", { class: "tools" });
  const bar = h("div", { class: "toolbar panel", label: "toolbar.label", testid: "toolbar", attrs: { role: "toolbar" } }, row);
  /** @type {Map<string, HTMLButtonElement>} */
  const buttons = new Map();
  let group = 0;
  for (const tool of TOOLS) {
    if (tool.group !== group) row.append(h("span", { class: "divider", attrs: { role: "separator" } }));
    group = tool.group;
    const button = actionButton(desk, context, `tool.${tool.id}`);
    button.dataset.tool = tool.id;
    buttons.set(tool.id, button);
    row.append(button);
  }
  const picture = actionButton(desk, context, "image");
  row.append(picture);
  const show = () => {
    for (const [id, button] of buttons) button.setAttribute("aria-pressed", String(id === desk.toolId));
    buttons.get(desk.toolId)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  desk.addEventListener("tool", show);
  desk.addEventListener("status", () => {
    markReadOnly(desk, buttons);
    picture.disabled = desk.isReadOnly;
  });
  show();
  rove(bar);
  hintAtMore(row);
  return bar;
}

/** Fades the edges beyond which there is more. @param {HTMLElement} row */
function hintAtMore(row) {
  const show = () => {
    const { scrollLeft, clientWidth, scrollWidth } = row;
    row.classList.toggle("has-before", scrollLeft > 1);
    row.classList.toggle("has-after", scrollLeft + clientWidth < scrollWidth - 1);
  };
  row.addEventListener("scroll", show, { passive: true });
  new ResizeObserver(show).observe(row);
}

/** @param {Desk} desk @param {Map<string, HTMLButtonElement>} buttons */
function markReadOnly(desk, buttons) {
  const readable = new Set(["select", "hand", "laser"]);
  for (const [id, button] of buttons) button.disabled = desk.isReadOnly && !readable.has(id);
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
  const y = above > 70 ? above : Math.min(below, layers.height - height - BAR_GAP - insets(layers.width, layers.height).bottom);
  bar.style.transform = `translate(${Math.round(x)}px, ${Math.round(Math.max(70, y))}px)`;
}

