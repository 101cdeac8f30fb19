// @ts-check
/**
 * Copy, cut and paste through the browser's own clipboard events, which need no permission and no secure
 * context. Elements travel as creates in JSON; other people's text is pasted as a text.
 *
 * @typedef {import("../desk.js").Desk} Desk
 * @typedef {import("../types.js").Op} Op
 */
import { round2 } from "../draw/ink.js";
import { DEFAULT_TEXT_SIZE } from "../draw/text.js";
import { copyOf, isTyping } from "./actions.js";

const FORMAT = "application/x-whiteboard+json";
const CREATES = new Set(["stroke", "shape", "text", "note", "image"]);
const OFFSET = 20;
const MAX_PASTED = 2_000;

/** @param {Desk} desk */
export function listenToClipboard(desk) {
  document.addEventListener("copy", (e) => {
    if (!isTyping(e.target)) copy(desk, e);
  });
  document.addEventListener("cut", (e) => {
    if (isTyping(e.target) || desk.isReadOnly || !copy(desk, e)) return;
    desk.history.do([...desk.selection].map((id) => ({ type: "delete", id })));
  });
  document.addEventListener("paste", (e) => {
    if (isTyping(e.target) || desk.isReadOnly || !e.clipboardData) return;
    const ops = pasted(desk, e.clipboardData);
    if (ops.length === 0) return;
    e.preventDefault();
    desk.history.do(ops);
    void desk.setTool("select").then(() => desk.select(ops.map((op) => op.id)));
  });
}

/** @param {Desk} desk @param {ClipboardEvent} e @returns {boolean} was there something to copy */
function copy(desk, e) {
  const items = desk.scene.sorted(desk.selection);
  if (items.length === 0 || !e.clipboardData) return false;
  e.preventDefault();
  e.clipboardData.setData(FORMAT, JSON.stringify(items.map(({ el, id }) => copyOf(el, id, 0))));
  e.clipboardData.setData("text/plain", items.map(({ el }) => el.text ?? "").filter(Boolean).join("\n"));
  return true;
}

/** @param {Desk} desk @param {DataTransfer} data @returns {Op[]} */
function pasted(desk, data) {
  const ops = readElements(data.getData(FORMAT));
  if (ops.length) return ops.map((op) => ({ ...op, id: desk.newId(), x: round2(Number(op.x ?? 0) + OFFSET), y: round2(Number(op.y ?? 0) + OFFSET) }));
  const text = data.getData("text/plain").trim();
  if (!text) return [];
  const { x, y, z } = desk.camera, { width, height } = desk.layers;
  const middle = { x: round2(x + width / (2 * z) - 100), y: round2(y + height / (2 * z)) };
  return [{ type: "text", id: desk.newId(), ...middle, text: text.slice(0, Number(desk.limits.textChars ?? 10_000)), size: DEFAULT_TEXT_SIZE, color: desk.style.color }];
}

/** Creates that another tab has copied; nothing for what is none. @param {string} json @returns {Op[]} */
export function readElements(json) {
  try {
    const list = JSON.parse(json || "[]");
    return Array.isArray(list) ? list.filter((op) => CREATES.has(op?.type)).slice(0, MAX_PASTED) : [];
  } catch {
    return [];
  }
}
