// @ts-check
/**
 * What one can do at a desk, in one table: the keyboard, the toolbar, the selection bar and the help are all
 * made from it. Names of keys: `Mod` is Ctrl or ⌘; letters and digits as on the key caps.
 *
 * @typedef {import("../desk.js").Desk} Desk
 * @typedef {{id:string, label:string, group:"tools"|"edit"|"view", keys:string[], icon?:string, changes?:boolean,
 *   isLeftToBrowser?:boolean, run:(desk: Desk, context: Context) => void, isEnabled?:(desk: Desk) => boolean}} Action
 * @typedef {{input: {escape(): boolean, readonly isDrawing: boolean}, openHelp: () => void}} Context
 */
import { keyBetween, orderKey } from "../core/order_keys.js";
import { UNCONFIRMED } from "../core/stamps.js";
import { zoomAt } from "../draw/camera.js";
import { round2 } from "../draw/ink.js";
import { applyTheme, isDark } from "../prefs.js";
import { TOOLS } from "../tools/registry.js";
import { choosePictures } from "./files.js";
import { nudgeOf, Nudges } from "./nudge.js";

const ZOOM_STEP = 1.25;
const DUPLICATE_OFFSET = 20;

const hasSelection = (/** @type {Desk} */ desk) => desk.selection.size > 0;

/** @type {Action[]} */
export const ACTIONS = [
  ...TOOLS.map(({ id, keys }) => /** @type {Action} */ ({
    id: `tool.${id}`, label: `tool.${id}`, group: "tools", keys, icon: id, run: (desk) => void desk.setTool(id),
  })),
  { id: "image", label: "action.image", group: "tools", keys: ["9"], icon: "image", changes: true, run: choosePictures },
  { id: "undo", label: "action.undo", group: "edit", keys: ["Mod+Z"], icon: "undo", changes: true, run: (desk) => void desk.history.undo(), isEnabled: (desk) => desk.history.undos.length > 0 },
  { id: "redo", label: "action.redo", group: "edit", keys: ["Mod+Shift+Z", "Mod+Y"], icon: "redo", changes: true, run: (desk) => void desk.history.redo(), isEnabled: (desk) => desk.history.redos.length > 0 },
  { id: "selectAll", label: "action.selectAll", group: "edit", keys: ["Mod+A"], run: selectAll },
  { id: "duplicate", label: "action.duplicate", group: "edit", keys: ["Mod+D"], icon: "duplicate", changes: true, run: duplicate, isEnabled: hasSelection },
  { id: "clipboard", label: "action.clipboard", group: "edit", keys: ["Mod+C", "Mod+X", "Mod+V"], run: () => {}, isLeftToBrowser: true },
  { id: "front", label: "action.front", group: "edit", keys: ["]", "Mod+Shift+]"], icon: "front", changes: true, run: (desk) => restack(desk, true), isEnabled: hasSelection },
  { id: "back", label: "action.back", group: "edit", keys: ["[", "Mod+Shift+["], icon: "back", changes: true, run: (desk) => restack(desk, false), isEnabled: hasSelection },
  { id: "delete", label: "action.delete", group: "edit", keys: ["Delete", "Backspace"], icon: "trash", changes: true, run: deleteSelection, isEnabled: hasSelection },
  { id: "nudge", label: "action.nudge", group: "edit", keys: ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"], changes: true, run: () => {}, isEnabled: hasSelection, isLeftToBrowser: true },
  { id: "clear", label: "action.clear", group: "edit", keys: ["Escape"], run: clear },
  { id: "keepTool", label: "action.keepTool", group: "edit", keys: ["Q"], run: keepTool },
  { id: "zoomIn", label: "action.zoomIn", group: "view", keys: ["Mod++"], icon: "plus", run: (desk) => desk.zoomBy(ZOOM_STEP) },
  { id: "zoomOut", label: "action.zoomOut", group: "view", keys: ["Mod+-"], icon: "minus", run: (desk) => desk.zoomBy(1 / ZOOM_STEP) },
  { id: "zoomReset", label: "action.zoomReset", group: "view", keys: ["Mod+0", "Shift+0"], run: zoomReset },
  { id: "fitAll", label: "action.fitAll", group: "view", keys: ["Shift+1"], icon: "fit", run: (desk) => desk.fit(desk.scene.bounds()) },
  { id: "fitSelection", label: "action.fitSelection", group: "view", keys: ["Shift+2"], run: (desk) => desk.fit(desk.selectionBox() ?? desk.scene.bounds()) },
  { id: "dark", label: "action.dark", group: "view", keys: ["Alt+Shift+D"], run: () => applyTheme(isDark() ? "light" : "dark") },
  { id: "help", label: "action.help", group: "view", keys: ["?"], icon: "help", run: (_desk, context) => context.openHelp() },
];

/** @type {Map<string, Action>} */
const byId = new Map(ACTIONS.map((action) => [action.id, action]));
/** @type {Map<string, Action>} */
const byKey = new Map(ACTIONS.flatMap((action) => action.keys.map((key) => [key, action])));

/** @param {string} id */
export function actionOf(id) {
  const action = byId.get(id);
  if (!action) throw new Error(`no action ${id}`);
  return action;
}

/** May it be done now? @param {Action} action @param {Desk} desk */
export function isPossible(action, desk) {
  return !(action.changes && desk.isReadOnly) && (action.isEnabled?.(desk) ?? true);
}

/**
 * The name of a pressed key, as the table has it. Letters go by what they print, and by their place on the
 * keyboard where that is no Latin letter; digits always by their place.
 * @param {{key:string, code:string, ctrlKey:boolean, metaKey:boolean, shiftKey:boolean, altKey:boolean}} e
 */
export function chordOf(e) {
  let name = e.key, isShifted = e.shiftKey;
  if (/^Digit\d$/.test(e.code)) name = e.code.slice(5);
  else if (/^[a-z]$/i.test(e.key)) name = e.key.toUpperCase();
  else if (/^Key[A-Z]$/.test(e.code)) name = e.code.slice(3);
  else if (e.code === "BracketLeft" || e.code === "BracketRight") name = e.code === "BracketLeft" ? "[" : "]";
  else if ("+=".includes(e.key) && e.key) [name, isShifted] = ["+", false];
  else if (e.key === "?") isShifted = false;
  return `${e.ctrlKey || e.metaKey ? "Mod+" : ""}${e.altKey ? "Alt+" : ""}${isShifted ? "Shift+" : ""}${name}`;
}

/** Is this where somebody types? @param {EventTarget|null} target */
export function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** Space presses the button that was reached with the keyboard; elsewhere it is the board's. @param {KeyboardEvent} e */
function isButtons(e) {
  return e.target instanceof HTMLButtonElement && "tabbing" in document.documentElement.dataset;
}

/** Lets keys act on the desk. @param {Desk} desk @param {Context & {input: {holdSpace(isHeld: boolean): void}}} context */
export function listenToKeys(desk, context) {
  const nudges = new Nudges(desk.history);
  nudges.settleBeforeOthers(document);
  document.addEventListener("keydown", (e) => {
    if (e.defaultPrevented || e.isComposing || isTyping(e.target) || document.querySelector("dialog[open]")) return;
    if (e.code === "Space" && !isButtons(e)) {
      e.preventDefault();
      context.input.holdSpace(true);
    } else if (pressed(desk, context, nudges, e)) {
      e.preventDefault();
    }
  });
  // the whole board gets a focus ring only when it was reached with Tab
  document.addEventListener("keydown", (e) => {
    if (e.key === "Tab") document.documentElement.dataset.tabbing = "";
  }, true);
  document.addEventListener("pointerdown", () => delete document.documentElement.dataset.tabbing, true);
  document.addEventListener("keyup", (e) => {
    if (e.code !== "Space") return;
    if (e.target instanceof HTMLButtonElement && !isButtons(e)) e.preventDefault(); // there the key is let go, not pressed
    context.input.holdSpace(false);
  });
  window.addEventListener("blur", () => context.input.holdSpace(false));
}

/** @param {Desk} desk @param {Context} context @param {Nudges} nudges @param {KeyboardEvent} e @returns {boolean} does the key mean something */
function pressed(desk, context, nudges, e) {
  const isNudge = e.key.startsWith("Arrow") && hasSelection(desk) && !desk.isReadOnly;
  const action = isNudge ? actionOf("nudge") : byKey.get(chordOf(e));
  if (!action || (action.isLeftToBrowser && !isNudge)) return false;
  if (context.input.isDrawing && action.group === "edit") interject(action, desk, context);
  else if (isNudge) nudge(desk, nudges, e);
  else if (isPossible(action, desk)) action.run(desk, context);
  return true;
}

/** Something to edit in the middle of a gesture: undo and Escape take the gesture back, all else waits for its end.
 * @param {Action} action @param {Desk} desk @param {Context} context */
function interject(action, desk, context) {
  if (action.id === "undo") context.input.escape();
  else if (action.id === "clear") action.run(desk, context);
}

/** @param {Desk} desk @param {Nudges} nudges @param {KeyboardEvent} e */
function nudge(desk, nudges, e) {
  const { dx, dy } = nudgeOf(e);
  nudges.do(selected(desk).map((el) => ({ type: "set", id: el.id, props: { x: round2((el.x ?? 0) + dx), y: round2((el.y ?? 0) + dy) } })));
}

/** Selected elements, bottom first. @param {Desk} desk */
function selected(desk) {
  return desk.scene.sorted(desk.selection).map((item) => item.el);
}

/** @param {Desk} desk */
async function selectAll(desk) {
  await desk.setTool("select");
  desk.select(desk.scene.items.keys());
}

/** @param {Desk} desk */
function deleteSelection(desk) {
  desk.history.do([...desk.selection].map((id) => ({ type: "delete", id })));
  desk.select([]);
}

/** @param {Desk} desk */
function duplicate(desk) {
  const ops = selected(desk).map((el) => copyOf(el, desk.newId(), DUPLICATE_OFFSET));
  desk.history.do(ops);
  desk.select(ops.map((op) => op.id));
}

/** The create that makes a copy of an element, moved by some distance. @param {import("../types.js").Element} el @param {string} id @param {number} offset */
export function copyOf(el, id, offset) {
  const { id: _id, type, by: _by, created: _created, points = [], z: _z, ...props } = el;
  const copy = { type, id, ...props, x: round2((el.x ?? 0) + offset), y: round2((el.y ?? 0) + offset) };
  return type === "stroke" ? { ...copy, points: wirePoints(points) } : copy;
}

/** @param {readonly number[]} flat */
function wirePoints(flat) {
  const points = [];
  for (let i = 0; i < flat.length; i += 3) points.push(flat[i + 2] < 0 ? [flat[i], flat[i + 1]] : [flat[i], flat[i + 1], flat[i + 2]]);
  return points;
}

/** Puts the selection above or below all else, in its own order. @param {Desk} desk @param {boolean} isFront */
function restack(desk, isFront) {
  const keys = keysOfOthers(desk), moved = selected(desk);
  if (keys.length === 0) return;
  let edge = isFront ? keys[keys.length - 1] : keys[0];
  const ops = (isFront ? moved : moved.toReversed()).map((el) => {
    edge = isFront ? keyBetween(edge, null) : keyBetween(null, edge);
    return { type: "set", id: el.id, props: { z: edge } };
  });
  desk.history.do(ops);
}

/** Order keys of what is not selected, ascending. What the server has not placed yet has none. @param {Desk} desk */
function keysOfOthers(desk) {
  const keys = [];
  for (const id of desk.view.drawOrder()) {
    const el = desk.selection.has(id) ? null : desk.view.get(id);
    const lamport = Number(el?.created?.[0] ?? UNCONFIRMED);
    if (el?.z) keys.push(el.z);
    else if (el && lamport < UNCONFIRMED) keys.push(orderKey(lamport));
  }
  return keys;
}

/** @param {Desk} desk @param {Context} context */
function clear(desk, context) {
  if (context.input.escape()) return;
  if (desk.toolId !== "select") void desk.setTool("select");
  else desk.select([]);
}

/** @param {Desk} desk */
function keepTool(desk) {
  desk.keepsTool = !desk.keepsTool;
  desk.emit("toast", desk.keepsTool ? "toast.keepTool.on" : "toast.keepTool.off");
}

/** @param {Desk} desk */
function zoomReset(desk) {
  desk.look(zoomAt(desk.camera, 1, desk.layers.width / 2, desk.layers.height / 2));
}
